"""`metric=literal`: the answer is the target as a Python literal.

The measure of CRUXEval (Gu et al. 2024, arXiv 2401.03065). `exact` does not replace it: there, case and quotes do not count, and
here `'Ab'` is not `'ab'`, while `{'b': 1, 'a': 2}` is `{'a': 2, 'b': 1}`.
"""

from __future__ import annotations

from moaql.answers.literals import literal
from moaql.errors import UsageError
from moaql.metrics.base import Asker, Judged, Score, comparison


class Literal:
    """1 where the answer's literal equals the target's, else 0.

    A target is a text that spells a literal, a list of such texts, or else any other value, which is the literal itself.
    """

    reads_answer = True

    def check(self, item: Judged) -> None:
        """Refuse an item that cannot be scored, as `score` would.

        Raises:
            UsageError: if the item has no target.
        """
        _several(item)

    async def score(self, answer: str, item: Judged, asker: Asker | None = None) -> Score:  # noqa: ARG002
        """Compare the literal of an answer with the target, or with each of a list of texts.

        Raises:
            UsageError: if the item has no target.
        """
        wanted = [_spelled(each) for each in _several(item)]
        read = literal(answer)
        return comparison(read in wanted, read, wanted)


def _several(item: Judged) -> list[str]:
    target = item.target
    if target is None:
        raise UsageError(
            f"{item.place} has no target", "Name the field that holds it in the eval statement: `target=…`."
        )
    if isinstance(target, str):
        return [target]
    if isinstance(target, list) and target and all(isinstance(each, str) for each in target):
        return target
    return [repr(target)]


def _spelled(target: str) -> str:
    # A target that is no literal, such as an unquoted word, is itself.
    spelled = literal(target)
    return target.strip() if spelled is None else spelled


METRIC = Literal
