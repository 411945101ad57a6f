"""Numbers in texts, read exactly.

`1,000`, `$1000.00`, `1e3`, `1 × 10^3` and `2000/2` are one number. A percentage is the number before its sign, and a unit is left
out, because answers to the same question carry the same one or none. Nothing passes through a float.
"""

from __future__ import annotations

import re
from fractions import Fraction

from moaql.answers.marked import json_field, marked

_DIGITS = r"(?:\d{1,3}(?:,\d{3})+(?!\d)|\d+)"
_DECIMAL = rf"(?:{_DIGITS}(?:\.\d+)?|\.\d+)"
_TIMES = r"\s*(?:×|x|\*|\\times|\\cdot|·)\s*10\s*(?:\^|\*\*)\s*"
# `5-3` and `a - 1` subtract; `is -3` and a leading `- 3` are negative.
_SIGN = r"(?<![\w)\]}])-(?=[\d.$€£¥₹\\])|(?<![\w)\]}])(?<![\w)\]}]\s)-\s"
_NUMBER = re.compile(
    rf"(?P<sign>{_SIGN})?(?:US)?[$€£¥₹]?\s?(?P<minus>-)?"
    rf"(?:\\[dt]?frac\s*\{{\s*(?P<over>-?{_DECIMAL})\s*\}}\s*\{{\s*(?P<under>{_DECIMAL})\s*\}}"
    rf"|(?P<whole>{_DECIMAL})"
    rf"(?:(?:[eE](?P<power>[-+]?\d{{1,3}})(?![\w.])|{_TIMES}\(?\{{?(?P<ten>[-+]?\d{{1,3}})\}}?\)?)"
    rf"|(?:\s(?P<top>\d+))?\s?/\s?(?P<bottom>{_DECIMAL}))?)"
)
_LONGEST = 1000
"""Longer runs of digits are a model that repeats itself."""
_ALIKE = str.maketrans({"−": "-", "–": "-", "‐": "-", "‑": "-", "\u202f": "", "\u2009": "", "⁄": "/"})
_VULGAR = {"½": "1/2", "¼": "1/4", "¾": "3/4", "⅓": "1/3", "⅔": "2/3", "⅕": "1/5", "⅛": "1/8"}
_LATEX = re.compile(r"\{,\}|\\[,!;:]|\\left|\\right|\\(?=[$%€£])")


_FINISHED = re.compile(r"[.!?][\"')\]}*$\s]*\Z")
_REASONING_FIELD = re.compile(r"""["“]reasoning["”]\s*:""", re.IGNORECASE)
_IRRATIONAL = re.compile(r"\\sqrt|√|\\pi\b|π")
_SEVERAL = re.compile(r",\s|;|\s(?:and|or)\s")
_EQUALS = re.compile(r"=|≈|\\approx")
_SHORT = 60


def number(text: str) -> str | None:
    """The number that a text gives as its answer.

    Args:
        text: A model's text.

    Returns:
        The first number of the marked answer, or the one behind the last `=` of its first part; where nothing is marked, the
        last number of the last line. Spelled by `canonical`. None where the marked answer has no number, where it has a root
        or π (fields of JSON aside), and where a text without a mark breaks off.
    """
    found = marked(text)
    if found is not None:
        if _IRRATIONAL.search(found) and json_field(text) is None:
            return None
        first = _SEVERAL.split(found, maxsplit=1)[0]
        values = numbers(_EQUALS.split(first)[-1]) or numbers(found)
        return canonical(values[0]) if values else None
    if _REASONING_FIELD.search(text) or (len(text) > _SHORT and _FINISHED.search(text[-20:]) is None):
        return None
    values = numbers(text.strip().rpartition("\n")[2])
    return canonical(values[-1]) if values else None


def numbers(text: str) -> list[Fraction]:
    """All numbers of a text, in order."""
    found = (_value(match) for match in _NUMBER.finditer(_plain(text)) if len(match[0]) <= _LONGEST)
    return [value for value in found if value is not None]


def canonical(number: Fraction) -> str:
    """One spelling for each number: a decimal where it ends, such as `0.5`, otherwise a fraction, such as `1/3`."""
    if number.denominator == 1:
        return str(number.numerator)
    places = _places(number.denominator)
    if places is None:
        return str(number)
    digits = str(abs(number.numerator) * 10**places // number.denominator).rjust(places + 1, "0")
    return f"{'-' if number < 0 else ''}{digits[:-places]}.{digits[-places:]}"


def _places(denominator: int) -> int | None:
    """Decimal places that a fraction in lowest terms needs; None where no number of places is enough."""
    twos = fives = 0
    while denominator % 2 == 0:
        denominator, twos = denominator // 2, twos + 1
    while denominator % 5 == 0:
        denominator, fives = denominator // 5, fives + 1
    return max(twos, fives) if denominator == 1 else None


def _plain(text: str) -> str:
    text = text.translate(_ALIKE)
    if "\\" in text or "{" in text:
        text = _LATEX.sub(lambda match: "," if match[0] == "{,}" else "", text)
    if not text.isascii():
        for sign, spelled in _VULGAR.items():
            text = text.replace(sign, f" {spelled}")
    return text


def _value(match: re.Match[str]) -> Fraction | None:
    negative = bool(match["sign"]) != bool(match["minus"])
    if match["over"] is not None:
        bottom = _decimal(match["under"])
        value = _decimal(match["over"]) / bottom if bottom else None
    else:
        value = _decimal(match["whole"])
        power = match["power"] or match["ten"]
        if power is not None:
            value *= Fraction(10) ** int(power)
        elif match["bottom"] is not None:
            value = _ratio(value, match["top"], _decimal(match["bottom"]))
    return None if value is None else -value if negative else value


def _ratio(whole: Fraction, top: str | None, bottom: Fraction) -> Fraction | None:
    if not bottom:
        return None
    return whole / bottom if top is None else whole + int(top) / bottom


def _decimal(digits: str) -> Fraction:
    return Fraction(digits.replace(",", ""))
