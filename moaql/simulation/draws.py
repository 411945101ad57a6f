"""Randomness without state: numbers drawn from the hash of what they belong to."""

from __future__ import annotations

from hashlib import blake2b
from statistics import NormalDist
from struct import Struct
from typing import TypeAlias

Eight: TypeAlias = "tuple[float, float, float, float, float, float, float, float]"

_UNPACK = Struct("<8Q").unpack
_SCALE = 2.0**-64
_HALF = 2.0**-65
_INVERSE = NormalDist().inv_cdf
_CDF = NormalDist().cdf


def uniforms(*parts: object) -> Eight:
    """Eight numbers between 0 and 1, both excluded, that depend on nothing but the parts."""
    key = "\x1f".join(map(str, parts)).encode("utf-8", "surrogatepass")
    drawn = _UNPACK(blake2b(key, digest_size=64).digest())
    return tuple(min(each * _SCALE + _HALF, 1 - 1e-16) for each in drawn)


def normals(*parts: object) -> Eight:
    """Eight standard normal numbers that depend on nothing but the parts."""
    return tuple(_INVERSE(each) for each in uniforms(*parts))  # type: ignore[return-value]


def normal(*parts: object) -> float:
    """One standard normal number that depends on nothing but the parts."""
    return _INVERSE(uniforms(*parts)[0])


def uniform(*parts: object) -> float:
    """One number between 0 and 1 that depends on nothing but the parts."""
    return uniforms(*parts)[0]


def as_normal(uniform: float) -> float:
    """The standard normal number below which that share lies."""
    return _INVERSE(uniform)


def share_below(value: float) -> float:
    """The share of standard normal numbers below a value."""
    return _CDF(value)


def digest(*parts: object) -> str:
    """A short name for the parts: equal for equal parts."""
    return blake2b("\x1f".join(map(str, parts)).encode("utf-8", "surrogatepass"), digest_size=12).hexdigest()
