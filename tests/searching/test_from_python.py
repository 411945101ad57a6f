"""A search from Python: the same verb, typed."""

from pathlib import Path

import pytest

import moaql
from moaql.check.checker import check_file

ROOT = Path(__file__).resolve().parents[2]


def test_search(tmp_path: Path) -> None:
    program = moaql.load(ROOT / "programs" / "quickstart.moaql")
    found = moaql.search(program, trials=3, bank="none", study=str(tmp_path / "study"))
    assert found.document["measured"] <= 3
    assert found.document["best"]["score"] is not None
    assert found.text is not None
    assert "topology best_for_the_dollar = " in found.text
    assert found.lines[0].startswith(("No ensemble beat", "An ensemble beats", "A cheaper model beats"))


def test_a_price_that_is_missing(tmp_path: Path) -> None:
    (tmp_path / "e.jsonl").write_text("", encoding="utf-8")
    (tmp_path / "p.moaql").write_text(
        'model a = "openai/unheard-of" base_url="http://127.0.0.1:1/v1" api_key_env=none\neval e = "e.jsonl"\n'
        "search s { topology a x?(1..3) -> vote tie=first eval e maximize quality minimize cost }\n",
        encoding="utf-8",
    )
    with pytest.raises(moaql.ProgramError, match="no price is known for `a`"):
        moaql.search(check_file(str(tmp_path / "p.moaql")))
