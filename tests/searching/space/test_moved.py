"""A program that is written into another folder names the same files."""

from pathlib import Path

import pytest

from moaql.searching.space.moved import moved

PROGRAM = """import "models.moaql"  # ours
model a = "recorded/x" file="runs/a.jsonl" prices="/abs/prices.json"
topology t = route with="router.json" { case hard { a } else { a } }
eval e = "../evals/set.jsonl" metric=exact
"""
ELSEWHERE = """import "../programs/models.moaql"  # ours
model a = "recorded/x" file="../programs/runs/a.jsonl" prices="/abs/prices.json"
topology t = route with="../programs/router.json" { case hard { a } else { a } }
eval e = "../evals/set.jsonl" metric=exact
"""


@pytest.mark.parametrize(("after", "text"), [("programs", PROGRAM), ("found", ELSEWHERE)])
def test_moved(after: str, text: str, tmp_path: Path) -> None:
    assert moved(PROGRAM, str(tmp_path / "programs"), str(tmp_path / after)) == text
