"""Which metric a name means, and whether its settings fit."""

from __future__ import annotations

import inspect
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any

from moaql.errors import UsageError
from moaql.metrics import METRICS

if TYPE_CHECKING:
    from moaql.metrics.base import Metric

_OWN = "python:"


def find_metric(name: str, folder: str, **settings: Any) -> Metric:
    """The metric of a name, with its settings.

    Args:
        name: Of a metric, such as `number`, or `python:path.py:function`.
        folder: What the path in `python:…` is relative to: the program's folder.
        settings: Of the metric, such as `tolerance=0.01`.

    Raises:
        UsageError: if there is no such metric, file, function or setting, or a setting has no such value.
        MissingPackage: if the metric needs a package that is not installed.
    """
    if name.startswith(_OWN):
        from moaql.metrics._function import load

        _check_settings(name, (), settings)
        return load(name.removeprefix(_OWN), folder)
    found = METRICS.find(name)
    if found is None:
        near = get_close_matches(name, METRICS.names(), 1)
        hint = f"Did you mean `{near[0]}`? " if near else ""
        raise UsageError(
            f"no metric is called `{name}`",
            f'{hint}Metrics are {", ".join(METRICS.names())}, and your own as "python:path.py:function".',
        )
    _check_settings(name, tuple(inspect.signature(found).parameters), settings)
    return found(**settings)


def _check_settings(name: str, known: tuple[str, ...], settings: dict[str, Any]) -> None:
    for each in settings:
        if each not in known:
            near = get_close_matches(each, known, 1)
            has = f"It has {', '.join(f'`{one}`' for one in known)}." if known else "It has no settings."
            raise UsageError(
                f"the metric `{name}` has no setting `{each}`", f"Did you mean `{near[0]}`? {has}" if near else has
            )
