"""A drawing for the terminal: one line a stage, from the question to the answer."""

from __future__ import annotations

from moaql.graph.control import governors
from moaql.graph.draw.words import Group, calls_text, group_name, groups, members_text
from moaql.graph.nodes import Call, Graph
from moaql.graph.plan import plan

_WIDTH = 46


def draw(graph: Graph) -> str:
    """Draw a graph as lines of text."""
    control = governors(graph)
    stages = groups(graph)
    ends = {group_name(graph.nodes[ref.node]) for ref in graph.outputs}
    width = max((len(group.name) for group in stages), default=0)
    lines = ["question"]
    before = "question"
    for group in stages:
        lines.append(_line(group, width, before, _condition(group, control)))
        before = group.name
    arrow = "" if ends == {before} else f"  ← {', '.join(sorted(ends))}"
    lines.append(f"answer{arrow}")
    numbers = plan(graph)
    depth = (
        str(numbers.depth.high)
        if numbers.depth.low == numbers.depth.high
        else f"{numbers.depth.low} to {numbers.depth.high}"
    )
    prefix = "" if numbers.exact else "at most " if numbers.calls.low == 0 else "between "
    lines.append(f"\n{prefix}{calls_text(numbers.calls.low, numbers.calls.high)}, depth {depth}")
    return "\n".join(lines) + "\n"


def _line(group: Group, width: int, before: str, condition: str) -> str:
    calls = sum(isinstance(node, Call) for node in group.nodes)
    first, *more = _wrapped(members_text(group.nodes))
    parts = [f"├─▶ {group.name:<{width}}  {first:<{_WIDTH}}", f"{calls_text(calls, calls) if calls else '':<8}"]
    if group.reads != (before,):
        parts.append(f"← {_some(group.reads)}")
    if condition:
        parts.append(condition)
    rest = [f"│   {'':<{width}}  {line}" for line in more]
    return "\n".join([" ".join(parts).rstrip(), *rest])


def _wrapped(text: str) -> list[str]:
    """The members in lines of at most the column's width, broken between two of them."""
    lines = [""]
    for member in text.split(" · "):
        longer = f"{lines[-1]} · {member}" if lines[-1] else member
        if len(longer) > _WIDTH and lines[-1]:
            lines.append(member)
        else:
            lines[-1] = longer
    return lines


def _some(names: tuple[str, ...]) -> str:
    return ", ".join(names) if len(names) <= 4 else f"{', '.join(names[:3])} and {len(names) - 3} more"


def _condition(group: Group, control: dict[str, tuple[tuple[str, str], ...]]) -> str:
    """The innermost decision that the stage waits for."""
    pairs = control.get(group.nodes[0].id, ())
    labels = [label for gate, label in pairs if gate == pairs[-1][0]]
    return f"(if {pairs[-1][0]}: {', '.join(labels)})" if pairs else ""
