"""What differs between two topologies, as what they do: calls, settings, prompts, wiring. Names and layout show nothing.

In: two graphs. Out: changes, one for each thing that a reviewer would name: "two more samples of qwen in layer1", "the aggregator's
temperature is 0.2 instead of 0.7".
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from moaql.graph.draw.words import condition_text
from moaql.graph.fingerprint import fingerprint, local_identity, node_fingerprints
from moaql.graph.nodes import IF, Call, Gate, Graph, Node, Reduce

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping


@dataclass(frozen=True)
class Change:
    """One difference.

    Attributes:
        kind: `added`, `removed` or `changed`.
        where: The stage, by its place in the graph that has it.
        what: In words.
    """

    kind: Literal["added", "removed", "changed"]
    where: str
    what: str

    def line(self) -> str:
        """`+ layer1: one more sample of qwen`."""
        return f"{ {'added': '+', 'removed': '-', 'changed': '~'}[self.kind] } {self.where}: {self.what}"


def diff(before: Graph, after: Graph) -> tuple[Change, ...]:
    """The changes from one graph to another; none where their fingerprints are equal."""
    if fingerprint(before) == fingerprint(after):
        return ()
    old, new = _stages(before), _stages(after)
    pairs, removed, added = _match(old, new)
    changes: list[Change] = []
    for one, other in pairs:
        changes += _stage_changes(one, other)
    changes += [Change("removed", each.name, each.describe()) for each in removed]
    changes += [Change("added", each.name, each.describe()) for each in added]
    if not changes:
        changes = _wiring(before, after)
    return tuple(changes)


@dataclass(frozen=True, eq=False)
class _Stage:
    """The nodes that one use of a stage made: those whose ids share a path."""

    name: str
    nodes: tuple[Node, ...]
    depth: int

    @property
    def purpose(self) -> str:
        first = self.nodes[0]
        return first.purpose if isinstance(first, Call) else first.operation if isinstance(first, Reduce) else "gate"

    def actors(self) -> Counter[tuple[str, str]]:
        """How many calls of which model with which settings and prompt, or which operation."""
        return Counter((_key(node), _label(node)) for node in self.nodes)

    def describe(self) -> str:
        return ", ".join(_times(label, count) for (_, label), count in self.actors().items())


def _stages(graph: Graph) -> list[_Stage]:
    depth: dict[str, int] = {}
    grouped: dict[str, list[Node]] = {}
    for id, node in graph.nodes.items():
        depth[id] = 1 + max((depth[ref.node] for _, ref in node.inputs), default=0)
        grouped.setdefault(_stage_name(node), []).append(node)
    return [_Stage(name, tuple(nodes), min(depth[node.id] for node in nodes)) for name, nodes in grouped.items()]


def _stage_name(node: Node) -> str:
    """The path of a call without its model; a reduction or gate stands for its stage."""
    path, _, last = node.id.rpartition("/")
    if isinstance(node, Call):
        return path or "start"
    return node.id if isinstance(node, Gate) or not path or last not in _INNER else path


_INNER = frozenset({"attach", "pass", "select", "quorum", "fallback", "choose", "vote", "cluster"})


def _match(old: list[_Stage], new: list[_Stage]) -> tuple[list[tuple[_Stage, _Stage]], list[_Stage], list[_Stage]]:
    """Pair stages: equal ones first, then those that do the same job at the same place, then the same job anywhere."""
    pairs: list[tuple[_Stage, _Stage]] = []
    for same in (
        lambda a, b: _keys(a) == _keys(b) and a.depth == b.depth,
        lambda a, b: _keys(a) == _keys(b),
        lambda a, b: a.purpose == b.purpose and a.depth == b.depth,
        lambda a, b: a.purpose == b.purpose and a.name == b.name,
        lambda a, b: a.purpose == b.purpose,
    ):
        for one in list(old):
            found = next((other for other in new if same(one, other)), None)
            if found is not None:
                pairs.append((one, found))
                old.remove(one)
                new.remove(found)
    return pairs, old, new


def _keys(stage: _Stage) -> Counter[str]:
    return Counter(_key(node) for node in stage.nodes)


def _key(node: Node) -> str:
    return repr(local_identity(node))


def _label(node: Node) -> str:
    if isinstance(node, Call):
        return node.model.name
    if isinstance(node, Gate):
        return "gate"
    shown = ", ".join(f"{name}={_show(value)}" for name, value in node.parameters if name not in _DERIVED)
    return f"{node.operation} {shown}".strip()


def _times(label: str, count: int) -> str:
    return label if count == 1 else f"{label} x{count}"


def _stage_changes(old: _Stage, new: _Stage) -> list[Change]:
    before, after = old.actors(), new.actors()
    if _keys(old) == _keys(new):
        return []
    gone, come = _left(before, after), _left(after, before)
    labels: Mapping[str, str] = dict((*before, *after))
    counts_before, counts_after = _by_key(before), _by_key(after)
    changes: list[Change] = []
    for key in list(gone | come):
        if counts_before[key] and counts_after[key]:
            changes.append(_more_or_fewer(new.name, labels[key], counts_before[key], counts_after[key]))
            gone.pop(key, None)
            come.pop(key, None)
    changes += _settings_changes(old, new, gone, come)
    changes += [Change("removed", old.name, _times(labels[key], count)) for key, count in gone.items() if count]
    changes += [Change("added", new.name, _times(labels[key], count)) for key, count in come.items() if count]
    return changes


def _by_key(actors: Counter[tuple[str, str]]) -> Counter[str]:
    counts: Counter[str] = Counter()
    for (key, _), count in actors.items():
        counts[key] += count
    return counts


def _left(one: Counter[tuple[str, str]], other: Counter[tuple[str, str]]) -> Counter[str]:
    return _by_key(one) - _by_key(other)


def _more_or_fewer(where: str, label: str, before: int, after: int) -> Change:
    kind: Literal["added", "removed"] = "added" if after > before else "removed"
    many = abs(after - before)
    word = "more" if after > before else "fewer"
    return Change(kind, where, f"{many} {word} of {label} ({before} → {after})")


def _settings_changes(old: _Stage, new: _Stage, gone: Counter[str], come: Counter[str]) -> list[Change]:
    """Calls that are the same but for some of their settings; each pair is taken out of `gone` and `come`."""
    changes: list[Change] = []
    olds, news = _first_of(old.nodes), _first_of(new.nodes)
    for key in list(gone):
        best = max(come, key=lambda other: _likeness(olds[key], news[other]), default=None)
        if best is None or not gone[key] or _likeness(olds[key], news[best]) == 0:
            continue
        if gone[key] == come[best]:
            facts = _facts(olds[key], news[best])
            changes += [Change("changed", new.name, fact) for fact in facts]
            gone.pop(key)
            come.pop(best)
    return changes


def _first_of(nodes: Iterable[Node]) -> dict[str, Node]:
    found: dict[str, Node] = {}
    for node in nodes:
        found.setdefault(_key(node), node)
    return found


def _likeness(one: Node, other: Node) -> int:
    """How much two nodes have in common; 0 where they do different jobs."""
    if isinstance(one, Call) and isinstance(other, Call):
        if one.purpose != other.purpose:
            return 0
        same = [one.model.id == other.model.id, one.prompt == other.prompt, one.settings == other.settings]
        return 1 + sum(same)
    if isinstance(one, Reduce) and isinstance(other, Reduce):
        return int(one.operation == other.operation)
    return int(isinstance(one, Gate) and isinstance(other, Gate))


def _facts(one: Node, other: Node) -> list[str]:
    if isinstance(one, Call) and isinstance(other, Call):
        facts = []
        if one.model.id != other.model.id:
            facts.append(f"{one.model.name} ({one.model.id}) → {other.model.name} ({other.model.id})")
        who = other.model.name
        facts += [f"{who}: {fact}" for fact in _pair_facts(dict(one.model.connection), dict(other.model.connection))]
        facts += [f"{who}: {fact}" for fact in _pair_facts(dict(one.settings), dict(other.settings))]
        facts += [f"{who}: {fact}" for fact in _pair_facts(dict(one.reads), dict(other.reads))]
        facts += [f"{who}: {fact}" for fact in _pair_facts(dict(one.values), dict(other.values))]
        if one.prompt != other.prompt:
            facts.append(f"{who}: another prompt")
        if one.model.alternatives != other.model.alternatives:
            facts.append(f"{who}: other models to fall back on")
        return facts or [f"{who}: changed"]
    if isinstance(one, Reduce) and isinstance(other, Reduce):
        return _pair_facts(dict(one.parameters), dict(other.parameters)) or ["other candidates come out"]
    return _gate_facts(one, other)


def _gate_facts(one: Node, other: Node) -> list[str]:
    """What differs between two decisions: what they look at, or what they may say."""
    assert isinstance(one, Gate)
    assert isinstance(other, Gate)
    facts = []
    if one.condition != other.condition:
        before, after = condition_text(one.condition), condition_text(other.condition)
        if before == after:  # the numbers are rounded for reading
            before, after = condition_text(one.condition, digits=15), condition_text(other.condition, digits=15)
        facts.append(f"{before} → {after}")
    if sorted(one.labels) != sorted(other.labels):
        facts.append(f"cases {', '.join(one.labels)} → {', '.join(other.labels)}")
    return facts or ["changed"]


_DERIVED = frozenset({"least", "prices"})
"""Parameters that follow from others, or say nothing about what is done."""


def _pair_facts(one: dict[str, Any], other: dict[str, Any]) -> list[str]:
    names = sorted({*one, *other} - _DERIVED)
    return [
        f"{name} {_show(one.get(name))} → {_show(other.get(name))}"
        for name in names
        if one.get(name) != other.get(name)
    ]


def _show(value: Any) -> str:
    if value is None:
        return "not set"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, tuple):
        return f"[{', '.join(_show(each) for each in value)}]"
    return getattr(value, "name", None) or str(value)


def _wiring(before: Graph, after: Graph) -> list[Change]:
    """The same calls, read by others than before: the first node of which that can be said."""
    old, new = node_fingerprints(before), node_fingerprints(after)
    known, names = set(old.values()), set(before.nodes)
    for id, node in after.nodes.items():
        if new[id] not in known:
            now = _reads(node)
            then = _reads(before.nodes[id]) if id in names else ""
            return [Change("changed", id, f"reads {now} instead of {then}" if then and then != now else f"reads {now}")]
    return [Change("changed", "answer", f"is {_outputs(after)} instead of {_outputs(before)}")]


def _reads(node: Node) -> str:
    """What a node reads, a branch with its label, with how often where that is more than once."""
    counts = Counter((ref.node, role if role.startswith(IF) else "") for role, ref in node.inputs if role != "gate")
    words = [_times(f"{role}: {name}" if role else name, count) for (name, role), count in counts.items()]
    return ", ".join(words) or "nothing"


def _outputs(graph: Graph) -> str:
    return ", ".join(dict.fromkeys(ref.node for ref in graph.outputs))
