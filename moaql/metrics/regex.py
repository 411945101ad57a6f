"""`metric=regex`: a regular expression matches the answer. The syntax is that of Python's `re`.

Some expressions take exponential time, and `re` cannot be interrupted. One that can take more than a quadratic time is therefore
matched in a process of its own, which is ended when its time is over.
"""

from __future__ import annotations

import json
import re
import sys
from functools import lru_cache

from moaql.errors import UsageError
from moaql.metrics._process import run_process
from moaql.metrics.base import Asker, Judged, Score, limit, require_flags, short, targets

_QUANTIFIER = re.compile(r"\\.|[*+{]|(?<![(*+?}])\?", re.DOTALL)
_REFERENCE = re.compile(r"\\[1-9]|\(\?P=")
_LONG = 10_000
"""Characters up to which a quadratic time is no matter."""
_MATCH = """
import json, re, signal, sys
pattern, flags, whole, text, seconds = json.load(sys.stdin)
if hasattr(signal, "setitimer"):
    signal.setitimer(signal.ITIMER_REAL, seconds)
found = getattr(re.compile(pattern, flags), "fullmatch" if whole else "search")(text)
print(json.dumps(found[0][:200] if found else None))
"""
_START = 5.0
"""Seconds that a busy machine may take to start Python. The time for matching is counted by the process itself where it can."""
_ALARM = -14
"""What a process ends with whose own time is over."""


class Regex:
    """1 where the pattern, or any of several, is found in the whole text; else 0.

    Args:
        pattern: For all items; by default each item's target is its pattern.
        whole: Whether the whole text must match, but for spaces around it.
        case: Whether upper and lower case differ.
        seconds: How long matching one answer may take.

    Raises:
        UsageError: if a setting cannot be used.
    """

    def __init__(self, pattern: str | None = None, whole: bool = False, case: bool = False, seconds: float = 2) -> None:
        require_flags("regex", whole=whole, case=case)
        self._pattern, self._whole = pattern, whole
        # `^` and `$` mean lines, as people expect of an answer with several.
        self._flags = int(re.MULTILINE if case else re.MULTILINE | re.IGNORECASE)
        self._seconds = limit("regex", "seconds", seconds)
        if pattern is not None:
            _compiled(pattern, self._flags, "the metric `regex`")

    def check(self, item: Judged) -> None:
        """Refuse an item that cannot be scored, as `score` would.

        Raises:
            UsageError: if it has no pattern, or a pattern of it is no regular expression.
        """
        self._patterns(item)

    async def score(self, answer: str, item: Judged, asker: Asker | None = None) -> Score:  # noqa: ARG002
        """Look for the pattern in an answer.

        Raises:
            UsageError: if the pattern is no regular expression, or takes too long for this answer.
        """
        patterns = self._patterns(item)
        for pattern in patterns:
            found = await self._find(pattern, answer.strip() if self._whole else answer, item)
            if found is not None:
                return Score(1.0, f"Right: `{short(found)}` matches.")
        wanted = " or ".join(f"`{short(pattern)}`" for pattern in patterns)
        return Score(0.0, f"The {'whole answer' if self._whole else 'answer'} does not match {wanted}.")

    def _patterns(self, item: Judged) -> list[str]:
        if self._pattern is not None:
            return [self._pattern]
        patterns = targets(item, "a regular expression")
        for pattern in patterns:
            _compiled(pattern, self._flags, item.place)
        return patterns

    async def _find(self, pattern: str, text: str, item: Judged) -> str | None:
        compiled = _compiled(pattern, self._flags, item.place)
        if is_quick(pattern) and len(text) <= _LONG:
            match = compiled.fullmatch(text) if self._whole else compiled.search(text)
            return match[0] if match else None
        given = json.dumps([pattern, self._flags, self._whole, text, self._seconds]).encode()
        done = await run_process(
            [sys.executable, "-I", "-S", "-c", _MATCH], given, None, self._seconds + _START, most=_LONG
        )
        late = done.late or done.code == _ALARM
        if done.code and not late:
            raise UsageError(
                f"{item.place}: the pattern `{short(pattern)}` could not be matched: {short(done.err.decode(errors='replace'))}",
                "Write a simpler one.",
            )
        if late:
            raise UsageError(
                f"{item.place}: the pattern `{short(pattern)}` took more than {self._seconds:g} s on its answer",
                "Write it without repetitions inside repetitions, such as `(a+)+`.",
            )
        found: str | None = json.loads(done.out)
        return found


def is_quick(pattern: str) -> bool:
    """Whether matching takes at most quadratic time: one repetition at most, and no alternatives that could be repeated."""
    quantifiers = [each for each in _QUANTIFIER.findall(pattern) if not each.startswith("\\")]
    return not quantifiers or (len(quantifiers) == 1 and "|" not in pattern and not _REFERENCE.search(pattern))


@lru_cache(maxsize=1024)
def _compile(pattern: str, flags: int) -> re.Pattern[str]:
    return re.compile(pattern, flags)


def _compiled(pattern: str, flags: int, place: str) -> re.Pattern[str]:
    try:
        return _compile(pattern, flags)
    except (re.error, RecursionError, OverflowError) as error:
        raise UsageError(
            f"{place} has `{short(pattern)}`, which is no regular expression: {error}",
            "Escape signs that are meant literally with a backslash, or use `metric=contains`.",
        ) from None


METRIC = Regex
