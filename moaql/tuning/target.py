"""Which prompt is meant, and which model rewrites it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from moaql.check.program import Model
from moaql.check.values import Values
from moaql.diagnostics import suggest
from moaql.errors import ProgramError, UsageError
from moaql.graph.build import build
from moaql.graph.plan import price_of
from moaql.tuning.place import places_of

if TYPE_CHECKING:
    from moaql.check.program import Program, Topology
    from moaql.graph.nodes import Call, Graph
    from moaql.tuning.place import Place

_LIKE_AGGREGATORS = "aggregate"


def find_place(program: Program, topology: Topology, wanted: str | None = None) -> Place:
    """The prompt to tune.

    Args:
        program: Whose text is to change.
        topology: One of its topologies.
        wanted: Name of a prompt, of a stage such as `agg`, or id of a call such as `agg/gpt4o`. Without it, the prompt of the last
            aggregator.

    Raises:
        UsageError: if there is no such prompt, the topology does not send it, or this file cannot change it.
        ProgramError: if the topology cannot be run as it is, because of a hole in it.
    """
    graph, diagnostics = build(topology)
    if graph is None:
        raise ProgramError(diagnostics)
    places = places_of(program, topology)
    if wanted is None:
        return _of_last_aggregator(graph, places, topology.name)
    found = [place for place in places if wanted == place.site.where]
    found += [place for place in places if any(_is_called(id, wanted) for id in place.calls)]
    if found:
        # Several stages may be called `agg`: the last one makes the answer.
        return found[0] if found[0].site.kind == "block" else max(found, key=lambda place: _last(graph, place))
    raise _unknown(program, graph, places, topology.name, wanted)


def _is_called(id: str, wanted: str) -> bool:
    return id == wanted or id.startswith((f"{wanted}/", f"{wanted}#"))


def _of_last_aggregator(graph: Graph, places: list[Place], name: str) -> Place:
    last = next((call for call in reversed(list(graph.calls)) if call.purpose.startswith(_LIKE_AGGREGATORS)), None)
    known = _names(places)
    if last is None:
        raise UsageError(
            f"`{name}` has no aggregator whose prompt could be tuned",
            f"Say which prompt is meant: {_choices(known)}."
            if known
            else "Add a stage that asks a model, such as `agg`.",
        )
    found = next((place for place in places if last.id in place.calls), None)
    if found is None:
        raise _out_of_reach(last)
    return found


def _last(graph: Graph, place: Place) -> int:
    order = list(graph.nodes)
    return max((order.index(id) for id in place.calls if id in graph.nodes), default=-1)


def _names(places: list[Place]) -> list[str]:
    return list(dict.fromkeys(place.site.where for place in places))


def _choices(names: list[str]) -> str:
    return " or ".join(f"`--prompt {name}`" for name in names)


def _out_of_reach(call: Call) -> UsageError:
    return UsageError(
        f"the prompt of `{call.id}` stands in another file, or in a place that cannot be changed by itself",
        "Tune it in the file that states its stage.",
    )


def _unknown(program: Program, graph: Graph, places: list[Place], name: str, wanted: str) -> UsageError:
    if wanted in program.unit.names("prompt"):
        return UsageError(
            f"`{name}` does not send the prompt `{wanted}`",
            f"It sends: {', '.join(f'`{each}`' for each in _names(places)) or 'none that could be tuned'}.",
        )
    called = next((call for call in graph.calls if _is_called(call.id, wanted)), None)
    if called is not None:
        return _out_of_reach(called)
    known = [*_names(places), *(id for place in places for id in place.calls), *program.unit.names("prompt")]
    return UsageError(
        f"`{name}` has no prompt, stage or call `{wanted}`",
        suggest(wanted, known)
        or (f"Choose {_choices(_names(places))}." if places else "It has none that could be tuned."),
    )


def reflection_model(program: Program, place: Place, wanted: str | None = None) -> Model:
    """The model that writes new texts.

    Args:
        program: Whose names are looked up.
        place: The prompt.
        wanted: Name of a model of the program, or an id such as `openai/gpt-4o`. Without it, the dearest model that the topology
            asks: what writes a text is asked a few times only, and should be the most able.

    Raises:
        UsageError: if there is no such model.
    """
    if wanted is None:
        models = {call.model.name: call.model for call in place.marked.calls}
        settings = {call.model.name: call.settings for call in place.marked.calls}
        name = max(models, key=lambda each: sum(price_of(models[each]) or (0.0, 0.0)))
        return _without_sampling(models[name], settings[name])
    found = program.unit.find(wanted)
    if found is not None and found.kind == "model":
        return Values().models.defined(found)
    if "/" in wanted:
        return Model(wanted, wanted)
    raise UsageError(
        f"no model is called `{wanted}`",
        suggest(wanted, program.unit.names("model")) or "Give the name of a model of the program, or an id with a `/`.",
    )


_KEPT = ("max_tokens", "timeout")


def _without_sampling(model: Model, settings: tuple[tuple[str, object], ...]) -> Model:
    """A model as a stage asks it, without how the stage samples: rewriting is another task."""
    kept = tuple(pair for pair in settings if pair[0] in _KEPT)
    return Model(
        model.name,
        model.id,
        kept,
        model.connection,
        model.price_in,
        model.price_out,
        model.context,
        model.alternatives,
        model.folder,
    )
