"""What is measured: the items of an eval set, and the metric that scores their answers."""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from moaql.check.eval_sets import find_eval_set
from moaql.check.program import Model
from moaql.datasets.items import load_items
from moaql.errors import UsageError
from moaql.evaluation.judge import JudgeModel
from moaql.metrics.base import Judged, Score, comparison
from moaql.metrics.find import find_metric
from moaql.run.question import Question

if TYPE_CHECKING:
    from collections.abc import Sequence

    from moaql.answers.candidate import Candidate
    from moaql.check.program import EvalSet, Program
    from moaql.datasets.items import EvalItem
    from moaql.metrics.base import Metric
    from moaql.run.caller import Caller

DEFAULT_METRIC = "exact"
_MANY_SPELLINGS = ("number", "choice")
"""Metrics of answers that have several spellings: `18` and `18.0` are one number."""


@dataclass(frozen=True)
class Task:
    """An eval set and its metric.

    Attributes:
        name: Of the eval set.
        path: Of its file or folder.
        items: In the order of the file.
        metric_name: Such as `number`.
        metric: Scores answers.
        judge: The model that the metric `judge` asks.
    """

    name: str
    path: str
    items: tuple[EvalItem, ...]
    metric_name: str
    metric: Metric = field(repr=False)
    judge: Model | None = None

    @property
    def questions(self) -> tuple[Question, ...]:
        """The questions of the items, in order."""
        return tuple(question_of(item) for item in self.items)

    @property
    def note(self) -> str:
        """What has to be said of how the set was read, or ""."""
        return self.items[0].note if self.items else ""

    @property
    def hash(self) -> str:
        """What the items are, in 12 hexadecimal digits: ids, questions and answers, in order."""
        items = repr([(item.id, item.question, item.text) for item in self.items])
        return hashlib.sha256(items.encode("utf-8", "surrogatepass")).hexdigest()[:12]

    def part(self, positions: Sequence[int]) -> Task:
        """The same task with these items, in this order."""
        return replace(self, items=tuple(self.items[at] for at in positions))

    async def score(self, answer: Candidate, item: EvalItem, caller: Caller) -> Score:
        """Score one answer.

        A metric that reads the answer in a text takes the one that a recording states, where it states one: that is right where
        it is the target, character by character, or the same number or choice.

        Raises:
            MetricFailed: if the user's own metric fails on it.
            UsageError: if the item cannot be scored by this metric.
            ProviderError, BudgetReached, NotBanked, BankError: if a judge cannot be asked.
        """
        asker = JudgeModel(self.judge, caller, question_of(item)) if self.judge is not None else None
        judged = judged_of(item)
        if answer.stated is None or not getattr(self.metric, "reads_answer", False):
            return await self.metric.score(answer.text, judged, asker)
        if set(answer.stated) & set(item.texts):
            return Score(1.0, "Right, as the recording states it.")
        if not answer.stated:
            return Score(0.0, "The recording states that no answer can be read.")
        if self.metric_name in _MANY_SPELLINGS:
            return await self.metric.score(answer.stated[0], judged, asker)
        return comparison(False, answer.stated[0], list(item.texts))

    def check(self) -> None:
        """Refuse items that the metric cannot score, before a call is paid.

        Raises:
            UsageError: for the first such item, with its file and line.
        """
        check = getattr(self.metric, "check", None)
        for item in self.items if check is not None else ():
            assert check is not None
            try:
                check(judged_of(item))
            except UsageError as error:
                raise UsageError(f"{item.file}:{item.line}: {error.message}", error.next_step) from None


def question_of(item: EvalItem) -> Question:
    """An item as the executor asks it."""
    return Question(item.question, id=item.id, fields=item.fields)


def judged_of(item: EvalItem) -> Judged:
    """An item as metrics see it."""
    return Judged(item.question, item.target, item.fields, item.id)


def open_task(
    program: Program,
    name: str | None = None,
    *,
    metric: str | None = None,
    limit: int | None = None,
    split: str | None = None,
    seed: int = 0,
) -> Task:
    """The eval set of a name, read, with its metric.

    Args:
        program: Whose eval sets are looked up.
        name: Of an eval set of the program, or the path of a file; see `find_eval_set`.
        metric: Used instead of the one that the eval set states; `exact` where neither says one.
        limit: Use the first so many items, instead of the eval set's own limit.
        split: Part of the set, instead of its own.
        seed: Of the draw of a part.

    Raises:
        UsageError: if there is no such eval set or metric, an item cannot be read, or the metric cannot score it.
        MissingPackage: if the format or the metric needs a package that is not installed.
    """
    return task_of(find_eval_set(program.unit, name), metric=metric, limit=limit, split=split, seed=seed)


def task_of(
    stated: EvalSet,
    *,
    metric: str | None = None,
    limit: int | None = None,
    split: str | None = None,
    seed: int = 0,
) -> Task:
    """The items and the metric of an eval set. Arguments and errors as in `open_task`."""
    settings: dict[str, Any] = dict(stated.settings)
    stated_metric = metric or settings.get("metric")
    chosen = stated_metric or DEFAULT_METRIC
    judge = _judge(settings.get("judge")) if chosen == "judge" else None
    # An eval set given as a file has the user's own metric beside it or where the command runs.
    items = load_items(
        stated.path,
        input=settings.get("input"),
        target=settings.get("target"),
        id=settings.get("id"),
        fields=settings.get("fields") or (),
        limit=limit or settings.get("limit"),
        split=split or settings.get("split"),
        seed=seed,
    )
    if stated_metric is None:
        chosen = _asserted(items) or chosen
    found = find_metric(chosen, stated.folder if metric is None else os.getcwd())
    task = Task(stated.name, stated.path, items, chosen, found, judge)
    task.check()
    return task


_ASSERTS = {"equals": "exact", "contains": "contains", "icontains": "contains", "regex": "regex"}
"""Metrics that score as promptfoo's asserts do."""


def _asserted(items: tuple[EvalItem, ...]) -> str | None:
    """The metric that fits the asserts of a promptfoo file; None for other files."""
    if not items[0].file.endswith((".yaml", ".yml")):
        return None
    kinds = {str(item.fields.get("assert")): None for item in items if item.fields.get("assert") is not None}
    metrics = {_ASSERTS[kind] for kind in kinds if kind in _ASSERTS}
    if len(metrics) > 1:
        raise UsageError(
            f"the asserts of `{items[0].file}` are of several kinds: {', '.join(kinds)}",
            "Name one metric for all of them, `metric=…` or `--metric`, or split the file.",
        )
    return metrics.pop() if metrics else None


def _judge(stated: Any) -> Model:
    judge = getattr(stated, "target", stated)
    if not isinstance(judge, Model):
        raise UsageError(
            "the metric `judge` needs a model that judges",
            'Write `eval NAME = "file.jsonl" metric=judge judge=MODEL` in the program.',
        )
    return judge
