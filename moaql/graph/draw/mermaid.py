"""A Mermaid flowchart, for Markdown pages that render it.

A stage of several calls is a box. Where all calls of a stage read all of another, one arrow between the boxes stands for them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from moaql.graph.control import entrances
from moaql.graph.draw.words import group_name, groups, short
from moaql.graph.nodes import IF, Call, Gate, Graph, Node, Reduce

if TYPE_CHECKING:
    from collections.abc import Iterator

    from moaql.graph.draw.words import Group


def draw(graph: Graph) -> str:
    """The graph as a flowchart."""
    stages = groups(graph)
    names = {id: f"n{number}" for number, id in enumerate(graph.nodes)}
    boxes = {group.name: f"g{number}" for number, group in enumerate(stages) if _is_box(group)}
    lines = ["flowchart LR", '  question(["question"])']
    for group in stages:
        if group.name in boxes:
            lines.append(f'  subgraph {boxes[group.name]}["{_escape(group.name)}"]')
            lines += [f"    {_node(node, names[node.id])}" for node in group.nodes]
            lines.append("  end")
        else:
            lines += [f"  {_node(node, names[node.id], group_name(node))}" for node in group.nodes]
    lines.append('  answer(["answer"])')
    lines += [f"  {edge}" for edge in dict.fromkeys(_edges(graph, stages, names, boxes))]
    return "\n".join(lines) + "\n"


def _is_box(group: Group) -> bool:
    return len(group.nodes) > 1 and all(isinstance(node, Call) for node in group.nodes)


def _node(node: Node, name: str, title: str = "") -> str:
    text = _escape(short(node))
    if title and title != short(node) and isinstance(node, Call):
        text = f"{_escape(title)}<br>{text}"
    if isinstance(node, Call):
        return f'{name}["{text}"]'
    return f'{name}{{{{"{text}"}}}}' if isinstance(node, Gate) else f'{name}("{text}")'


def _edges(graph: Graph, stages: list[Group], names: dict[str, str], boxes: dict[str, str]) -> Iterator[str]:
    members = {group.name: [node.id for node in group.nodes] for group in stages}
    reads = {
        id: list(dict.fromkeys((ref.node, _label(node, role)) for role, ref in node.inputs))
        for id, node in graph.nodes.items()
    }
    control: dict[str, list[tuple[str, str]]] = {}
    for gate, label, id in entrances(graph):
        control.setdefault(id, []).append((gate, label))
    for group in stages:
        target = boxes.get(group.name, "")
        shared = _shared(group, reads, members, boxes) if target else {}
        for id in members[group.name]:
            end = names[id]
            waits = control.get(id, [])
            if not reads[id] and not waits:
                yield f"question --> {target or end}"
            for gate, label in waits:
                yield f'{names[gate]} -.->|"{_escape(label)}"| {target or end}'
            for source, label in reads[id]:
                box = group_name(graph.nodes[source])
                if (box, label) in shared:
                    yield _arrow(boxes[box], target, label)
                elif box in boxes and all((other, label) in reads[id] for other in members[box]):
                    yield _arrow(boxes[box], end, label)
                else:
                    yield _arrow(names[source], end, label)
    for id in dict.fromkeys(ref.node for ref in graph.outputs):
        yield f"{names[id]} --> answer"


def _shared(
    group: Group, reads: dict[str, list[tuple[str, str]]], members: dict[str, list[str]], boxes: dict[str, str]
) -> set[tuple[str, str]]:
    """The boxes that every call of this box reads in full."""
    common = set.intersection(*(set(reads[node.id]) for node in group.nodes))
    return {
        (box, label)
        for box in boxes
        for label in {label for _, label in common}
        if box != group.name and all((id, label) in common for id in members[box])
    }


def _arrow(source: str, target: str, label: str) -> str:
    return f'{source} -->|"{_escape(label)}"| {target}' if label else f"{source} --> {target}"


def _label(node: Node, role: str) -> str:
    lazy = isinstance(node, Reduce) and node.operation in ("choose", "fallback")
    return role.removeprefix(IF) if lazy and role != "gate" else ""


def _escape(text: str) -> str:
    for character, code in (("&", "amp"), ('"', "quot"), ("<", "lt"), (">", "gt")):
        text = text.replace(character, f"&{code};")
    return text.replace("`", "'").replace("\n", " ")
