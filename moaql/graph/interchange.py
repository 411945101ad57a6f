"""Graphs as node-link data, the lossless interchange format, and back. `docs/graph.schema.json` is its JSON Schema.

This folder is the only one that imports networkx.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from moaql.check.program import Model
from moaql.errors import UsageError
from moaql.graph.fingerprint import fingerprint
from moaql.graph.nodes import Call, Gate, Graph, Node, Pairs, Reduce
from moaql.stages.base import Bounds, Flow, Inputs, Prompt, Ref

if TYPE_CHECKING:
    import networkx

VERSION = 1


def to_networkx(graph: Graph) -> networkx.DiGraph[str]:
    """The graph as a networkx `DiGraph`: node attributes say what each node does, edge attributes what is read of which."""
    import networkx

    out: networkx.DiGraph[str] = networkx.DiGraph(
        moaql=VERSION, name=graph.name, fingerprint=fingerprint(graph), outputs=[_ref(ref) for ref in graph.outputs]
    )
    for node in graph.nodes.values():
        out.add_node(node.id, **_attributes(node))
        for position, (role, ref) in enumerate(node.inputs):
            reads = {"role": role, "slot": ref.slot, "certain": ref.certain, "position": position}
            if out.has_edge(ref.node, node.id):
                out.edges[ref.node, node.id]["reads"].append(reads)
            else:
                out.add_edge(ref.node, node.id, reads=[reads])
    return out


def to_json(graph: Graph) -> dict[str, Any]:
    """Node-link data."""
    import networkx

    data: dict[str, Any] = networkx.node_link_data(to_networkx(graph), edges="links")
    return data


def from_json(data: dict[str, Any]) -> Graph:
    """The graph that node-link data describes.

    Raises:
        UsageError: if the data is not such a graph.
    """
    try:
        return _read(data)
    except (KeyError, TypeError, ValueError, IndexError) as error:
        raise UsageError(
            f"this is not a moaql graph: {type(error).__name__}: {error}", "Make one with `moaql graph --format json`."
        ) from None


def _read(data: dict[str, Any]) -> Graph:
    head = data["graph"]
    if head["moaql"] != VERSION:
        raise ValueError(f"its version is {head['moaql']}, and {VERSION} is understood")
    inputs: dict[str, list[tuple[int, str, Ref]]] = {}
    for link in data["links"]:
        for reads in link["reads"]:
            ref = Ref(link["source"], reads["slot"], reads["certain"])
            inputs.setdefault(link["target"], []).append((reads["position"], reads["role"], ref))
    nodes: dict[str, Node] = {}
    for entry in data["nodes"]:
        read: Inputs = tuple(
            (role, ref) for _, role, ref in sorted(inputs.get(entry["id"], []), key=lambda each: each[0])
        )
        missing = [ref.node for _, ref in read if ref.node not in nodes]
        if missing:
            raise ValueError(f"`{entry['id']}` stands before `{missing[0]}`, which it reads")
        nodes[entry["id"]] = _node(entry, read)
    outputs: Flow = tuple(Ref(each["node"], each["slot"], each["certain"]) for each in head["outputs"])
    if any(ref.node not in nodes for ref in outputs):
        raise ValueError("an output is no node")
    return Graph(head["name"], nodes, outputs)


def _ref(ref: Ref) -> dict[str, Any]:
    return {"node": ref.node, "slot": ref.slot, "certain": ref.certain}


def _attributes(node: Node) -> dict[str, Any]:
    if isinstance(node, Call):
        return {
            "kind": "call",
            "purpose": node.purpose,
            "model": _model_out(node.model),
            "messages": [{"role": role, "template": text} for role, text in node.prompt.messages],
            "settings": _pairs_out(node.settings),
            "sample": node.sample,
            "values": _pairs_out(node.values),
            "reads": _pairs_out(node.reads),
        }
    if isinstance(node, Gate):
        return {"kind": "gate", "condition": _condition_out(node.condition), "labels": list(node.labels)}
    yields = {"low": node.yields.low, "high": node.yields.high}
    return {"kind": "reduce", "operation": node.operation, "parameters": _pairs_out(node.parameters), "yields": yields}


def _node(entry: dict[str, Any], inputs: Inputs) -> Node:
    if entry["kind"] == "call":
        messages = tuple((each["role"], each["template"]) for each in entry["messages"])
        return Call(
            entry["id"],
            entry["purpose"],
            _model_in(entry["model"]),
            Prompt(messages),
            _pairs_in(entry["settings"]),
            entry["sample"],
            inputs,
            _pairs_in(entry["values"]),
            _pairs_in(entry["reads"]),
        )
    if entry["kind"] == "gate":
        return Gate(entry["id"], _condition_in(entry["condition"]), tuple(entry["labels"]), inputs)
    if entry["kind"] != "reduce":
        raise ValueError(f"`{entry['kind']}` is no kind of node")
    yields = Bounds(entry["yields"]["low"], entry["yields"]["high"])
    return Reduce(entry["id"], entry["operation"], _pairs_in(entry["parameters"]), inputs, yields)


def _model_out(model: Model) -> dict[str, Any]:
    return {
        "name": model.name,
        "id": model.id,
        "settings": _pairs_out(model.settings),
        "connection": _pairs_out(model.connection),
        "price_in": model.price_in,
        "price_out": model.price_out,
        "context": model.context,
        "alternatives": [_model_out(each) for each in model.alternatives],
    }


def _model_in(data: dict[str, Any]) -> Model:
    return Model(
        data["name"],
        data["id"],
        _pairs_in(data["settings"]),
        _pairs_in(data["connection"]),
        data["price_in"],
        data["price_out"],
        data["context"],
        tuple(_model_in(each) for each in data["alternatives"]),
    )


def _pairs_out(pairs: Pairs) -> dict[str, Any]:
    return {name: _value_out(value) for name, value in pairs}


def _pairs_in(data: dict[str, Any]) -> Pairs:
    return tuple(sorted((name, _value_in(value)) for name, value in data.items()))


def _value_out(value: Any) -> Any:
    if isinstance(value, Model):
        return {"model": _model_out(value)}
    if isinstance(value, tuple):
        return [_value_out(each) for each in value]
    return value


def _value_in(value: Any) -> Any:
    if isinstance(value, dict):
        return _model_in(value["model"])
    if isinstance(value, list):
        return tuple(_value_in(each) for each in value)
    return value


def _condition_out(condition: Pairs) -> dict[str, Any]:
    (name, value), *rest = condition
    if name in ("all", "any"):
        return {name: [_condition_out(part) for part in value]}
    if name == "not":
        return {"not": _condition_out(value)}
    del rest
    return _pairs_out(condition)


def _condition_in(data: dict[str, Any]) -> Pairs:
    for name in ("all", "any"):
        if name in data:
            return ((name, tuple(_condition_in(part) for part in data[name])),)
    return (("not", _condition_in(data["not"])),) if "not" in data else _pairs_in(data)
