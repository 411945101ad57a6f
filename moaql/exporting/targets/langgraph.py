"""`langgraph`: a module with a compiled graph, the program whose stages its nodes run, and the configuration that names it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

from moaql.exporting.base import Loss, once_each
from moaql.exporting.code.layout import laid_out, quoted
from moaql.exporting.code.program import write_program
from moaql.exporting.code.schedule import schedule_of
from moaql.exporting.langgraph_module.asking import ASKING
from moaql.exporting.langgraph_module.paces import held_up
from moaql.exporting.langgraph_module.text import HEAD, NODES, STATE
from moaql.exporting.langgraph_module.waits import waits_of
from moaql.exporting.targets.python import TARGET as PYTHON

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from moaql.check.program import Program
    from moaql.exporting.langgraph_module.waits import Waits
    from moaql.graph.nodes import Graph

_FIRST, _LAST = "begin", "finish"
_TAKEN = {
    *("messages", "question", "fields", "seed", "asked", "stages", "taken", "replies", "lost", "notes"),
    *("answer", "outputs", "bill", _FIRST, _LAST),
}
"""A node may not be called like a part of the state."""
_HELD_UP = (
    "begins when all stages that run beside those it reads are done: LangGraph runs in steps that wait for one another"
)


@dataclass(frozen=True)
class LangGraph:
    """A graph of LangGraph 1.2.22."""

    name: str = "langgraph"

    def files(self, graph: Graph, program: Program) -> dict[str, str]:
        """The graph, the program, and `langgraph.json` for LangGraph's own server and Studio."""
        config = {"dependencies": [".", "httpx"], "graphs": {graph.name: "./graph.py:graph"}}
        topology = write_program(graph, program)
        return {
            "graph.py": _module(graph, program, topology.class_name),
            "topology.py": topology.text,
            "langgraph.json": json.dumps(config, indent=2, ensure_ascii=False) + "\n",
        }

    def losses(self, graph: Graph, program: Program) -> list[Loss]:
        """Those of the program that the nodes run, and what waits longer than it must."""
        return once_each([*PYTHON.losses(graph, program), *(Loss(node, _HELD_UP) for node in held_up(graph))])


def _module(graph: Graph, program: Program, class_name: str) -> str:
    origin = program.source.name.replace("\\", "/").rpartition("/")[2]
    parts = [
        HEAD.format(name=graph.name, origin=origin, program=class_name),
        STATE,
        "\n".join(_build(waits_of(schedule_of(graph), _TAKEN))),
        f"# {'-' * 100}\n# What follows is the same for every topology.",
        NODES,
        ASKING,
        f"builder = build()\ngraph = builder.compile(name={quoted(graph.name)})",
    ]
    return "\n\n\n".join(parts) + "\n"


def _build(waits: Waits) -> Iterator[str]:
    yield "def build() -> StateGraph:"
    yield '    """The stages, and what each of them waits for."""'
    yield "    builder = StateGraph(State, input_schema=Input, output_schema=Output)"
    for line in (*_nodes(waits), "", *_edges(waits)):
        yield f"    {line}" if line else ""
    yield "    return builder"


def _nodes(waits: Waits) -> Iterator[str]:
    yield f'builder.add_node("{_FIRST}", {_FIRST})'
    for node in waits.nodes:
        guard = f", only_in={_pairs(node.only_in)}" if node.only_in and waits.joins_behind_gates else ""
        yield from _call("add_node", quoted(node.name), f"stage(Topology.{node.step.name}{guard})")
        for label, name in node.cases:
            yield from _call("add_node", quoted(name), f"case({quoted(node.step.name)}, {quoted(label)})")
    yield f'builder.add_node("{_LAST}", both_ways(answer, "answer"))'


def _edges(waits: Waits) -> Iterator[str]:
    yield f'builder.add_edge(START, "{_FIRST}")'
    for node in waits.nodes:
        for after in node.after:
            yield from _call("add_edge", _sources(after), quoted(node.name))
        if node.cases:
            ways = [f"{quoted(label)}: {quoted(name)}" for label, name in node.cases]
            yield from _call(
                "add_conditional_edges", quoted(node.name), f"way({quoted(node.step.name)})", f"{{{', '.join(ways)}}}"
            )
    yield from _call("add_edge", _sources(waits.last), f'"{_LAST}"')
    yield f'builder.add_edge("{_LAST}", END)'


def _call(method: str, *arguments: str) -> list[str]:
    lines = laid_out(f"builder.{method}({', '.join(arguments)})", _INSIDE)
    return [line.removeprefix(_INSIDE) for line in lines]


def _sources(names: tuple[str, ...]) -> str:
    if len(names) > 1:
        return f"[{', '.join(map(quoted, names))}]"
    return quoted(names[0]) if names else f'"{_FIRST}"'


def _pairs(pairs: Iterable[tuple[str, str]]) -> str:
    return f"[{', '.join(f'({quoted(gate)}, {quoted(label)})' for gate, label in pairs)}]"


_INSIDE = " " * 4
TARGET = LangGraph()
