"""A Mermaid flowchart, for Markdown pages that render it.

A stage of several calls is a box. Where all calls of a stage read all of another, one arrow between the boxes stands for them.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Literal, TypeAlias

from moaql.graph.control import entrances
from moaql.graph.draw.words import group_name, groups, short
from moaql.graph.nodes import IF, Call, Gate, Graph, Node, Reduce

if TYPE_CHECKING:
    from collections.abc import Iterator

    from moaql.graph.draw.words import Group


Read: TypeAlias = tuple[Literal["box", "node"], str, str]
"""Whether a box or a node is read, which, and the label of the arrow."""


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
    sizes = {group.name: len(group.nodes) for group in stages}
    waits: dict[str, list[tuple[str, str]]] = {}
    for gate, label, id in entrances(graph):
        waits.setdefault(id, []).append((gate, label))
    for group in stages:
        reads = {node.id: _reads(graph, node, sizes, boxes) for node in group.nodes}
        target = boxes.get(group.name, "")
        common = set.intersection(*(set(each) for each in reads.values()))
        shared = {read for read in common if read[0] == "box"} if target else set()
        for node in group.nodes:
            end = names[node.id]
            if not reads[node.id] and node.id not in waits:
                yield f"question --> {target or end}"
            for gate, label in waits.get(node.id, []):
                yield f'{names[gate]} -.->|"{_escape(label)}"| {target or end}'
            for read in reads[node.id]:
                kind, source, label = read
                yield _arrow(
                    boxes[source] if kind == "box" else names[source], target if read in shared else end, label
                )
    for id in dict.fromkeys(ref.node for ref in graph.outputs):
        yield f"{names[id]} --> answer"


def _reads(graph: Graph, node: Node, sizes: dict[str, int], boxes: dict[str, str]) -> dict[Read, None]:
    """What a node reads, in order: a box where it reads all of it, single nodes otherwise."""
    pairs = dict.fromkeys((ref.node, _label(node, role)) for role, ref in node.inputs)
    counts = Counter((group_name(graph.nodes[id]), label) for id, label in pairs)
    whole = {pair for pair, count in counts.items() if pair[0] in boxes and count == sizes[pair[0]]}
    out: dict[Read, None] = {}
    for id, label in pairs:
        box = group_name(graph.nodes[id])
        out[("box", box, label) if (box, label) in whole else ("node", id, label)] = None
    return out


def _arrow(source: str, target: str, label: str) -> str:
    return f'{source} -->|"{_escape(label)}"| {target}' if label else f"{source} --> {target}"


def _label(node: Node, role: str) -> str:
    lazy = isinstance(node, Reduce) and node.operation in ("choose", "fallback")
    return role.removeprefix(IF) if lazy and role != "gate" else ""


def _escape(text: str) -> str:
    for character, code in (("&", "amp"), ('"', "quot"), ("<", "lt"), (">", "gt")):
        text = text.replace(character, f"&{code};")
    return text.replace("`", "'").replace("\n", " ")
