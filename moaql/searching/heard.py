"""What the first layers of topologies have answered so far: who said what to which item, whether it was right, and what it cost."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from moaql.answers.readings import readings
from moaql.evaluation.votes import NO_ANSWER, RIGHT
from moaql.graph.fingerprint import local_identity
from moaql.run.events import CallFinished
from moaql.searching.arena import Known, Voice

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray

    from moaql.answers.candidate import Candidate
    from moaql.evaluation.task import Task
    from moaql.graph.nodes import Call
    from moaql.run.caller import Caller
    from moaql.run.events import Event, Listener
    from moaql.searching.arena import Entrant

    Array = NDArray[Any]

READ_BY = ("exact", "number", "choice", "literal")
_UNHEARD = -2
"""In the place of a code where nothing was heard."""


def voice_of(call: Call) -> Voice:
    """A call that answers the question itself, as a voice: its model, prompt and settings, and its sample."""
    return Voice(f"{call.model.id} {hash_of(call)}", call.sample)


def hash_of(call: Call) -> str:
    """What a call asks for, but for its sample."""
    import hashlib

    return hashlib.sha256(repr(local_identity(call)).encode()).hexdigest()[:16]


def maker_of(voice: Voice) -> str:
    """The model of a voice, whatever its settings."""
    return voice.model.partition(" ")[0]


@dataclass(frozen=True)
class _Cell:
    """One answer."""

    right: bool
    model: str
    text: str


@dataclass
class _Tally:
    """What all answers of one model come to."""

    answers: int = 0
    right: int = 0
    priced: int = 0
    dollars: float = 0.0


@dataclass
class Heard:
    """Answers by voice and item.

    Attributes:
        by: How answers are read.
        free: Whether answers can be scored without a call, so that votes over them can be counted.
        size: How many items there are.
    """

    by: str
    free: bool
    size: int
    _cells: dict[Voice, dict[int, _Cell]] = field(default_factory=dict)
    _codes: dict[Voice, Array] = field(default_factory=dict)
    _readings: dict[int, dict[str, int]] = field(default_factory=dict)
    _tallies: dict[str, _Tally] = field(default_factory=dict)
    _standing_in: dict[str, Array] = field(default_factory=dict)
    _waiting: list[tuple[Voice, int, Candidate]] = field(default_factory=list)

    @classmethod
    def of(cls, task: Task) -> Heard:
        """For the items and the metric of a task."""
        by = task.metric_name if task.metric_name in READ_BY else "exact"
        return cls(by, task.judge is None and task.metric_name != "code", len(task.items))

    def listener(self, item: int) -> Listener:
        """Hears what is answered to one item, by its position."""

        def hear(event: Event) -> None:
            if not isinstance(event, CallFinished) or event.candidate is None:
                return
            if event.node.purpose == "propose" and not event.node.inputs:
                self._waiting.append((voice_of(event.node), item, event.candidate))

        return hear

    async def take_in(self, task: Task, caller: Caller) -> None:
        """Score what was heard since the last time."""
        waiting, self._waiting = self._waiting, []
        for voice, item, candidate in waiting:
            if not self.has(voice, item):
                right = self.free and (await task.score(candidate, task.items[item], caller)).value >= 0.5
                self._keep(voice, item, candidate, right=right)

    def _keep(self, voice: Voice, item: int, candidate: Candidate, *, right: bool) -> None:
        import numpy as np

        if voice not in self._codes:
            self._codes[voice] = np.full(self.size, _UNHEARD, dtype=np.int32)
        self._cells.setdefault(voice, {})[item] = _Cell(right, candidate.model, candidate.text)
        self._codes[voice][item] = self._code(item, readings([candidate], self.by)[0], right=right)
        self._standing_in.pop(voice.model, None)
        self._standing_in.pop(maker_of(voice), None)
        tally = self._tallies.setdefault(maker_of(voice), _Tally())
        tally.answers += 1
        tally.right += right
        if candidate.cost is not None:
            tally.priced += 1
            tally.dollars += candidate.cost

    def _code(self, item: int, reading: str | None, *, right: bool) -> int:
        """The number of an answer to an item: equal for equal answers."""
        if reading is None:
            return NO_ANSWER
        known = self._readings.setdefault(item, {})
        return known.setdefault(reading, RIGHT if right else max(known.values(), default=RIGHT) + 1)

    def has(self, voice: Voice, item: int) -> bool:
        """Whether a voice has answered an item."""
        return item in self._cells.get(voice, ())

    def count(self, voice: Voice, items: Iterable[int]) -> int:
        """How many of these items a voice has answered."""
        own = self._cells.get(voice, ())
        return sum(item in own for item in items) if own else 0

    def said(self, voice: Voice, item: int) -> tuple[str, str, bool] | None:
        """Model, text and whether it is right, of an answer; None where the voice was not heard."""
        cell = self._cells.get(voice, {}).get(item)
        return None if cell is None else (cell.model, cell.text, cell.right)

    def mean_cost(self, maker: str) -> float | None:
        """Mean list price of a model's answers so far, in dollars; None where none is known."""
        tally = self._tallies.get(maker)
        return tally.dollars / tally.priced if tally is not None and tally.priced else None

    def accuracy(self, maker: str) -> float | None:
        """Share of a model's answers that are right."""
        tally = self._tallies.get(maker)
        return tally.right / tally.answers if self.free and tally is not None else None

    def known(self, entrant: Entrant, judge: str) -> Known:
        """What is known of an entrant's voices. What else its model said stands in for one that was not heard."""
        import numpy as np

        if not self.free or not entrant.voices:
            return Known(np.empty(0, dtype=int), np.empty((0, 0), dtype=int))
        nothing = np.full(self.size, _UNHEARD, dtype=np.int32)
        own = np.stack([self._codes.get(voice, nothing) for voice in entrant.voices])
        others = np.stack([self._stand_in(voice) for voice in entrant.voices])
        codes = np.where(own == _UNHEARD, others, own)
        items = np.flatnonzero((codes != _UNHEARD).all(axis=0))
        if not len(items):
            return Known(np.empty(0, dtype=int), np.empty((0, 0), dtype=int))
        accuracy = self.accuracy(judge) if judge else None
        return Known(items, codes[:, items], accuracy, float((own[:, items] == _UNHEARD).mean()))

    def _stand_in(self, voice: Voice) -> Array:
        """What another sample said, or else the model with other settings."""
        import numpy as np

        same, maker = self._merged(voice.model), self._merged(maker_of(voice))
        found: Array = np.where(same == _UNHEARD, maker, same)
        return found

    def _merged(self, who: str) -> Array:
        """The first answer to each item of a model, with its settings or with any."""
        import numpy as np

        found = self._standing_in.get(who)
        if found is None:
            found = np.full(self.size, _UNHEARD, dtype=np.int32)
            voices = [each for each in self._codes if who in (each.model, maker_of(each))]
            for voice in sorted(voices, key=lambda each: each.sample):
                found = np.where(found == _UNHEARD, self._codes[voice], found)
            self._standing_in[who] = found
        return found
