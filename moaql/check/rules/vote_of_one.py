"""A vote, a ranking or a choice among one candidate.

One candidate wins every vote. Usually an `xN` or a second proposer was forgotten.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from moaql.diagnostics import Diagnostic

if TYPE_CHECKING:
    from collections.abc import Iterator

    from moaql.check.rules import Checked

CODE = "W510"
TITLE = "a choice among one candidate"
BAD = """model a = "sim/a"
a -> vote
"""
GOOD = """model a = "sim/a"
a x3 -> vote
"""
_CHOOSES = frozenset({"vote", "rank", "best", "cluster", "distinct", "dropout", "shuffle"})


def check(checked: Checked) -> Iterator[Diagnostic]:
    """Find selecting stages that surely get one candidate."""
    for use in checked.walker.uses:
        if use.bound.name in _CHOOSES and use.before.candidates.high == 1:
            message = f"`{use.bound.name}` has only one candidate to choose from"
            yield Diagnostic(
                CODE,
                message,
                use.bound.unit.source,
                use.bound.node.span,
                "ask more models, or one several times: `a x3`",
            )
