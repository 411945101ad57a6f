"""Shell scripts that call Together MoA: variables are put in, one call is read, and nothing is guessed."""

from pathlib import Path

import pytest
from click.testing import CliRunner

import moaql
from moaql.cli.import_ import command
from moaql.errors import UsageError
from moaql.graph.plan import plan
from moaql.importing import FORMATS, Imported
from moaql.importing.shell import commands

CALL = "python generate_for_alpaca_eval.py --model=org/last"

SCRIPT = r"""
export DEBUG=1
# the proposers: --rounds 7
proposers="org/one,org/two,\
org/three"

python generate_for_alpaca_eval.py \
    --model="org/last" \
    --output-path="outputs/$(date).json" \
    --reference-models=${proposers} \
    --rounds 2 \
    --num-proc 1 > out.log 2>&1 &

judge_answers --model_outputs outputs/it.json --temperature 0.1 --output_path board
"""


def read(text: str) -> Imported:
    format = FORMATS.find("together")
    assert format is not None
    return format.read(text, "it.sh")


def ids(imported: Imported) -> list[str]:
    """Whom the topology asks, call by call."""
    return [call.model.id.removeprefix("together_ai/org/") for call in moaql.build(moaql.parse(imported.text)).calls]


def refused(text: str) -> UsageError:
    with pytest.raises(UsageError) as caught:
        read(text)
    assert caught.value.next_step
    return caught.value


def test_a_script_of_variables_and_several_commands(tmp_path: Path) -> None:
    path = tmp_path / "run.sh"
    path.write_text(SCRIPT)
    done = CliRunner().invoke(command, [str(path)])
    assert done.exit_code == 0, done.output
    program = moaql.parse(done.stdout)
    assert plan(program.topology().graph).calls.high == 2 * 3 + 1
    assert "(layer [one, two, three] temperature=0.7 max_tokens=2048)x2" in done.stdout
    assert "$" not in done.stdout
    assert [line for line in done.stdout.splitlines() if line.startswith("# - ")] == [
        "# - Together's prompt puts the answers, unfenced, into the system message; these stages have moaql's."
    ]


@pytest.mark.parametrize(
    "before",
    [
        "refs=org/a,org/b",
        "refs='org/a,org/b'",
        'export refs="org/a,org/b"',
        "refs=org/a\nrefs+=,org/b",
        "both=a,org/b; refs=org/${both}",
        "export DEBUG=1 && refs=org/a,org/b",
        "for file in x y; do echo $file; done\nrefs=org/a,org/b",
    ],
)
def test_plain_variables_are_put_in(before: str) -> None:
    assert ids(read(f'{before}\n{CALL} --reference-models="$refs"')) == ["a", "b", "last"]


def test_a_variable_of_several_flags_is_several_words() -> None:
    imported = read(f'more="--rounds 2 --temperature 0.2"\n{CALL} --reference-models org/a,org/b $more')
    assert ids(imported) == ["a", "b", "a", "b", "last"]
    assert "temperature=0.2" in imported.text


@pytest.mark.parametrize(
    ("before", "written", "unknown"),
    [
        ("", "$refs", "$refs"),
        ("", "${refs:-org/a}", "${refs:-org/a}"),
        ("", "$(cat models)", "$(cat models)"),
        ("", "`cat models`", "`cat models`"),
        ("", "$1", "$1"),
        ("refs=$(cat models)", "$refs", "$refs"),
        ("refs=org/a echo", "$refs", "$refs"),
        ("refs=(org/a org/b)", "$refs", "$refs"),
        ('if [ -z "$X" ]; then refs=org/a; else refs=org/b; fi', "$refs", "$refs"),
        ('refs=org/a\n[ -z "$X" ] && refs=org/b', "$refs", "$refs"),
        ("refs=org/a\nfor refs in org/b org/c; do true; done", "$refs", "$refs"),
    ],
)
def test_what_only_the_shell_knows_is_refused_with_its_name_and_line(before: str, written: str, unknown: str) -> None:
    error = refused(f"{before}\n{CALL} --reference-models={written}")
    line = before.count("\n") + 2
    assert str(error).startswith(f"`--reference-models` of the call in line {line} of `it.sh` holds `{unknown}`")
    assert "Write its value" in error.next_step


def test_in_single_quotes_nothing_is_a_variable() -> None:
    assert "together_ai/a/$b" in read(f"b=c\n{CALL} --reference-models 'a/$b,a/c'").text


def test_flags_that_may_stand_in_a_variable_are_refused_and_those_of_a_script_are_said() -> None:
    assert "an argument of the call in line 1 of `it.sh` holds `$MORE`" in str(refused(f"{CALL} $MORE"))
    imported = read(f'{CALL} --reference-models org/a "$@" --output-path=$OUT')
    assert ids(imported) == ["a", "last"]
    assert any("(`$@`) is not known here" in loss for loss in imported.losses)


def test_of_two_calls_the_first_is_taken_and_that_is_said() -> None:
    imported = read(f"{CALL} --reference-models org/a --rounds 1\n\n{CALL} --reference-models org/b --rounds 3\n")
    assert ids(imported) == ["a", "last"]
    assert "The script is called 2 times: only the first call, in line 1, is carried over." in imported.losses


@pytest.mark.parametrize(
    "end", ["> out.log", "2>&1 >>log", "&> log &", "| tee log", "&& echo --rounds 4", "; exit", "<in"]
)
def test_a_call_ends_where_the_shell_ends_it(end: str) -> None:
    imported = read(f"(cd moa && DEBUG=1 {CALL} --reference-models org/a --rounds 2 {end}\n)")
    assert ids(imported) == ["a", "a", "last"]
    assert len(imported.losses) == 1


@pytest.mark.parametrize(
    ("written", "message"),
    [
        ("--rounds 1.5", "`--rounds` of the call in line 1 of `it.sh` is `1.5`, not a whole number of 1 or more"),
        ("--rounds -3", "is `-3`, not a whole number of 1 or more"),
        ("--rounds=0", "is `0`, not a whole number of 1 or more"),
        ("--rounds=two", "is `two`, not a whole number of 1 or more"),
        ("--max-tokens 1e3", "`--max-tokens` of the call in line 1 of `it.sh` is `1e3`, not a whole number"),
        ("--temperature -1", "is `-1`, not a number of 0 or more"),
        ("--temperature nan", "is `nan`, not a number of 0 or more"),
        ("--rounds", "`--rounds` of the call in line 1 of `it.sh` has no value"),
        ("--rounds --temperature 1", "`--rounds` of the call in line 1 of `it.sh` has no value"),
        ("--rounds 20000", "would make 20,001 calls"),
    ],
)
def test_a_broken_number_is_refused(written: str, message: str) -> None:
    assert message in str(refused(f"{CALL} --reference-models org/a {written}"))


def test_an_unknown_flag_is_said_with_the_one_that_it_may_mean() -> None:
    told = " ".join(read(f"{CALL} --reference-modls=org/a,org/b --api-key=sk-very-secret").losses)
    assert "`--reference-modls` is not known, and is left out; it may mean `--reference-models`" in told
    assert "No `--reference-models` are named" in told
    assert "`--api-key` is not known" in told
    assert "very-secret" not in told


def test_what_stands_twice_or_belongs_to_no_flag_is_said() -> None:
    told = read(f"{CALL} --reference-models org/a, org/b --rounds 1 --rounds 2").losses
    assert "`org/b` belongs to no flag, and is left out." in told
    assert "`--rounds` is stated more than once: the last counts." in told


def test_another_script_of_together_is_said_to_have_other_defaults() -> None:
    told = read("python generate_for_mt_bench.py --model org/last --reference-models org/a --parallel 2").losses
    assert any("`generate_for_mt_bench.py` has defaults of its own" in loss for loss in told)
    assert not any("--parallel" in loss for loss in told)


@pytest.mark.parametrize("text", ["echo --reference-models a", "# --reference-models a", "python x.py --modle a"])
def test_a_script_without_a_call_is_refused(text: str) -> None:
    assert "--model" in str(refused(text))


def test_commands_of_a_script() -> None:
    """Words are as the shell hands them over; lines are those where commands begin."""
    found = commands("a=1\nb  'c d' \\\r\n \"$a $$\" e\\ f # g\n# h\ni;j>k l")
    assert [(each.line, [word.text for word in each.words]) for each in found] == [
        (1, ["a=1"]),
        (2, ["b", "c d", "1 $$", "e f"]),
        (5, ["i"]),
        (5, ["j", "l"]),
    ]
    assert [word.unknown for word in found[1].words] == ["", "", "$$", ""]
    with pytest.raises(ValueError, match="what `'` opens in line 2 is never closed"):
        commands("a\n'b")
