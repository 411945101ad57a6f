"""What nodes are called in drawings, and how they are grouped: the same words in every format."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from moaql.graph.nodes import Call, Gate, Graph, Node, Pairs, Reduce

if TYPE_CHECKING:
    from collections.abc import Iterable


@dataclass(frozen=True)
class Group:
    """The calls that one use of a stage makes, or one reduction or gate.

    Attributes:
        name: Its path, such as `layer1`.
        nodes: Its nodes, in order.
        reads: Names of the groups that it reads, in order; `question` where it reads nothing.
    """

    name: str
    nodes: tuple[Node, ...]
    reads: tuple[str, ...]


def group_name(node: Node) -> str:
    """The path of a call without its model; reductions and gates stand for themselves."""
    if isinstance(node, Call):
        return node.id.rpartition("/")[0] or node.id.partition("#")[0]
    return node.id


def groups(graph: Graph) -> list[Group]:
    """The graph by stages, in topological order."""
    members: dict[str, list[Node]] = {}
    for node in graph.nodes.values():
        members.setdefault(group_name(node), []).append(node)
    out = []
    for name, nodes in members.items():
        reads = [group_name(graph.nodes[ref.node]) for node in nodes for _, ref in node.inputs]
        out.append(
            Group(name, tuple(nodes), tuple(dict.fromkeys(each for each in reads if each != name)) or ("question",))
        )
    return out


def members_text(nodes: Iterable[Node]) -> str:
    """`qwen ×2 · llama ×2`."""
    counts = Counter(short(node) for node in nodes)
    return " · ".join(name if count == 1 else f"{name} ×{count}" for name, count in counts.items())


def short(node: Node) -> str:
    """A node in one or two words."""
    if isinstance(node, Call):
        return node.model.name
    if isinstance(node, Gate):
        return condition_text(node.condition)
    return reduce_text(node)


def reduce_text(node: Reduce) -> str:
    """An operation with the parameters that are worth showing."""
    shown = {name: value for name, value in node.parameters if name in ("by", "top", "keep", "need", "what", "seed")}
    if dict(node.parameters).get("early") is not None:
        shown["early"] = True
    words = [node.operation, *[f"{name}={str(value).lower()}" for name, value in shown.items()]]
    return " ".join(words)


def condition_text(condition: Pairs, *, digits: int = 3) -> str:
    """`agreement ≥ 0.667`, `label`, `field difficulty`, with so many digits of a number."""
    pairs = dict(condition)
    for name, word in (("all", " and "), ("any", " or ")):
        if name in pairs:
            parts = [(part, condition_text(part, digits=digits)) for part in pairs[name]]
            return word.join(f"({text})" if len(part) == 1 else text for part, text in parts)
    if "not" in pairs:
        return f"not {condition_text(pairs['not'], digits=digits)}"
    if "compare" in pairs:
        operator = {">=": "≥", "<=": "≤", "==": "=", "!=": "≠"}.get(pairs["operator"], pairs["operator"])
        return f"{pairs['compare']} {operator} {_number(pairs['value'], digits)}"
    if "field" in pairs:
        return f"field {pairs['field']}"
    return f"router {pairs['router']}" if "router" in pairs else "label"


def _number(value: Any, digits: int) -> str:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return str(value)
    return f"{value:.{digits}g}" if isinstance(value, float) else str(value)


def calls_text(low: int, high: int) -> str:
    """`5 calls`, `3 to 5 calls`."""
    if low != high:
        return f"{low:,} to {high:,} calls"
    return "1 call" if high == 1 else f"{high:,} calls"
