"""The grammar and the parser made from it: the only module that knows where the grammar lies.

Building an LALR parser takes as long as importing Lark, so the build of the package writes Lark's own table of it
(`parse_table.py`, made by `grammar/build_table.py`). A table made from another grammar or another Lark is ignored, and the
parser is built from the grammar instead: slower, never wrong.
"""

from __future__ import annotations

import hashlib
from functools import cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from lark import Lark

OPTIONS: dict[str, Any] = {
    "parser": "lalr",
    "lexer": "contextual",
    "propagate_positions": True,
    "maybe_placeholders": False,
}


@cache
def grammar_text() -> str:
    """The text of `moaql.lark`, from the installed package or from the repository."""
    import os

    package = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    shipped = os.path.join(package, "grammar", "moaql.lark")
    path = shipped if os.path.isfile(shipped) else os.path.join(os.path.dirname(package), "grammar", "moaql.lark")
    with open(path, encoding="utf-8") as file:
        return file.read()


def table_key() -> str:
    """What a parse table belongs to: the grammar, the options and the version of Lark."""
    import lark

    return hashlib.sha256(f"{lark.__version__}\n{OPTIONS}\n{grammar_text()}".encode()).hexdigest()


@cache
def parser() -> Lark:
    """The parser of the language, from the shipped table where it fits."""
    from lark import Lark

    table = _shipped_table()
    return Lark.load(table) if table is not None else Lark(grammar_text(), **OPTIONS)


def _shipped_table() -> dict[str, Any] | None:
    try:
        from moaql.language import parse_table
    except ImportError:
        return None
    table: dict[str, Any] = parse_table.TABLE
    return table if table_key() == parse_table.KEY else None


RESERVED = frozenset(
    {
        "import",
        "as",
        "model",
        "prompt",
        "topology",
        "eval",
        "search",
        "when",
        "else",
        "route",
        "case",
        "until",
        "max",
        "skip",
        "maximize",
        "minimize",
        "per",
        "where",
        "of",
        "and",
        "or",
        "not",
        "true",
        "false",
        "none",
    }
)
"""The words that no statement may take as a name."""
