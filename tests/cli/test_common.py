"""What every command does alike."""

import json

import pytest

from moaql.cli import COMMANDS

PROGRAM = 'import "m.moaql"\nlayer [a, b] -> vote tie=first\n'
MODELS = 'model a = "openai/gpt-4o"\nmodel b = "openai/gpt-4o-mini"\n'


LEAVES = [[name] for name in sorted(COMMANDS) if name not in ("bank", "sim")]
LEAVES += [["bank", name] for name in ("stats", "export", "import", "prune")]


@pytest.mark.parametrize("command", LEAVES, ids=" ".join)
def test_every_command_takes_json_quiet_and_verbose(moaql, command):
    """All but `sim`, whose output is a server's address, or questions as JSON lines."""
    help = moaql(*command, "--help").out
    for option in ("--json", "-q, --quiet", "-v, --verbose"):
        assert option in help


def test_verbose_names_the_files_that_are_read_on_standard_error(moaql, write):
    write("m.moaql", MODELS)
    write("p.moaql", PROGRAM)
    done = moaql("plan", "-v", "p.moaql")
    assert "moaql.check.imports: reading p.moaql\n" in done.err
    assert "m.moaql\n" in done.err
    assert "reading list prices from" in done.err
    assert "reading" not in done.out


def test_quiet_prints_results_only(moaql, write):
    write("m.moaql", MODELS)
    write("p.moaql", PROGRAM)
    assert moaql("check", "-q", "p.moaql").err == ""
    assert moaql("fmt", "-q", "p.moaql").err == ""
    assert moaql("diff", "-q", "p.moaql", "p.moaql").err == ""


@pytest.mark.parametrize("target", ["p.moaql", "p.moaql::main"])
@pytest.mark.parametrize("command", ["graph", "plan"])
def test_a_target_that_cannot_be_read_is_wrong_usage(moaql, command, target):
    done = moaql(command, target)
    assert done.code == 2
    assert "cannot read `p.moaql`: no such file" in done.err


@pytest.mark.parametrize(
    "data", [b"\x00", b"\xff\xfe", b"(" * 10_000, b"a -> \x1b[2J", b"layer [" * 50, b'import "\\u0000"']
)
def test_bad_bytes_on_standard_input_are_told_and_nothing_else_happens(moaql, data):
    for command in ("check", "fmt"):
        done = moaql(command, "-", stdin=data)
        assert done.code in (0, 1)
        assert "\x1b" not in done.err
    assert moaql("graph", "-", stdin=data).code == 1


def test_json_tells_failures_too(moaql, write):
    write("broken.moaql", "layer [a\n")
    write("empty.moaql", 'model a = "sim/a"\n')
    for command in (["plan"], ["graph"], ["diff", "broken.moaql"], ["models"]):
        done = moaql(*command, "broken.moaql", "--json")
        document = json.loads(done.out)
        assert done.code == 1
        assert "E116" in [each["code"] for each in document["diagnostics"]]
    done = moaql("plan", "empty.moaql", "--json")
    assert done.code == 2
    assert json.loads(done.out)["error"] == "empty.moaql has no topology"


def test_a_failure_of_any_kind_is_one_document(moaql, write):
    write("p.moaql", MODELS + "layer [a, b] -> vote tie=first\n")
    for arguments in (
        ["run", "p.moaql"],  # no question
        ["run", "p.moaql", "Why?", "--budget", "abc"],
        ["plan", "p.moaql", "--nonsense"],
        ["nonsense"],
        ["graph", "p.moaql", "--format", "svg", "-o", "nowhere/x.svg"],
        ["run", "p.moaql", "Why?"],  # no key
    ):
        done = moaql(*arguments, "--json")
        assert done.code == 2, arguments
        assert json.loads(done.out)["error"], arguments


def test_an_environment_file_that_is_no_text_is_named(moaql, tmp_path):
    (tmp_path / ".env").write_bytes(b"\xff\xfe\x00bad")
    done = moaql("check", "p.moaql")
    assert (done.code, done.err.splitlines()[0]) == (2, "error: the file `.env` here is not UTF-8 text")
