"""`seq M window=6 keep=3`: aggregate many candidates a window at a time.

Self-MoA-Seq (Li et al. 2025, arXiv 2502.00674): the window slides over the candidates, and `keep` of its slots hold
the synthesis so far, so that the number of samples is not bounded by the context.
"""

from __future__ import annotations

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


class Seq(StageBase):
    """n candidates in, one out."""

    def candidates(self, sizes: Sizes, incoming: Bounds) -> Bounds:
        """One."""
        del sizes, incoming
        return ONE

    def lower(self, lowering: Lowering, arguments: Arguments, incoming: Flow) -> Flow:
        """One call for the first window, then one for every `window - keep` further candidates."""
        window, keep = arguments["window"], arguments["keep"]
        prompt = arguments["prompt"] or DEFAULTS["system"]
        model = arguments["model"].target
        shown, rest = incoming[:window], incoming[window:]
        running = lowering.call("aggregate", model, prompt, reading(shown), arguments, item="window1")
        number = 1
        while rest:
            number += 1
            fresh, rest = rest[: window - keep], rest[window - keep :]
            inputs = reading((running,) * keep + fresh)
            running = lowering.call("aggregate", model, prompt, inputs, arguments, item=f"window{number}")
        return (running,)


STAGE = Seq(
    summary="One model aggregates many candidates, a window at a time.",
    source="Li et al. 2025, arXiv 2502.00674",
    parameters=(
        Parameter("model", "model", "The aggregator.", positional=True, required=True),
        Parameter("window", "integer", "Candidates shown at once.", low=2, default=6),
        Parameter(
            "keep",
            "integer",
            "Slots of the window that hold the synthesis so far; fewer than `window`.",
            low=1,
            default=3,
        ),
        *CALL,
    ),
    writes=True,
)
