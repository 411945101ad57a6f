"""The diagnosis as tables."""

from pathlib import Path

import pytest
from evaluation.diagnosis.made import diagnosis, program, questions

from moaql.report.diagnosis_tables import tables_of
from moaql.report.words import dollars, number, signed


def test_many_pairs_are_cut_to_the_most_telling(tmp_path: Path) -> None:
    found = diagnosis(program("layer [a, b, c]x2 -> vote number"), questions(tmp_path, 60))
    tables = {each.title: each for each in tables_of(found)}
    pairs = tables["pairs, those that err together most first"]
    assert len(pairs.rows) == 10
    assert pairs.below == ("… and 5 more pairs: `--json` has all.",)
    phis = [float(row[1]) for row in pairs.rows]
    assert phis == sorted(phis, reverse=True)
    every = [each for one, row in enumerate(found.diversity.phi) for each in row[:one]]
    assert (phis[0], phis[-1]) == (pytest.approx(max(every), abs=5e-4), pytest.approx(min(every), abs=5e-4))
    assert [row[0] for row in tables["by model"].rows] == ["a", "b", "c"]
    assert "aggregator" not in " ".join(tables)


def test_every_row_has_a_cell_for_each_column(tmp_path: Path) -> None:
    found = diagnosis(program("layer [a, b, c] -> layer [d] -> agg f"), questions(tmp_path, 12), attack=True, swap=True)
    tables = tables_of(found)
    assert len(tables) == 9
    for each in tables:
        assert {len(row) for row in each.rows} == {len(each.columns)}
        assert max(each.right) < len(each.columns)


def test_numbers_in_words() -> None:
    assert [signed(0.0), signed(-0.0001), signed(0.25), signed(None)] == ["0.000", "0.000", "+0.250", "–"]
    assert number(None) == "–"
    assert [dollars(each) for each in (None, 0.0, 12.345, 0.0123, 0.0000123)] == [
        "unpriced",
        "$0",
        "$12.35",
        "$0.0123",
        "$0.000012",
    ]
