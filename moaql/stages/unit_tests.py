"""`unit_tests M n=5`: a model writes statements that a good answer must satisfy; `grade` judges candidates by them.

Archon's unit test generator (Saad-Falcon et al. 2024, arXiv 2409.15254): one call, nothing is executed.
"""

from __future__ import annotations

from moaql.stages.base import (
    ALWAYS,
    JUDGE,
    PROMPT,
    SAMPLING,
    Arguments,
    Bounds,
    Flow,
    Lowering,
    Parameter,
    Prompt,
    StageBase,
    reading,
    sure,
)

DEFAULT = Prompt(
    (
        (
            "system",
            """You write tests for answers to the user's question, before anybody has seen an answer. Each test is one sentence \
that is true of a good answer and that a reader can check by itself.

Write exactly {n} tests, numbered, one a line, and nothing else.""",
        ),
        ("user", "{question}"),
    )
)


class UnitTests(StageBase):
    """n candidates in, the same n out, each with the tests."""

    def lower(self, lowering: Lowering, arguments: Arguments, incoming: Flow) -> Flow:
        """One call that sees only the question, and the reduction that attaches the tests."""
        prompt, values = arguments["prompt"] or DEFAULT, (("n", arguments["n"]),)
        said = lowering.call("write tests", arguments["model"].target, prompt, (), arguments, values=values)
        low = sure(incoming)
        return lowering.reduce(
            "attach", (*reading(incoming), ("tests", said)), Bounds(low, len(incoming)), what="tests"
        )


STAGE = UnitTests(
    summary="A model writes tests that a good answer must pass; `grade` uses them.",
    source="Saad-Falcon et al. 2024, arXiv 2409.15254",
    parameters=(JUDGE, Parameter("n", "integer", "How many tests.", low=1, high=100, default=5), PROMPT, *SAMPLING),
    placeholders=ALWAYS | {"n"},
    attaches="tests",
)
