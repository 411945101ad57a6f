"""Programs of several files."""

from pathlib import Path

import pytest

import moaql
from moaql.check.checker import check_file
from moaql.check.program import Program


@pytest.fixture
def check(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Write files by name and check the one called `main.moaql`."""
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.delenv("XDG_CONFIG_HOME", raising=False)

    def run(files: dict[str, str]) -> Program:
        for name, text in files.items():
            path = tmp_path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        return check_file(str(tmp_path / "main.moaql"))

    return run


def codes(program: Program) -> list[tuple[str, str]]:
    return [(Path(each.source.name).name, each.code) for each in program.diagnostics]


MODELS = 'model a = "sim/a"\nmodel b = "sim/b"\n'


def test_an_import_brings_names_and_topologies_keep_their_own(check):
    program = check(
        {
            "lib/models.moaql": MODELS,
            "lib/panels.moaql": 'import "models.moaql"\ntopology panel = layer [a]x2 -> agg b\n',
            "main.moaql": 'import "lib/panels.moaql"\ntopology t = layer [panel]x2 -> vote tie=first\n',
        }
    )
    assert codes(program) == []
    assert [call.model.name for call in moaql.build(program).calls] == ["a", "a", "b", "a", "a", "b"]


def test_an_import_under_a_name(check):
    program = check(
        {
            "m.moaql": MODELS + 'prompt p { user "{question}" }\n',
            "main.moaql": 'import "m.moaql" as m\nlayer [m.a, m.b] prompt=m.p\n',
        }
    )
    assert codes(program) == []
    assert [call.model.name for call in moaql.build(program).calls] == ["a", "b"]


def test_imports_are_not_passed_on(check):
    files = {
        "m.moaql": MODELS,
        "n.moaql": 'import "m.moaql"\ntopology t = a\n',
        "main.moaql": 'import "n.moaql"\nlayer [a]x3 -> t\n',
    }
    assert codes(check(files)) == [("main.moaql", "E204")]


def test_a_cycle_is_shown(check):
    program = check(
        {"main.moaql": 'import "b.moaql"\n', "b.moaql": 'import "c.moaql"\n', "c.moaql": 'import "main.moaql"\n'}
    )
    assert codes(program) == [("c.moaql", "E211")]
    assert program.diagnostics[0].message == "files import each other: main.moaql → b.moaql → c.moaql → main.moaql"


def test_a_file_that_imports_itself(check):
    assert codes(check({"main.moaql": 'import "main.moaql"\n'})) == [("main.moaql", "E211")]


def test_a_file_reached_twice_is_no_cycle(check):
    files = {
        "m.moaql": MODELS,
        "x.moaql": 'import "m.moaql"\ntopology x = a\n',
        "y.moaql": 'import "m.moaql"\ntopology y = b\n',
        "main.moaql": 'import "x.moaql"\nimport "y.moaql"\nimport "m.moaql"\nlayer [x, y, a, b]\n',
    }
    assert codes(check(files)) == []


def test_a_missing_import_is_one_mistake_and_hides_none_of_its_names(check):
    assert codes(check({"main.moaql": 'import "m.moaql"\nlayer [a, b] -> agg c temprature=1\n'})) == [
        ("main.moaql", "E210"),
        ("main.moaql", "E203"),
    ]


def test_mistakes_of_an_imported_file_are_reported_in_it(check):
    files = {
        "m.moaql": 'model a = "sim/a" temperature=9\ntopology t = layer [zed]\n',
        "main.moaql": 'import "m.moaql"\nlayer [a, t]\n',
    }
    assert codes(check(files)) == [("m.moaql", "E302"), ("m.moaql", "E204")]


def test_warnings_of_an_imported_file_are_its_own(check):
    files = {"m.moaql": MODELS + "topology t = a x4 -> vote\n", "main.moaql": 'import "m.moaql"\nlayer [t, b]\n'}
    assert codes(check(files)) == []


def test_names_that_clash(check):
    files = {"m.moaql": MODELS, "main.moaql": 'import "m.moaql"\nmodel a = "sim/other"\nlayer [a, b]\n'}
    assert codes(check(files)) == [("main.moaql", "E201")]


def test_a_folder_and_a_file_that_is_no_text(check, tmp_path):
    (tmp_path / "folder.moaql").mkdir()
    (tmp_path / "bytes.moaql").write_bytes(b"model a = \xff\xfe")
    assert codes(check({"main.moaql": 'import "folder.moaql"\nimport "bytes.moaql"\n'})) == [("main.moaql", "E210")] * 2


def test_a_hundred_files_in_a_row_are_refused(check):
    files = {f"f{number}.moaql": f'import "f{number + 1}.moaql"\n' for number in range(100)}
    assert codes(check({**files, "main.moaql": 'import "f0.moaql"\n'})) == [("f48.moaql", "E212")]


def test_models_of_the_user_are_seen_and_broken_ones_reported_there(check):
    program = check(
        {
            "moaql.toml": 'models = ["mine.moaql"]\n',
            "mine.moaql": 'model q = "sim/q" temperature=9\n',
            "main.moaql": "q x3 -> vote\n",
        }
    )
    assert codes(program) == [("mine.moaql", "E302")]


def test_a_users_model_file_may_use_its_own_names(check):
    program = check(
        {
            "home/.config/moaql/models.moaql": 'model base = "sim/base"\nmodel q = base temperature=0.5\n',
            "main.moaql": "q x3 -> vote\n",
        }
    )
    assert codes(program) == []
