"""MIPROv2: a model describes the data and writes texts with different tips in mind; Bayesian search picks among them.

Opsahl-Ong et al. 2024, arXiv 2406.11695, as DSPy has it, for instructions only. Two of its steps are left out: it bootstraps
examples even where none are wanted, which costs a call for each, and it compares texts on minibatches that differ.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from moaql.tuning.student import THREADS, score_of, student_of

if TYPE_CHECKING:
    from moaql.tuning.optimizers.base import Work


class Miprov2:
    """Proposals grounded in the data, chosen by TPE."""

    summary = "Texts grounded in a description of the data, chosen among by TPE (MIPROv2, 2406.11695)."

    def optimize(self, work: Work) -> str:
        """See `Optimizer.optimize`."""
        student = student_of(work)
        texts = student.rounds()
        optimizer = _optimizer(
            metric=score_of,
            prompt_model=student.writer,
            task_model=student.task_model,
            auto=None,
            num_candidates=texts,
            max_bootstrapped_demos=0,
            max_labeled_demos=0,
            num_threads=THREADS,
            max_errors=1,
            seed=work.seed + 1,  # it takes 0 for none
            track_stats=False,
        )
        student.optimize(
            lambda: optimizer.compile(
                student.program,
                trainset=student.examples(work.learn),
                valset=student.examples(work.judge),
                num_trials=2 * texts,
                minibatch=False,
                program_aware_proposer=False,
                fewshot_aware_proposer=False,
                provide_traceback=False,
            )
        )
        return f"{2 * texts} trials of {texts} texts are done"


def _optimizer(**settings: Any) -> Any:
    import dspy  # type: ignore[import-untyped]
    from dspy.propose import grounded_proposer  # type: ignore[import-untyped]

    # It tells its troubles by `print`; whatever it meets is told by the error that ends it.
    grounded_proposer.print = lambda *_, **__: None

    class InstructionsOnly(dspy.MIPROv2):  # type: ignore[misc]
        """MIPROv2 without bootstrapped examples and without a progress bar."""

        def _bootstrap_fewshot_examples(self, *_: Any, **__: Any) -> None:
            return None

        def _optimize_prompt_parameters(
            self, program: Any, instructions: Any, demos: Any, evaluate: Any, *rest: Any, **more: Any
        ) -> Any:
            evaluate.display_progress = False
            return super()._optimize_prompt_parameters(program, instructions, demos, evaluate, *rest, **more)

    return InstructionsOnly(**settings)


OPTIMIZER = Miprov2()
