"""`metric=choice`: the answer chooses the target's letter, A to J.

The measure of MMLU and MMLU-Pro (Wang et al. 2024, arXiv 2406.01574), whose order of looking for the letter is kept.
"""

from __future__ import annotations

import re
from string import ascii_uppercase

from moaql.answers.choices import choice
from moaql.errors import UsageError
from moaql.metrics.base import Asker, Judged, Score, comparison, short, targets

_LETTER = re.compile(r"\W*([A-J])\W*", re.IGNORECASE)


class Choice:
    """1 where the answer's letter is the target's, else 0. A target may also be the text of one of the item's `choices`."""

    reads_answer = True

    def check(self, item: Judged) -> None:
        """Refuse an item that cannot be scored, as `score` would.

        Raises:
            UsageError: if a target is neither a letter A to J nor one of the choices.
        """
        _wanted(item)

    async def score(self, answer: str, item: Judged, asker: Asker | None = None) -> Score:  # noqa: ARG002
        """Compare the letter of an answer with the target, or with each of a list.

        Raises:
            UsageError: if a target is neither a letter A to J nor one of the choices.
        """
        wanted = _wanted(item)
        read = choice(answer)
        return comparison(read in wanted, read, wanted)


def _wanted(item: Judged) -> list[str]:
    return [_target(each, item) for each in targets(item, "a letter A to J")]


def _target(text: str, item: Judged) -> str:
    choices = item.fields.get("choices")
    if isinstance(choices, list) and text in choices[:10]:
        return ascii_uppercase[choices.index(text)]
    match = _LETTER.fullmatch(text)
    if match is None:
        # A number is refused: one data set counts its choices from 0, the next from 1.
        raise UsageError(
            f"{item.place} has the target {short(repr(text))}, which is no letter A to J",
            "Give the letter, or keep the list of texts in a field `choices`: `fields=[choices]`.",
        )
    return match[1].upper()


METRIC = Choice
