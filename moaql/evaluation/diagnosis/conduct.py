"""How the questions of a diagnosis are asked: what all of its parts share."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from moaql.evaluation.runner import measure

if TYPE_CHECKING:
    from collections.abc import Mapping

    from moaql.evaluation.outcome import Outcome
    from moaql.evaluation.runner import Measured
    from moaql.evaluation.task import Task
    from moaql.graph.nodes import Graph
    from moaql.run.caller import Caller
    from moaql.run.events import Listener


def _nothing(*_: object) -> None:
    """Tell nobody."""


@dataclass(frozen=True)
class Conduct:
    """How questions are asked.

    Attributes:
        caller: Makes the calls; the bank and recordings are behind it.
        seed: Of all that is drawn.
        at_once: Questions under way at a time.
        listeners: Hear of everything that happens.
        on_begin: Is told how many questions are about to be asked, for each part.
        on_item: Is called as each is done.
    """

    caller: Caller
    seed: int = 0
    at_once: int = 64
    listeners: tuple[Listener, ...] = ()
    on_begin: Callable[[int], None] = _nothing
    on_item: Callable[[], None] = _nothing

    async def measure(
        self,
        graphs: Mapping[str, Graph],
        task: Task,
        *,
        on_outcome: Callable[[int, Outcome], None] = _nothing,
        listener_of: Callable[[str, int], Listener] | None = None,
    ) -> Measured:
        """Ask and score, as `moaql.evaluation.runner.measure`, which says what is raised.

        Args:
            graphs: By name.
            task: The items and the metric.
            on_outcome: Is called with the item's position and the outcome as each is there.
            listener_of: A listener for one topology and item.
        """
        self.on_begin(len(graphs) * len(task.items))

        def done(_name: str, position: int, outcome: Outcome) -> None:
            on_outcome(position, outcome)
            self.on_item()

        return await measure(
            graphs,
            task,
            self.caller,
            seed=self.seed,
            at_once=self.at_once,
            listeners=self.listeners,
            on_outcome=done,
            listener_of=listener_of,
        )
