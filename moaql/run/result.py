"""What a run gives: the answer, who said what, and the bill."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from moaql.answers.candidate import Candidate


@dataclass(frozen=True, slots=True)
class Said:
    """One call of a run.

    Attributes:
        node: Id of the call, such as `layer1/qwen#2`.
        purpose: `propose`, `aggregate`, `rank`, …
        model: The model's name in the program.
        model_id: `provider/model` that answered.
        sample: Index of the sample, from 0.
        text: What it said, without reasoning.
        cost: List price in dollars; None where unknown.
        paid: Dollars paid now; 0 from the bank.
        latency_s: Seconds that the call took when it was made.
        prompt_tokens: Tokens read.
        completion_tokens: Tokens written.
        banked: Whether it came from the bank.
        truncated: Whether its token limit cut it off.
    """

    node: str
    purpose: str
    model: str
    model_id: str
    sample: int
    text: str
    cost: float | None
    paid: float | None
    latency_s: float
    prompt_tokens: int
    completion_tokens: int
    banked: bool
    truncated: bool


@dataclass(frozen=True, slots=True)
class Loss:
    """A call that gave no answer: its node, and why."""

    node: str
    reason: str


@dataclass(frozen=True, slots=True)
class Answer:
    """The answer to one question.

    Attributes:
        text: The answer.
        candidate: The candidate that it is.
        outputs: All candidates that the topology ends with; the answer is the first.
        said: Every call that was answered, in order of the graph.
        losses: Calls that were lost, retries and all.
        notes: What else to know, such as a ranking that could not be read.
        decisions: What each gate decided, by node.
        cost: List price in dollars of all calls; None where one is unknown.
        paid: Dollars spent now; None where a price is unknown.
        latency_s: Seconds along the longest path of calls, those from the bank with the time that they took when they were made.
        elapsed_s: Seconds that it took now.
        run: Id of the run, as in its trace.
        topology: Name of the topology.
        question: What was asked.
        simulated: Whether a simulated model took part.
    """

    text: str
    candidate: Candidate
    outputs: tuple[Candidate, ...]
    said: tuple[Said, ...]
    losses: tuple[Loss, ...]
    notes: tuple[str, ...]
    decisions: dict[str, str]
    cost: float | None
    paid: float | None
    latency_s: float
    elapsed_s: float
    run: str
    topology: str
    question: str
    simulated: bool

    @property
    def candidates(self) -> tuple[Said, ...]:
        """Texts that answer the question: of all calls, those that propose or aggregate."""
        return tuple(each for each in self.said if each.purpose.removesuffix(" instead") in ("propose", "aggregate"))

    @property
    def prompt_tokens(self) -> int:
        """Tokens read, all calls together."""
        return sum(each.prompt_tokens for each in self.said)

    @property
    def completion_tokens(self) -> int:
        """Tokens written, all calls together."""
        return sum(each.completion_tokens for each in self.said)

    def as_json(self) -> dict[str, Any]:
        """The document of `moaql run --json`."""
        return {
            "answer": self.text,
            "topology": self.topology,
            "question": self.question,
            "cost": self.cost,
            "paid": self.paid,
            "latency_s": self.latency_s,
            "elapsed_s": self.elapsed_s,
            "calls": len(self.said),
            "banked": sum(each.banked for each in self.said),
            "usage": {"prompt_tokens": self.prompt_tokens, "completion_tokens": self.completion_tokens},
            "candidates": [asdict(each) for each in self.candidates],
            "judgements": [asdict(each) for each in self.said if each not in self.candidates],
            "decisions": self.decisions,
            "lost": [asdict(each) for each in self.losses],
            "notes": list(self.notes),
            "simulated": self.simulated,
            "run": self.run,
        }
