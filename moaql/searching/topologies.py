"""Points of a space, and baselines, as topologies that can be run."""

from __future__ import annotations

from dataclasses import replace
from itertools import islice
from typing import TYPE_CHECKING, Any, Literal

from moaql.check.pipeline_text import pipeline
from moaql.check.reach import models_reached
from moaql.check.values import Values
from moaql.errors import ProgramError, UsageError
from moaql.evaluation.fitting import check_fit
from moaql.graph.build import build
from moaql.searching.encoded import EncodedSpace
from moaql.searching.entrants import entrant_of
from moaql.searching.heard import READ_BY
from moaql.searching.space.identity import identity

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from moaql.check.program import Model, Program, Topology
    from moaql.evaluation.task import Task
    from moaql.graph.nodes import Graph
    from moaql.searching.arena import Entrant
    from moaql.searching.space.find import SearchPlan

_TRIED = 50
_WARM = 0.8
"""Temperature of the repeated baselines: samples must differ."""


class Topologies:
    """What can be measured in a search, each once whatever it is called.

    Args:
        program: Names the models, and the user's own topologies.
        plan: The search: its space.
        task: The items of the search: votes of the baselines read answers as its metric does, and weights are fitted to them.
    """

    def __init__(self, program: Program, plan: SearchPlan, task: Task) -> None:
        self.space = EncodedSpace(plan.space)
        self._program, self._plan, self._task = program, plan, task
        self._by = task.metric_name if task.metric_name in READ_BY else "exact"
        self._graphs: dict[str, Graph] = {}
        self._texts: dict[str, str] = {}
        self._entrants: dict[str, Entrant] = {}
        self._of_point: dict[Any, str | None] = {}
        self.models = self._models()
        """The models of the space by name, each once."""
        self.problems: dict[str, int] = {}
        """What was wrong with points that make no sense, with how often."""
        self._refuse_what_cannot_be_fitted()

    def entrant(self, point: Any) -> Entrant | None:
        """The topology of a point; None where it makes no sense."""
        if point not in self._of_point:
            filled = self._plan.space.fill(point)
            reason = filled.reason or self._why_not_fitted(filled.graph)
            if reason:
                self.problems[reason] = self.problems.get(reason, 0) + 1
                self._of_point[point] = None
            else:
                self._of_point[point] = self._keep(filled.graph, lambda: " ".join(filled.text.split()), point)
        key = self._of_point[point]
        return None if key is None else self._entrants[key]

    def graph(self, entrant: Entrant) -> Graph:
        """The graph of an entrant."""
        return self._graphs[entrant.key]

    def baselines(self) -> Sequence[Entrant]:
        """Every single model of the space, and the topologies of the program that can be run as they are."""
        found = [self._baseline(pipeline(name, name, self._program.unit), name, "single") for name in self.models]
        for name, topology in self._program.topologies.items():
            graph, _ = build(topology)
            if graph is not None and name != self._plan.name:
                found.append(self._baseline(topology, name, "own"))
        keys = dict.fromkeys(each.key for each in found)
        return [self._entrants[key] for key in keys]

    def repeated(self, best: Entrant, samples: int, how: Literal["vote", "merge"]) -> Entrant | None:
        """A single model several times, and a vote over its answers or itself as aggregator.

        None for recorded models, which hold the samples that they hold and read no candidates.
        """
        name = best.name
        model = self.models.get(name)
        if model is None or model.id.startswith("recorded/") or samples < 2:
            return None
        last = f"vote by={self._by} tie=first" if how == "vote" else f"agg {name}"
        text = f"{name} x{samples} temperature={_WARM} -> {last}"
        return self._baseline(pipeline(text, text, self._program.unit), text, how)

    def _baseline(self, topology: Topology, name: str, baseline: str) -> Entrant:
        graph, problems = build(topology)
        if graph is None:
            raise ProgramError(problems)
        return self._entrants[self._keep(graph, lambda: name, None, baseline)]

    def _keep(self, graph: Graph, name: Callable[[], str], point: Any, baseline: str = "") -> str:
        key = identity(graph)
        known = self._entrants.get(key)
        if known is None:
            self._graphs[key] = graph
            self._entrants[key] = entrant_of(key, name(), graph, point, baseline)
        elif known.point is None and point is not None:
            # A baseline that is a point of the space, too.
            self._entrants[key] = replace(known, point=point)
        elif baseline and not known.baseline:
            self._entrants[key] = replace(known, baseline=baseline, name=name())
        return key

    def _refuse_what_cannot_be_fitted(self) -> None:
        """Before a call is paid: weights that cannot be fitted in any of the first points."""
        refused: UsageError | None = None
        for point in islice(self._plan.space.points(), _TRIED):
            built = self._plan.space.fill(point).built
            if built is None:
                continue
            try:
                check_fit(self._plan.name, built, self._task)
            except UsageError as error:
                refused = error
            else:
                return
        if refused is not None:
            raise refused

    def _why_not_fitted(self, graph: Graph) -> str:
        """Why its votes' weights cannot be fitted; "" where they can, or there are none."""
        try:
            check_fit(self._plan.name, graph, self._task)
        except UsageError as error:
            return error.message
        return ""

    def _models(self) -> dict[str, Model]:
        values = Values()
        found: dict[str, Model] = {}
        unit = self._program.unit
        for model in models_reached(self._plan.statement.topologies[0], unit, values):
            if unit.find(model.name) is not None:
                found.setdefault(model.name, model)
        if not found:
            raise UsageError("the search's topology names no model", "Name models in it.")
        return found
