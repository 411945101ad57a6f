"""An SVG drawing, laid out here: no Graphviz is needed.

Columns are the topological generations of the graph; within a column, nodes stand near the mean height of what they read
(Sugiyama's barycentre heuristic, one sweep each way).
"""

from __future__ import annotations

from dataclasses import dataclass
from html import escape
from itertools import pairwise
from typing import TYPE_CHECKING

from moaql.graph.control import entrances
from moaql.graph.draw.words import short
from moaql.graph.interchange import to_networkx
from moaql.graph.nodes import Call, Gate, Graph, Node

if TYPE_CHECKING:
    pass

_COLUMN, _ROW, _HEIGHT, _MARGIN = 210, 46, 30, 24
_LETTER = 7.2
_MOST_LETTERS = 24
_STYLE = (
    "text{font:12px ui-sans-serif,system-ui,sans-serif;fill:#1f2937;dominant-baseline:central;text-anchor:middle}"
    ".id{font-size:9px;fill:#6b7280}.call{fill:#e0ecff;stroke:#3b6fd4}.reduce{fill:#e6f6ea;stroke:#2f8f4e}"
    ".gate{fill:#fff3d6;stroke:#c98a10}.end{fill:#f3f4f6;stroke:#6b7280}.edge{fill:none;stroke:#9ca3af;stroke-width:1.2}"
    ".end-label{text-anchor:end}.choice{stroke:#c98a10;stroke-dasharray:4 3}"
)


@dataclass(frozen=True)
class _Box:
    x: float
    y: float
    width: float
    text: str
    kind: str
    title: str


def draw(graph: Graph) -> str:
    """The graph as a stand-alone SVG document."""
    columns = _columns(graph)
    boxes = _place(graph, columns)
    width = max(box.x + box.width / 2 for box in boxes.values()) + _MARGIN
    height = max(box.y for box in boxes.values()) + _ROW
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:.0f} {height:.0f}" width="{width:.0f}" height="{height:.0f}" '
        f'role="img" aria-label="{escape(graph.name, quote=True)}">',
        f'<style>{_STYLE}</style><defs><marker id="a" viewBox="0 0 8 8" refX="8" refY="4" markerWidth="7" markerHeight="7" '
        'orient="auto"><path d="M0 0 8 4 0 8z" fill="#9ca3af"/></marker></defs>',
    ]
    parts += [_edge(boxes[source], boxes[target]) for source, target in _edges(graph)]
    parts += [_edge(boxes[gate], boxes[id], labels) for (gate, id), labels in _decisions(graph).items()]
    parts += [_box(box) for box in boxes.values()]
    return "\n".join([*parts, "</svg>"]) + "\n"


_QUESTION, _ANSWER = "\0question", "\0answer"


def _columns(graph: Graph) -> list[list[str]]:
    import networkx

    flow = to_networkx(graph)
    flow.add_edges_from((gate, id) for gate, _, id in entrances(graph))
    layers = [list(layer) for layer in networkx.topological_generations(flow)]
    order = {id: position for position, id in enumerate(graph.nodes)}
    columns = [[_QUESTION], *[sorted(layer, key=order.__getitem__) for layer in layers], [_ANSWER]]
    reads: dict[str, list[str]] = {}
    for source, target in _edges(graph):
        reads.setdefault(target, []).append(source)
    for before, column in pairwise(columns):
        height = {id: position / max(1, len(before)) for position, id in enumerate(before)}
        column.sort(key=lambda id: _mean([height[each] for each in reads.get(id, []) if each in height]))
    return columns


def _mean(values: list[float]) -> float:
    return sum(values) / len(values) if values else 0.5


def _place(graph: Graph, columns: list[list[str]]) -> dict[str, _Box]:
    tallest = max(len(column) for column in columns)
    boxes: dict[str, _Box] = {}
    for number, column in enumerate(columns):
        top = _MARGIN + _HEIGHT / 2 + (tallest - len(column)) * _ROW / 2
        for row, id in enumerate(column):
            text, kind = ("question" if id == _QUESTION else "answer", "end")
            if id in graph.nodes:
                text, kind = _shorten(short(graph.nodes[id])), _kind(graph.nodes[id])
            wide = max(64.0, len(text) * _LETTER + 20)
            boxes[id] = _Box(
                _MARGIN + 40 + number * _COLUMN, top + row * _ROW, wide, text, kind, id if id in graph.nodes else ""
            )
    return boxes


def _kind(node: Node) -> str:
    return "call" if isinstance(node, Call) else "gate" if isinstance(node, Gate) else "reduce"


def _shorten(text: str) -> str:
    return text if len(text) <= _MOST_LETTERS else text[: _MOST_LETTERS - 1] + "…"


def _edges(graph: Graph) -> list[tuple[str, str]]:
    behind_gates = {id for _, _, id in entrances(graph)}
    edges = [(_QUESTION, id) for id, node in graph.nodes.items() if not node.inputs and id not in behind_gates]
    for id, node in graph.nodes.items():
        edges += list(dict.fromkeys((ref.node, id) for _, ref in node.inputs))
    return edges + [(id, _ANSWER) for id in dict.fromkeys(ref.node for ref in graph.outputs)]


def _decisions(graph: Graph) -> dict[tuple[str, str], str]:
    """The labels on which a gate lets a node run, joined."""
    labels: dict[tuple[str, str], str] = {}
    for gate, label, id in entrances(graph):
        labels[gate, id] = f"{labels[gate, id]}, {label}" if (gate, id) in labels else label
    return labels


def _edge(source: _Box, target: _Box, label: str = "") -> str:
    """A curve; dashed and labelled where it is a decision that is passed on, not a candidate."""
    x1, x2 = source.x + source.width / 2, target.x - target.width / 2
    bend = max(30.0, (x2 - x1) / 2)
    kind = "edge choice" if label else "edge"
    middle = f'<text class="id end-label" x="{x2 - 9:.0f}" y="{target.y - 8:.0f}">{escape(label)}</text>'
    return (middle if label else "") + (
        f'<path class="{kind}" marker-end="url(#a)" d="M{x1:.0f} {source.y:.0f}C{x1 + bend:.0f} {source.y:.0f} '
        f'{x2 - bend:.0f} {target.y:.0f} {x2:.0f} {target.y:.0f}"/>'
    )


def _box(box: _Box) -> str:
    left, top = box.x - box.width / 2, box.y - _HEIGHT / 2
    if box.kind == "gate":
        right, bottom, slant = left + box.width, top + _HEIGHT, 9
        corners = [(left, box.y), (left + slant, top), (right - slant, top)]
        corners += [(right, box.y), (right - slant, bottom), (left + slant, bottom)]
        shape = f'<polygon class="gate" points="{" ".join(f"{x:.0f},{y:.0f}" for x, y in corners)}"/>'
    else:
        round_by = 15 if box.kind in ("reduce", "end") else 5
        size = f'width="{box.width:.0f}" height="{_HEIGHT}" rx="{round_by}"'
        shape = f'<rect class="{box.kind}" x="{left:.0f}" y="{top:.0f}" {size}/>'
    title = f"<title>{escape(box.title)}</title>" if box.title else ""
    return f'<g>{title}{shape}<text x="{box.x:.0f}" y="{box.y:.0f}">{escape(box.text)}</text></g>'
