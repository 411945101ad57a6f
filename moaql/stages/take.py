"""`take k`: the first k candidates."""

from __future__ import annotations

from moaql.stages.base import Arguments, Bounds, Flow, Lowering, Parameter, Sizes, StageBase


class Take(StageBase):
    """n candidates in, the first k out. No node is needed: what nobody reads is not asked."""

    def candidates(self, sizes: Sizes, incoming: Bounds) -> Bounds:
        """k, or all where there are fewer."""
        count = sizes.of("count")
        return Bounds(min(count.low, incoming.low), min(count.high, incoming.high))

    def lower(self, lowering: Lowering, arguments: Arguments, incoming: Flow) -> Flow:
        """The first of the flow."""
        del lowering
        return incoming[: arguments["count"]]


STAGE = Take(
    summary="The first k candidates go on.",
    parameters=(Parameter("count", "integer", "How many; 0 starts afresh.", low=0, positional=True, required=True),),
    placeholders=frozenset(),
)
