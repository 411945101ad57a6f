"""moaql: a small text language for ensembles of language models.

>>> import moaql
>>> program = moaql.load("programs/quickstart.moaql")  # doctest: +SKIP
>>> graph = moaql.build(program)  # doctest: +SKIP

Everything is imported when it is first asked for.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

if TYPE_CHECKING:
    from moaql.api import build, load, parse, plan
    from moaql.check.program import Program
    from moaql.diagnostics import Diagnostic
    from moaql.errors import MissingPackage, MoaqlError, ProgramError, UsageError
    from moaql.graph.nodes import Graph
    from moaql.graph.plan import Plan

_HOME = {
    "Diagnostic": "moaql.diagnostics",
    "Graph": "moaql.graph.nodes",
    "MissingPackage": "moaql.errors",
    "MoaqlError": "moaql.errors",
    "Plan": "moaql.graph.plan",
    "Program": "moaql.check.program",
    "ProgramError": "moaql.errors",
    "UsageError": "moaql.errors",
    "build": "moaql.api",
    "load": "moaql.api",
    "parse": "moaql.api",
    "plan": "moaql.api",
}
__all__ = [
    "Diagnostic",
    "Graph",
    "MissingPackage",
    "MoaqlError",
    "Plan",
    "Program",
    "ProgramError",
    "UsageError",
    "__version__",
    "build",
    "load",
    "parse",
    "plan",
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
