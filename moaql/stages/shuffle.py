"""`shuffle seed=7`: another order of the candidates, the same for the same seed and question."""

from __future__ import annotations

from moaql.stages.base import Arguments, Bounds, Flow, Lowering, Parameter, StageBase, reading, sure


class Shuffle(StageBase):
    """n candidates in, the same n out."""

    def lower(self, lowering: Lowering, arguments: Arguments, incoming: Flow) -> Flow:
        """One reduction."""
        low = sure(incoming)
        return lowering.reduce("shuffle", reading(incoming), Bounds(low, len(incoming)), seed=arguments["seed"])


STAGE = Shuffle(
    summary="Puts the candidates in another order.",
    parameters=(Parameter("seed", "integer", "Seed of the order; the seed of the run where it is not given.", low=0),),
    placeholders=frozenset(),
)
