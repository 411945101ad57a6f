"""Several samples of a model at temperature 0, or with a fixed seed.

At temperature 0, and with one seed for all, a model gives (nearly) the same answer each time: the samples cost money and add
nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from moaql.check.program import Model
from moaql.check.unfilled import size_of
from moaql.diagnostics import Diagnostic
from moaql.stages.base import Asked

if TYPE_CHECKING:
    from collections.abc import Iterator

    from moaql.check.rules import Checked
    from moaql.check.state import Use

CODE = "W503"
TITLE = "several samples at temperature 0"
BAD = """model a = "sim/a"
layer [a]x5 temperature=0 -> vote tie=first
"""
GOOD = """model a = "sim/a"
layer [a]x5 temperature=0.7 -> vote tie=first
"""


def check(checked: Checked) -> Iterator[Diagnostic]:
    """Find models that are asked more than once with nothing that could make the answers differ."""
    for use in checked.walker.uses:
        prompts = use.bound.values.get("prompt")
        if isinstance(prompts, tuple) and len(prompts) > 1:
            continue
        for name in ("proposers", "model"):
            entries = use.bound.values.get(name)
            for entry in entries if isinstance(entries, tuple) else (entries,):
                if isinstance(entry, Asked) and isinstance(entry.target, Model):
                    reason = _same_each_time(entry, entry.target, use)
                    if reason:
                        way = (
                            "leave the seed out"
                            if reason == "with one seed"
                            else "write `temperature=0.7`, or ask once"
                        )
                        message = f"several samples of `{entry.target.name}` {reason} are all the same"
                        yield Diagnostic(
                            CODE,
                            message,
                            use.bound.unit.source,
                            use.bound.node.span,
                            way,
                        )


def _same_each_time(entry: Asked, model: Model, use: Use) -> str:
    repeat = use.bound.repeat
    if size_of(entry).low * (repeat if isinstance(repeat, int) else repeat.bounds.low) < 2:
        return ""
    settings: dict[str, Any] = dict(model.settings)
    settings.update({key: use.bound.values[key] for key in ("temperature", "seed") if key in use.bound.given})
    if settings.get("temperature") == 0:
        return "at temperature 0"
    return "with one seed" if isinstance(settings.get("seed"), int) else ""
