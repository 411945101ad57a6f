"""Which eval set a name means: one of the program, or a file."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from moaql.check.program import EvalSet
from moaql.check.searches import check_eval
from moaql.check.values import Values
from moaql.diagnostics import suggest
from moaql.errors import UsageError
from moaql.language.nodes import EvalStatement
from moaql.records import replace

if TYPE_CHECKING:
    from moaql.check.scope import Unit


def find_eval_set(unit: Unit, name: str | None = None) -> EvalSet:
    """The eval set of a name, with its path made absolute or relative to the working directory.

    Args:
        unit: The file whose names are looked up, those that it imports included.
        name: Of an eval set; or the path of a file or folder. Without one, the only eval set of the file.

    Raises:
        UsageError: if there is none, or several and no name.
    """
    known = unit.names("eval")
    if name is None:
        own = [each for each in known if each in unit.own]
        if len(own) != 1 and len(known) != 1:
            raise UsageError(*_which(unit, known))
        name = own[0] if len(own) == 1 else known[0]
    found = unit.find(name)
    if found is not None and found.kind == "eval":
        assert isinstance(found.statement, EvalStatement)
        stated = check_eval(found.statement, found.unit, Values())
        folder = os.path.dirname(os.path.abspath(found.unit.source.path or ""))
        return replace(stated, path=os.path.join(folder, stated.path), folder=folder)
    if not os.path.exists(name):
        help = suggest(name, known) or (
            f"It has: {', '.join(known)}." if known else "Give the path of a file, such as evals/tickets.jsonl."
        )
        raise UsageError(f"neither an eval set of the program nor a file is called `{name}`", help)
    return EvalSet(os.path.basename(name), name, folder=os.getcwd())


def _which(unit: Unit, known: list[str]) -> tuple[str, str]:
    file = unit.source.name
    if not known:
        return f"{file} names no eval set", 'Write `eval NAME = "file.jsonl" metric=exact`, or give one with `--data`.'
    return f"{file} names several eval sets", f"Choose one: {', '.join(f'`--data {each}`' for each in known)}."
