"""What a graph is, whatever its names and layout.

Two programs have one fingerprint when they send the same requests and treat the answers alike: names of models and
topologies, the order of proposers, prices and white space take no part in it. It identifies a topology, never a text.
"""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any

from moaql.check.program import Model
from moaql.graph.nodes import Call, Gate, Graph, Node

if TYPE_CHECKING:
    from collections.abc import Mapping

    from moaql.stages.base import Inputs

_ORDERED = frozenset({"shuffle"})
"""Operations whose result depends on the order of what they read, by what they are for."""


def fingerprint(graph: Graph) -> str:
    """The identity of a topology: 64 hexadecimal digits.

    Samples of one call are interchangeable: which index a proposer drew depends on the order of the list, and says nothing. So a
    node is known by what it does, by what it reads, and by who reads it (colour refinement, one sweep each way), and
    the graph by all its nodes: a call that two stages share counts once, two samples of it count twice.
    """
    below = node_fingerprints(graph)
    readers: dict[str, list[str]] = {id: [] for id in graph.nodes}
    for ref in graph.outputs:
        readers[ref.node].append(f"answer {ref.slot}")
    above: dict[str, str] = {}
    for id in reversed(list(graph.nodes)):
        above[id] = _digest([below[id], sorted(readers[id])])
        for role, ref in graph.nodes[id].inputs:
            readers[ref.node].append(f"{role} {ref.slot} {above[id]}")
    return _digest(sorted(above.values()))


def node_fingerprints(graph: Graph) -> dict[str, str]:
    """For each node the identity of what it does and of all that it reads, whatever its samples."""
    prints: dict[str, str] = {}
    for id, node in graph.nodes.items():
        ordered = not isinstance(node, Call | Gate) and node.operation in _ORDERED
        prints[id] = _digest([local_identity(node), _inputs(node.inputs, prints, ordered=ordered)])
    return prints


def local_identity(node: Node) -> list[Any]:
    """What a node does, without what it reads and which sample it is."""
    if isinstance(node, Call):
        return [
            "call",
            node.purpose,
            _model(node.model),
            node.prompt.messages,
            node.settings,
            [[name, sorted(value) if name == "labels" else value] for name, value in node.values],
            node.reads,
        ]
    if isinstance(node, Gate):
        return ["gate", node.condition, sorted(node.labels)]
    return ["reduce", node.operation, [[name, _plain(value)] for name, value in node.parameters]]


def _inputs(inputs: Inputs, prints: Mapping[str, str], *, ordered: bool) -> list[str]:
    shown = [f"{role} {prints[ref.node]}:{ref.slot}" for role, ref in inputs]
    return shown if ordered else sorted(shown)


def _model(model: Model) -> list[Any]:
    connection = [pair for pair in model.connection if pair[0] != "prices"]
    return [model.id, model.settings, connection, [_model(each) for each in model.alternatives]]


def _plain(value: Any) -> Any:
    if isinstance(value, Model):
        return _model(value)
    if isinstance(value, tuple | list):
        parts = [_plain(each) for each in value]
        return sorted(parts, key=repr) if value and isinstance(value[0], tuple) else parts  # weights: a map
    return value


def _digest(value: Any) -> str:
    return hashlib.sha256(json.dumps(value, ensure_ascii=True, separators=(",", ":")).encode()).hexdigest()
