"""Which sample of a call each use of it draws.

Within one layer every proposer draws samples of its own, whether it is a model, a topology or a pipeline in parentheses: three
times the same model are samples 0, 1 and 2, and a topology asked twice draws everything in it anew. Each pass of a loop draws
anew too: asking for the same sample again could not end it. Anywhere else equal calls are the same call, made and paid once.
"""

from __future__ import annotations

from collections import Counter


class Samples:
    """The samples that the proposers of one stage have taken, by the kind of call."""

    def __init__(self) -> None:
        self.before: Counter[int] = Counter()
        self.current: Counter[int] = Counter()

    def taken(self, kind: int, samples: int) -> None:
        """So many samples of a kind were drawn before."""
        self.before[kind] = max(self.before[kind], samples)

    def begin(self) -> None:
        """The next proposer begins."""
        self.current.clear()

    def end(self) -> None:
        """It is done: what it took, nobody else of this stage takes."""
        self.before.update(self.current)
        self.current.clear()


def take_sample(stages: list[Samples], kind: int, sample: int) -> int:
    """The index of a call's sample, from 0.

    Args:
        stages: The stages around the call, outermost first.
        kind: The call without its sample.
        sample: Which of the equal calls that its stage makes.
    """
    used = sample + 1
    for stage in reversed(stages):
        stage.current[kind] = max(stage.current[kind], used)
        used += stage.before[kind]
    return used - 1
