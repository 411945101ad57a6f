"""A model id that means another model next month.

Ids that end in `latest` are moved by their provider: what was measured is then not what runs.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from moaql.diagnostics import Diagnostic
from moaql.language import nodes as n

if TYPE_CHECKING:
    from collections.abc import Iterator

    from moaql.check.rules import Checked

CODE = "W602"
TITLE = "a model id that is moved by its provider"
BAD = """model a = "openai/chatgpt-4o-latest"
a
"""
GOOD = """model a = "openai/gpt-4o-2024-08-06"
a
"""
_FLOATS = re.compile(r"[-:@]latest$")


def check(checked: Checked) -> Iterator[Diagnostic]:
    """Find ids that end in `latest`."""
    for statement in checked.unit.module.statements:
        if isinstance(statement, n.ModelStatement):
            for source in statement.sources:
                if isinstance(source, n.Literal) and _FLOATS.search(str(source.value)):
                    yield Diagnostic(
                        CODE,
                        f"`{source.value}` is moved by its provider",
                        checked.unit.source,
                        source.span,
                        "name a dated version",
                    )
