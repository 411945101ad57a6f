"""Scoring in one line, for the tests of metrics."""

import asyncio
from typing import Any

from moaql.metrics.base import Asker, Judged, Score
from moaql.metrics.find import find_metric


def score(
    name: str,
    answer: str,
    target: Any = None,
    *,
    asker: Asker | None = None,
    fields: dict[str, Any] | None = None,
    question: str = "Why?",
    folder: str = ".",
    **settings: Any,
) -> Score:
    metric = find_metric(name, folder, **settings)
    return asyncio.run(metric.score(answer, Judged(question, target, fields or {}, id="7"), asker))


def value(name: str, answer: str, target: Any = None, **settings: Any) -> float:
    return score(name, answer, target, **settings).value
