"""`best M`: best of N, the same as `rank M top=1`. `best by=confidence` and `best by=score` need no judge."""

from __future__ import annotations

from moaql.stages.base import ONE, Arguments, Bounds, Flow, Lowering, Sizes, StageBase
from moaql.stages.rank import PARAMETERS, lower_ranking


class Best(StageBase):
    """n candidates in, the best one out."""

    def candidates(self, sizes: Sizes, incoming: Bounds) -> Bounds:
        """One."""
        del sizes, incoming
        return ONE

    def lower(self, lowering: Lowering, arguments: Arguments, incoming: Flow) -> Flow:
        """A ranking of which one is kept."""
        return lower_ranking(lowering, arguments, incoming, 1)


STAGE = Best(summary="Best of N: the candidate that a model, or what is attached, puts first.", parameters=PARAMETERS)
