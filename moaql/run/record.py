"""What happened in one run, from its first call to the bill."""

from __future__ import annotations

import math
import time
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from moaql.errors import NoCandidates
from moaql.graph.nodes import Call
from moaql.run.events import CallFinished, NodeFinished, RunFinished, RunStarted
from moaql.run.result import Answer, Loss, Said

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from moaql.answers.candidate import Candidate
    from moaql.graph.nodes import Graph, Node
    from moaql.run.events import Event, Listener
    from moaql.run.question import Question

_MOST_LOSSES = 20
"""Losses that an error lists."""


class Record:
    """Hears of everything in a run, tells the listeners, and draws the bill. It knows nothing of the run's tasks.

    Args:
        run: Id of the run.
        graph: The topology.
        question: What is asked.
        listeners: Who is told.
    """

    def __init__(self, run: str, graph: Graph, question: Question, listeners: Sequence[Listener]) -> None:
        self.run = run
        self._graph = graph
        self._question = question
        self._listeners = listeners
        self._said: dict[str, CallFinished] = {}
        self._losses: dict[str, str] = {}
        self._unrecorded = 0
        self._too_long: set[str] = set()
        self._notes: list[str] = []
        self._decisions: dict[str, str] = {}
        self._started = time.perf_counter()
        if listeners:
            self._tell(RunStarted(run, graph.name, question.text, question.id, time.time()))

    def hear(self, event: CallFinished) -> None:
        """A call is over."""
        if event.candidate is not None:
            self._said[event.node.id] = event
            self._notes += [
                f"`{event.node.id}`: {event.candidate.model_id} answered instead, because of {reason}"
                for reason in event.failed
            ]
        self._tell(event)

    def lose(self, node: str, reason: str, *, unrecorded: bool = False, too_long: bool = False) -> None:
        """A node has no output, and that is why.

        Args:
            node: Its id.
            reason: In a sentence.
            unrecorded: Whether a recording does not hold it.
            too_long: Whether its prompt does not fit the model's context.
        """
        self._losses[node] = reason
        self._unrecorded += unrecorded
        if too_long:
            self._too_long.add(node)

    def reduced(
        self,
        node: Node,
        outputs: Sequence[Candidate | None],
        notes: Sequence[str],
        read: Sequence[Candidate | None] = (),
    ) -> None:
        """A reduction is done."""
        self._notes += notes
        if self._listeners:
            kept = tuple(each.node for each in outputs if each is not None)
            given = tuple(each for each in read if each is not None)
            self._tell(NodeFinished(self.run, node, kept, "", tuple(notes), given))

    def decided(self, node: Node, label: str, notes: Sequence[str], seen: Sequence[Any] = ()) -> None:
        """A gate is decided, by the values of its signals."""
        self._notes += notes
        self._decisions[node.id] = label
        self._tell(NodeFinished(self.run, node, (), label, tuple(notes), (), tuple(seen)))

    def failed(self, reason: str) -> None:
        """The run ends without an answer. A listener that fails at this does not hide why."""
        cost, paid = self._bill()
        event = RunFinished(self.run, "", reason, cost, paid, 0.0, time.perf_counter() - self._started)
        for listener in self._listeners:
            with suppress(Exception):
                listener(event)

    def nothing_left(self) -> NoCandidates:
        """The error that says why there is no answer. Losses with one reason are one line."""
        nodes: dict[str, list[str]] = {}
        for node, reason in self._losses.items():
            nodes.setdefault(reason, []).append(node)
        count = len(self._losses)
        what = f"{count} of its parts failed" if count > 1 else "a call failed"
        losses = [f"{', '.join(names)}: {reason}" for reason, names in nodes.items()][:_MOST_LOSSES]
        return NoCandidates(
            f"`{self._graph.name}` has no answer: {what if count else 'every candidate was filtered out'}",
            losses,
            unrecorded=0 < count == self._unrecorded,
            too_long=bool(self._too_long)
            and all(id in self._too_long for id in self._losses if isinstance(self._graph.nodes[id], Call)),
        )

    def answer(self, outputs: tuple[Candidate, ...], latency: float) -> Answer:
        """The run is over.

        Args:
            outputs: What the topology ends with; the first is the answer.
            latency: Seconds of the longest path of calls.
        """
        said = [_said(self._said[id]) for id in self._graph.nodes if id in self._said] if self._said else []
        cost, paid = self._bill()
        answer = Answer(
            text=outputs[0].text,
            candidate=outputs[0],
            outputs=outputs,
            said=tuple(said),
            losses=tuple(Loss(node, reason) for node, reason in self._losses.items()),
            notes=tuple(dict.fromkeys(self._notes)),
            decisions=self._decisions,
            cost=cost,
            paid=paid,
            latency_s=latency,
            elapsed_s=time.perf_counter() - self._started,
            run=self.run,
            topology=self._graph.name,
            question=self._question.text,
            simulated=any(map(_is_simulated, self._said.values())),
        )
        if self._listeners:
            self._tell(RunFinished(self.run, answer.text, "", cost, paid, latency, answer.elapsed_s))
        return answer

    def _bill(self) -> tuple[float | None, float | None]:
        heard = [event.candidate for event in self._said.values() if event.candidate is not None]
        return _sum(each.cost for each in heard), _sum(each.paid for each in heard)

    def _tell(self, event: Event) -> None:
        for listener in self._listeners:
            listener(event)


def _is_simulated(event: CallFinished) -> bool:
    """Also behind a port, where the id does not say so, a simulated model says that it is one."""
    return event.node.model.id.startswith("sim/") or event.provider_model.endswith("(simulated)")


def _said(event: CallFinished) -> Said:
    candidate = event.candidate
    assert candidate is not None
    return Said(
        event.node.id,
        event.node.purpose,
        candidate.model,
        candidate.model_id,
        candidate.sample,
        candidate.text,
        candidate.cost,
        candidate.paid,
        candidate.latency,
        candidate.prompt_tokens,
        candidate.completion_tokens,
        candidate.banked,
        candidate.truncated,
    )


def _sum(dollars: Iterable[float | None]) -> float | None:
    """The sum, or None where a part of it is unknown. It is exact, so that it does not depend on which call was over first."""
    known = list(dollars)
    return None if None in known else math.fsum(each for each in known if each is not None)
