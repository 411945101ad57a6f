"""Only synthesis, where answers are right or wrong.

An aggregator that rewrites answers can lose a right one; on tasks with one exact answer, selecting (`vote`, `best`, `rank`) often
does better for less (Saad-Falcon et al. 2024, arXiv 2409.15254). A search over such a task should have a selecting alternative.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from moaql.check.tables import EXACT_ANSWER_METRICS
from moaql.diagnostics import Diagnostic
from moaql.language import nodes as n

if TYPE_CHECKING:
    from collections.abc import Iterator

    from moaql.check.rules import Checked

CODE = "W506"
TITLE = "synthesis on an exact-answer metric"
BAD = """model a = "sim/a"
model b = "sim/b"
eval math = "math.jsonl" metric=number
search s {
  topology layer [a]x?(1..5) -> agg b
  eval math
  maximize quality
}
"""
GOOD = """model a = "sim/a"
model b = "sim/b"
eval math = "math.jsonl" metric=number
search s {
  topology layer [a]x?(1..5) -> ?(agg b | vote)
  eval math
  maximize quality
}
"""
_SELECTS = frozenset({"vote", "best", "rank", "verify", "cluster", "take", "dropout"})


def check(checked: Checked) -> Iterator[Diagnostic]:
    """Find searches over an exact metric in which no alternative selects."""
    for search in checked.searches.values():
        metrics = [
            dict(checked.evals[name.text].settings).get("metric") for name in search.evals if name.text in checked.evals
        ]
        if not any(metric in EXACT_ANSWER_METRICS for metric in metrics):
            continue
        for body in search.topologies:
            inside = [use for use in checked.walker.uses if _within(use.bound.node, body)]
            synthesis = [use for use in inside if use.bound.name in ("agg", "seq")]
            if synthesis and not any(use.bound.name in _SELECTS for use in inside):
                message = f"`{metrics[0]}` answers are right or wrong, and every topology here rewrites them"
                yield Diagnostic(
                    CODE,
                    message,
                    checked.unit.source,
                    synthesis[-1].bound.node.span,
                    "give the search a choice: `?(agg … | vote)`",
                )


def _within(node: n.Node, body: n.Node) -> bool:
    return body.span.start <= node.span.start and node.span.end <= body.span.end
