"""Programs with their expected diagnostics beside them: the tests to learn the language from.

Each file in `invalid/` ends in lines such as `#> E204 3:31-35 unknown model `lama` | did you mean `llama`?`. To write them
anew after a change of wording, run `MOAQL_REWRITE=1 pytest tests/language/test_programs.py` and read the difference.
"""

import os
from pathlib import Path

import pytest

from moaql.check.checker import check_file
from moaql.diagnostics import Diagnostic

HERE = Path(__file__).parent
MARK = "#> "


def shown(diagnostic: Diagnostic) -> str:
    """`E204 3:31-35 message | help`."""
    line, column = diagnostic.source.place(diagnostic.span.start)
    end_line, end_column = diagnostic.source.place(diagnostic.span.end)
    end = str(end_column) if end_line == line else f"{end_line}:{end_column}"
    help = f" | {diagnostic.help}" if diagnostic.help else ""
    return f"{diagnostic.code} {line}:{column}-{end} {diagnostic.message}{help}"


@pytest.mark.parametrize("path", sorted((HERE / "invalid").glob("*.moaql")), ids=lambda path: path.stem)
def test_every_mistake_is_reported_where_it_is(path: Path) -> None:
    lines = path.read_text(encoding="utf-8").splitlines()
    expected = [line.removeprefix(MARK) for line in lines if line.startswith(MARK)]
    found = [shown(each) for each in check_file(str(path)).diagnostics]
    if os.environ.get("MOAQL_REWRITE"):
        program = [line for line in lines if not line.startswith(MARK)]
        path.write_text("\n".join([*program, *(MARK + line for line in found)]) + "\n", encoding="utf-8")
        return
    assert expected, "an invalid program expects something"
    assert found == expected


@pytest.mark.parametrize("path", sorted((HERE / "valid").glob("*.moaql")), ids=lambda path: path.stem)
def test_a_valid_program_has_no_diagnostics(path: Path) -> None:
    assert [shown(each) for each in check_file(str(path)).diagnostics] == []
