"""How a search is carried out."""

from __future__ import annotations

from dataclasses import dataclass, field

from moaql.searching.goals import Goals

SOURCES = frozenset({"model", "mutation", "tpe", "uniform"})
"""Who proposes; `--sampler` names one of them, or all as `portfolio`."""


@dataclass(frozen=True)
class Settings:
    """How a search is carried out.

    Attributes:
        goals: What it is for.
        budget: Dollars that search and confirmation together may take; None for no limit.
        trials: Topologies that are measured at most, baselines not counted.
        seed: Of all that is drawn.
        sources: Who proposes.
        block: Items of the first look at a topology. Each later look has as many as all before.
        alpha: How often a race may drop the better one.
        smallest: A difference in quality that does not matter.
        at_once: Topologies that are measured side by side.
        confidence: Of the intervals that are stated, as a share.
        share: Of the budget for the search; the rest is kept for the confirmation.
        racing: Whether losers are dropped early. The switches below exist to measure what each part is worth.
        predicting: Whether the response model predicts.
        price_aware: Whether gains are divided by what they cost now.
        paired: Whether races compare on the same items.
    """

    goals: Goals = field(default_factory=Goals)
    budget: float | None = None
    trials: int = 200
    seed: int = 0
    sources: frozenset[str] = SOURCES
    block: int = 20
    alpha: float = 0.1
    smallest: float = 0.005
    at_once: int = 1
    confidence: float = 0.95
    share: float = 0.7
    racing: bool = True
    predicting: bool = True
    price_aware: bool = True
    paired: bool = True
