"""`route with="router.json"`: whether the router that is there fits the cases. One that is not there yet is yet to be fitted."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from moaql.language import nodes as n

if TYPE_CHECKING:
    from collections.abc import Sequence

    from moaql.check.scope import Unit

ELSE = "else"
CODES = frozenset({"E320", "E321"})
"""What fitting a router puts right."""


def router_setting(step: n.Route) -> n.Literal | None:
    """The path that a route states as its router, where it states one."""
    for setting in step.settings:
        value = setting.value
        if setting.name.text == "with" and isinstance(value, n.Literal) and value.kind == "string" and value.value:
            return value
    return None


def folder_of(unit: Unit) -> str:
    """The folder that paths of a file are relative to."""
    return os.path.dirname(unit.source.path or "")


def check_router(step: n.Route, unit: Unit) -> None:
    """Report a router file that cannot be used, and labels and cases that do not fit."""
    stated = router_setting(step)
    if stated is None:
        return
    from moaql.routers.file import router_path

    path = router_path(str(stated.value), folder_of(unit))
    if not os.path.exists(path):
        return
    from moaql.errors import UsageError
    from moaql.routers.file import read_router

    try:
        labels = read_router(path).labels
    except UsageError as error:
        unit.report("E320", error.message, stated.span, error.next_step)
        return
    _check_labels(step, labels, str(stated.value), unit)


def _check_labels(step: n.Route, labels: Sequence[str], file: str, unit: Unit) -> None:
    known = ", ".join(f"`{label}`" for label in labels)
    cases = [case.label for case in step.cases]
    for case in step.cases:
        if case.label not in labels and case.label != ELSE:
            unit.report(
                "E321",
                f"`{file}` never chooses the case `{case.label}`",
                case.label_span,
                f"it chooses among {known}; fit it again with `moaql tune FILE --fit router`",
            )
    without = [label for label in labels if label not in (*cases, ELSE)]  # `else` may mean: as they are
    if without and step.otherwise is None:
        named = ", ".join(f"`{label}`" for label in without)
        unit.report(
            "E321", f"`{file}` may choose {named}, and there is no such case", step.span, "add it, or an `else { … }`"
        )
