"""Numbers as tables and plots show them."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from moaql.evaluation.compare import Comparison
    from moaql.evaluation.diagnosis.figures import Share

NOTHING = "–"


def number(value: float | None, digits: int = 3) -> str:
    """A share, a score or a correlation."""
    return NOTHING if value is None else f"{value:.{digits}f}"


def signed(value: float | None, digits: int = 3) -> str:
    """A difference, with its sign."""
    if value is None:
        return NOTHING
    # What rounds to nothing has no sign.
    return f"{0:.{digits}f}" if abs(value) < 0.5 * 10**-digits else f"{value:+.{digits}f}"


def ends(share: Share | None) -> str:
    """The interval of a share."""
    return NOTHING if share is None else f"{share.low:.2f} to {share.high:.2f}"


def value(share: Share | None) -> str:
    """The share itself."""
    return NOTHING if share is None else number(share.value)


def difference(comparison: Comparison | None) -> str:
    """A paired difference."""
    return NOTHING if comparison is None else signed(comparison.difference)


def difference_ends(comparison: Comparison | None) -> str:
    """The interval of a paired difference."""
    return NOTHING if comparison is None else f"{signed(comparison.low, 2)} to {signed(comparison.high, 2)}"


def probability(comparison: Comparison | None) -> str:
    """The p of a comparison, adjusted where it is one of several."""
    if comparison is None:
        return NOTHING
    p = comparison.p if comparison.adjusted is None else comparison.adjusted
    return "<0.001" if p < 0.001 else f"{p:.3f}"


def dollars(amount: float | None) -> str:
    """Dollars with as many digits as matter."""
    if amount is None:
        return "unpriced"
    if amount == 0:
        return "$0"
    return f"${amount:.2f}" if amount >= 1 else f"${amount:.3g}" if amount >= 0.001 else f"${amount:.6f}"


def joined(names: tuple[str, ...]) -> str:
    """Members of a subset."""
    return " + ".join(names)
