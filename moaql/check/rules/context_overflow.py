"""Candidates that cannot fit the context of the model that reads them.

Counted with the longest answers that `max_tokens` allows, against the `context` that the reader's model statement gives.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from moaql.check.pipelines import models_of
from moaql.diagnostics import Diagnostic

if TYPE_CHECKING:
    from collections.abc import Iterator

    from moaql.check.rules import Checked
    from moaql.check.state import Use

CODE = "W504"
TITLE = "the candidates do not fit the context"
BAD = """model a = "sim/a" max_tokens=2k
model b = "sim/b" context=8k
layer [a]x6 -> agg b
"""
GOOD = """model a = "sim/a" max_tokens=2k
model b = "sim/b" context=32k
layer [a]x6 -> agg b
"""


def check(checked: Checked) -> Iterator[Diagnostic]:
    """Follow the longest answers from each layer to its reader."""
    longest: dict[int, int | None] = {}
    for use in checked.walker.uses:
        room = _room(use)
        length = longest.get(id(use.before))
        shown = min(use.before.candidates.low, use.bound.values.get("window") or use.before.candidates.low)
        if room is not None and length is not None and shown * length > room[1]:
            message = f"{shown} candidates of up to {length} tokens do not fit the {room[1]} tokens of `{room[0]}`"
            yield Diagnostic(
                CODE,
                message,
                use.bound.unit.source,
                use.bound.node.span,
                "lower `max_tokens`, rank first, or use `seq`",
            )
        longest[id(use.after)] = _longest_answer(use) if use.bound.stage.writes else length


def _longest_answer(use: Use) -> int | None:
    """The least of the limits that the writers have, so that a warning is certain; None where one has none."""
    own: Any = use.bound.values.get("max_tokens") if "max_tokens" in use.bound.given else None
    if isinstance(own, int):
        return own
    asked = [*models_of(use.bound.values.get("proposers")), *models_of(use.bound.values.get("model"))]
    limits = [dict(model.settings).get("max_tokens") for model in asked]
    known = [limit for limit in limits if isinstance(limit, int)]
    return min(known) if known and len(known) == len(limits) else None


def _room(use: Use) -> tuple[str, int] | None:
    if "candidates" not in use.bound.stage.needs:
        return None
    for model in models_of(use.bound.values.get("model")):
        if model.context is not None:
            return model.name, model.context
    return None
