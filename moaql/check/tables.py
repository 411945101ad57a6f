"""The parameters of everything that is not a stage: models, eval sets, searches, signals, routes."""

from __future__ import annotations

from moaql.records import Record
from moaql.stages.base import SAMPLING, Parameter

MODEL: tuple[Parameter, ...] = (
    *SAMPLING,
    Parameter("base_url", "string", "Where an OpenAI-compatible endpoint listens."),
    Parameter("api_key_env", "string", "Environment variable that holds the key; `none` for an endpoint without one."),
    Parameter("price_in", "money", "Dollars per million prompt tokens.", low=0),
    Parameter("price_out", "money", "Dollars per million completion tokens.", low=0),
    Parameter("context", "integer", "Longest prompt and answer together, in tokens.", low=1),
    Parameter("file", "file", "File of recorded answers, for `recorded/…` models."),
    Parameter("prices", "file", "JSON file of prices, for `recorded/…` models."),
)
CONNECTION = ("base_url", "api_key_env", "file", "prices")

UNTIL = Parameter("max", "integer", "Passes of a loop at most.", low=1, high=100, required=True)

METRICS = ("exact", "number", "choice", "literal", "contains", "regex", "f1", "rouge", "json", "code", "judge")
EXACT_ANSWER_METRICS = ("exact", "number", "choice", "literal", "code")

EVAL: tuple[Parameter, ...] = (
    Parameter("metric", "word", 'How an answer is scored; or "python:path.py:function".', choices=METRICS),
    Parameter("input", "string", "Field that holds the question."),
    Parameter("target", "string", "Field that holds the right answer."),
    Parameter("id", "string", "Field that names the item."),
    Parameter("fields", "strings", "Further fields to keep."),
    Parameter("split", "string", "Part of the set to use."),
    Parameter("judge", "model", "Model that judges, for the `judge` metric."),
    Parameter("limit", "integer", "Use at most this many items.", low=1),
)

SEARCH: tuple[Parameter, ...] = (
    Parameter("budget", "money", "Dollars that the search may spend.", low=0),
    Parameter("trials", "integer", "Topologies to try at most.", low=1),
    Parameter("workers", "integer", "Processes that search side by side.", low=1, default=1),
    Parameter("seed", "integer", "Seed of all that is drawn.", default=0),
    Parameter(
        "sampler", "word", "Who proposes.", choices=("portfolio", "tpe", "random", "mutation"), default="portfolio"
    ),
    Parameter("holdout", "share", "Share of the items kept for the report.", low=0, high=0.9, default=0.2),
    Parameter("confidence", "share", "Confidence of the intervals.", low=0.5, high=0.999, default=0.95),
    Parameter("tune", "boolean", "Tune the aggregator's prompt early and at the end.", default=False),
)

ROUTE: tuple[Parameter, ...] = (
    Parameter("model", "model", "Model that is asked for one of the labels.", positional=True),
    Parameter("by", "string", "Field of the data set that holds the label."),
    Parameter("with", "file", "File of a fitted router."),
    Parameter("prompt", "prompt", "Prompt to use instead of the default."),
    *SAMPLING,
)


class Signal(Record):
    """Something that a condition compares.

    Attributes:
        doc: One sentence.
        kinds: Kinds of literal that it compares with.
        parameters: Settings that it takes.
        needs: What must be there: `candidates`, `scores`, or "".
        low: Least value that makes sense.
        high: Greatest value that makes sense.
    """

    doc: str
    kinds: tuple[str, ...]
    parameters: tuple[Parameter, ...] = ()
    needs: str = "candidates"
    low: float | None = 0
    high: float | None = 1


_SHARE = ("number", "percent")
_COUNT = ("number", "size")
SIGNALS: dict[str, Signal] = {
    "agreement": Signal(
        "Share of the most common extracted answer.",
        _SHARE,
        (
            Parameter(
                "by",
                "word",
                "How answers are read and compared.",
                choices=("exact", "number", "choice", "literal", "similarity", "cluster"),
                default="exact",
            ),
        ),
    ),
    "count": Signal("Number of candidates.", _COUNT, high=None),
    "score": Signal("Best score attached to a candidate.", _SHARE, needs="scores"),
    "confidence": Signal(
        "Mean token probability of the most confident candidate, or a judge's rating of it.",
        _SHARE,
        (Parameter("judge", "model", "Model that rates each candidate, where providers give no probabilities."),),
    ),
    "tokens": Signal("Tokens of the question, estimated.", _COUNT, needs="", high=None),
    "field": Signal(
        "`field.NAME`: a field of the data set.",
        ("number", "percent", "string", "boolean", "name"),
        needs="",
        low=None,
        high=None,
    ),
}

MEASURES: dict[str, tuple[str, ...]] = {
    "quality": ("number", "percent"),
    "cost": ("money",),
    "latency": ("duration",),
}
"""What a search may aim at or bound, and the kinds of literal that it is bounded by."""
ROLES = ("system", "user", "assistant")
