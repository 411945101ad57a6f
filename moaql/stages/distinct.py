"""`distinct`: of candidates that give the same answer, the first goes on."""

from __future__ import annotations

from moaql.stages.base import Arguments, Bounds, Flow, Lowering, Parameter, Sizes, StageBase, reading, sure


class Distinct(StageBase):
    """n candidates in, between one and n out."""

    def candidates(self, sizes: Sizes, incoming: Bounds) -> Bounds:
        """At least one, at most all."""
        del sizes
        return Bounds(min(1, incoming.low), incoming.high)

    def lower(self, lowering: Lowering, arguments: Arguments, incoming: Flow) -> Flow:
        """One reduction."""
        low = min(1, sure(incoming))
        return lowering.reduce("distinct", reading(incoming), Bounds(low, len(incoming)), by=arguments["by"])


STAGE = Distinct(
    summary="Of candidates that give the same answer, only the first goes on.",
    parameters=(
        Parameter(
            "by",
            "word",
            "What is compared.",
            choices=("exact", "number", "choice", "literal", "similarity"),
            positional=True,
            default="exact",
        ),
    ),
    placeholders=frozenset(),
)
