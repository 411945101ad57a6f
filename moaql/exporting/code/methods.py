"""Stages as methods of a class."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from moaql.check.program import Model
from moaql.errors import UsageError
from moaql.exporting.code.calls import asked, expressions, listed, needs_itertools
from moaql.exporting.code.cases import cases_of
from moaql.exporting.code.flows import LAZILY, RUN
from moaql.exporting.code.gates import Conditions
from moaql.exporting.code.layout import laid_out, quoted
from moaql.exporting.code.prompts import prompt_of
from moaql.graph.branches import YES
from moaql.graph.nodes import IF, Call, Gate, Reduce
from moaql.operations import OPERATIONS

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from moaql.exporting.code.flows import Flows
    from moaql.exporting.code.prompts import PromptOf
    from moaql.exporting.code.stages import Stage
    from moaql.graph.nodes import Graph
    from moaql.routers.router import Router
    from moaql.stages.base import Ref

_INSIDE = " " * 4
"""Of a method; those of the class are put before all of its lines."""


class Methods:
    """Writes methods.

    Args:
        graph: What they are written of.
        flows: Writes candidates.
        model_name: The constant of a model.
        prompt_name: The function of a prompt.
        router_name: The constant of a fitted router.

    Attributes:
        needs: Definitions of the library that the methods use, as (module, name).
        itertools: Functions of itertools that they use.
    """

    def __init__(
        self,
        graph: Graph,
        flows: Flows,
        model_name: Callable[[Model], str],
        prompt_name: Callable[[PromptOf], str],
        router_name: Callable[[Router], str],
    ) -> None:
        self.needs: set[tuple[str, str]] = set()
        self.itertools: set[str] = set()
        self._graph = graph
        self._flows = flows
        self._model_name = model_name
        self._prompt_name = prompt_name
        self._router_name = router_name
        self._cases = cases_of(graph)

    def method(self, name: str, stage: Stage) -> str:
        """The method of a stage."""
        about, result, body = self._parts(stage)
        lines = [
            "@once",
            f"async def {name}(self) -> {result}:",
            f'    """{about}"""',
            *(line for each in body for line in _laid_out(each)),
        ]
        return "\n".join(f"    {line}" for line in lines)

    def _parts(self, stage: Stage) -> tuple[str, str, list[str]]:
        last = stage.last
        if stage.kind in ("calls", "windows"):
            calls = [node for node in stage.nodes if isinstance(node, Call)]
            lines = self._windows(calls) if stage.kind == "windows" else self._calls(calls)
            return _about_calls(calls, stage.kind) + self._wanted_in(calls[0].id), "Candidates", lines
        if stage.kind == "quorum":
            return self._quorum(stage)
        if stage.kind == "early":
            return self._early(stage)
        if isinstance(last, Gate):
            conditions = Conditions(last, self._flows, self._router_name)
            body = conditions.body()
            self.needs |= conditions.needs
            return conditions.about(), "bool" if conditions.is_condition else "str", body
        assert isinstance(last, Reduce)
        if last.operation == "choose":
            return "What the way that was chosen gives.", "Candidates", self._choose(last)
        if last.operation == "fallback":
            return "The answer, or another where it is lost.", "Candidates", self._fallback(last)
        return _ABOUT.get(last.operation, last.operation), "Candidates", self._reduce(last)

    # Calls

    def _wanted_in(self, id: str) -> str:
        """The cases that ask for a call, where it is called after one of them and others ask for it too."""
        for gate, cases in self._cases.get(id, {}).items():
            if len(cases) > 1 and id.startswith(f"{gate}/"):
                return f" Asked for in the cases {', '.join(cases[:-1])} and {cases[-1]}."
        return ""

    def _calls(self, calls: Sequence[Call]) -> list[str]:
        before, entries = self._asked(calls)
        if len(calls) == 1:
            return [*before, f"return [await {entries[0]}]"]
        self.needs.add((RUN, "gathered"))
        if len(entries) == 1:
            return [*before, f"return await gathered({entries[0][2:-1]})"]
        return [*before, f"calls = {listed(entries)}", "return await gathered(calls)"]

    def _asked(self, calls: Sequence[Call], form: str = "self.run.ask({})") -> tuple[list[str], list[str]]:
        """The line that gets what the calls show, and the calls."""
        union: list[Ref] = list(dict.fromkeys(ref for call in calls for _, ref in call.inputs))
        written = [asked(call, union, self._model_name, self._prompt_name, prompt_of(call)) for call in calls]
        entries = expressions(written, len(union), form)
        self.itertools |= needs_itertools(entries)
        exact = any("shown" in each or "seen[" in each for each in entries)
        return [f"seen = {self._flows.awaited(union, exact=exact)}"] if union else [], entries

    def _windows(self, calls: Sequence[Call]) -> list[str]:
        ids = {call.id for call in calls}
        fresh = [[ref for _, ref in call.inputs if ref.node not in ids] for call in calls]
        keep = len(calls[1].inputs) - len(fresh[1])
        union = [ref for refs in fresh for ref in refs]
        ends = [sum(map(len, fresh[: number + 1])) for number in range(len(fresh))]
        bounds = list(zip([0, *ends[:-1]], ends, strict=True))
        first = asked(calls[0], union, self._model_name, self._prompt_name, prompt_of(calls[0]))
        sample = [f"sample={first.sample}"] if first.sample else []
        rest = "".join(f", {each}" for each in (*sample, *first.rest))
        return [
            f"seen = {self._flows.awaited(union, exact=True)}",
            "running: Candidates = []",
            f"for first, behind in {bounds!r}:",
            f"    shown = [*running * {keep}, *seen[first:behind]]",
            f"    running = [await self.run.ask({first.model}, {first.prompt}, shown{rest})]",
            "return running",
        ]

    def _quorum(self, stage: Stage) -> tuple[str, str, list[str]]:
        node = stage.last
        need = dict(node.parameters)["need"]  # type: ignore[union-attr]
        self.needs.add((LAZILY, "quorum"))
        before, entries = self._members(stage, "self.run.ask({})", self._one)
        lines = [f"calls = {listed(entries)}", f"return await quorum(self.run, {need}, calls)"]
        return f"The first {need} answers of {len(node.inputs)}.", "Candidates", [*before, *lines]

    def _early(self, stage: Stage) -> tuple[str, str, list[str]]:
        node = stage.last
        assert isinstance(node, Reduce)
        self.needs.add((LAZILY, "early_vote"))
        calls = [each for each in stage.nodes if isinstance(each, Call)]
        names = list(dict.fromkeys(call.model.name for call in calls))
        if len(names) == 1:
            before, entries = self._members(stage, f"({quoted(names[0])}, partial(self.run.ask, {{}}))", self._voter)
        else:
            before, entries = self._many_voters(calls) if calls else ([], [self._voter(ref) for _, ref in node.inputs])
        given = _parameters(node)
        lines = [f"voters = {listed(entries)}", f"return await early_vote(self.run, voters{given})"]
        return "The answer that most give; nobody is asked who cannot change it.", "Candidates", [*before, *lines]

    def _many_voters(self, calls: Sequence[Call]) -> tuple[list[str], list[str]]:
        before: list[str] = []
        entries: list[str] = []
        for call in calls:
            before, more = self._asked([call], f"({quoted(call.model.name)}, partial(self.run.ask, {{}}))")
            entries += more
        return before, entries

    def _members(self, stage: Stage, form: str, alone: Callable[[Ref], str]) -> tuple[list[str], list[str]]:
        calls = [node for node in stage.nodes if isinstance(node, Call)]
        if calls:
            return self._asked(calls, form)
        return [], [alone(ref) for _, ref in stage.last.inputs]

    def _one(self, ref: Ref) -> str:
        method, place = self._flows.single(ref)
        self.needs.add((LAZILY, "one"))
        return f"one({method}(), {place})"

    def _voter(self, ref: Ref) -> str:
        method, place = self._flows.single(ref)
        self.needs.add((LAZILY, "one"))
        node = self._graph.nodes[ref.node]
        name = quoted(node.model.name) if isinstance(node, Call) else "None"
        return f"({name}, lambda: one({method}(), {place}))"

    # Reductions

    def _choose(self, node: Reduce) -> list[str]:
        (_, gate), *rest = node.inputs
        decides, _ = self._flows.single(gate)
        sides: dict[str, list[Ref]] = {}
        for role, ref in rest:
            sides.setdefault(role.removeprefix(IF), []).append(ref)
        decision = self._graph.nodes[gate.node]
        assert isinstance(decision, Gate)
        if YES in decision.labels and len(decision.labels) == 2:
            yes, no = (self._flows.awaited(sides.get(label, [])) for label in decision.labels)
            return [f"if await {decides}():", f"    return {yes}", f"return {no}"]
        cases: dict[str, list[str]] = {}
        for label in decision.labels:
            last = self._flows.awaited(sides.get(label, []))
            cases.setdefault(last, []).append(quoted(label))
        cases[last] = [*cases.pop(last)[:-1], "_"]  # it stands last: it takes what no other case does
        lines = [f"match await {decides}():"]
        for expression, labels in cases.items():
            lines += [f"    case {' | '.join(labels)}:", f"        return {expression}"]
        return lines

    def _fallback(self, node: Reduce) -> list[str]:
        first, instead = ([ref for role, ref in node.inputs if role == wanted] for wanted in ("first", "fallback"))
        return [
            f"found = {self._flows.awaited(first)}",
            "if any(found):",
            "    return found",
            f"return {self._flows.awaited(instead)}",
        ]

    def _reduce(self, node: Reduce) -> list[str]:
        by_role: dict[str, list[Ref]] = {}
        for role, ref in node.inputs:
            by_role.setdefault(role, []).append(ref)
        function = self._operation(node.operation)
        given = _parameters(node)
        others = {role: refs for role, refs in by_role.items() if role != "candidates"}
        if not others:
            placed = node.operation == "shuffle"  # which draws places, also for those that are lost
            return [
                f"seen = {self._flows.awaited(by_role['candidates'], exact=placed)}",
                f"return self.run.apply({function}, seen{given})",
            ]
        self.needs.add((RUN, "gathered"))
        variables = ", ".join(["seen", *others])
        flows = [self._flows.awaitable(refs) for refs in (by_role["candidates"], *others.values())]
        said = ", ".join(f'"{role}": {role}' for role in others)
        return [
            f"{variables} = await gathered([{', '.join(flows)}])",
            f"return self.run.apply({function}, seen, {{{said}}}{given})",
        ]

    def _operation(self, name: str) -> str:
        found: Any = OPERATIONS.find(name)
        module = getattr(found, "__module__", "")
        if not module.startswith("moaql.operations."):
            raise UsageError(
                f"`{name}` comes from another package and cannot be written out",
                "Export to json, or run it with moaql.",
            )
        function = str(found.__name__)
        assert getattr(importlib.import_module(module), function) is found
        self.needs.add((module, function))
        return function


_ABOUT = {
    "vote": "The answer that most of them give.",
    "rank": "The best, in the order that the judge gives.",
    "select": "The best, by what is attached to them.",
    "attach": "The candidates, with what was said of them.",
    "pass": "Those that are found correct; all where none is.",
    "cluster": "The larger group of candidates that are alike.",
    "distinct": "The first candidate of every answer.",
    "shuffle": "The candidates in another order.",
}
_VERBS = {
    "propose": "Answers",
    "aggregate": "One answer from all candidates",
    "rank": "A ranking",
    "criticise": "A review",
    "verify": "A verdict on each candidate",
    "score": "A rating of each candidate",
    "grade": "The tests that each candidate passes",
    "write tests": "Tests for answers",
    "classify": "What kind of question it is",
    "judge": "How sure one can be of each candidate",
    "embed": "The question as a vector",
}


def _laid_out(line: str) -> list[str]:
    code = line.lstrip()
    before = line[: len(line) - len(code)]
    return [each[len(_INSIDE) :] for each in laid_out(code, f"{_INSIDE}{_INSIDE}{before}")]


def _about_calls(calls: Sequence[Call], kind: str) -> str:
    purpose = calls[0].purpose.removesuffix(" instead")
    what = "One answer from many candidates, a window at a time" if kind == "windows" else _VERBS.get(purpose, purpose)
    counts: dict[str, int] = {}
    for call in calls:
        counts[call.model.name] = counts.get(call.model.name, 0) + 1
    by = ", ".join(name if count == 1 else f"{name} x{count}" for name, count in counts.items())
    return f"{what}: {by}." if len(by) < 80 else f"{what}: {len(calls)} calls."


def _parameters(node: Reduce) -> str:
    """What an operation is given; that a tie goes to the first goes without saying."""
    given = [
        (name, value) for name, value in node.parameters if value is not None and (name, value) != ("tie", "first")
    ]
    return "".join(f", {name}={_parameter(value)}" for name, value in given)


def _parameter(value: Any) -> str:
    if isinstance(value, tuple) and value and isinstance(value[0], tuple):  # weights
        pairs = [(model.name if isinstance(model, Model) else model, weight) for model, weight in value]
        return "{" + ", ".join(f"{quoted(name)}: {weight!r}" for name, weight in pairs) + "}"
    return quoted(value) if isinstance(value, str) else repr(value)
