"""Writes the parse table of the grammar into the package while it is built (see `moaql/language/grammar.py`).

Run by hatchling for wheels and for editable installs; `python grammar/build_table.py` writes it by hand.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
TARGET = ROOT / "moaql" / "language" / "parse_table.py"


def write_table() -> None:
    """Build the parser and write its table as a Python module, which Python itself then keeps compiled."""
    sys.path.insert(0, str(ROOT))
    from lark import Lark
    from lark.grammar import Rule
    from lark.lexer import TerminalDef

    from moaql.language.grammar import OPTIONS, grammar_text, table_key

    built = Lark(grammar_text(), **OPTIONS)
    data, memo = built.memo_serialize([TerminalDef, Rule])
    text = f'"""Made by grammar/build_table.py."""\nKEY = {table_key()!r}\nTABLE = {{"data": {data!r}, "memo": {memo!r}}}\n'
    TARGET.write_text(text, encoding="utf-8")


try:
    from hatchling.builders.hooks.plugin.interface import BuildHookInterface
except ImportError:
    pass
else:

    class ParseTableHook(BuildHookInterface):  # type: ignore[misc,type-arg]
        """Makes the table part of what is built."""

        def initialize(self, version: str, build_data: dict[str, Any]) -> None:
            """Called by hatchling before a build."""
            del version, build_data
            write_table()


if __name__ == "__main__":
    write_table()
