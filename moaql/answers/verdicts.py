"""What judges say, read from their texts: rankings, comparisons, scores, verdicts and labels.

Every reader is strict about the form and tolerant of what stands around it: markdown, case, other words, full-width brackets.
What cannot be read is None, never a guess.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

_ALIKE = str.maketrans("［］（）【】〔〕：＞〉≻０１２３４５６７８９", "[]()[][]:>>>0123456789")
_ANSWER = re.compile(r"\b(?:answer|candidate|response)\s*+#?(?=\[?\d)", re.IGNORECASE)
_RANKING = re.compile(r"\branking\b[^:\n\d\[]{0,60}:\s*+(\S.*)", re.IGNORECASE)
_LIST = re.compile(r"\[?\d+\]?(?:\s*+[,>=]+\s*+\[?\d+\]?)*\W*")
_CHAIN = re.compile(r"\[\d+\](?:\s*+[>=]+\s*+\[\d+\])+")
_BARE_CHAIN = re.compile(r"(?:[A-Za-z ]{0,40}:)?\s*+(\d+(?:\s*+[>=]+\s*+\d+)+)\W*")
_BETTER = re.compile(
    r"\bbetter(?:\s++(?:answer|one|candidate|response))?\s*+(?:\bis\b|:|=)\s*+\[?(?:\b(?:answer|candidate|response)\s++)?\[?"
    r"\b(1|2|tied?|draw|both|neither|equal)\b(?!\]?\s*+(?:or|and|/|&|=)\s*+\[?[12])",
    re.IGNORECASE,
)
_VALUE = (
    r"\[?(?<!\d)(-?\d{1,9}(?:[.,]\d{1,9})?)\]?\s*+(%|/\s*+(\d{1,9}(?:\.\d{1,9})?)|out\s++of\s++(\d{1,9}))?"
    r"(?!\s*+[-–/]\s*+\d|[\d.,]*\d)"
)
_SCORE = re.compile(rf"\b(?:score|rating|grade)\b\s*+(?:\([^)\n]*\)\s*+)?(?:[:=]|\bis\b)\s*+{_VALUE}", re.IGNORECASE)
_LONE_SCORE = re.compile(rf"\s*+{_VALUE}\W*", re.IGNORECASE)
_WORDS = r"(not\s++correct|correct|incorrect|right|wrong)\b"
_VERDICT = re.compile(
    rf"\bverdict\b\s*+(?:is\b)?\s*+[:=]?\s*+(?:(?:the|this)\s++(?:answer|candidate|response)\s++is\s++)?[\[(\"']*{_WORDS}",
    re.IGNORECASE,
)
_BRACKETED = re.compile(rf"\[\s*+{_WORDS}\s*+\]", re.IGNORECASE)
_LONE_VERDICT = re.compile(rf"\W*{_WORDS}\W*", re.IGNORECASE)


def read_ranking(text: str, count: int) -> tuple[int, ...] | None:
    """The order of candidates, best first.

    Args:
        text: A judge's text, of which the last ranking counts: the line `Ranking: [2] > [1]`, or else a line with
            `[2] > [1]`, or one that is only `2 > 1`.
        count: How many candidates the judge was shown.

    Returns:
        Numbers from 1 to `count`, each once, perhaps not all of them; None where there is no ranking.
    """
    lines = [_ANSWER.sub("", line) for line in _plain(text).splitlines()]
    said = [match[1] for line in lines if (match := _RANKING.search(line))]
    found = [each for each in said if _LIST.fullmatch(each) or _CHAIN.search(each)]
    if not found:
        found = [
            match[match.lastindex or 0]
            for line in lines
            if (match := _CHAIN.search(line) or _BARE_CHAIN.fullmatch(line))
        ]
    if not found:
        return None
    chain = _CHAIN.search(found[-1])
    numbers = (int(digits) for digits in re.findall(r"(?<!\d)\d{1,4}(?!\d)", chain[0] if chain else found[-1]))
    return tuple(dict.fromkeys(number for number in numbers if 1 <= number <= count)) or None


def read_better(text: str) -> int | None:
    """Which of two answers is better: 1, 2, or 0 for a tie. The last `Better: …` counts."""
    found = _BETTER.findall(_plain(text))
    return None if not found else int(found[-1]) if found[-1].isdigit() else 0


def read_score(text: str) -> float | None:
    """A score from 0 to 1. The last score of the text counts.

    Judges are asked for `Score: 7`, a whole number from 0 to 10. Read too: `8.5`, `8/10`, `4 out of 5`, `80%`, and a number with
    a decimal point that is not above 1, such as `0.8`, which is a share. A score outside its range, or a span, is none.
    """
    plain = _plain(text)
    found = list(_SCORE.finditer(plain))
    match = found[-1] if found else _LONE_SCORE.fullmatch(plain)
    if match is None:
        return None
    number, unit, *limits = match.groups()
    value = float(number.replace(",", "."))
    if unit is None:
        most = 1.0 if not number.isdigit() and 0 <= value <= 1 else 10.0
    else:
        most = 100.0 if unit == "%" else float(limits[0] or limits[1])
    return value / most if most > 0 and 0 <= value <= most else None


def read_verdict(text: str) -> bool | None:
    """Whether a judge finds an answer correct: the last `Verdict: correct`, or else the last `[Incorrect]`, or a lone word."""
    plain = _plain(text)
    found = _VERDICT.findall(plain) or _BRACKETED.findall(plain)
    if not found and (alone := _LONE_VERDICT.fullmatch(plain)):
        found = [alone[1]]
    return None if not found else found[-1].lower() in ("correct", "right")


def read_label(text: str, labels: Iterable[str]) -> str | None:
    """The class that a text names.

    Args:
        text: The classifier's text.
        labels: The classes.

    Returns:
        The label that is the whole text but for case, quotes, punctuation and markdown; or the only one that occurs as a word;
        or, where several occur, the only one in the last line; else None.
    """
    by_name = {label.casefold(): label for label in labels}
    plain = _plain(text, markdown="*`#").casefold().strip()
    alone = plain.strip(" \t\r\n.,;:!?\"'“”‘’()[]<>")
    if alone in by_name:
        return by_name[alone]
    for part in (plain, plain.rpartition("\n")[2]):
        found = _occurring(part, by_name)
        if len(found) == 1:
            return by_name[found.pop()]
    return None


def _occurring(text: str, names: Iterable[str]) -> set[str]:
    # Longest first, so that `not safe` is not also read as `safe`.
    either = "|".join(re.escape(name) for name in sorted(names, key=len, reverse=True))
    return set(re.findall(rf"(?<![\w-])(?:{either})(?![\w-])", text)) if either else set()


def _plain(text: str, markdown: str = "*_`#") -> str:
    return re.sub(rf"[{markdown}]+|\\(?=[\[\]])", "", text.translate(_ALIKE))
