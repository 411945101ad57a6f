"""`# moaql: ignore[W501]` silences a warning on its line or, on a line of its own, on the next line."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from moaql.diagnostics import Diagnostic

_IGNORE = r"#\s*moaql:\s*ignore\[([^\]]*)\]"


def silenced(diagnostic: Diagnostic) -> bool:
    """Whether a comment silences this warning. Errors are never silenced."""
    if diagnostic.severity == "error":
        return False
    source = diagnostic.source
    line, _ = source.place(diagnostic.span.start)
    if diagnostic.code in _codes(source.line(line)):
        return True
    while line > 1:
        line -= 1
        above = source.line(line).strip()
        if not above.startswith("#"):
            return False
        if diagnostic.code in _codes(above):
            return True
    return False


def _codes(line: str) -> set[str]:
    return {code.strip() for match in re.finditer(_IGNORE, line) for code in match[1].split(",")}
