"""`moaql.export`."""

from pathlib import Path

import pytest

import moaql

PROGRAM = """
model a = "openai/gpt-4o-mini"
topology chosen = layer [a x3] temperature=0.5 -> rank a top=1
topology voted = a x3 -> vote tie=first
"""


def test_it_gives_files_and_losses() -> None:
    found = moaql.export(moaql.parse(PROGRAM), "llm-consortium", "chosen")
    assert list(found.files) == ["chosen.json"]
    assert any(loss.what.startswith("`temperature` cannot be stated") and loss.node for loss in found.losses)
    assert moaql.export(moaql.parse(PROGRAM), "python", "voted").losses == ()


def test_a_path_is_a_program_too(tmp_path: Path) -> None:
    (tmp_path / "p.moaql").write_text(PROGRAM, encoding="utf-8")
    of_path, of_text = (moaql.export(each, "mermaid", "voted") for each in (tmp_path / "p.moaql", moaql.parse(PROGRAM)))
    assert of_path == of_text


def test_what_is_not_there_is_told() -> None:
    with pytest.raises(moaql.UsageError, match="no target is called `pyhton`") as error:
        moaql.export(moaql.parse(PROGRAM), "pyhton", "voted")
    assert "python" in error.value.next_step
    with pytest.raises(moaql.UsageError, match="several topologies"):
        moaql.export(moaql.parse(PROGRAM), "json")
    with pytest.raises(moaql.UsageError, match="voted"):
        moaql.export(moaql.parse(PROGRAM), "together", "voted")
