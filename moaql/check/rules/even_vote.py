"""A vote of an even number of candidates that does not say what wins a tie.

With two or four voters ties are common, and the first candidate of the list wins them. Write `tie=` to say that this is meant,
ask an odd number, or give weights.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from moaql.diagnostics import Diagnostic

if TYPE_CHECKING:
    from collections.abc import Iterator

    from moaql.check.rules import Checked

CODE = "W505"
TITLE = "an even number of voters and no rule for a tie"
BAD = """model a = "sim/a"
layer [a]x4 -> vote
"""
GOOD = """model a = "sim/a"
layer [a]x5 -> vote
"""


def check(checked: Checked) -> Iterator[Diagnostic]:
    """Find plain votes over a number of candidates that is known and even."""
    for use in checked.walker.uses:
        count = use.before.candidates
        if use.bound.name != "vote" or count.low != count.high or count.low % 2 or use.bound.given & {"tie", "weights"}:
            continue
        message = f"{count.low} candidates can tie, and nothing says which wins"
        help = "write `tie=first`, `tie=best` or `tie=random`, or ask an odd number"
        yield Diagnostic(CODE, message, use.bound.unit.source, use.bound.node.span, help)
