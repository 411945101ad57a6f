"""Scores of answers: one file a metric. `moaql.metrics.find.find_metric` builds one by its name."""

from __future__ import annotations

from typing import TYPE_CHECKING

from moaql.registry import Registry

if TYPE_CHECKING:
    from collections.abc import Callable

    from moaql.metrics.base import Metric

METRICS: Registry[Callable[..., Metric]] = Registry("moaql.metrics", "METRIC", frozenset({"base", "find"}))
"""All metrics by name. Called with a metric's settings, an entry gives the metric."""
