"""COPRO: a model writes several texts at once, then several more that it is told the scores of the first ones for.

DSPy's optimizer (Khattab et al. 2023, arXiv 2310.03714). It judges by the items that it is given, so its scores are optimistic;
what is accepted is decided elsewhere.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from moaql.tuning.student import THREADS, score_of, student_of

if TYPE_CHECKING:
    from moaql.tuning.optimizers.base import Work

_DEPTH = 2


class Copro:
    """Coordinate ascent over instructions."""

    summary = "Several texts at once, then several more in view of their scores (DSPy's COPRO)."

    def optimize(self, work: Work) -> str:
        """See `Optimizer.optimize`."""
        import dspy  # type: ignore[import-untyped]

        student = student_of(work)
        breadth = max(2, student.rounds() // _DEPTH)
        # Without a model of its own it asks the one in context, and prints no history.
        optimizer = dspy.COPRO(metric=score_of, breadth=breadth, depth=_DEPTH)
        how = {"num_threads": THREADS, "display_progress": False}
        examples = student.examples(work.judge)
        student.optimize(lambda: optimizer.compile(student.program, trainset=examples, eval_kwargs=how))
        return f"{_DEPTH} rounds of {breadth} texts are done"


OPTIMIZER = Copro()
