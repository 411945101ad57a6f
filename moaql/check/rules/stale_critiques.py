"""Critiques or scores that nobody reads, because later answers replaced the candidates that they belong to.

`critic` attaches critiques to candidates. A later layer or aggregator writes new candidates, which have none: what is not
shown by that very stage is lost. (In Archon such critiques stay and are shown beside the wrong answers.)
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from moaql.check.templates import placeholders_of, prompts_of, shown_by
from moaql.diagnostics import Diagnostic

if TYPE_CHECKING:
    from collections.abc import Iterator

    from moaql.check.rules import Checked
    from moaql.check.state import Use

CODE = "W507"
TITLE = "critiques or scores are stale"
BAD = """model a = "sim/a"
model b = "sim/b"
model c = "sim/c"
prompt with_critiques { user "{question} {candidates} {critiques}" }
layer [a] -> critic b -> layer [a] temperature=1 -> agg c prompt=with_critiques
"""
GOOD = """model a = "sim/a"
model b = "sim/b"
model c = "sim/c"
prompt with_critiques { user "{question} {candidates} {critiques}" }
layer [a] -> layer [a] -> critic b -> agg c prompt=with_critiques
"""


def check(checked: Checked) -> Iterator[Diagnostic]:
    """Find prompts that name what only earlier candidates had, and critiques that are replaced before anybody saw them."""
    for use in checked.walker.uses:
        yield from _lost(use)
        gone = use.before.stale - use.before.attached
        for prompt in prompts_of(use.bound.values.get("prompt")):
            for what in sorted(gone & placeholders_of(prompt)):
                message = f"the {what} belong to candidates that a later stage has replaced"
                help = f"put the stage that makes the {what} directly before this one"
                yield Diagnostic(CODE, message, use.bound.unit.source, use.bound.node.span, help)


_ENDS = frozenset({"vote", "dropout"})


def _lost(use: Use) -> Iterator[Diagnostic]:
    """What was attached for nothing: new candidates, or a vote, come without anybody having looked."""
    if not use.bound.stage.writes and use.bound.name not in _ENDS:
        return
    for what in sorted(use.before.unseen - shown_by(use.bound)):
        message = f"nothing has used the {what} that were attached before this"
        help = (
            f"put `{{{what}}}` into the prompt"
            if use.bound.stage.writes
            else f"remove what makes the {what}, or use them"
        )
        yield Diagnostic(CODE, message, use.bound.unit.source, use.bound.node.span, help)
