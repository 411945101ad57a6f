"""Node-link data: lossless, see `docs/graph.schema.json`."""

from __future__ import annotations

from json import dumps
from typing import TYPE_CHECKING

from moaql.graph.interchange import to_json

if TYPE_CHECKING:
    from moaql.graph.nodes import Graph


def draw(graph: Graph) -> str:
    """The graph as a JSON document."""
    return dumps(to_json(graph), indent=2, ensure_ascii=False) + "\n"
