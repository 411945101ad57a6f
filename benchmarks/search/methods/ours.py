"""moaql's own search, whole and with one part left out at a time.

The whole budget goes to the search here, as it does for the rivals. What the confirmation says afterwards, on items of its own,
is paid from outside of the budget and reported beside it.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from functools import partial
from typing import TYPE_CHECKING, Any

from benchmarks.search.methods.ledger import Outcome, Recommend
from moaql.searching.confirm import Confirmed, Measurement, confirm
from moaql.searching.search import Progress, search
from moaql.searching.settings import SOURCES, Settings
from moaql.searching.tpe import Suggestions

if TYPE_CHECKING:
    from moaql.searching.arena import Arena

TRIALS = 400
"""Topologies that it may look at; in most worlds the dollars end first."""
AT_ONCE = 4
"""Looks taken side by side, as a user would: the ranking, which takes the time, is made once for all of them."""
CHANGES: dict[str, dict[str, Any]] = {
    "ours": {},
    "ours_no_reuse": {},
    "ours_no_racing": {"racing": False},
    "ours_no_model": {"predicting": False},
    "ours_no_mutation": {"sources": SOURCES - {"mutation"}},
    "ours_unpaired": {"paired": False},
    "ours_price_blind": {"price_aware": False},
}
"""What each variant changes of the settings. Without reuse, it is the arena that charges for everything."""


async def run(changes: dict[str, Any], arena: Arena, seed: int, budget: float, recommend: Recommend) -> Outcome:
    """Search, recommend after every step, confirm."""
    settings = Settings(budget=budget, trials=TRIALS, seed=seed, share=1.0, at_once=AT_ONCE, **changes)
    last: list[str] = []
    steps = 0

    def told(progress: Progress) -> None:
        nonlocal last, steps
        steps += 1
        front = [record.entrant for record in reversed(progress.hunt.front())]
        if [each.key for each in front] != last:
            last = [each.key for each in front]
            recommend(progress.hunt.paid, front)

    suggest = Suggestions(arena.space, 2, seed)  # type: ignore[arg-type]
    found = await search(arena, settings, suggest=suggest, on_change=told)
    kept: Callable[[str], Any] = arena.kept  # type: ignore[attr-defined]
    confirmed = await confirm(found.hunt, kept("select"), kept("report"))
    return _outcome(found.stopped, steps, confirmed)


def _outcome(stopped: str, steps: int, confirmed: Confirmed | None) -> Outcome:
    if confirmed is None or not len(confirmed.winner.report):
        return Outcome(stopped, steps)
    stated = Measurement.of(confirmed.winner.report)
    assert stated is not None
    return Outcome(stopped, steps, (stated.score, stated.interval.low, stated.interval.high), confirmed.winner.entrant)


VARIANTS: dict[str, Callable[[Arena, int, float, Recommend], Coroutine[Any, Any, Outcome]]] = {
    name: partial(run, changes) for name, changes in CHANGES.items()
}
