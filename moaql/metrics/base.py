"""What a metric is given and gives: an answer and its item in, a score from 0 to 1 and feedback out."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

from moaql.errors import MoaqlError, UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping

_SHOWN = 60


@dataclass(frozen=True, slots=True)
class Score:
    """How good one answer is.

    Attributes:
        value: From 0 to 1.
        feedback: What was expected and what was read, for people and for the tuner.
        unreadable: Whether a judge said nothing that can be read; the value is 0 then, and means nothing.

    Raises:
        ValueError: if the value is not from 0 to 1.
    """

    value: float
    feedback: str = ""
    unreadable: bool = False

    def __post_init__(self) -> None:
        # NaN fails both comparisons, and is refused with them.
        if not 0 <= self.value <= 1:
            raise ValueError(f"a score is from 0 to 1, not {self.value}")


@dataclass(frozen=True, slots=True)
class Judged:
    """The item that an answer belongs to.

    Attributes:
        question: What was asked.
        target: The right answer, as the data set gives it; None where it gives none.
        fields: The item's fields.
        id: Of the item, for messages; where it is "", the field `id` or the start of the question names it.
    """

    question: str
    target: Any = None
    fields: Mapping[str, Any] = field(default_factory=dict)
    id: str = ""

    @property
    def place(self) -> str:
        """The item in a few words, to begin a message with."""
        name = self.id or str(self.fields.get("id", ""))
        return f"item `{name}`" if name else f'the item "{short(self.question)}"'


class Asker(Protocol):
    """What a metric asks its judge by; the runner gives it, with the judge's model, bank and budget behind it."""

    async def ask(self, messages: tuple[tuple[str, str], ...]) -> str:
        """Send messages as (role, text), and return the judge's text without reasoning traces."""
        ...


class MetricFailed(MoaqlError):  # noqa: N818 - reads better where it is caught
    """A user's own function failed on one item, or returned no score for it. The other items are not touched.

    It counts as one failed item, unlike a `UsageError`, which says that an item or a setting cannot be used at all.
    """


class Metric(Protocol):
    """What a metric's file builds by `METRIC(**settings)`. It has no state that one score could leave to the next.

    Two more members may be there. Whoever calls a metric looks whether they are:

    `reads_answer`
        Whether the metric compares the answer that it reads in a text, and not the text: `exact`, `number`, `choice` and `literal`
        do, and others have no such attribute. Where a recording states the answer beside the text, such a metric is given that
        answer in place of the text.
    `check(item: Judged) -> None`
        Raises the `UsageError` that `score` would raise because of the item, such as for an unusable target, whatever the answer
        is. It makes no call and runs no code of a model or a user, so an eval can be refused before a call is paid for.
        A user's function has none.
    """

    async def score(self, answer: str, item: Judged, asker: Asker | None = None) -> Score:
        """Score one answer.

        Args:
            answer: A model's text, without reasoning traces.
            item: What it answers.
            asker: The judge, for metrics that make calls; None for all others.

        Raises:
            UsageError: if the item, such as its target, cannot be used by this metric.
            MetricFailed: if a user's own function fails on this item.
        """
        ...


def short(text: str, most: int = _SHOWN) -> str:
    """A text on one line, cut off behind `most` characters."""
    # Only what may be shown is split: an answer can be long.
    line = " ".join(text[: 4 * most].split())
    return line if len(line) <= most and len(text) <= 4 * most else f"{line[: most - 1]}…"


def targets(item: Judged, kind: str = "a text or a number") -> list[str]:
    """The acceptable targets of an item, as texts: one, or those of a list.

    Args:
        item: Whose targets.
        kind: What a target of the metric is, for the message.

    Raises:
        UsageError: if there is none, or one is neither a text nor a number.
    """
    if item.target is None:
        raise UsageError(
            f"{item.place} has no target", "Name the field that holds it in the eval statement: `target=…`."
        )
    several = list(item.target) if isinstance(item.target, list | tuple) else [item.target]
    texts = [_text(each) for each in several]
    if not texts or None in texts:
        raise UsageError(
            f"{item.place} has the target {short(repr(item.target))}, which this metric cannot use",
            f"A target is {kind}, or a list of acceptable ones.",
        )
    return [text for text in texts if text is not None]


def _text(target: object) -> str | None:
    if isinstance(target, str):
        return target
    if isinstance(target, bool):
        return str(target).lower()
    return repr(target) if isinstance(target, int | float) and target == target else None  # noqa: PLR0124 - NaN


def comparison(right: bool, read: str | None, expected: list[str]) -> Score:
    """The score of an answer that is right or wrong.

    Args:
        right: Whether it is right.
        read: What was read as the answer; None where nothing was.
        expected: The acceptable answers.
    """
    wanted = " or ".join(f"`{short(each)}`" for each in expected)
    found = f"`{short(read)}` was read" if read is not None else "no answer could be read"
    return Score(float(right), f"Right: {found}." if right else f"Expected {wanted}; {found}.")


def require_flags(metric: str, **values: object) -> None:
    """Refuse settings that are not true or false.

    Raises:
        UsageError: if one is neither.
    """
    for name, value in values.items():
        if not isinstance(value, bool):
            raise UsageError(
                f"`{name}` of the metric `{metric}` is {short(repr(value))}", f"Write `{name}=true` or `{name}=false`."
            )


def limit(metric: str, name: str, value: object, *, above: float = 0) -> float:
    """A setting that is a number above a limit.

    Raises:
        UsageError: if it is not.
    """
    if isinstance(value, bool) or not isinstance(value, int | float) or not above < value < float("inf"):
        raise UsageError(
            f"`{name}` of the metric `{metric}` is {short(repr(value))}", f"It is a number above {above:g}."
        )
    return value
