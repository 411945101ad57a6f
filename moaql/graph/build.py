"""A checked topology to a graph: every stage is lowered to calls, reductions and gates.

Equal nodes are one node (hash-consing), so a call that two stages share is made and paid once.
"""

from __future__ import annotations

from collections import Counter
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from moaql.check.arguments import Binder, Bound
from moaql.check.program import Model, Topology
from moaql.check.reach import holes_reached
from moaql.check.values import FITTED, Values
from moaql.diagnostics import Diagnostic
from moaql.graph.branches import lower_route, lower_until, lower_when
from moaql.graph.confidence import ask_for_confidence
from moaql.graph.nodes import Call, Gate, Graph, Node, Pairs, Reduce
from moaql.graph.samples import Samples, take_sample
from moaql.graph.size import MAX_CALLS, MAX_READS, Size
from moaql.language import nodes as n
from moaql.language.template import placeholder_kinds
from moaql.records import replace
from moaql.stages.base import Arguments, Bounds, Flow, Inputs, Prompt, Ref

if TYPE_CHECKING:
    from collections.abc import Iterator

    from moaql.check.scope import Unit

_READS = ("anonymous", "shuffle", "truncated")


class TooLarge(Exception):  # noqa: N818 - caught in this file, and turned into a diagnostic
    """The graph grew beyond what can be meant."""


def build(topology: Topology, *, fitted: bool = False) -> tuple[Graph | None, tuple[Diagnostic, ...]]:
    """The graph of a topology, whose program has no errors, or why there is none.

    Args:
        topology: Of a program without errors.
        fitted: Whether `weights=?` may be left in it, for `moaql.graph.fitted` to fill.

    Returns:
        The graph and no diagnostics; or None, with E402 for each hole, or E405 where it would be too large.
    """
    builder = Builder()
    message = "a hole is left where the program is to run"
    left = holes_reached(topology.body, topology.unit)
    holes = [
        Diagnostic("E402", message, unit.source, hole.span, _help(hole))
        for hole, unit in left
        if not (fitted and isinstance(hole, n.Fitted))
    ]
    if holes:
        return None, tuple(holes)
    least = Size(builder.binder).topology(topology)
    place = topology.body.span
    if least > MAX_CALLS:
        message = f"`{topology.name}` would make {least:,} calls for one question; at most {MAX_CALLS:,} can be meant"
        return None, (
            Diagnostic("E405", message, topology.unit.source, place, "look at its repeats: `( … )xN` multiplies"),
        )
    try:
        flow = builder.topology(topology, ())
    except TooLarge as error:
        help = "`dropout` doubles with every candidate, pairwise ranking and layers in a row grow with their square"
        return None, (Diagnostic("E405", f"`{topology.name}` {error}", topology.unit.source, place, help),)
    return Graph(topology.name, ask_for_confidence(_reachable(builder.nodes, flow)), flow), ()


def _help(hole: n.Node) -> str:
    if isinstance(hole, n.Fitted):
        return "state weights, such as `weights={a: 2}`; `moaql eval` fits them"
    return "fill it, or run `moaql search`"


def _reachable(nodes: dict[str, Node], outputs: Flow) -> dict[str, Node]:
    """Without nodes that no output needs: `take` leaves some behind."""
    wanted: set[str] = set()
    todo = [ref.node for ref in outputs]
    while todo:
        id = todo.pop()
        if id not in wanted:
            wanted.add(id)
            todo.extend(ref.node for _, ref in nodes[id].inputs)
    return {id: node for id, node in nodes.items() if id in wanted}


class Builder:
    """Builds one graph. Stages see it as their `Lowering`."""

    def __init__(self) -> None:
        self.values = Values()
        self.binder = Binder(self.values)
        self.nodes: dict[str, Node] = {}
        self._ids: dict[tuple[Any, ...], str] = {}
        self._path: list[str] = []
        self._names: Counter[str] = Counter()
        self._samples: list[Samples] = []
        self._kinds: dict[str, int] = {}
        self._kind_numbers: dict[tuple[Any, ...], int] = {}
        self._spares = 0
        self._reads = 0

    # Pipelines

    def topology(self, topology: Topology, incoming: Flow) -> Flow:
        """The candidates that a topology makes of the incoming ones."""
        return self.pipeline(topology.body, incoming, topology.unit)

    def pipeline(self, pipeline: n.Pipeline, flow: Flow, unit: Unit) -> Flow:
        """The candidates that a pipeline makes of the incoming ones."""
        for step in pipeline.steps:
            flow = self._step(step, flow, unit)
        return flow

    def _step(self, step: n.Step, flow: Flow, unit: Unit) -> Flow:
        if isinstance(step, n.Stage):
            return self._stage(step, flow, unit)
        if isinstance(step, n.Group):
            times = step.repeat.count if step.repeat is not None else 1
            assert isinstance(times, int)
            for _ in range(times):
                flow = self.pipeline(step.body, flow, unit)
            return flow
        if isinstance(step, n.When):
            return lower_when(self, step, flow, unit)
        if isinstance(step, n.Route):
            return lower_route(self, step, flow, unit)
        return lower_until(self, step, flow, unit) if isinstance(step, n.Until) else flow

    def _stage(self, node: n.Stage, flow: Flow, unit: Unit) -> Flow:
        bound = self.binder.bind(node, unit)
        if isinstance(bound, Topology):
            with self.scope(bound.name):
                return self.topology(bound, flow)
        assert isinstance(bound, Bound), "the program was checked"
        if not flow and "candidates" in bound.stage.needs:
            return flow  # a branch without candidates: the stage has nothing to do
        self._samples.append(Samples())
        try:
            if not bound.label:
                return bound.stage.lower(self, bound.arguments(), flow)
            with self.scope(bound.label, numbered=bound.label == "layer"):
                return bound.stage.lower(self, bound.arguments(), flow)
        finally:
            self._samples.pop()

    @contextmanager
    def scope(self, label: str, *, numbered: bool = False, again: str = "") -> Iterator[None]:
        """Ids of nodes made inside begin with the label, such as `layer1`, `agg` or `agg2`, or with `again` as `panel#2`."""
        label = _safe(label)
        base = "/".join([*self._path, label])
        self._names[base] += 1
        number = self._names[base]
        self._path.append(f"{label}{again}{number}" if numbered or number > 1 else label)
        yield
        self._path.pop()

    @contextmanager
    def loop(self, before: Flow) -> Iterator[Samples]:
        """Passes inside draw samples of their own, behind those that the candidates before them are made of."""
        samples = Samples()
        seen: set[str] = set()
        todo = [ref.node for ref in before]
        while todo:
            id = todo.pop()
            if id not in seen:
                seen.add(id)
                node = self.nodes[id]
                todo += [ref.node for _, ref in node.inputs]
                if isinstance(node, Call):
                    samples.taken(self._kinds[id], node.sample + 1)
        self._samples.append(samples)
        yield samples
        self._samples.pop()

    # What stages call

    def expect(self, calls: int) -> None:
        """See `Lowering.expect`."""
        if calls > MAX_CALLS:
            raise TooLarge(f"would make {calls:,} calls in one stage; at most {MAX_CALLS:,} can be meant")

    def ask(
        self,
        asked: Any,
        incoming: Flow,
        arguments: Arguments,
        *,
        prompt: Prompt | None = None,
        default: Prompt | None = None,
        spare: bool = False,
    ) -> Flow:
        """See `Lowering.ask`."""
        if spare:
            self._spares += 1
            with self.scope("fallback"):
                flow = self.ask(asked, incoming, arguments, prompt=prompt, default=default)
            self._spares -= 1
            return flow
        self._samples[-1].begin()
        if isinstance(asked, Model):
            template = prompt or default or Prompt((("user", "{question}"),))
            inputs: Inputs = tuple(("candidates", ref) for ref in incoming)
            flow = (self.call("propose", asked, template, inputs, arguments),)
        else:
            assert isinstance(asked, Topology)
            with self.scope(asked.name, again="#"):
                flow = self.topology(asked, incoming)
        self._samples[-1].end()
        return flow

    def call(
        self,
        purpose: str,
        model: Model,
        prompt: Prompt,
        inputs: Inputs,
        arguments: Arguments,
        *,
        item: str = "",
        values: Pairs = (),
        sample: int = 0,
    ) -> Ref:
        """See `Lowering.call`."""
        inputs = tuple((role, self._plain(ref, prompt)) for role, ref in inputs)
        sent, truncated = _sent(model, arguments)
        spares = tuple(replace(each, settings=_sent(each, arguments)[0]) for each in model.alternatives)
        shown = {name: arguments.values.get(name) for name in _READS} | {"truncated": truncated}
        reads = tuple(
            sorted(
                (name, value) for name, value in shown.items() if value is not None and (inputs or name == "truncated")
            )
        )
        purpose = f"{purpose} instead" if self._spares else purpose
        bare, messages = replace(model, settings=(), alternatives=spares), Prompt(prompt.messages)
        read = tuple((role, self._kinds[ref.node], ref.slot) for role, ref in inputs)
        kind = self._kind((Call, purpose, bare, messages, sent, values, reads, read))
        index = take_sample(self._samples, kind, sample)
        content = (purpose, bare, messages, sent, index, inputs, values, reads)
        name = _safe(f"{model.name}[{item}]" if item else model.name)
        return Ref(self._node(Call, content, name, len(inputs)))

    def _kind(self, content: tuple[Any, ...]) -> int:
        """A number for a call without its sample, equal for calls that could be samples of one another."""
        return self._kind_numbers.setdefault(content, len(self._kind_numbers))

    def _plain(self, ref: Ref, prompt: Prompt) -> Ref:
        """The candidate without what is attached to it, for a prompt that does not show that.

        Reviewers that do not read one another's reviews then work side by side, and share calls with programs without a review.
        """
        node = self.nodes[ref.node]
        while isinstance(node, Reduce) and node.operation == "attach":
            shown = dict(node.parameters)["what"]
            if shown in placeholder_kinds(prompt.messages):
                break
            ref = [inner for role, inner in node.inputs if role == "candidates"][ref.slot]
            node = self.nodes[ref.node]
        return ref

    def reduce(self, operation: str, inputs: Inputs, yields: Bounds, **parameters: Any) -> Flow:
        """See `Lowering.reduce`."""
        if parameters.get("weights") and parameters["weights"] != FITTED:
            stated = {model.name for model, _ in parameters["weights"]}
            parameters["weights"] = tuple(
                (self._as_called(model, stated), weight) for model, weight in parameters["weights"]
            )
        given = tuple(sorted((name, value) for name, value in parameters.items() if value is not None))
        name = "" if self._path_ends_in(operation) else operation
        id = self._node(Reduce, (operation, given, inputs, yields), name, len(inputs))
        return tuple(Ref(id, slot, slot < yields.low) for slot in range(yields.high))

    def _as_called(self, model: Model, stated: set[str]) -> Model:
        """A model by the name that its calls have: equal calls are one, under the name that was met first."""
        calls = [node for node in self.nodes.values() if isinstance(node, Call)]
        if any(call.model.name == model.name for call in calls):
            return model
        wanted = set(model.settings)
        same = (call for call in calls if call.model.id == model.id and call.model.connection == model.connection)
        names = (call.model.name for call in same if wanted <= set(call.settings))
        return replace(model, name=next((name for name in names if name not in stated), model.name))

    def gate(self, condition: Pairs, labels: tuple[str, ...], inputs: Inputs, folder: str = "") -> Ref:
        """A decision."""
        return Ref(self._node(Gate, (condition, labels, inputs, folder), "", len(inputs)))

    def _path_ends_in(self, operation: str) -> bool:
        last = self._path[-1].rstrip("0123456789") if self._path else ""
        return last == operation

    def _node(self, kind: type[Call | Reduce | Gate], content: tuple[Any, ...], name: str, reads: int) -> str:
        key = (kind, *content)
        if key in self._ids:
            return self._ids[key]
        self._reads += reads
        if self._reads > MAX_READS:
            raise TooLarge(f"would read candidates more than {MAX_READS:,} times for one question")
        if len(self.nodes) > 2 * MAX_CALLS:
            raise TooLarge(f"would make more than {MAX_CALLS:,} calls for one question")
        base = "/".join([*self._path, name] if name else self._path)
        self._names[base] += 1
        number = self._names[base]
        # A scope of the same name has counted itself: the node that stands for it takes over its number.
        if not name and number > 1:
            number -= 1
        id = base if number == 1 else f"{base}#{number}"
        while id in self.nodes:
            number += 1
            id = f"{base}#{number}"
        node = kind(id, *content)
        self.nodes[id] = node
        self._ids[key] = id
        self._kinds[id] = self._kind(_without_sample(node, self._kinds))
        return id


def _sent(model: Model, arguments: Arguments) -> tuple[Pairs, Any]:
    """The settings that a call of the model sends, and what becomes of a truncated answer."""
    settings = {**dict(model.settings), **arguments.sampling}
    truncated = settings.pop("truncated", None)
    return tuple(sorted((name, value) for name, value in settings.items() if value is not None)), truncated


def _safe(name: str) -> str:
    """A name as one part of an id: `/` separates parts."""
    return name.replace("/", ":")


def _without_sample(node: Node, kinds: dict[str, int]) -> tuple[Any, ...]:
    inputs = tuple((role, kinds[ref.node], ref.slot) for role, ref in node.inputs)
    if isinstance(node, Call):
        return (Call, node.purpose, node.model, node.prompt, node.settings, node.values, node.reads, inputs)
    if isinstance(node, Gate):
        return (Gate, node.condition, node.labels, inputs)
    return (Reduce, node.operation, node.parameters, inputs)
