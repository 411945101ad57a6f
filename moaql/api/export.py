"""Exporting from Python: `moaql.export(…)`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from moaql.api.verbs import build, load
from moaql.check.program import Program
from moaql.errors import UsageError

if TYPE_CHECKING:
    import os
    from collections.abc import Mapping

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


def export(program: Program | str | os.PathLike[str], to: str, topology: str | None = None) -> Exported:
    """A topology for another runtime. Nothing is written.

    Args:
        program: From `moaql.load` or `moaql.parse`, or the path of one.
        to: A target, as `moaql export --to` takes it, such as `langgraph`.
        topology: Its name; not needed where there is only one, or a bare pipeline.

    Raises:
        UsageError: if there is no such target or topology, or the target could only write another topology than this.
        ProgramError: if it has errors, a hole is left in it, or it is too large.
    """
    from moaql.diagnostics import suggest
    from moaql.exporting import TARGETS

    target = TARGETS.find(to.replace("-", "_").lower())
    if target is None:
        known = [name.replace("_", "-") for name in TARGETS.names()]
        raise UsageError(f"no target is called `{to}`", suggest(to, known) or f"There are: {', '.join(known)}.")
    program = program if isinstance(program, Program) else load(program)
    graph = build(program, topology)
    return Exported(target.files(graph, program), tuple(target.losses(graph, program)))
