"""Parts of an eval set, drawn by a seed, that stay the same when the file is sorted anew or grows.

Where an item goes is decided by the hash of its id and the seed, never by its place in the file: a shuffle by position would move
almost every item as soon as a line is added, and items that a search has seen would turn up in the part for the report. If a part
is to depend neither on the order of the file nor on what else is in it, nothing but the item itself can decide. So the shares of
`split_items` are met on average, as by a fair draw: of 1,000 items, 20 % are 200 ± 25 in 19 of 20 draws.

With `by`, shares are met in each stratum to within one item, and the price is small: an item that is added moves at most one other
item across each border, within its own stratum.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from hashlib import sha256
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from moaql.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from moaql.datasets.items import EvalItem

_DRAW, _STRATUM, _SELECT = "draw", "stratum", "select"
"""Hashes for different ends differ: the first 40 % of a set must not be the items that a split of them draws first."""
_PERCENT = r"(\d+(?:\.\d+)?)\s*%"
_RANGE = re.compile(rf"(?P<name>[^%]*?)\s*(?:(?<![\d.]){_PERCENT}\s*-\s*)?(?<![\d.]){_PERCENT}")
_PARTS = re.compile(rf"(?P<part>[^%]+?)\s+of\s+(?P<shares>(?:[^%]+?\s+{_PERCENT}[\s,]*)+)")
_SHARE = re.compile(rf"([^%]+?)\s+{_PERCENT}[\s,]*")


def position(key: str, seed: int = 0, end: str = _DRAW) -> float:
    """Where a key stands between 0 and 1 (1 not included), evenly spread, by SHA-256: the same on every machine."""
    digest = sha256(f"{end}\0{seed}\0{key}".encode("utf-8", "surrogatepass")).digest()
    return int.from_bytes(digest[:8], "big") // 2**11 / 2**53


def split_items(
    items: Sequence[EvalItem], shares: Mapping[str, float], *, seed: int = 0, by: str | None = None
) -> dict[str, tuple[EvalItem, ...]]:
    """Items in named parts: each item is in exactly one.

    Args:
        items: Of an eval set.
        shares: Of the parts, by name, in order; together 1.
        seed: Another seed, another draw. A part that is split again needs another seed than its first split.
        by: Field that is to be spread evenly, such as `category`; None draws each item by itself.

    Returns:
        The parts by name, each in the order of `items`.

    Raises:
        UsageError: if the shares are not positive or not 1 together, or an item has no field `by`.
    """
    borders = _borders(shares)
    names = list(shares)
    places = [position(item.key, seed) for item in items]
    chosen: list[int] = [_index(place, borders) for place in places]
    if by is not None:
        strata: dict[str, list[int]] = {}
        for index, item in enumerate(items):
            strata.setdefault(_stratum(item, by), []).append(index)
        for stratum, members in strata.items():
            ranked = sorted(members, key=lambda index: (places[index], items[index].key))
            for part, (low, high) in enumerate(
                pairwise(_cuts(len(ranked), borders, position(stratum, seed, _STRATUM)))
            ):
                for index in ranked[low:high]:
                    chosen[index] = part
    parts: dict[str, list[EvalItem]] = {name: [] for name in names}
    for item, part in zip(items, chosen, strict=True):
        parts[names[part]].append(item)
    return {name: tuple(part) for name, part in parts.items()}


def _cuts(count: int, borders: Sequence[float], offset: float) -> list[int]:
    """Where a ranked stratum is cut. The stratum's own offset rounds up or down, so that many small strata keep the shares, too."""
    # The term allows for sums of shares such as 0.1 + 0.2, which miss a whole number by their last digit.
    return [min(count, math.floor(border * count + offset + 1e-9)) for border in borders[:-1]] + [count]


def _borders(shares: Mapping[str, float]) -> list[float]:
    """0, the running sums of the shares, and 1."""
    if not shares or any(not share > 0 for share in shares.values()) or abs(math.fsum(shares.values()) - 1) > 1e-9:
        given = ", ".join(f"{name} {share:.4g}" for name, share in shares.items())
        raise UsageError(f"shares of parts are above 0 and together 1, not {given or 'none'}", "Change the shares.")
    values = list(shares.values())
    return [math.fsum(values[:count]) for count in range(len(values))] + [1.0]


def _index(place: float, borders: Sequence[float]) -> int:
    return max(index for index, border in enumerate(borders[:-1]) if place >= border)


def _stratum(item: EvalItem, by: str) -> str:
    if item.fields.get(by) is None:
        raise UsageError(f"{item.file}:{item.line}: no field `{by}` to split by", "Every item needs it.")
    return str(item.fields[by])


@dataclass(frozen=True)
class Selection:
    """What `split="…"` chooses.

    Attributes:
        name: Value of the row's field `split`; None where any will do.
        low: From which position on.
        high: Up to which position, itself not included.
    """

    name: str | None = None
    low: float = 0.0
    high: float = 1.0

    def names(self, fields: Mapping[str, Any]) -> bool:
        """Whether a row with these fields is of the named split."""
        return self.name is None or ("split" in fields and str(fields["split"]) == self.name)

    def takes(self, key: str, seed: int) -> bool:
        """Whether the item of that key is in the share."""
        return (self.low, self.high) == (0, 1) or self.low <= position(key, seed, _SELECT) < self.high


def read_selection(split: str | None) -> Selection:
    """What the setting `split` means.

    Args:
        split: `test`, the rows whose field `split` says so; `40%`, that share; `40%-100%`, the rest; `test 40%`, a share of those
            rows; `dev of train 60% dev 20% test 20%`, one of several named shares.

    Raises:
        UsageError: if it is none of these.
    """
    if split is None:
        return Selection()
    text = split.strip()
    if not text:
        raise UsageError("the split is empty", _HELP)
    if "%" not in text:
        return Selection(text)
    if (match := _PARTS.fullmatch(text)) is not None:
        return _part(match["part"].strip(), match["shares"], split)
    match = _RANGE.fullmatch(text)
    if match is None:
        raise UsageError(f"`{split}` is no split", _HELP)
    low, high = float(match[2] or 0) / 100, float(match[3]) / 100
    if not low < high <= 1:
        raise UsageError(f"`{split}` is no share: it should end above where it begins, and at 100% at most", _HELP)
    return Selection(match["name"] or None, low, high)


_HELP = "Write `test`, `40%`, `40%-100%`, `test 40%`, or `dev of train 60% dev 20% test 20%`."


def _part(part: str, written: str, split: str) -> Selection:
    pairs = [(match[1].strip(), float(match[2]) / 100) for match in _SHARE.finditer(written)]
    shares = dict(pairs)
    if part not in shares or len(shares) < len(pairs):
        raise UsageError(f"`{split}` does not name the part `{part}` exactly once among its shares", _HELP)
    borders = _borders(shares)
    index = list(shares).index(part)
    return Selection(None, borders[index], borders[index + 1])
