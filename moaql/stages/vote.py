"""`vote`: the answer that most candidates give.

Self-consistency (Wang et al. 2022, arXiv 2203.11171). `early=true` stops asking once the outcome cannot change, or is unlikely
to: adaptive consistency (Aggarwal et al. 2023, arXiv 2305.11860).
"""

from __future__ import annotations

import math

from moaql.stages.base import (
    ONE,
    Arguments,
    Bounds,
    Flow,
    Lowering,
    Parameter,
    Sizes,
    StageBase,
    reading,
)


def fewest_voters(voters: int, confidence: float) -> int:
    """How many equal answers in a row decide an early vote.

    All further voters are unnecessary once a majority is reached, or once k equal answers make another majority unlikely: with a
    uniform prior on the leader's share, P(share > 1/2) = 1 - 2^-(k+1).
    """
    majority = voters // 2 + 1
    if confidence >= 1:
        return majority
    likely = max(1, math.ceil(-math.log2(1 - confidence) - 1))
    return max(1, min(majority, likely))


class Vote(StageBase):
    """n candidates in, one out: a candidate that gives the winning answer."""

    def candidates(self, sizes: Sizes, incoming: Bounds) -> Bounds:
        """One."""
        del sizes, incoming
        return ONE

    def lower(self, lowering: Lowering, arguments: Arguments, incoming: Flow) -> Flow:
        """One reduction."""
        early = arguments["early"]
        # With weights one heavy voter may decide, so one is the least that is certain.
        least = 1 if arguments["weights"] else fewest_voters(len(incoming), arguments["confidence"])
        return lowering.reduce(
            "vote",
            reading(incoming),
            ONE,
            by=arguments["by"],
            tie=arguments["tie"] or "first",
            weights=arguments["weights"],
            early=arguments["confidence"] if early else None,
            least=least if early else None,
        )


STAGE = Vote(
    summary="Majority over the answers that are extracted from the candidates.",
    source="Wang et al. 2022, arXiv 2203.11171",
    parameters=(
        Parameter(
            "by",
            "word",
            "How answers are read and compared.",
            choices=("exact", "number", "choice", "literal", "similarity", "cluster"),
            positional=True,
            default="exact",
        ),
        Parameter("weights", "weights", "Weight of each model's vote, or `?` to have them fitted."),
        Parameter("tie", "word", "Which of the leading answers wins a tie.", choices=("first", "best", "random")),
        Parameter("early", "boolean", "Stop asking once the outcome cannot, or is unlikely to, change.", default=False),
        Parameter(
            "confidence",
            "share",
            "How sure an early stop must be; 1 stops only on certainty.",
            low=0.5,
            high=1,
            default=0.95,
        ),
    ),
    placeholders=frozenset(),
)
