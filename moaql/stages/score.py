"""`score M`: a score from 0 to 1 is attached to each candidate.

FrugalGPT's scorer (Chen et al. 2023, arXiv 2305.05176) with a language model as the judge: one call a candidate.
"""

from __future__ import annotations

from moaql.stages.base import CALL, JUDGE, Arguments, Bounds, Flow, Lowering, Prompt, StageBase, reading, sure
from moaql.stages.rank import SCORE


def score_each(lowering: Lowering, arguments: Arguments, incoming: Flow, prompt: Prompt, purpose: str) -> Flow:
    """One call for each candidate, whose verdict becomes the candidate's score."""
    model = arguments["model"].target
    said = [
        ("scores", lowering.call(purpose, model, prompt, reading((ref,)), arguments, item=str(number)))
        for number, ref in enumerate(incoming, 1)
    ]
    low = sure(incoming)
    return lowering.reduce("attach", (*reading(incoming), *said), Bounds(low, len(incoming)), what="scores")


class Score(StageBase):
    """n candidates in, the same n out, each with a score."""

    def lower(self, lowering: Lowering, arguments: Arguments, incoming: Flow) -> Flow:
        """One call a candidate, and the reduction that attaches the scores."""
        return score_each(lowering, arguments, incoming, arguments["prompt"] or SCORE, "score")


STAGE = Score(
    summary="A model attaches a score from 0 to 1 to each candidate.",
    source="Chen et al. 2023, arXiv 2305.05176",
    parameters=(JUDGE, *CALL),
    attaches="scores",
)
