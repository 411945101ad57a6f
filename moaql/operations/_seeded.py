"""What is drawn in a run: the same for the same seed and question, wherever and whenever it runs."""

from __future__ import annotations

import random


def seeded(purpose: str, seed: int, question: str) -> random.Random:
    """A source of chance.

    Args:
        purpose: What is drawn, so that two operations do not draw the same.
        seed: Seed of the run.
        question: The question of the run, so that not all questions draw the same.
    """
    return random.Random(f"{purpose}\n{seed}\n{question}")  # noqa: S311 - not for secrets
