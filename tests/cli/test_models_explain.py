import json

from moaql.check.catalog import codes
from moaql.stages import STAGES


def test_models_says_what_a_name_means_and_from_where(moaql, write):
    write("moaql.toml", 'models = "mine.moaql"\n')
    write("mine.moaql", 'model qwen = "together_ai/Qwen/Qwen2.5-72B-Instruct-Turbo"\n')
    write("lib.moaql", 'model gpt = "openai/gpt-4o"\n')
    write(
        "p.moaql",
        'import "lib.moaql" as lib\nmodel local = "vllm/x" base_url="http://localhost:8000/v1"\nlayer [lib.gpt, local, qwen]\n',
    )
    rows = {
        row["name"]: row
        for row in json.loads(moaql("models", "p.moaql", "--json", environment={"OPENAI_API_KEY": "secret-1"}).out)[
            "models"
        ]
    }
    assert rows["lib.gpt"]["id"] == "openai/gpt-4o"
    assert (rows["lib.gpt"]["key"], rows["lib.gpt"]["key_set"], rows["lib.gpt"]["file"]) == (
        "OPENAI_API_KEY",
        True,
        "lib.moaql",
    )
    assert (rows["qwen"]["file"], rows["qwen"]["line"], rows["qwen"]["key_set"]) == ("mine.moaql", 1, False)
    assert rows["local"]["key"] is None
    assert rows["lib.gpt"]["price_in"] > 0
    text = moaql("models", "p.moaql", environment={"OPENAI_API_KEY": "secret-1"}).out
    assert "OPENAI_API_KEY (set)" in text
    assert "secret-1" not in text


def test_models_without_a_file_shows_the_users_own(moaql, write):
    assert "No models are defined here" in moaql("models").err
    write("home/moaql/models.moaql", 'model qwen = "sim/qwen"\n')
    assert [row["name"] for row in json.loads(moaql("models", "--json").out)["models"]] == ["qwen"]


def test_a_name_that_nobody_defines_comes_from_the_users_own_models(moaql, write):
    write("p.moaql", "layer [qwen]x3 -> vote\n")
    assert moaql("check", "p.moaql").code == 1
    write("home/moaql/models.moaql", 'model qwen = "sim/qwen"\n')
    assert moaql("check", "p.moaql").code == 0


def test_a_broken_configuration_is_named(moaql, write):
    write("p.moaql", "layer [qwen]x3 -> vote\n")
    for text, words in (("models = [", "cannot read"), ("models = 3\n", "is not a path")):
        write("moaql.toml", text)
        done = moaql("check", "p.moaql")
        assert done.code == 2
        assert words in done.err


def test_every_code_and_stage_is_explained(moaql):
    document = json.loads(moaql("explain", "--json").out)
    assert set(document["codes"]) == set(codes())
    assert set(document["stages"]) == set(STAGES.names())


def test_a_code_is_explained_with_a_wrong_and_a_right_program(moaql):
    text = moaql("explain", "w505").out
    assert text.startswith("W505: an even number of voters and no rule for a tie\n")
    assert "    layer [a]x4 -> vote\n" in text
    assert "    layer [a]x5 -> vote\n" in text


def test_a_stage_is_explained_from_its_declaration(moaql):
    text = moaql("explain", "seq").out
    assert "Slots of the window that hold the synthesis so far; fewer than `window`. (1 or more; default 3)" in text


def test_an_unknown_topic(moaql):
    done = moaql("explain", "W999")
    assert done.code == 2
    assert "nothing is called `W999`" in done.err


def test_help_of_every_command_has_an_example(moaql):
    from moaql.cli import COMMANDS

    assert set(COMMANDS) >= {
        "bank",
        "batch",
        "check",
        "diff",
        "explain",
        "fmt",
        "graph",
        "init",
        "models",
        "plan",
        "run",
    }
    overview = moaql("--help").out
    for name, line in COMMANDS.items():
        assert line in overview
        done = moaql(name, "--help")
        assert done.code == 0
        assert f"Example: moaql {name}" in done.out


def test_the_shell_completes_commands_files_and_topologies(moaql, write):
    write("p.moaql", 'model a = "sim/a"\ntopology panel = a\ntopology plain = a\n')
    complete = {"_MOAQL_COMPLETE": "bash_complete", "COMP_WORDS": "moaql gr", "COMP_CWORD": "1"}
    assert moaql(environment=complete).out == "plain,graph\n"
    complete = {"_MOAQL_COMPLETE": "bash_complete", "COMP_WORDS": "moaql graph p.moaql::pa", "COMP_CWORD": "2"}
    assert moaql(environment=complete).out == "plain,p.moaql::panel\n"
    assert "complete" in moaql(environment={"_MOAQL_COMPLETE": "bash_source"}).out


def test_a_statement_is_explained_by_its_settings(moaql):
    assert "  budget        Dollars that the search may spend. (0 or more)\n" in moaql("explain", "search").out
    assert [each["name"] for each in json.loads(moaql("explain", "eval", "--json").out)["parameters"]][:2] == [
        "metric",
        "input",
    ]


def test_models_with_mistakes_are_told(moaql, write):
    write("p.moaql", 'model a = "gpt"\n')
    done = moaql("models", "p.moaql")
    assert (done.code, done.out) == (1, "")
    assert "`gpt` is not a model id" in done.err


def test_a_key_that_is_written_into_a_program_is_shown_to_nobody(moaql, write):
    write("p.moaql", 'model a = "openai/x" api_key_env="sk-live-0123456789"\na\n')
    for command in ("check", "models", "plan", "graph"):
        for options in ((), ("--json",)):
            done = moaql(command, "p.moaql", *options)
            assert done.code == 1
            assert "sk-live" not in done.out + done.err
