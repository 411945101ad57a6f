"""Exporting from Python: `moaql.export(…)`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from moaql.api.verbs import build
from moaql.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from moaql.check.program import Program
    from moaql.exporting.base import Loss


@dataclass(frozen=True)
class Exported:
    """What an export would write.

    Attributes:
        files: Texts by relative path.
        losses: What the target cannot express; each has a `node`, or "" for the whole topology, and says `what`.
    """

    files: Mapping[str, str]
    losses: tuple[Loss, ...]


def export(program: Program, to: str, topology: str | None = None) -> Exported:
    """A topology for another runtime. Nothing is written.

    Args:
        program: From `moaql.load` or `moaql.parse`.
        to: A target, as `moaql export --to` takes it, such as `langgraph`.
        topology: Its name; not needed where there is only one, or a bare pipeline.

    Raises:
        UsageError: if there is no such target or topology, or the target could only write another topology than this.
        ProgramError: if a hole is left in it, or it is too large.
    """
    from moaql.diagnostics import suggest
    from moaql.exporting import TARGETS

    target = TARGETS.find(to.replace("-", "_").lower())
    if target is None:
        known = [name.replace("_", "-") for name in TARGETS.names()]
        raise UsageError(f"no target is called `{to}`", suggest(to, known) or f"There are: {', '.join(known)}.")
    graph = build(program, topology)
    return Exported(target.files(graph, program), tuple(target.losses(graph, program)))
