"""A tuned prompt in the user's own program: the same text, with another prompt and a comment that says where it comes from."""

from __future__ import annotations

from typing import TYPE_CHECKING

from moaql.check.checker import check_source
from moaql.errors import MoaqlError
from moaql.graph.build import build
from moaql.language.formatter import format_source
from moaql.source import Source
from moaql.tuning.edits import edited
from moaql.tuning.template import with_text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from moaql.check.program import Program, Topology
    from moaql.graph.nodes import Graph
    from moaql.tuning.place import Place


def write_prompt(program: Program, topology: Topology, place: Place, text: str, comment: Sequence[str] = ()) -> str:
    """The program with a new text for one of its prompts, formatted. Everything else is kept, comments too.

    Args:
        program: The program.
        topology: The topology that the place is of.
        place: From `find_place`.
        text: Of its tuned message.
        comment: Lines above the prompt, without `#`.

    Raises:
        MoaqlError: if the new program would not send exactly that text.
    """
    prompt = with_text(place.prompt, place.message, text)
    new = edited(program.source, place.site.edits(program, prompt, tuple(comment)))
    formatted = format_source(Source(new, program.source.name, program.source.path))
    found = check_source(Source(formatted, program.source.name, program.source.path))
    graph = None if found.blocking else build(found.topologies[topology.name])[0]
    wanted = place.graph(text)
    if graph is None or _sent(graph) != _sent(wanted):
        raise MoaqlError(
            f"the tuned prompt cannot be written into {program.source.name}",
            "Nothing was written. Please report this program.",
        )
    return formatted


def _sent(graph: Graph) -> dict[str, object]:
    """What each call sends."""
    return {
        call.id: (call.model.id, call.prompt.messages, call.settings, call.sample, call.inputs) for call in graph.calls
    }
