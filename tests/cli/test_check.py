import json

GOOD = 'model a = "sim/a"\na x3 -> vote\n'
BAD = 'model llama = "sim/llama"\nlayer [lama] -> agg llama\n'
WARNED = 'model a = "sim/a"\na x4 -> vote\n'


def test_a_good_program_is_told_so_and_nothing_is_printed(moaql, write):
    write("good.moaql", GOOD)
    done = moaql("check", "good.moaql")
    assert (done.code, done.out, done.err) == (0, "", "1 program checked: no mistakes found\n")


def test_a_mistake_is_shown_where_it_is_with_a_way_out(moaql, write):
    write("bad.moaql", BAD)
    done = moaql("check", "bad.moaql")
    assert done.code == 1
    assert done.out == (
        "error[E204]: unknown model `lama`\n"
        "  --> bad.moaql:2:8\n"
        "   |\n"
        " 2 | layer [lama] -> agg llama\n"
        "   |        ^^^^\n"
        "   = help: did you mean `llama`?\n"
    )
    assert done.err == "1 program checked: 1 error\n"


def test_warnings_alone_pass_unless_strict(moaql, write):
    write("warned.moaql", WARNED)
    assert moaql("check", "warned.moaql").code == 0
    assert moaql("check", "--strict", "warned.moaql").code == 1


def test_json_is_one_document_with_places_from_one(moaql, write):
    write("bad.moaql", BAD)
    write("warned.moaql", WARNED)
    done = moaql("check", "--json", "bad.moaql", "warned.moaql")
    document = json.loads(done.out)
    assert done.code == 1
    assert (document["files"], document["errors"], document["warnings"]) == (2, 1, 1)
    assert document["diagnostics"][0] == {
        "code": "E204",
        "severity": "error",
        "message": "unknown model `lama`",
        "file": "bad.moaql",
        "line": 2,
        "column": 8,
        "end_line": 2,
        "end_column": 12,
        "help": "did you mean `llama`?",
        "fix": None,
    }


def test_standard_input(moaql):
    done = moaql("check", "-", stdin=BAD.encode())
    assert done.code == 1
    assert "<stdin>:2:8" in done.out


def test_a_missing_file_and_a_folder_are_wrong_usage(moaql, write):
    write("folder/x", "")
    for name, reason in (("missing.moaql", "no such file"), ("folder", "is a directory")):
        done = moaql("check", name)
        assert done.code == 2
        assert f"error[E101]: cannot read `{name}`: {reason}" in done.out


def test_no_file_is_wrong_usage(moaql):
    done = moaql("check")
    assert done.code == 2
    assert "Missing argument 'FILE...'" in done.err


def test_an_unknown_command_is_answered_with_the_nearest(moaql):
    done = moaql("chekc")
    assert done.code == 2
    assert "did you mean `check`?" in done.err


def test_variables_and_a_file_of_variables_set_options(moaql, write):
    write("warned.moaql", WARNED)
    assert moaql("check", "warned.moaql", environment={"MOAQL_CHECK_STRICT": "1"}).code == 1
    write(".env", "MOAQL_CHECK_STRICT=1\n")
    assert moaql("check", "warned.moaql").code == 1
    assert moaql("check", "warned.moaql", environment={"MOAQL_CHECK_STRICT": "0"}).code == 0


def test_a_reader_that_leaves_early_is_no_error(moaql, write, tmp_path):
    import subprocess
    import sys

    write("bad.moaql", "".join(f"topology t{n} = nobody{n} -> x\n" for n in range(3000)))
    command = f"{sys.executable} -m moaql check bad.moaql | head -1"
    done = subprocess.run(command, shell=True, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.stdout.startswith("error[")
    assert "Traceback" not in done.stderr
    assert "BrokenPipe" not in done.stderr


def test_control_characters_of_a_program_do_not_reach_the_terminal(moaql, write):
    write("odd.moaql", 'model a = "x\x1b[31my"\na\n')
    done = moaql("check", "odd.moaql")
    assert "\x1b" not in done.out
    assert "<1B>" in done.out
