"""What a logistic router sees of a question: hashed words and pairs of words, and a few figures of its form.

The same text has the same features on every machine: nothing is learned, nothing is drawn, and the hash is CRC-32. Features are
hashed to a fixed number of places (Weinberger et al. 2009, arXiv 0902.2206), so that a router needs no vocabulary.
"""

from __future__ import annotations

import math
import re
import zlib
from collections import Counter
from itertools import pairwise

NAME = "words-1"
"""What these features are called in a router file; other features get another name."""
PLACES = 4096
"""Places that words are hashed to."""
FIGURES = 6
"""Figures behind them: see `features`."""
SIZE = PLACES + FIGURES
_LONGEST = 20_000
"""Characters of a question that are looked at."""
_TOKENS = re.compile(r"[^\W\d_]+|\d+|[^\w\s]")
_LONG_NUMBER = 3


def features(text: str) -> dict[int, float]:
    """The features of a text, by place, without those that are 0.

    Places below `PLACES` hold words, numbers by their length, signs, and pairs of neighbours: 1 + log of how often each stands
    there, scaled to length 1. The figures behind them: the logarithms of characters, tokens and lines, the shares of digits and of
    signs, and whether it is a question.
    """
    text = text[:_LONGEST]
    tokens = [_kind(token) for token in _TOKENS.findall(text.casefold())]
    counts = Counter(tokens)
    counts.update(f"{one} {other}" for one, other in pairwise(tokens))
    found: dict[int, float] = {}
    for token, count in counts.items():
        place = zlib.crc32(token.encode("utf-8", "surrogatepass")) % PLACES
        found[place] = found.get(place, 0.0) + 1 + math.log(count)
    length = math.sqrt(math.fsum(value * value for value in found.values())) or 1.0
    found = {place: value / length for place, value in found.items()}
    for number, value in enumerate(_figures(text, len(tokens))):
        if value:
            found[PLACES + number] = value
    return found


def _kind(token: str) -> str:
    """A word as it stands; of a number only its length: which number it is rarely says how hard a question is."""
    return f"<{min(len(token), _LONG_NUMBER)}>" if token.isdigit() else token


def _figures(text: str, tokens: int) -> tuple[float, ...]:
    length = len(text) or 1
    digits = sum(each.isdigit() for each in text)
    signs = sum(not each.isalnum() and not each.isspace() for each in text)
    return (
        math.log1p(len(text)) / 10,
        math.log1p(tokens) / 10,
        math.log1p(text.count("\n")) / 5,
        digits / length,
        signs / length,
        float("?" in text),
    )
