"""`metric=exact`: the answer is the target, but for case, surrounding punctuation, markdown and LaTeX.

Exact match as in SQuAD (Rajpurkar et al. 2016, arXiv 1606.05250), with the spelling of docs/answers.md: votes, `distinct` and
this metric call the same answers equal.
"""

from __future__ import annotations

from moaql.answers.extract import extract
from moaql.errors import UsageError
from moaql.metrics.base import Asker, Judged, Score, comparison, targets


class Exact:
    """1 where the answer, read by `exact`, is one of the targets, read the same way; else 0."""

    reads_answer = True

    def check(self, item: Judged) -> None:
        """Refuse an item that cannot be scored, as `score` would.

        Raises:
            UsageError: if the item has no target that is a text or a number.
        """
        _wanted(item)

    async def score(self, answer: str, item: Judged, asker: Asker | None = None) -> Score:  # noqa: ARG002
        """Compare an answer with the target, or with each of a list.

        Raises:
            UsageError: if the item has no target that is a text or a number.
        """
        wanted, read = _wanted(item), _read(answer)
        return comparison(read in wanted.values(), read, list(wanted))


def _wanted(item: Judged) -> dict[str, str | None]:
    """The targets, and what is read in each."""
    wanted = {each: _read(each) for each in targets(item)}
    if None in wanted.values():
        raise UsageError(f"{item.place} has an empty target", "Fill it in, or leave the item out.")
    return wanted


def _read(text: str) -> str | None:
    # Of an answer such as `?` the spelling leaves nothing, and it is one all the same.
    return extract(text, "exact") or text.strip() or None


METRIC = Exact
