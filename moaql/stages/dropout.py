"""`dropout M then=vote`: aggregate subsets of the candidates, then vote on, or cluster, the results.

Dropout & Vote and Dropout & Cluster (Wolf et al. 2025, arXiv 2503.05856): all 2^n - 1 subsets, so that a deceptive candidate is
absent from about half of them. `leave_out=k` takes only the subsets that lack at most k candidates.
"""

from __future__ import annotations

from itertools import combinations
from math import comb

from moaql.stages.agg import DEFAULTS
from moaql.stages.base import (
    CALL,
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


class Dropout(StageBase):
    """n candidates in, one out."""

    def candidates(self, sizes: Sizes, incoming: Bounds) -> Bounds:
        """One."""
        del sizes, incoming
        return ONE

    def lower(self, lowering: Lowering, arguments: Arguments, incoming: Flow) -> Flow:
        """One call a subset, and a vote on what comes out."""
        count = len(incoming)
        least = 1 if arguments["leave_out"] is None else max(1, count - arguments["leave_out"])
        prompt, model = arguments["prompt"] or DEFAULTS["system"], arguments["model"].target
        lowering.expect(sum(comb(count, size) for size in range(least, count + 1)))
        results: Flow = ()
        for size in range(count, least - 1, -1):
            for subset in combinations(range(count), size):
                shown = reading([incoming[position] for position in subset])
                name = "+".join(str(position + 1) for position in subset)
                results += (lowering.call("aggregate", model, prompt, shown, arguments, item=name),)
        if arguments["then"] == "cluster":
            kept = Bounds((len(results) + 1) // 2, len(results))
            results = lowering.reduce("cluster", reading(results), kept, keep="majority", by="similarity", groups=2)
            return lowering.reduce("vote", reading(results), ONE, by="similarity", tie="first", weights=None)
        return lowering.reduce("vote", reading(results), ONE, by=arguments["by"], tie="first", weights=None)


STAGE = Dropout(
    summary="Aggregates subsets of the candidates, then votes on the results.",
    source="Wolf et al. 2025, arXiv 2503.05856",
    parameters=(
        Parameter("model", "model", "The aggregator.", positional=True, required=True),
        Parameter("then", "word", "What is done with the results.", choices=("vote", "cluster"), default="vote"),
        Parameter(
            "by", "word", "How the vote compares results.", choices=("exact", "number", "choice", "literal", "similarity", "cluster"),
            default="exact",
        ),
        Parameter("leave_out", "integer", "Only subsets that lack at most this many candidates.", low=0),
        *CALL,
    ),
)  # fmt: skip
