"""Graphviz DOT."""

from __future__ import annotations

from moaql.graph.control import entrances
from moaql.graph.draw.words import groups, short
from moaql.graph.nodes import Call, Gate, Graph, Node


def draw(graph: Graph) -> str:
    """The graph as DOT, with a cluster for each stage of several calls."""
    lines = [
        f"digraph {_quote(graph.name)} {{",
        '  rankdir=LR; node [shape=box style=rounded fontname="sans-serif"];',
        "  question [shape=plaintext]; answer [shape=plaintext];",
    ]
    for number, group in enumerate(groups(graph)):
        nodes = [f"{_quote(node.id)} [label={_quote(short(node))}{_shape(node)}];" for node in group.nodes]
        if len(nodes) > 1:
            lines.append(f"  subgraph cluster_{number} {{ label={_quote(group.name)};")
            lines += [f"    {node}" for node in nodes]
            lines.append("  }")
        else:
            lines += [f"  {node}" for node in nodes]
    behind_gates = {id for _, _, id in entrances(graph)}
    for gate, label, id in entrances(graph):
        lines.append(f"  {_quote(gate)} -> {_quote(id)} [label={_quote(label)} style=dashed];")
    for node in graph.nodes.values():
        if not node.inputs and node.id not in behind_gates:
            lines.append(f"  question -> {_quote(node.id)};")
        for role, id in dict.fromkeys((role, ref.node) for role, ref in node.inputs):
            label = f" [label={_quote(role)}]" if role != "candidates" else ""
            lines.append(f"  {_quote(id)} -> {_quote(node.id)}{label};")
    lines += [f"  {_quote(id)} -> answer;" for id in dict.fromkeys(ref.node for ref in graph.outputs)]
    return "\n".join([*lines, "}"]) + "\n"


def _shape(node: Node) -> str:
    if isinstance(node, Gate):
        return " shape=diamond style=solid"
    return "" if isinstance(node, Call) else " shape=ellipse style=solid"


def _quote(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'"{escaped}"'
