"""Where the prompts of a topology stand in its program, and which calls each of them is sent by.

A graph does not know its text, so every place is tried: a mark is put there, and the calls that show the mark are its calls.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

from moaql.check.arguments import Binder, Bound
from moaql.check.checker import check_source
from moaql.check.reach import reached
from moaql.check.values import Values
from moaql.graph.build import build
from moaql.graph.nodes import Call, Graph
from moaql.language import nodes as n
from moaql.language.holes import nodes_in
from moaql.source import Source
from moaql.stages.base import Prompt
from moaql.tuning.edits import Edit, block_edits, default_edits, edited, imported_edits
from moaql.tuning.template import tuned_message, with_text, without_placeholders

if TYPE_CHECKING:
    from collections.abc import Iterator

    from moaql.check.program import Program, Topology

MARK = "\u2060tuned here\u2060"
"""Stands in the tuned message of a place's graph. Its invisible characters stand in no prompt that a person writes."""

_PERHAPS = ("critiques", "scores")
"""What built-in prompts show where it is there. A prompt block may not name it where it never is."""


@dataclass(frozen=True)
class Site:
    """A place of the text where a prompt is written, or could be.

    Attributes:
        kind: `block`: a `prompt` block of this file; `default`: a stage without `prompt=`; `imported`: a stage that names the
            prompt of another file.
        name: Of the prompt block that is there, or will be.
        where: What a person calls it: the name of the block, or the stage.
        block: The block, for `block`.
        stage: The stage, for the others.
        old: The name that stands in `prompt=` now, for `imported`.
    """

    kind: Literal["block", "default", "imported"]
    name: str
    where: str
    block: n.PromptStatement | None = None
    stage: n.Stage | None = None
    old: str = ""

    def edits(self, program: Program, prompt: Prompt, comment: tuple[str, ...] = ()) -> list[Edit]:
        """What has to change in the program's text so that this prompt stands here."""
        if self.block is not None:
            return block_edits(program, self.block, prompt, comment)
        assert self.stage is not None
        if self.kind == "imported":
            return imported_edits(program, self.stage, self.old, self.name, prompt, comment)
        return default_edits(program, self.stage, self.name, prompt, comment)


@dataclass(frozen=True)
class Place:
    """A prompt of a topology that can be tuned.

    Attributes:
        site: Where it stands.
        prompt: As it is now.
        message: Position of the message that is tuned.
        marked: The topology's graph, with the mark in that message wherever it is sent.
        calls: Ids of the calls that send it, in order.
    """

    site: Site
    prompt: Prompt
    message: int
    marked: Graph
    calls: tuple[str, ...]

    @property
    def seed(self) -> str:
        """The text that is tuned, as it is now."""
        return self.prompt.messages[self.message][1]

    def graph(self, text: str) -> Graph:
        """The topology with this text in place of the tuned one."""
        prompt = with_text(self.prompt, self.message, text)
        tuned = {id: replace(_call(self.marked, id), prompt=prompt) for id in self.calls}
        return Graph(self.marked.name, {**self.marked.nodes, **tuned}, self.marked.outputs)


def places_of(program: Program, topology: Topology) -> list[Place]:
    """The prompts that a topology sends and this file can change, in the order of its text."""
    graph = _built(program, topology)
    if graph is None:
        return []
    found = (_place(program, topology, graph, site) for site in _sites(program, topology))
    return [place for place in found if place is not None]


def _place(program: Program, topology: Topology, graph: Graph, site: Site) -> Place | None:
    """The place of a site; None where none of the topology's calls sends it, or they send several prompts."""
    probe = _marked(program, topology, site, Prompt((("user", f"{MARK} {{question}}"),)))
    if probe is None:
        return None
    prompts = {call.prompt.messages for id in _marked_calls(probe) if isinstance(call := graph.nodes.get(id), Call)}
    if len(prompts) != 1:
        return None
    prompt = Prompt(prompts.pop())
    for each in (prompt, without_placeholders(prompt, _PERHAPS)):
        message = tuned_message(each)
        marked = _marked(program, topology, site, with_text(each, message, each.messages[message][1] + MARK))
        if marked is not None:
            return Place(site, each, message, marked, _marked_calls(marked))
    return None


def _marked(program: Program, topology: Topology, site: Site, prompt: Prompt) -> Graph | None:
    """The graph with another prompt at a site; None where that is no valid program."""
    try:
        text = edited(program.source, site.edits(program, prompt))
    except ValueError:
        return None
    found = check_source(Source(text, program.source.name, program.source.path))
    return _built(found, topology)


def _built(program: Program, topology: Topology) -> Graph | None:
    if program.blocking or topology.name not in program.topologies:
        return None
    return build(program.topologies[topology.name])[0]


def _marked_calls(graph: Graph) -> tuple[str, ...]:
    return tuple(call.id for call in graph.calls if any(MARK in text for _, text in call.prompt.messages))


def _call(graph: Graph, id: str) -> Call:
    call = graph.nodes[id]
    assert isinstance(call, Call)
    return call


def _sites(program: Program, topology: Topology) -> Iterator[Site]:
    """Prompt blocks of this file, then stages of this file that the topology reaches."""
    for statement in program.unit.module.statements:
        if isinstance(statement, n.PromptStatement):
            yield Site("block", statement.name.text, statement.name.text, block=statement)
    binder = Binder(Values())
    for body, unit in reached(topology.body, topology.unit):
        if unit.source is not program.unit.source:
            continue
        for stage in nodes_in(body):
            if isinstance(stage, n.Stage):
                bound = binder.bind(stage, unit)
                if isinstance(bound, Bound):
                    yield from _of_stage(program, bound)


def _of_stage(program: Program, bound: Bound) -> Iterator[Site]:
    if not any(each.kind in ("prompt", "prompts") for each in bound.stage.parameters):
        return
    label = bound.label or bound.node.name.text
    stated = next((each for each in bound.node.settings if each.name.text == "prompt"), None)
    if stated is None:
        yield Site("default", _unused(program, f"tuned-{bound.name}"), label, stage=bound.node)
        return
    for name in nodes_in(stated.value):
        if isinstance(name, n.Name) and name.text in program.unit.imported:
            new = _unused(program, f"tuned-{name.text.rpartition('.')[2]}")
            yield Site("imported", new, name.text, stage=bound.node, old=name.text)


def _unused(program: Program, wish: str) -> str:
    """A name like the wished one that means nothing here yet."""
    taken = {*program.unit.own, *program.unit.imported}
    number, name = 1, wish
    while name in taken:
        number += 1
        name = f"{wish}-{number}"
    return name
