"""What happens during a run, for whoever listens: progress, the trace, spans."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

if TYPE_CHECKING:
    from moaql.answers.candidate import Candidate
    from moaql.graph.nodes import Call, Node


@dataclass(frozen=True, slots=True)
class CallFinished:
    """A call is over, with an answer or without one.

    Attributes:
        run: Id of the run.
        node: The call.
        messages: What was sent, as (role, text).
        settings: Settings that were sent.
        candidate: What came back; None where it was lost.
        text: The answer as the provider gave it, reasoning included.
        error: Why it was lost, or "".
        provider_model: The model as the provider names it.
        attempts: Times that it was sent; 0 where it came from the bank.
        shared: Whether another question's call in flight was used.
        started: Seconds since 1970.
        elapsed: Seconds that this run waited for it.
        failed: The models that were asked first and failed, each with its reason: the answer is that of an alternative.
    """

    run: str
    node: Call
    messages: tuple[tuple[str, str], ...]
    settings: dict[str, Any]
    candidate: Candidate | None
    text: str = ""
    error: str = ""
    provider_model: str = ""
    attempts: int = 0
    shared: bool = False
    started: float = 0.0
    elapsed: float = 0.0
    failed: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class NodeFinished:
    """A reduction or a gate is done.

    Attributes:
        run: Id of the run.
        node: The reduction or gate.
        kept: `node` of each candidate that came out.
        decision: The label that a gate gave, or "".
        notes: What it had to say.
        read: The candidates that a reduction was given, those that are lost left out.
        seen: The values of the signals that a gate compared, in the order of its condition; None for one that is not known.
    """

    run: str
    node: Node
    kept: tuple[str, ...] = ()
    decision: str = ""
    notes: tuple[str, ...] = ()
    read: tuple[Candidate, ...] = ()
    seen: tuple[Any, ...] = ()


@dataclass(frozen=True, slots=True)
class RunStarted:
    """A question begins."""

    run: str
    topology: str
    question: str
    item: str
    started: float


@dataclass(frozen=True, slots=True)
class RunFinished:
    """A question is answered, or could not be."""

    run: str
    answer: str
    error: str
    cost: float | None
    paid: float | None
    latency: float
    elapsed: float


Event: TypeAlias = CallFinished | NodeFinished | RunStarted | RunFinished
Listener: TypeAlias = Callable[[Event], None]
