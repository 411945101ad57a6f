"""The arena of real topologies: they are run by the executor, and answers come from the bank where they are in it."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Literal

from moaql.evaluation.runner import measure
from moaql.graph.plan import plan
from moaql.searching.arena import Block, Entrant
from moaql.searching.heard import Heard, maker_of
from moaql.searching.silent import SilentModels

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from moaql.evaluation.outcome import Outcome
    from moaql.evaluation.task import Task
    from moaql.graph.nodes import Graph
    from moaql.graph.plan import Plan
    from moaql.run.caller import Caller
    from moaql.run.events import Listener
    from moaql.searching.arena import Known, Space
    from moaql.searching.fitted_votes import FittedVotes
    from moaql.searching.topologies import Topologies


class LiveArena:
    """Measures topologies of a program on the items of a task.

    Args:
        topologies: Points to entrants and graphs.
        task: The items, in the order that all entrants share.
        caller: Makes the calls; its budget is the search's.
        fits: Where weights of votes are fitted, and read.
        fitting: Whether these are the items to fit them to.
        seed: Of all that a run draws.
        listeners: Hear of everything that happens.
        on_outcome: Is called for each item that is done.
    """

    def __init__(
        self,
        topologies: Topologies,
        task: Task,
        caller: Caller,
        *,
        fits: FittedVotes,
        fitting: bool = False,
        seed: int = 0,
        listeners: Sequence[Listener] = (),
        on_outcome: Callable[[Outcome], None] = lambda _outcome: None,
    ) -> None:
        self.space: Space = topologies.space
        self.size = len(task.items)
        self.outcomes: dict[str, dict[int, Outcome]] = {}
        """By entrant and position of the item."""
        self._topologies, self._task, self._caller, self._seed = topologies, task, caller, seed
        self._listeners, self._on_outcome = listeners, on_outcome
        self._fits, self._fitting = fits, fitting
        self._heard = Heard.of(task)
        self.silent = SilentModels()
        """Models that answered nothing."""
        self._alone: dict[str, tuple[float, int]] = {}
        """By model asked alone: its mean score, and on how many items."""
        self._plans: dict[str, Plan] = {}

    # Who there is

    def entrant(self, point: Any) -> Entrant | None:
        """The topology of a point; None where it makes no sense."""
        return self._topologies.entrant(point)

    def baselines(self) -> Sequence[Entrant]:
        """Every single model of the space, and the program's own topologies."""
        return self._topologies.baselines()

    def repeated(self, best: Entrant, samples: int, how: Literal["vote", "merge"]) -> Entrant | None:
        """A single model several times."""
        return self._topologies.repeated(best, samples, how)

    # What it takes

    def cost(self, entrant: Entrant) -> float:
        """Dollars an item: as measured, or as planned, corrected by what its models' answers have cost so far."""
        known = [each.cost for each in self.outcomes.get(entrant.key, {}).values() if each.cost is not None]
        if known:
            return sum(known) / len(known)
        return sum(self._shares(entrant).values())

    def latency(self, entrant: Entrant) -> float:
        """Seconds an item: as measured, or as planned."""
        known = [each.latency_s for each in self.outcomes.get(entrant.key, {}).values() if each.answered]
        return sorted(known)[len(known) // 2] if known else self._plan(entrant).latency.expected

    def price(self, entrant: Entrant, items: Sequence[int]) -> float:
        """Dollars that measuring these items would take now: first answers that were heard already are free.

        Infinite for what asks a model that answers nothing.
        """
        if self.silent.asked_by(self._topologies.graph(entrant)):
            return math.inf
        own = self.outcomes.get(entrant.key, {})
        left = [item for item in items if item not in own]
        if not left:
            return 0.0
        whole = sum(self._shares(entrant).values())
        free = 0.0
        for voice in entrant.voices:
            each = self._heard.mean_cost(maker_of(voice))
            if each is not None:
                free += each * self._heard.count(voice, left)
        return max(0.0, whole * len(left) - free)

    def known(self, entrant: Entrant) -> Known:
        """What the answers paid for so far say of it."""
        if self._heard.free:
            return self._heard.known(entrant, entrant.judge)
        alone = [self._alone.get(maker_of(voice)) for voice in entrant.voices]
        judge = self._alone.get(entrant.judge)
        known = tuple(each for each in alone if each is not None)
        nothing = self._heard.known(entrant, "")
        return replace(
            nothing,
            judge_accuracy=None if judge is None else judge[0],
            alone=known if len(known) == len(alone) else (),
        )

    def weights(self, entrant: Entrant) -> dict[str, dict[str, float]]:
        """By vote, the weights by model that were fitted to all items it was measured on; none where it has none to fit."""
        return self._fits.weights(entrant.key) if entrant.fitted else {}

    def said(self, entrant: Entrant, item: int, longest: int) -> list[dict[str, Any]]:
        """What an entrant's members answered to an item: `model`, `text` and `right`.

        Args:
            entrant: Whose.
            item: Its position.
            longest: Characters of a text that are kept.
        """
        heard = [self._heard.said(voice, item) for voice in entrant.voices]
        return [{"model": each[0], "text": each[1][:longest], "right": each[2]} for each in heard if each is not None]

    # Measuring

    async def measure(self, entrant: Entrant, items: Sequence[int]) -> Block:
        """Ask and score these items. See `Arena.measure`."""
        import numpy as np

        before = self._caller.budget.paid
        task = self._task.part(items)
        # All of a block is asked, or none of it counts: what was paid for is in the bank.
        measured = await measure(
            await self._graphs(entrant, items),
            task,
            self._caller,
            seed=self._seed,
            listeners=self._listeners,
            on_outcome=lambda _name, _position, outcome: self._on_outcome(outcome),
            listener_of=lambda _name, position: self._heard.listener(items[position]),
        )
        await self._heard.take_in(self._task, self._caller)
        if measured.ended is not None:
            raise measured.ended
        outcomes = measured.outcomes[entrant.key]
        own = self.outcomes.setdefault(entrant.key, {})
        own.update(zip(items, outcomes, strict=True))
        if entrant.kind == "single":
            scores = [each.score for each in own.values() if each.score is not None]
            if scores:
                self._alone[maker_of(entrant.voices[0])] = sum(scores) / len(scores), len(scores)
        self.silent.note(entrant, self._topologies.graph(entrant), list(own.values()))
        return Block(
            np.array([math.nan if each.score is None else each.score for each in outcomes]),
            np.array([math.nan if each.cost is None else each.cost for each in outcomes]),
            np.array([each.latency_s for each in outcomes]),
            self._caller.budget.paid - before,
        )

    async def _graphs(self, entrant: Entrant, items: Sequence[int]) -> Callable[[int], Mapping[str, Graph]]:
        """The graph of an entrant for the item of each place; weights that are fitted have not seen that item."""
        key, graph = entrant.key, self._topologies.graph(entrant)
        if not (entrant.fitted and self._fitting):
            same = {key: self._fits.whole(key, graph)}
            return lambda _place: same
        await self._fits.fit(key, graph, items, self._caller, self._listeners, self._heard.listener)
        return lambda place: {key: self._fits.blind(key, graph, items[place])}

    def _plan(self, entrant: Entrant) -> Plan:
        if entrant.key not in self._plans:
            self._plans[entrant.key] = plan(self._topologies.graph(entrant))
        return self._plans[entrant.key]

    def _shares(self, entrant: Entrant) -> dict[str, float]:
        """Dollars an item by model."""
        planned = self._plan(entrant)
        shares = {each.id: 0.0 if each.cost is None else each.cost.expected for each in planned.models}
        first: dict[str, int] = {}
        for voice in entrant.voices:
            first[maker_of(voice)] = first.get(maker_of(voice), 0) + 1
        for maker, count in first.items():
            heard = self._heard.mean_cost(maker)
            calls = next((each.calls for each in planned.models if each.id == maker), None)
            if heard is not None and calls is not None and calls.low == calls.high == count:
                shares[maker] = heard * count
        return shares
