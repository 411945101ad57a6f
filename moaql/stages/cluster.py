"""`cluster keep=majority`: two groups by similarity, of which the larger goes on: a defence against a deceptive proposer.

Cluster & Filter (Wolf et al. 2025, arXiv 2503.05856).
"""

from __future__ import annotations

from moaql.stages.base import Arguments, Bounds, Flow, Lowering, Parameter, Sizes, StageBase, reading, sure


def _larger_half(incoming: Bounds) -> Bounds:
    return Bounds((incoming.low + 1) // 2, incoming.high)


class Cluster(StageBase):
    """n candidates in, the larger group out."""

    def candidates(self, sizes: Sizes, incoming: Bounds) -> Bounds:
        """At least half of them."""
        del sizes
        return _larger_half(incoming)

    def lower(self, lowering: Lowering, arguments: Arguments, incoming: Flow) -> Flow:
        """One reduction."""
        size = Bounds(sure(incoming), len(incoming))
        return lowering.reduce(
            "cluster", reading(incoming), _larger_half(size), keep=arguments["keep"], by=arguments["by"], groups=2
        )


STAGE = Cluster(
    summary="Groups the candidates by similarity and keeps the larger group.",
    source="Wolf et al. 2025, arXiv 2503.05856",
    parameters=(
        Parameter("keep", "word", "Which group goes on.", choices=("majority",), default="majority"),
        Parameter(
            "by", "word", "What is compared: whole texts, or extracted answers.", choices=("similarity", "exact", "number", "choice", "literal"),
            default="similarity",
        ),
    ),
    placeholders=frozenset(),
)  # fmt: skip
