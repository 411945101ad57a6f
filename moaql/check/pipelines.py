"""Walks pipelines step by step, with what is known of the candidates at each point.

In: topologies. Out: diagnostics, and one `Use` for each use of a stage, which the lint rules look at. Holes are walked once for
each alternative; what is known afterwards is what all of them have in common.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from moaql.check.arguments import Binder, Bound, BoundSizes
from moaql.check.conditions import Conditions
from moaql.check.flows import FlowMistake, Flows, last_open_branch
from moaql.check.models import UNKNOWN
from moaql.check.program import Model, Topology
from moaql.check.routes import check_router
from moaql.check.state import EVERYTHING, START, State, Use, either
from moaql.check.tables import ROUTE, UNTIL
from moaql.check.templates import check_placeholders, shown_by
from moaql.check.unfilled import Unfilled
from moaql.check.values import Values
from moaql.language import nodes as n
from moaql.records import replace
from moaql.stages.base import ALWAYS, Asked, Bounds

if TYPE_CHECKING:
    from collections.abc import Iterator

    from moaql.check.scope import Unit

ELSE = "else"
"""The label of what no case names."""
_MANY = Bounds(1, 1000)
"""Behind a mistake nothing is known."""
MAX_NESTING = 40
_MANY_PASSES = 4


class Walker:
    """Walks the topologies of one program."""

    def __init__(self, values: Values) -> None:
        self.values = values
        self.binder = Binder(values)
        self.conditions = Conditions(values)
        self.uses: list[Use] = []
        self.fed: set[Topology] = set()
        self.flows = Flows()
        self._effects: dict[tuple[Topology, State], tuple[State, tuple[FlowMistake, ...]]] = {}
        self._walked: dict[tuple[int, State, bool, bool], tuple[State, tuple[FlowMistake, ...]]] = {}
        self._stack: list[Topology] = []
        self._depths: dict[Topology, int] = {}
        self._deepest: list[int] = []
        self._quiet = 0
        self._in_hole = 0

    def walk_topology(self, topology: Topology) -> State:
        """Check one topology from its start."""
        self._stack = [topology]
        with self.flows.collect() as mistakes:
            state = self._pipeline(topology.body, START, topology.unit)
            self._check_end(topology, state)
        self._stack = []
        self.flows.of_topology[topology] = tuple(mistakes)
        return state

    def _check_end(self, topology: Topology, state: State) -> None:
        """Whether there is an answer, whatever happens."""
        body, unit = topology.body, topology.unit
        if unit.has_errors or state.candidates.low > 0:
            return
        if state.candidates.high == 0:
            self.flows.add(unit, "E404", "this pipeline asks nobody", body, "write a model or a stage")
            return
        open_branch = last_open_branch(body)
        if open_branch is None:
            self.flows.add(unit, "E403", "there may be no answer", body, "on some way through it nobody is asked")
        else:
            reason = "the condition does not hold" if isinstance(open_branch, n.When) else "no label fits"
            self.flows.add(unit, "E403", f"there is no answer when {reason}", open_branch, "add an `else { … }`")

    # Steps

    def _pipeline(self, pipeline: n.Pipeline, state: State, unit: Unit) -> State:
        # Each pipeline is walked once for each state, or repeats inside repeats would take exponential time.
        key = (id(pipeline), state, self._in_hole > 0, self._quiet > 0)
        if key not in self._walked:
            after = state
            with self.flows.collect() as mistakes:
                for step in pipeline.steps:
                    after = self._step(step, after, unit)
            self._walked[key] = (after, tuple(mistakes))
        after, known = self._walked[key]
        self.flows.extend(known)
        return after

    def _step(self, step: n.Step, state: State, unit: Unit) -> State:
        if isinstance(step, n.Stage):
            return self._stage(step, state, unit)
        if isinstance(step, n.Group):
            return self._group(step, state, unit)
        if isinstance(step, n.When):
            return self._when(step, state, unit)
        if isinstance(step, n.Route):
            return self._route(step, state, unit)
        if isinstance(step, n.Until):
            return self._until(step, state, unit)
        return self._hole(step, state, unit) if isinstance(step, n.HoleStep) else state

    def _condition(self, condition: n.Condition, state: State, unit: Unit) -> State:
        """Check a condition; what it looks at has been of use."""
        signals = self.conditions.check(condition, state, unit, self.flows)
        return replace(state, unseen=state.unseen - ({"scores"} if "score" in signals else set()))

    def _group(self, step: n.Group, state: State, unit: Unit) -> State:
        times = self.values.repeat(step.repeat, unit)
        return self._again(step.body, state, unit, times)

    def _again(self, body: n.Pipeline, state: State, unit: Unit, times: int | Unfilled) -> State:
        """The body several times in a row; what is known settles after a few."""
        most = times.bounds.high if isinstance(times, Unfilled) else times
        least = times.bounds.low if isinstance(times, Unfilled) else times
        states = [state]
        for _ in range(min(most, _MANY_PASSES)):
            states.append(self._pipeline(body, states[-1], unit))
            if states[-1] == states[-2]:
                break
        if most > _MANY_PASSES and states[-1] != states[-2]:
            states[-1] = replace(states[-1], candidates=Bounds(0, states[-1].candidates.high * most))
        return either(states[min(least, len(states) - 1) :])

    def _when(self, step: n.When, state: State, unit: Unit) -> State:
        state = self._condition(step.condition, state, unit)
        then = self._pipeline(step.then, state, unit)
        otherwise = self._pipeline(step.otherwise, state, unit) if step.otherwise is not None else state
        return either([then, otherwise])

    def _route(self, step: n.Route, state: State, unit: Unit) -> State:
        self._classifier(step, unit)
        check_router(step, unit)
        if not step.cases:
            unit.report("E304", "a route needs a `case`", step.span, "write `case LABEL { … }`")
        seen: set[str] = set()
        for case in step.cases:
            if case.label == ELSE:
                help = "the block behind the last case is written `else { … }`"
                unit.report("E305", "`else` is no label", case.label_span, help)
            if case.label in seen:
                unit.report("E305", f"`case {case.label}` stands twice", case.label_span)
            seen.add(case.label)
        ways = [self._pipeline(case.body, state, unit) for case in step.cases]
        ways.append(self._pipeline(step.otherwise, state, unit) if step.otherwise is not None else state)
        return either(ways)

    def _classifier(self, step: n.Route, unit: Unit) -> None:
        given = self.values.settings(ROUTE, step.settings, unit, "`route`")
        for position, operand in enumerate(step.operands):
            if position or "model" in given:
                unit.report("E307", "`route` takes one model, and this is one more", operand.span)
            else:
                given["model"] = self.values.value(ROUTE[0], operand.value, unit, operand.repeat)
        ways = [name for name in ("model", "by", "with") if name in given]
        if len(ways) != 1:
            message = "`route` needs something that chooses" if not ways else "`route` is told twice how to choose"
            help = 'write `route MODEL { … }`, `route by=FIELD { … }` or `route with="router.json" { … }`'
            unit.report("E304" if not ways else "E319", message, step.span, help)
        prompt = given.get("prompt")
        check_placeholders(prompt, ALWAYS | {"labels"}, "route", unit, step)

    def _until(self, step: n.Until, state: State, unit: Unit) -> State:
        limit = self.values.value(UNTIL, step.limit, unit)
        most = limit.bounds.high if isinstance(limit, Unfilled) else limit or 1
        if state.candidates.high:
            state = self._condition(step.condition, state, unit)  # candidates that come in are looked at first
        after = self._again(step.body, state, unit, Unfilled((), Bounds(1, most)))
        after = self._condition(step.condition, after, unit)
        return either([state, after]) if state.candidates.low else after

    def _hole(self, step: n.HoleStep, state: State, unit: Unit) -> State:
        if not isinstance(step.hole, n.Choice):
            unit.report(
                "E311",
                "a range or a subset is no step",
                step.hole.span,
                "write it where a value stands: `layer ?(1..3 of [a, b, c])`",
            )
            return state
        times = self.values.repeat(step.repeat, unit)
        self._in_hole += 1
        ways = []
        for alternative in step.hole.alternatives:
            if isinstance(alternative, n.Item):
                unit.report("E311", "a value is no step", alternative.span, "write a model, a stage or a pipeline")
            elif step.repeat is not None and (asked := _one_stage(alternative)) is not None:
                repeated = n.Stage(asked.span, asked.name, asked.operands, asked.settings, step.repeat)
                ways.append(self._step(repeated, state, unit))  # filled in, `?(a | b) x3` reads `a x3`
            else:
                ways.append(self._again(alternative, state, unit, times))
        self._in_hole -= 1
        return either(ways) if ways else state

    # Stages

    def _stage(self, node: n.Stage, state: State, unit: Unit) -> State:
        bound = self.binder.bind(node, unit)
        if bound is None:
            several = Bounds(1, max(1, state.candidates.high))
            return replace(state, candidates=several, attached=EVERYTHING, perhaps=EVERYTHING)
        if isinstance(bound, Topology):
            return self._inline(bound, node, state, unit)
        sizes = BoundSizes(bound, lambda topology: self._inline(topology, node, state, unit).candidates)
        check_placeholders(bound.values.get("prompt"), bound.stage.placeholders, bound.name, unit, node)
        if not self._can_work(bound, state):
            return replace(state, candidates=_MANY, attached=EVERYTHING, perhaps=EVERYTHING, unseen=frozenset())
        out = bound.stage.candidates(sizes, state.candidates)
        if out.high == 0 and bound.name != "take":  # a mistake in its arguments, which is reported there
            out = _MANY
        if bound.stage.writes:
            after = State(out, stale=state.stale | state.attached, writers=frozenset(_writers(bound)))
        else:
            new = {bound.stage.attaches} - {""}
            unseen = (state.unseen - shown_by(bound)) | new
            after = State(out, state.attached | new, state.perhaps | new, state.stale - new, unseen, state.writers)
        if not self._quiet:
            self.uses.append(Use(bound, state, after, self._in_hole > 0))
        return after

    def _can_work(self, bound: Bound, state: State) -> bool:
        """Whether what the stage needs may be there; where it is not, or not on every way, that is a mistake."""
        node, unit, needs = bound.node, bound.unit, bound.stage.needs
        if "candidates" in needs and state.candidates.high == 0:
            message = f"`{bound.name}` has no candidates to work on"
            self.flows.add(unit, "E401", message, node, "ask models first: `layer [a, b] -> …`")
            return False
        if "candidates" in needs and state.candidates.low == 0 and bound.values.get("fallback") is None:
            message = f"`{bound.name}` may have no candidates to work on"
            self.flows.add(unit, "E401", message, node, "on some way to it nobody is asked: add an `else { … }`")
            return False
        if "tests" in needs and "tests" not in state.attached:
            message = f"`{bound.name}` has no tests to go by"
            self.flows.add(unit, "E411", message, node, "put `unit_tests MODEL` before it")
        by_score = bound.values.get("by") == "score" and bound.name in ("rank", "best") and "model" not in bound.given
        if by_score and "scores" not in state.attached:
            message = f"`{bound.name} by=score` has no scores to go by"
            self.flows.add(unit, "E411", message, node, "put `score MODEL` before it")
        return True

    def _inline(self, topology: Topology, node: n.Stage, state: State, unit: Unit) -> State:
        """A topology used as a step or a proposer; its own mistakes are reported where it is defined."""
        if topology in self._stack:
            if not self._quiet:
                names = [each.name for each in self._stack[self._stack.index(topology) :]]
                unit.report("E214", f"a topology contains itself: {' → '.join([*names, topology.name])}", node.span)
            return replace(state, candidates=Bounds(1, 1))
        if state.candidates.high > 0:
            self.fed.add(topology)
        here = _is_written_here(topology, node)
        key = (topology, state)
        if key not in self._effects:
            self._stack.append(topology)
            self._deepest.append(0)
            self._quiet += not here
            with self.flows.collect() as mistakes:
                after = self._pipeline(topology.body, state, topology.unit)
            self._quiet -= not here
            self._stack.pop()
            self._depths[topology] = self._deepest.pop() + 1
            self._effects[key] = (after, tuple(mistakes))
        self._check_depth(topology, node, unit)
        after, known = self._effects[key]
        if here:
            self.flows.extend(known)
        elif known:
            fed = state.candidates.high > 0
            self.flows.add_use(unit, node, topology, known[0], fed=fed)
        return after

    def _check_depth(self, topology: Topology, node: n.Stage, unit: Unit) -> None:
        """Topologies inside topologies inside topologies: reported once, where the limit is crossed."""
        depth = self._depths[topology]
        if depth == MAX_NESTING:
            unit.report(
                "E410", f"topologies are nested more than {MAX_NESTING} deep", node.span, "write some of them out"
            )
        if self._deepest:
            self._deepest[-1] = max(self._deepest[-1], depth)


def _is_written_here(topology: Topology, node: n.Stage) -> bool:
    """Whether it is a pipeline in parentheses inside the stage, not a named one."""
    span = topology.body.span
    return node.span.start <= span.start and span.end <= node.span.end


def _one_stage(alternative: n.Pipeline) -> n.Stage | None:
    """The stage that an alternative consists of, where a repeat behind the hole would be the stage's."""
    step = alternative.steps[0] if len(alternative.steps) == 1 else None
    return step if isinstance(step, n.Stage) and step.repeat is None else None


def models_of(entry: object) -> Iterator[Model]:
    """The models that an argument may ask, alternatives of holes included."""
    if isinstance(entry, Model):
        if entry is not UNKNOWN:
            yield entry
    elif isinstance(entry, Asked):
        yield from models_of(entry.target)
    elif isinstance(entry, Unfilled):
        yield from models_of(entry.options)
    elif isinstance(entry, tuple):
        for each in entry:
            yield from models_of(each)


def _writers(bound: Bound) -> Iterator[str]:
    for entry in (bound.values.get("proposers"), bound.values.get("model")):
        for model in models_of(entry):
            yield model.id
