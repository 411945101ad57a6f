"""A model, prompt, eval set or import that nothing uses.

A file that only defines things for others to import is not reported, nor one with errors: a misspelt name is not an unused one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from moaql.check.scope import ARTICLES
from moaql.diagnostics import Diagnostic, has_errors
from moaql.language import nodes as n

if TYPE_CHECKING:
    from collections.abc import Iterator

    from moaql.check.rules import Checked

CODE = "W508"
TITLE = "something with a name is never used"
BAD = """model a = "sim/a"
model b = "sim/b"
a
"""
GOOD = """model a = "sim/a"
a
"""


def check(checked: Checked) -> Iterator[Diagnostic]:
    """Find names that nothing in the file refers to."""
    unit = checked.unit
    if has_errors(unit.diagnostics) or not any(each.kind in ("topology", "search") for each in unit.own.values()):
        return
    kinds = {"model", "prompt", "eval"} if checked.searches else {"model", "prompt"}
    for name, definition in unit.own.items():
        if definition.kind in kinds and name not in unit.used:
            message = f"nothing uses {ARTICLES[definition.kind]} called `{name}`".replace(" a ", " the ").replace(
                " an ", " the "
            )
            yield Diagnostic(CODE, message, unit.source, definition.span, "remove it, or use it")
    for statement in unit.module.statements:
        if isinstance(statement, n.ImportStatement) and statement.alias is not None:
            prefix = f"{statement.alias.text}."
            if not any(name.startswith(prefix) for name in unit.used):
                message = f"nothing uses the import `{statement.alias.text}`"
                yield Diagnostic(CODE, message, unit.source, statement.span, "remove it, or use it")
