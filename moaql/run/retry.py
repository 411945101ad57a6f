"""When a failed call is sent again, and how long to wait before."""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from moaql.errors import ProviderError


@dataclass(frozen=True, slots=True)
class Retries:
    """Exponential back-off with full jitter; a wait that the provider asks for is kept.

    Attributes:
        attempts: Times that a call is sent at most.
        first: Seconds before the second attempt, at most; each further wait may be twice as long.
        longest: Seconds of a wait at most, also of one that the provider asks for: beyond it, the call has failed.
    """

    attempts: int = 5
    first: float = 0.5
    longest: float = 60.0

    def wait(self, attempt: int, error: ProviderError) -> float | None:
        """Seconds to wait behind the failed attempt of that number (from 1), or None where there is no sense in another."""
        if not error.retryable or attempt >= self.attempts:
            return None
        if error.retry_after is not None:
            return error.retry_after if error.retry_after <= self.longest else None
        most: float = min(self.longest, self.first * 2.0 ** (attempt - 1))
        return most * (0.5 + random.random() / 2)  # noqa: S311 - spreads retries, no secret
