"""Plots: files that are what they say, the same each time, with the labels of what they show."""

import struct
import sys
from pathlib import Path
from xml.etree import ElementTree

import pytest
from evaluation.diagnosis.made import diagnosis, program, questions

from moaql.errors import MissingPackage, UsageError
from moaql.evaluation.diagnosis.diagnose import Diagnosis
from moaql.report.diagnosis import PLOTS, draw
from moaql.report.figure import DPI, new_figure, require_matplotlib, save
from moaql.report.plots import Bar, Point, bars, cloud, matrix, points

SIGNATURE = b"\x89PNG\r\n\x1a\n"


def size(path: Path) -> tuple[int, int]:
    """Width and height of a PNG file in pixels, from its header."""
    data = path.read_bytes()
    assert data[:8] == SIGNATURE
    return struct.unpack(">II", data[16:24])


def texts(path: Path) -> str:
    """What an SVG file says."""
    return " ".join(ElementTree.parse(path).getroot().itertext())


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> Diagnosis:
    folder = tmp_path_factory.mktemp("data")
    return diagnosis(program("layer [a, b, c] -> agg f"), questions(folder, 30), attack=True, swap=True)


@pytest.fixture(scope="module")
def drawn(found: Diagnosis, tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    return [Path(each) for each in draw(found, str(tmp_path_factory.mktemp("plots")))]


def test_a_figure_has_the_size_that_was_asked_for(tmp_path: Path) -> None:
    figure, _ = new_figure(4.0, 3.0)
    png, svg = map(Path, save(figure, str(tmp_path / "made" / "here"), "plain"))
    assert size(png) == (4 * DPI, 3 * DPI)
    assert svg.name == "plain.svg"


def test_everything_is_drawn_twice_the_same(found: Diagnosis, drawn: list[Path], tmp_path: Path) -> None:
    assert [each.name for each in drawn] == [f"{name}.{kind}" for name in PLOTS for kind in ("png", "svg")]
    again = map(Path, draw(found, str(tmp_path)))
    for one, other in zip(drawn, again, strict=True):
        assert one.read_bytes() == other.read_bytes()
    for each in drawn:
        if each.suffix == ".png":
            assert min(size(each)) > 200
        else:
            assert "dc:date" not in each.read_text(encoding="utf-8")
            assert "simulated models" in texts(each)


@pytest.mark.parametrize(
    ("name", "labels"),
    [
        ("members", ["a", "b", "c", "list price of 1,000 answers, $"]),
        ("phi", ["error correlation (phi)", "a", "b", "c"]),
        ("same_wrong", ["same wrong answer, where both are wrong"]),
        ("subsets", ["quality against diversity of 4 subsets", "accuracy of the vote"]),
        ("leave_one_out", ["what each member adds to the vote of all"]),
        ("aggregator", ["majority right ("]),
        ("lengths", ["layer1 (propose)", "agg (aggregate)"]),
        ("attack", ["all members honest", "deceptive", "cluster", "dropout"]),
        ("swap", ["f (now)", "a", "b"]),
    ],
)
def test_labels_can_be_read_in_the_svg(drawn: list[Path], name: str, labels: list[str]) -> None:
    (svg,) = (each for each in drawn if each.name == f"{name}.svg")
    said = texts(svg)
    for label in labels:
        assert label in said


def test_what_there_is_not_is_not_drawn(tmp_path: Path) -> None:
    few = diagnosis(program("layer [a, b] -> vote number"), questions(tmp_path, 3))
    names = {Path(each).stem for each in draw(few, str(tmp_path))}
    assert names == {"members", "phi", "same_wrong", "subsets", "leave_one_out"}


def test_dollars_are_no_formula_and_gaps_are_no_error(tmp_path: Path) -> None:
    figures = [
        bars("$1 and $2", "$", [Bar("a $ b $", 0.5, 0.4, 0.6, "one"), Bar("c", None, group="two")]),
        points("$1 and $2", "x $", "y $", [Point(1, 2, "$x$", 1, 3)]),
        matrix("m", ["a", "b"], [[1.0, None], [None, 1.0]]),
        cloud("c", ("x", "y", "z"), [(0.1, 0.2, 0.3)]),
    ]
    for number, figure in enumerate(figures):
        save(figure, str(tmp_path), str(number))
    assert "$1 and $2" in texts(tmp_path / "0.svg")
    assert "$x$" in texts(tmp_path / "1.svg")


def test_nothing_global_is_left_changed() -> None:
    import matplotlib

    before = dict(matplotlib.rcParams)
    bars("t", "x", [Bar("a", 1.0)])
    assert dict(matplotlib.rcParams) == before


def test_a_folder_that_cannot_be_made_is_told(found: Diagnosis, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(UsageError, match="cannot write plots"):
        draw(found, str(tmp_path / "file" / "plots"))


def test_without_matplotlib_it_is_said_before_anything_is_paid(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(MissingPackage, match="A plot needs the package `matplotlib`"):
        require_matplotlib()
