"""What the tuned prompt is filled with, item by item: the frozen answers of everything above it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from moaql.check.program import connection_of
from moaql.errors import NoCandidates
from moaql.evaluation.task import question_of
from moaql.graph.nodes import Call, Graph
from moaql.graph.plan import price_of
from moaql.providers.base import Request
from moaql.run.batch import carry_all
from moaql.run.executor import run
from moaql.run.render import render
from moaql.tuning.template import with_text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from moaql.answers.candidate import Candidate
    from moaql.providers.base import Pairs, Response
    from moaql.run.caller import Caller
    from moaql.run.question import Question
    from moaql.tuning.place import Place
    from moaql.tuning.trials import Trials


@dataclass(frozen=True)
class Case:
    """What the first call of a tuned prompt gets for one item.

    Attributes:
        key: Names it, among the cases of one tuning.
        at: Position of the item.
        question: What is asked.
        candidates: What its prompt shows, in order.
        target: The right answer in words; "" where there is none.
    """

    key: str
    at: int
    question: Question
    candidates: tuple[Candidate, ...]
    target: str = ""


class Cases:
    """The cases of some items.

    Args:
        place: The prompt.
        seed: Of the runs.
        found: The cases.
    """

    def __init__(self, place: Place, seed: int, found: Sequence[Case]) -> None:
        self.all = tuple(found)
        self._by_key = {case.key: case for case in found}
        self._place, self._seed = place, seed
        node = place.marked.nodes[place.calls[0]]
        assert isinstance(node, Call)
        self._call = node

    def __getitem__(self, key: str) -> Case:
        return self._by_key[key]

    def __deepcopy__(self, memo: object) -> Cases:
        """The same ones: optimizers copy what they tune."""
        return self

    def messages(self, key: str, text: str) -> tuple[tuple[str, str], ...]:
        """What is sent for a case where the tuned message has this text: as the runtime renders it."""
        case, prompt = self[key], with_text(self._place.prompt, self._place.message, text)
        return render(replace(self._call, prompt=prompt), case.question, case.candidates, self._seed).messages

    def request(self, key: str, messages: tuple[tuple[str, str], ...]) -> Request:
        """The request that the runtime makes of these messages: the call's model, settings and sample."""
        model, call = self._call.model, self._call
        provider, _, name = model.id.partition("/")
        settings = tuple(pair for pair in call.settings if pair[0] != "timeout")
        return Request(provider, name, messages, settings, call.sample, connection_of(model), self[key].question.item)

    async def ask(self, key: str, messages: tuple[tuple[str, str], ...], settings: Pairs, caller: Caller) -> Response:
        """Make that request. DSPy's own settings are left out: the topology says how its model is asked."""
        del settings
        model = self._call.model
        answered = await caller.ask(self.request(key, messages), price_of(model), context=model.context)
        return answered.response


async def cases_of(trials: Trials, items: Sequence[int]) -> Cases:
    """Ask everything above the tuned prompt once. Items of which no candidate is left have no case.

    Raises:
        BudgetReached, NotBanked, BankError, UsageError: see `run`.
    """
    place, caller = trials.place, trials.caller
    call = place.marked.nodes[place.calls[0]]
    above = Graph(place.marked.name, place.marked.nodes, tuple(ref for _, ref in call.inputs))
    found: dict[int, Case] = {}

    async def work(at: int) -> None:
        item = trials.task.items[at]
        question = question_of(item)
        candidates: tuple[Candidate, ...] = ()
        if call.inputs:
            try:
                answer = await run(above, question, caller, seed=trials.seed, listeners=trials.listeners)
            except NoCandidates:
                return
            candidates = answer.outputs
        found[at] = Case(str(at), at, question, candidates, " or ".join(item.texts))

    await carry_all(items, work)
    return Cases(place, trials.seed, [found[at] for at in items if at in found])
