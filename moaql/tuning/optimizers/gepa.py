"""GEPA: a model reads what went wrong and rewrites the text; texts that are best on some item are kept and changed further.

Agrawal et al. 2025, arXiv 2507.19457. The package `gepa` is used directly and not through `dspy.GEPA`, which hides replies that
cannot be read, takes no template for the reflection, and counts its own budgets. What it runs is moaql's executor, so that a text
is judged by the requests that the runtime will send.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from moaql.errors import ProviderError
from moaql.tuning.optimizers.base import PATIENCE
from moaql.tuning.rewrite import rewritten

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from moaql.tuning.optimizers.base import Work
    from moaql.tuning.trials import Trial

_TEXT = "text"
"""What GEPA calls the one component that is tuned."""
_MINIBATCH = 10
"""Items that a text is changed for, and must do better on before all are asked. With 3, the usual number, most gains are luck."""


class Gepa:
    """Reflective evolution of one text."""

    summary = (
        "A model reads what went wrong and rewrites the text; Pareto-best texts are changed further (GEPA, 2507.19457)."
    )

    def optimize(self, work: Work) -> str:
        """See `Optimizer.optimize`."""
        from gepa.api import optimize

        adapter = _Adapter(work)
        try:
            optimize(
                seed_candidate={_TEXT: work.seed_text},
                trainset=list(work.learn),
                valset=list(work.judge),
                adapter=adapter,  # type: ignore[arg-type]
                reflection_minibatch_size=min(_MINIBATCH, len(work.learn)),
                max_metric_calls=work.calls,
                # Its cache takes the fifth item to learn from for the fifth to judge by. `Trials` keeps what was asked.
                cache_evaluation=False,
                stop_callbacks=[adapter.stopped],  # type: ignore[list-item]
                track_best_outputs=False,
                raise_on_exception=True,
                logger=_Silent(),
                seed=work.seed,
            )
        finally:
            for text in adapter.texts:
                work.note(text)
        return adapter.reason or "its calls are used up"


class _Adapter:
    """What GEPA evaluates and rewrites by."""

    def __init__(self, work: Work) -> None:
        self.reason = ""
        self.texts: dict[str, None] = {work.seed_text: None}
        self._work = work
        self._failed = 0
        self._rounds = 0
        self._error: Exception | None = None

    def stopped(self, _state: object) -> bool:
        """Whether GEPA shall end before its calls are used up."""
        if self._error is not None:
            raise self._error  # GEPA goes on after an error of a proposer; nothing would come of it
        self._rounds += 1
        if self._failed >= PATIENCE:
            self.reason = f"the reflection model wrote no usable text {PATIENCE} times in a row"
        elif self._rounds > self._work.calls:
            self.reason = "nothing new was found to ask"
        return bool(self.reason)

    def evaluate(self, batch: list[int], candidate: dict[str, str], capture_traces: bool = False) -> Any:
        """Ask a text the items of these positions."""
        from gepa.core.adapter import EvaluationBatch

        text = candidate[_TEXT]
        self.texts[text] = None
        fresh = len(self._work.trials.fresh(text, batch))
        trials = self._work.ask(text, batch)
        return EvaluationBatch(
            outputs=[each.outcome.answer for each in trials],
            scores=[each.score for each in trials],
            trajectories=list(zip(batch, trials, strict=True)) if capture_traces else None,
            num_metric_calls=fresh,
        )

    def make_reflective_dataset(
        self, candidate: dict[str, str], eval_batch: Any, components_to_update: Sequence[str]
    ) -> Mapping[str, Sequence[Mapping[str, Any]]]:
        """The trials, as they are: the request is written by `rewrite.request`."""
        del candidate, components_to_update
        return {_TEXT: [{"position": at, "trial": trial} for at, trial in eval_batch.trajectories]}

    def propose_new_texts(
        self,
        candidate: dict[str, str],
        reflective_dataset: Mapping[str, Sequence[Mapping[str, Any]]],
        components_to_update: Sequence[str],
    ) -> dict[str, str]:
        """A new text by the reflection model."""
        del components_to_update
        work, items = self._work, self._work.trials.task.items
        examples: list[tuple[str, Trial]] = [
            (items[each["position"]].question, each["trial"]) for each in reflective_dataset[_TEXT]
        ]
        old = candidate[_TEXT]
        # An unchanged text costs nothing and is not kept; GEPA would ask again after an error.
        try:
            text = work.bridge.wait(rewritten(work, old, examples))
        except ProviderError as error:
            self._failed += 1
            self._error = error if self._failed >= PATIENCE else None
            return {_TEXT: old}
        except Exception as error:
            self._error = error
            return {_TEXT: old}
        self._failed = 0 if text is not None else self._failed + 1
        return {_TEXT: old if text is None else text}


class _Silent:
    """Takes what GEPA would print."""

    def log(self, message: str) -> None:
        """Say nothing."""


OPTIMIZER = Gepa()
