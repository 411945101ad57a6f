"""Votes with `weights=?` inside a search: their weights are fitted to the items of the search, and to no others.

A topology with such a vote is first asked with equal weights, everybody asked. Then its items are scored by weights that were
fitted to the other folds of all items that it has answered so far (cross-fitting, as `moaql.evaluation.fitting` does). On select
and report split it has the weights that were fitted to all of them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from moaql.evaluation.fitting import Ballots, fit_votes
from moaql.evaluation.runner import measure
from moaql.graph.fitted import unfitted, with_weights

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from moaql.evaluation.fitting import Fit
    from moaql.evaluation.task import Task
    from moaql.graph.nodes import Graph
    from moaql.run.caller import Caller
    from moaql.run.events import Event, Listener


class FittedVotes:
    """What was fitted for the topologies of one search.

    Args:
        task: The items of the search.
        seed: Of folds and draws.
    """

    def __init__(self, task: Task, seed: int) -> None:
        self._task, self._seed = task, seed
        self._ballots = Ballots()
        self._fits: dict[str, Fit] = {}

    async def fit(
        self,
        key: str,
        graph: Graph,
        items: Sequence[int],
        caller: Caller,
        listeners: Sequence[Listener],
        listener_of: Callable[[int], Listener],
    ) -> None:
        """Ask everybody these items, and fit the weights to all that were asked so far.

        Args:
            key: Of the topology.
            graph: With votes whose weights are open.
            items: Positions of items of the search.
            caller: Makes the calls.
            listeners: Hear of everything.
            listener_of: One more for the item of a position.

        Raises:
            BudgetReached: if the money ends before; what was paid for is in the bank.
        """
        votes = unfitted(graph)

        def hear(place: int) -> Listener:
            ballots, more = self._ballots.listener(key, items[place], votes), listener_of(items[place])

            def both(event: Event) -> None:
                ballots(event)
                more(event)

            return both

        measured = await measure(
            {key: with_weights(graph, {}, ask_all=True)},
            self._task.part(items),
            caller,
            seed=self._seed,
            listeners=listeners,
            listener_of=lambda _name, place: hear(place),
        )
        if measured.ended is not None:
            raise measured.ended
        self._fits[key] = await fit_votes(key, graph, self._ballots, self._task, caller, self._seed, racing=True)

    def blind(self, key: str, graph: Graph, item: int) -> Graph:
        """A topology with the weights that have not seen an item of the search, by its position."""
        return self._fits[key].graph(graph, self._task.items[item].key, self._seed)

    def weights(self, key: str) -> dict[str, dict[str, float]]:
        """By vote: the weights that were fitted to all items that were asked; none where nothing was fitted."""
        fit = self._fits.get(key)
        return {} if fit is None else {vote: each.weights for vote, each in fit.whole.items()}

    def whole(self, key: str, graph: Graph) -> Graph:
        """A topology with those weights."""
        return with_weights(graph, self.weights(key)) if unfitted(graph) else graph
