"""What reviewers write about several answers, read from their texts: critiques, tests, and which tests were passed."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

_ALIKE = str.maketrans("［］（）【】：．０１２３４５６７８９", "[]()[]:.0123456789")
_BOLD = r"(?:\*\*|__)?"
_LEAD = rf"^[ \t]*+(?:#{{1,6}}[ \t]*+)?{_BOLD}[ \t]*+"
_TRAIL = rf"[ \t]*+{_BOLD}[ \t]*+[.):\-–]*+[ \t]*+{_BOLD}[ \t]*+"
_HEADS = tuple(
    re.compile(f"{_LEAD}{form}{_TRAIL}", re.IGNORECASE | re.MULTILINE)
    for form in (
        r"\[(\d{1,4})\]",
        rf"(?:answer|candidate|response)[ \t]++\[?(\d{{1,4}})\]?(?=[ \t]*+{_BOLD}[ \t]*+(?:[:.)\-–]|$))",
        r"(\d{1,4})(?=[.):])",
    )
)
"""How a block begins, the surest form first: a review has lists of its own."""
_ITEM = re.compile(
    r"^[ \t]*+(?:#{1,6}[ \t]*+)?(?:\*\*)?(?:\[?\d{1,4}[\].):]++|[-*•+])(?:\*\*)?[ \t]++(\S.*)$", re.MULTILINE
)
_JUDGED = re.compile(
    r"^[ \t]*+(?:[-*•+][ \t]*+)?(?:\*\*|__)?(?:tests?[ \t]*+#?[ \t]*+)?\[?(\d{1,4})\]?(?:\*\*|__)?[ \t]*+[.):\-–]*+[ \t]*+(.*)$",
    re.IGNORECASE | re.MULTILINE,
)
_OUTCOME = re.compile(
    r"\b(not\s++passed|does\s++not\s++pass|did\s++not\s++pass|passed|failed|pass|fail|passes|fails)\b", re.IGNORECASE
)


def read_critiques(text: str, count: int) -> tuple[str, ...]:
    """What is said of each of `count` answers, in the order of their numbers; "" where nothing is.

    A block begins with a line `[1]`, `Answer 1:` or `1.`, all of them in the same form and in ascending order.
    """
    text = text.translate(_ALIKE)
    blocks = [""] * count
    for form in _HEADS:
        heads = _ascending(form.finditer(text), count)
        ends = [head.start() for head in heads[1:]] + [len(text)]
        for head, end in zip(heads, ends if heads else (), strict=True):
            blocks[int(head[1]) - 1] = text[head.end() : end].strip()
        if heads:
            break
    return tuple(blocks)


def _ascending(heads: Iterable[re.Match[str]], count: int) -> list[re.Match[str]]:
    """A number that does not grow belongs to a list inside a block."""
    found: list[re.Match[str]] = []
    for head in heads:
        if (int(found[-1][1]) if found else 0) < int(head[1]) <= count:
            found.append(head)
    return found


def read_tests(text: str) -> tuple[str, ...]:
    """The tests of a list: the text of each numbered or bulleted line."""
    return tuple(item.replace("**", "").strip() for item in _ITEM.findall(text.translate(_ALIKE)))


def read_passed(text: str, count: int) -> float | None:
    """The share of tests that an answer passes.

    Args:
        text: Lines such as `1. passed`.
        count: How many tests there are.

    Returns:
        Passed tests by all tests, so a test without a line counts as failed; None where less than half of them have a line.
    """
    outcomes: dict[int, bool] = {}
    for digits, rest in _JUDGED.findall(text.translate(_ALIKE)):
        # The outcome stands first, as it is asked for, or behind a repeated test.
        first = _OUTCOME.match(rest.strip(" *_["))
        words = [first[1]] if first else _OUTCOME.findall(rest)
        if words and 1 <= int(digits) <= count:
            outcomes[int(digits)] = words[-1].lower() in ("passed", "pass", "passes")
    if not count or 2 * len(outcomes) < count:
        return None
    return sum(outcomes.values()) / count
