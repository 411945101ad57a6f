"""What the first layers of topologies have answered so far: who said what to which item, whether it was right, and what it cost."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from moaql.answers.readings import readings
from moaql.evaluation.votes import NO_ANSWER, RIGHT
from moaql.graph.fingerprint import local_identity
from moaql.run.events import CallFinished
from moaql.searching.arena import Known, Voice

if TYPE_CHECKING:
    from moaql.answers.candidate import Candidate
    from moaql.evaluation.task import Task
    from moaql.graph.nodes import Call
    from moaql.run.caller import Caller
    from moaql.run.events import Event, Listener
    from moaql.searching.arena import Entrant

READ_BY = ("exact", "number", "choice", "literal")


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


@dataclass
class _Cell:
    """One answer."""

    reading: str | None
    right: bool
    cost: float | None
    model: str
    text: str


@dataclass
class Heard:
    """Answers by voice and item.

    Attributes:
        by: How answers are read.
        free: Whether answers can be scored without a call, so that votes over them can be counted.
    """

    by: str
    free: bool
    cells: dict[Voice, dict[int, _Cell]] = field(default_factory=dict)
    _makers: dict[str, list[Voice]] = field(default_factory=dict)
    _waiting: list[tuple[Voice, int, Candidate]] = field(default_factory=list)

    @classmethod
    def of(cls, task: Task) -> Heard:
        """For the items and the metric of a task."""
        by = task.metric_name if task.metric_name in READ_BY else "exact"
        return cls(by, task.judge is None and task.metric_name != "code")

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
            own = self.cells.get(voice)
            if own is None:
                own = self.cells[voice] = {}
                self._makers.setdefault(maker_of(voice), []).append(voice)
            if item in own:
                continue
            right = self.free and (await task.score(candidate, task.items[item], caller)).value >= 0.5
            own[item] = _Cell(readings([candidate], self.by)[0], right, candidate.cost, candidate.model, candidate.text)

    def has(self, voice: Voice, item: int) -> bool:
        """Whether a voice has answered an item."""
        return item in self.cells.get(voice, ())

    def said(self, voice: Voice, item: int) -> tuple[str, str, bool] | None:
        """Model, text and whether it is right, of an answer; None where the voice was not heard."""
        cell = self.cells.get(voice, {}).get(item)
        return None if cell is None else (cell.model, cell.text, cell.right)

    def mean_cost(self, maker: str) -> float | None:
        """Mean list price of a model's answers so far, in dollars; None where none is known."""
        costs = [
            cell.cost
            for voice in self._makers.get(maker, ())
            for cell in self.cells[voice].values()
            if cell.cost is not None
        ]
        return sum(costs) / len(costs) if costs else None

    def accuracy(self, maker: str) -> float | None:
        """Share of a model's answers that are right."""
        if not self.free:
            return None
        found = [cell.right for voice in self._makers.get(maker, ()) for cell in self.cells[voice].values()]
        return sum(found) / len(found) if found else None

    def known(self, entrant: Entrant, judge: str) -> Known:
        """What is known of an entrant's voices. What else its model said stands in for one that was not heard."""
        import numpy as np

        if not self.free or not entrant.voices:
            return Known(np.empty(0, dtype=int), np.empty((0, 0), dtype=int))
        sources = [self._sources(voice) for voice in entrant.voices]
        items = sorted(set.intersection(*(set().union(*(self.cells[each] for each in own)) for own in sources)))
        if not items:
            return Known(np.empty(0, dtype=int), np.empty((0, 0), dtype=int))
        codes = np.full((len(sources), len(items)), NO_ANSWER, dtype=np.int32)
        stood_in = 0
        for column, item in enumerate(items):
            seen: dict[str, int] = {}
            for row, own in enumerate(sources):
                speaker = next(each for each in own if item in self.cells[each])
                stood_in += speaker != entrant.voices[row]
                cell = self.cells[speaker][item]
                if cell.reading is not None:
                    fresh = RIGHT if cell.right else max(seen.values(), default=RIGHT) + 1
                    codes[row, column] = seen.setdefault(cell.reading, fresh)
        accuracy = self.accuracy(judge) if judge else None
        return Known(np.array(items), codes, accuracy, stood_in / codes.size)

    def _sources(self, voice: Voice) -> list[Voice]:
        """The voice itself, other samples of it, other settings of its model: those that were heard, in this order."""
        others = self._makers.get(maker_of(voice), [])
        same = sorted(
            (each for each in others if each.model == voice.model), key=lambda each: (each != voice, each.sample)
        )
        return [*same, *(each for each in others if each.model != voice.model)]
