"""What an export target is: files from a graph, and what gets lost on the way."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from moaql.check.program import Program
    from moaql.graph.nodes import Graph


@dataclass(frozen=True)
class Loss:
    """Something that the target cannot express.

    Attributes:
        node: Id of the node that it concerns, or "" for the whole topology.
        what: What differs there, as one clause.
    """

    node: str
    what: str

    def as_json(self) -> dict[str, str]:
        """The loss in the document of `moaql export --json`."""
        return {"node": self.node, "what": self.what}


class Target(Protocol):
    """What a target's file defines as `TARGET`."""

    @property
    def name(self) -> str:
        """As the user types it."""
        ...

    def files(self, graph: Graph, program: Program) -> Mapping[str, str]:
        """Texts by relative path.

        Args:
            graph: The topology.
            program: The program that it is from, for what its files say about their origin.

        Raises:
            UsageError: if nothing useful can be written; losses alone are no reason.
        """
        ...

    def losses(self, graph: Graph, program: Program) -> list[Loss]:
        """What the files do not say, or say otherwise."""
        ...


def once_each(losses: Iterable[Loss]) -> list[Loss]:
    """The losses in order. What is lost at several nodes is told of the first, with the number of the others."""
    found: dict[str, list[str]] = {}
    for loss in losses:
        nodes = found.setdefault(loss.what, [])
        if loss.node not in nodes:
            nodes.append(loss.node)
    return [
        Loss(nodes[0], what if len(nodes) == 1 else f"{what} (and at {len(nodes) - 1} more)")
        for what, nodes in found.items()
    ]
