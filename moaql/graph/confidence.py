"""Calls whose confidence is asked for are marked, so that they ask their provider for the probabilities of tokens."""

from __future__ import annotations

from dataclasses import replace

from moaql.graph.nodes import IF, Call, Gate, Node, Pairs, Reduce

LOGPROBS = ("logprobs", True)
"""The setting of a call whose answer's token probabilities are needed."""
_PASSED_ON = ("candidates", "first", "fallback")


def ask_for_confidence(nodes: dict[str, Node]) -> dict[str, Node]:
    """The nodes, with `logprobs` set on the calls whose candidates a gate or a selection compares by confidence."""
    todo = [ref.node for node in nodes.values() if _compares(node) for role, ref in node.inputs if role == "candidates"]
    seen: set[str] = set()
    while todo:
        id = todo.pop()
        node = nodes[id]
        if id in seen:
            continue
        seen.add(id)
        if isinstance(node, Reduce):
            todo += [ref.node for role, ref in node.inputs if role in _PASSED_ON or role.startswith(IF)]
    if not seen:
        return nodes
    return {id: _marked(node) if id in seen and isinstance(node, Call) else node for id, node in nodes.items()}


def _marked(call: Call) -> Call:
    return replace(call, settings=tuple(sorted({**dict(call.settings), LOGPROBS[0]: LOGPROBS[1]}.items())))


def _compares(node: Node) -> bool:
    if isinstance(node, Gate):
        return _looks_at_confidence(node.condition)
    return isinstance(node, Reduce) and node.operation == "select" and dict(node.parameters).get("by") == "confidence"


def _looks_at_confidence(condition: Pairs) -> bool:
    given = dict(condition)
    for name in ("all", "any"):
        if name in given:
            return any(_looks_at_confidence(part) for part in given[name])
    if "not" in given:
        return _looks_at_confidence(given["not"])
    return given.get("compare") == "confidence" and "judgements" not in given
