"""A Mermaid flowchart, for Markdown pages that render it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from moaql.graph.draw.words import group_name, groups, short
from moaql.graph.nodes import Call, Gate, Graph, Node

if TYPE_CHECKING:
    from collections.abc import Iterator


def draw(graph: Graph) -> str:
    """The graph as a flowchart, with a box around each stage of several calls."""
    names = {id: f"n{number}" for number, id in enumerate(graph.nodes)}
    lines = ["flowchart LR", '  question(["question"])']
    for number, group in enumerate(groups(graph)):
        calls = all(isinstance(node, Call) for node in group.nodes)
        if calls and len(group.nodes) > 1:
            lines.append(f'  subgraph g{number}["{_escape(group.name)}"]')
            lines += [f"    {_node(node, names[node.id])}" for node in group.nodes]
            lines.append("  end")
        else:
            lines += [f"  {_node(node, names[node.id], group_name(node))}" for node in group.nodes]
    lines.append('  answer(["answer"])')
    lines += [f"  {edge}" for edge in _edges(graph, names)]
    return "\n".join(lines) + "\n"


def _node(node: Node, name: str, title: str = "") -> str:
    text = _escape(short(node))
    if title and title != short(node) and isinstance(node, Call):
        text = f"{_escape(title)}<br>{text}"
    if isinstance(node, Call):
        return f'{name}["{text}"]'
    return f'{name}{{{{"{text}"}}}}' if isinstance(node, Gate) else f'{name}("{text}")'


def _edges(graph: Graph, names: dict[str, str]) -> Iterator[str]:
    for node in graph.nodes.values():
        if not node.inputs:
            yield f"question --> {names[node.id]}"
        for source in dict.fromkeys((ref.node, _label(graph, node, role)) for role, ref in node.inputs):
            id, label = source
            yield (
                f'{names[id]} -->|"{_escape(label)}"| {names[node.id]}'
                if label
                else f"{names[id]} --> {names[node.id]}"
            )
    for id in dict.fromkeys(ref.node for ref in graph.outputs):
        yield f"{names[id]} --> answer"


def _label(graph: Graph, node: Node, role: str) -> str:
    del graph
    is_choice = not isinstance(node, Call | Gate) and node.operation in ("choose", "fallback")
    return role if is_choice and role != "gate" else ""


def _escape(text: str) -> str:
    for character, code in (("&", "amp"), ('"', "quot"), ("<", "lt"), (">", "gt"), ("`", "#96"), ("#", "#35")):
        if character not in "#`":
            text = text.replace(character, f"&{code};")
    return text.replace("\n", " ")
