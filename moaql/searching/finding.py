"""What a search found, in plain words: first of all whether any ensemble beat the best single model."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from moaql.searching.confirm import Confirmed, Finalist
    from moaql.searching.goals import Goals


def headline(confirmed: Confirmed, goals: Goals, nearest: tuple[str, list[str]] | None = None) -> list[str]:
    """Sentences, the most important first.

    Args:
        confirmed: What the confirmation says.
        goals: Of the search.
        nearest: Where no topology keeps the limits: the one that misses them by least, and which it misses.
    """
    said = [_first(confirmed)]
    if nearest is not None:
        name, missed = nearest
        said.append(f"No topology keeps the limits: the nearest is `{name}`, which misses {' and '.join(missed)}.")
    said.append(_stated(confirmed.winner, confirmed.confidence))
    if len(confirmed.tied) > 1 and goals.cheap:
        dearest = max(confirmed.tied, key=lambda each: each.cost)
        said.append(
            f"It is the cheapest of {len(confirmed.tied)} that cannot be told apart; the dearest of them costs "
            f"{_times(dearest.cost, confirmed.winner.cost)} as much."
        )
    gap = selection_gap(confirmed.winner)
    if gap is not None:
        said.append(f"On the items that chose it, its score was {100 * gap:+.1f} points against that on unseen items.")
    if not confirmed.whole:
        said.append("The budget ended before everything was confirmed: what was not measured again is a guess.")
    return said


def selection_gap(each: Finalist) -> float | None:
    """By how much the score on the items that chose a topology exceeds that on items that nobody had seen."""
    import numpy as np

    if not len(each.report) or not len(each.chosen_on):
        return None
    chosen, reported = (scores[~np.isnan(scores)] for scores in (each.chosen_on, each.report))
    return float(chosen.mean() - reported.mean()) if len(chosen) and len(reported) else None


def _first(confirmed: Confirmed) -> str:
    single, winner, found = confirmed.single, confirmed.winner, confirmed.difference
    if single is None:
        return "There is no single model to compare with."
    if confirmed.fell_back is not None:
        return (
            f"No ensemble beat the best single model, `{single.entrant.name}`: what looked best, "
            f"`{confirmed.fell_back.entrant.name}`, was worse on unseen items."
        )
    if winner is single:
        return f"No ensemble beat the best single model, `{single.entrant.name}`: it is the choice."
    if found is None:
        return (
            f"`{winner.entrant.name}` is ahead of the best single model, `{single.entrant.name}`, but that was not confirmed on "
            "unseen items."
        )
    range_ = f"{100 * found.difference:+.1f} points [{100 * found.low:+.1f}, {100 * found.high:+.1f}]"
    price = _times(winner.cost, single.cost)
    if found.low > 0:
        what = "An ensemble beats" if winner.entrant.kind != "single" else "A cheaper model beats"
        return f"{what} the best single model, `{single.entrant.name}`, on unseen items: by {range_}, at {price} its price."
    return (
        f"No ensemble beat the best single model, `{single.entrant.name}`, for certain. The choice cannot be told from it "
        f"({range_} on unseen items), at {price} its price."
    )


def _stated(winner: Finalist, confidence: float) -> str:
    from moaql.searching.confirm import Measurement

    found = Measurement.of(winner.report, confidence) if len(winner.report) else None
    price = "an unknown price" if math.isnan(winner.cost) else f"${winner.cost:.3g} an item"
    if found is None:
        return f"The choice is `{winner.entrant.name}`, at {price}; its score is not confirmed."
    return (
        f"The choice is `{winner.entrant.name}`: {100 * found.score:.1f} points "
        f"[{100 * found.interval.low:.1f}, {100 * found.interval.high:.1f}] on {found.items} unseen items, at {price}."
    )


def _times(one: float, other: float) -> str:
    if not other > 0 or math.isnan(one):
        return "an unknown multiple of"
    ratio = one / other
    return f"{ratio:.1f} times" if ratio >= 1.05 else f"{100 * ratio:.0f} % of" if ratio < 0.95 else "about"
