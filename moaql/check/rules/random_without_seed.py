"""Chance without a seed.

`shuffle` without a seed of its own draws from the seed of the run, so two runs of one program can differ.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from moaql.diagnostics import Diagnostic

if TYPE_CHECKING:
    from collections.abc import Iterator

    from moaql.check.rules import Checked

CODE = "W601"
TITLE = "chance without a seed"
BAD = """model a = "sim/a"
a x3 -> shuffle -> take 2
"""
GOOD = """model a = "sim/a"
a x3 -> shuffle seed=7 -> take 2
"""


def check(checked: Checked) -> Iterator[Diagnostic]:
    """Find shuffles without a seed."""
    for use in checked.walker.uses:
        if use.bound.name == "shuffle" and "seed" not in use.bound.given:
            yield Diagnostic(
                CODE, "the order differs from run to run", use.bound.unit.source, use.bound.node.span, "write `seed=7`"
            )
