"""An ignore comment that names no code, or one that does not exist.

A comment silences the warnings whose codes it names: `# moaql: ignore[W505]`. Without codes it silences nothing.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from moaql.diagnostics import Diagnostic, suggest
from moaql.source import Span

if TYPE_CHECKING:
    from collections.abc import Iterator

    from moaql.check.rules import Checked

CODE = "W511"
TITLE = "an ignore comment that silences nothing"
BAD = """model a = "sim/a"
a x5 -> vote  # moaql: ignore
"""
GOOD = """model a = "sim/a"
a x4 -> vote  # moaql: ignore[W505]
"""
_COMMENT = r"#\s*moaql:\s*ignore\b(?:\[([^\]\n]*)\])?"


def check(checked: Checked) -> Iterator[Diagnostic]:
    """Find such comments."""
    source = checked.unit.source
    if "moaql:" not in source.text:
        return
    from moaql.check.catalog import codes

    warnings = [code for code in codes() if code.startswith("W")]
    for match in re.finditer(_COMMENT, source.text):
        named = [code.strip() for code in (match[1] or "").split(",") if code.strip()]
        span = Span(*match.span())
        if not named:
            yield Diagnostic(CODE, "this comment names no code", source, span, "write `# moaql: ignore[W505]`")
        for code in named:
            if code not in warnings:
                what = f"`{code}` is no warning" if not code.startswith("E") else f"`{code}` is an error, and stays one"
                yield Diagnostic(CODE, what, source, span, suggest(code, warnings))
