"""How small a difference a set of items can resolve."""

from __future__ import annotations

import math

from moaql.errors import UsageError
from moaql.evaluation.scores import checked_confidence

ASSUMED_DISCORDANCE = 0.2
"""Where nothing is known: two good topologies differ on a fifth of the items. docs/statistics.md shows what was measured."""

_FEWEST = 5  # of five items that all go one way, McNemar's mid-p is 0.031; of four, 0.062


def smallest_difference(
    n: int, discordance: float = ASSUMED_DISCORDANCE, *, step: float = 1.0, power: float = 0.8, confidence: float = 0.95
) -> float:
    """The smallest true difference of two mean scores that a paired comparison on n items will probably find.

    Args:
        n: Items, the same for both.
        discordance: Mean squared difference of the two scores of an item; for scores of 0 and 1, the share of items on which only
            one of the two is right. Where a difference needs more, all items that differ are taken to differ one way.
        step: How far apart the two scores of an item are, where they differ: mean squared over mean absolute difference. It is 1
            for scores of 0 and 1.
        power: How often the difference is to be found.
        confidence: 1 less the two-sided risk of finding one that is not there.

    Returns:
        A difference of means, from 0 to 1 (Connor 1987, Biometrics 43:207, solved for the difference); infinite where the items are
        too few for any.

    Raises:
        UsageError: n is not positive, or a share is not one.
    """
    from scipy.optimize import brentq
    from scipy.stats import norm

    if n < 1:
        raise UsageError(f"{n} items resolve nothing", "Give at least one item.")
    for name, share in (("discordance", discordance), ("step", step)):
        if not 0 <= share <= 1:
            raise UsageError(f"a {name} of {share} is not a share", "Give a number from 0 to 1.")
    sure = float(norm.ppf((1 + checked_confidence(confidence)) / 2))
    found = float(norm.ppf(checked_confidence(power)))

    def missing(difference: float) -> float:
        """How far the difference is from being found, in standard errors times the root of n."""
        spread = max(discordance, step * difference, difference**2)
        return sure * math.sqrt(spread) + found * math.sqrt(spread - difference**2) - difference * math.sqrt(n)

    return math.inf if n < _FEWEST or missing(1.0) > 0 else float(brentq(missing, 1e-9, 1.0))


def resolution_sentence(n: int, discordance: float | None = None) -> str:
    """What n items can resolve, for people.

    Args:
        n: Items.
        discordance: As for `smallest_difference`, where it was measured; else the assumed one, and the sentence says so.

    Returns:
        One sentence, in percentage points.
    """
    share = ASSUMED_DISCORDANCE if discordance is None else discordance
    least = smallest_difference(n, share)
    items = "1 item" if n == 1 else f"{n:,} items"
    if math.isinf(least):
        return f"{items} cannot resolve any difference between two topologies."
    given = "if" if discordance is None else "given that"
    return (
        f"{items} resolve a difference of {100 * least:.1f} points or more (in 4 of 5 cases, at p < 0.05), "
        f"{given} the two differ on {100 * share:.0f} % of the items."
    )
