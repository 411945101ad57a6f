"""What a search can do, and nothing else: draw topologies, ask what a measurement would cost, pay for it, look.

The search itself sees only this. Real arenas run topologies through the executor and the bank; the worlds of `benchmarks/search`
play the same part with numbers, so that every method of search is compared on the same actions and the same dollars.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, Protocol, TypeAlias

if TYPE_CHECKING:
    import random
    from collections.abc import Hashable, Sequence

    from numpy.typing import NDArray

    Array: TypeAlias = NDArray[Any]

Kind: TypeAlias = Literal["single", "vote", "select", "merge", "other"]
"""How a topology comes to its answer: one call; a vote; a choice by a judge; a text written from candidates; anything else."""


@dataclass(frozen=True, slots=True)
class Voice:
    """One answer that a topology begins with.

    Attributes:
        model: Model and settings: equal texts are samples of one distribution.
        sample: Index of the sample, from 0.
    """

    model: str
    sample: int = 0


@dataclass(frozen=True)
class Entrant:
    """One topology that a search may measure.

    Attributes:
        key: Its identity: equal for topologies that do the same.
        name: In words, such as its text in the language.
        kind: How it comes to its answer.
        voices: The answers that it begins with, those of its first layer.
        judge: The model that selects or merges last, or "".
        depth: Layers of calls that wait for one another.
        point: Where it lies in the space; None for a baseline outside of it.
        baseline: Which baseline it is, such as `single`, or "".
        fitted: Whether it holds votes whose weights are fitted to the items of the search.
    """

    key: str
    name: str
    kind: Kind
    voices: tuple[Voice, ...]
    judge: str = ""
    depth: int = 1
    point: Hashable | None = None
    baseline: str = ""
    fitted: bool = False


@dataclass(frozen=True)
class Block:
    """What measuring one entrant on some items gave.

    Attributes:
        scores: One an item, from 0 to 1; NaN where nothing could be measured.
        costs: List price in dollars, one an item; NaN where unknown.
        latencies: Seconds, one an item.
        paid: Dollars that it took now.
    """

    scores: Array
    costs: Array
    latencies: Array
    paid: float = 0.0


@dataclass(frozen=True)
class Known:
    """What is known, without a further call, of the answers that an entrant begins with.

    Attributes:
        items: Positions of the items for which something is known of every voice.
        codes: One row a voice, one column such an item: 0 is right, -1 is no answer, equal numbers are equal answers. Of a voice
            that was not asked yet, the answer of another sample of its model stands in.
        judge_accuracy: Mean score of the judge asked alone; None where it was not measured.
        standing: Share of the answers in whose place another one of the same model stands.
        alone: Where answers cannot be scored without a call: mean score of each voice's model asked alone, and on how many items.
    """

    items: Array
    codes: Array
    judge_accuracy: float | None = None
    standing: float = 0.0
    alone: tuple[tuple[float, int], ...] = ()


class Space(Protocol):
    """The topologies to choose from, as points."""

    @property
    def size(self) -> int:
        """How many points there are."""
        ...

    def points(self, limit: int | None = None) -> Any:
        """The points in a fixed order, the first `limit` of them."""
        ...

    def sample(self, random: random.Random) -> Any:
        """A point, each with the same probability."""
        ...

    def neighbours(self, point: Any, random: random.Random) -> Any:
        """Another point, which differs in one dimension."""
        ...


class Arena(Protocol):
    """What a search acts on. Items are positions from 0, in one shuffled order that all entrants share."""

    space: Space
    size: int
    """Items to search on."""

    def entrant(self, point: Any) -> Entrant | None:
        """The topology of a point; None where it makes no sense."""
        ...

    def baselines(self) -> Sequence[Entrant]:
        """Every single model, and the user's own topologies."""
        ...

    def repeated(self, best: Entrant, samples: int, how: Literal["vote", "merge"]) -> Entrant | None:
        """The baseline that asks a single model several times; None where the space's models cannot be asked so."""
        ...

    def price(self, entrant: Entrant, items: Sequence[int]) -> float:
        """Dollars that measuring these items would take now, as far as can be told: what is banked is free."""
        ...

    def cost(self, entrant: Entrant) -> float:
        """Dollars an item by list price, as far as can be told before it is measured."""
        ...

    def latency(self, entrant: Entrant) -> float:
        """Seconds an item, as far as can be told before it is measured."""
        ...

    def known(self, entrant: Entrant) -> Known:
        """What the answers paid for so far say of it."""
        ...

    async def measure(self, entrant: Entrant, items: Sequence[int]) -> Block:
        """Ask and score these items.

        Raises:
            BudgetReached: if that would cost more than is left; what was paid for is kept.
        """
        ...


@dataclass
class Record:
    """Everything measured of one entrant, in the shared order of items: the first `items` of them.

    Attributes:
        entrant: Which.
        scores: Of the items so far.
        costs: Likewise.
        latencies: Likewise.
        paid: Dollars that its measurements took.
        source: Who proposed it: `baseline`, `model`, `mutation`, `tpe`, `uniform`.
        state: `racing`, `whole` when all items are measured, `out` when it lost its race.
        why: Why it is out, in words.
    """

    entrant: Entrant
    scores: Array
    costs: Array
    latencies: Array
    paid: float = 0.0
    source: str = ""
    state: Literal["racing", "whole", "out"] = "racing"
    why: str = ""

    @property
    def items(self) -> int:
        """How many items are measured."""
        return len(self.scores)
