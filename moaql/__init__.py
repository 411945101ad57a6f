"""moaql: a small text language for ensembles of language models.

>>> import moaql
>>> program = moaql.load("programs/quickstart.moaql")  # doctest: +SKIP
>>> answer = program.topology().run("How many packs of 9 hold 24 shells?")  # doctest: +SKIP

Everything is imported when it is first asked for.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

if TYPE_CHECKING:
    from moaql.answers.candidate import Candidate
    from moaql.api.export import Exported, export
    from moaql.api.find import asearch, search
    from moaql.api.measure import aevaluate, evaluate
    from moaql.api.program import Program, Topology
    from moaql.api.tune import atune, tune
    from moaql.api.verbs import build, load, parse, plan
    from moaql.diagnostics import Diagnostic
    from moaql.errors import (
        BankError,
        BudgetReached,
        MissingKey,
        MissingPackage,
        MoaqlError,
        NoCandidates,
        NotBanked,
        ProgramError,
        ProviderError,
        UsageError,
    )
    from moaql.evaluation.summary import Evaluation
    from moaql.graph.nodes import Graph
    from moaql.graph.plan import Plan
    from moaql.run.batch import Done
    from moaql.run.question import Question
    from moaql.run.result import Answer, Loss, Said
    from moaql.run.session import Options, Session, open_session
    from moaql.run.trace import TraceFile
    from moaql.serving.verbs import aserve, asgi, serve

_HOME = {
    "Answer": "moaql.run.result",
    "BankError": "moaql.errors",
    "BudgetReached": "moaql.errors",
    "Candidate": "moaql.answers.candidate",
    "Diagnostic": "moaql.diagnostics",
    "Done": "moaql.run.batch",
    "Evaluation": "moaql.evaluation.summary",
    "Exported": "moaql.api.export",
    "Graph": "moaql.graph.nodes",
    "Loss": "moaql.run.result",
    "MissingKey": "moaql.errors",
    "MissingPackage": "moaql.errors",
    "MoaqlError": "moaql.errors",
    "NoCandidates": "moaql.errors",
    "NotBanked": "moaql.errors",
    "Options": "moaql.run.session",
    "Plan": "moaql.graph.plan",
    "Program": "moaql.api.program",
    "ProgramError": "moaql.errors",
    "ProviderError": "moaql.errors",
    "Question": "moaql.run.question",
    "Said": "moaql.run.result",
    "Session": "moaql.run.session",
    "Topology": "moaql.api.program",
    "TraceFile": "moaql.run.trace",
    "UsageError": "moaql.errors",
    "aevaluate": "moaql.api.measure",
    "asearch": "moaql.api.find",
    "aserve": "moaql.serving.verbs",
    "asgi": "moaql.serving.verbs",
    "atune": "moaql.api.tune",
    "build": "moaql.api.verbs",
    "evaluate": "moaql.api.measure",
    "export": "moaql.api.export",
    "load": "moaql.api.verbs",
    "open_session": "moaql.run.session",
    "parse": "moaql.api.verbs",
    "plan": "moaql.api.verbs",
    "search": "moaql.api.find",
    "serve": "moaql.serving.verbs",
    "tune": "moaql.api.tune",
}
__all__ = [
    "Answer",
    "BankError",
    "BudgetReached",
    "Candidate",
    "Diagnostic",
    "Done",
    "Evaluation",
    "Exported",
    "Graph",
    "Loss",
    "MissingKey",
    "MissingPackage",
    "MoaqlError",
    "NoCandidates",
    "NotBanked",
    "Options",
    "Plan",
    "Program",
    "ProgramError",
    "ProviderError",
    "Question",
    "Said",
    "Session",
    "Topology",
    "TraceFile",
    "UsageError",
    "__version__",
    "aevaluate",
    "asearch",
    "aserve",
    "asgi",
    "atune",
    "build",
    "evaluate",
    "export",
    "load",
    "open_session",
    "parse",
    "plan",
    "search",
    "serve",
    "tune",
]


def __getattr__(name: str) -> Any:
    home = _HOME.get(name)
    if home is None:
        raise AttributeError(f"module 'moaql' has no attribute {name!r}")
    import importlib

    value = getattr(importlib.import_module(home), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *_HOME})
