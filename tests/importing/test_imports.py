"""Configurations of other systems become programs that check, plan and say what was lost."""

import json
from typing import Any

import pytest
from click.testing import CliRunner

import moaql
from moaql.cli.import_ import command
from moaql.errors import UsageError
from moaql.exporting import TARGETS
from moaql.graph.plan import plan
from moaql.importing import FORMATS, Imported
from moaql.language.formatter import format_source
from moaql.source import Source


def read(name: str, text: str | dict[str, Any]) -> Imported:
    format = FORMATS.find(name)
    assert format is not None
    written = text if isinstance(text, str) else json.dumps(text)
    assert [each for each in FORMATS.names() if FORMATS.find(each).matches(written)] == [name]  # type: ignore[union-attr]
    imported = format.read(written, "folder/it.json")
    assert format_source(Source(imported.text)) == imported.text
    assert all(loss.split()[0] in imported.text for loss in imported.losses)
    return imported


def calls(imported: Imported) -> tuple[int, int]:
    program = moaql.parse(imported.text)
    planned = plan(program.topology().graph).calls
    return planned.low, planned.high


def body(imported: Imported) -> str:
    """The program without its comments."""
    return "\n".join(line for line in imported.text.splitlines() if not line.startswith("#")).strip()


def component(type: str, model: str, **more: Any) -> dict[str, Any]:
    return {"type": type, "model": model, "model_type": "Together_API", "temperature": 0.7, "max_tokens": 2048, **more}


SIX = [
    "Qwen/Qwen1.5-72B-Chat",
    "Qwen/Qwen1.5-110B-Chat",
    "microsoft/WizardLM-2-8x22B",
    "mistralai/Mixtral-8x22B-Instruct-v0.1",
    "meta-llama/Llama-3-70b-chat-hf",
    "databricks/dbrx-instruct",
]


def test_archon_moa_has_nineteen_calls() -> None:
    layers = [[component("generator", each, samples=1) for each in SIX]]
    layers += [[component("fuser", each, samples=1) for each in SIX]] * 2
    layers += [[component("fuser", SIX[1], samples=1)]]
    imported = read("archon", {"name": "moa", "layers": layers})
    assert calls(imported) == (19, 19)
    assert 'model qwen1.5-110b-chat = "together_ai/Qwen/Qwen1.5-110B-Chat"' in imported.text


def test_every_component_of_archon() -> None:
    layers = [
        [component("generator", "a/one", samples=5), component("generator", "a/two", samples=1, temperature=0.2)],
        [component("critic", "a/two", samples=1)],
        [component("ranker", "a/two", top_k=3, use_critiques=True)],
        [component("verifier", "a/two", samples=1, first_k=2)],
        [component("unit_test_generator", "a/two", samples=1, unit_test_cap=4)],
        [component("unit_test_evaluator", "a/two", samples=1, remove_unit_tests_from_prompt=True, top_k=2)],
        [component("fuser", "a/two", samples=1, length_contorl=True)],
    ]
    imported = read("archon", {"name": "all of it", "layers": layers})
    assert calls(imported) == (6 + 1 + 1 + 3 + 1 + 1 + 1, 6 + 1 + 1 + 3 + 1 + 3 + 1)
    told = " ".join(imported.losses)
    assert "`length_contorl` of a fuser is ignored by Archon, which may mean `length_control`" in told
    assert "`use_critiques` of a ranker is ignored by Archon" in told
    assert "`first_k` of a verifier is not carried over" in told
    assert "makes two calls for each candidate" in told


def test_a_discarded_layer_of_archon_is_left_out_and_said() -> None:
    layers = [
        [component("generator", each, samples=1) for each in SIX],
        [component("generator", each, samples=1) for each in SIX[:2]],
        [component("fuser", SIX[1], samples=1)],
    ]
    imported = read("archon", {"name": "t", "layers": layers})
    assert calls(imported) == (3, 3)
    assert any(
        "Layer 2 generates anew, so Archon pays what stands before it (6 calls" in loss for loss in imported.losses
    )


def test_the_older_shape_of_layers_and_tests_before_answers() -> None:
    layers = [
        {"models": [component("unit_test_generator", "a/b", samples=1)]},
        {"models": [component("generator", "a/b", samples=3)]},
        component("unit_test_evaluator", "a/b", samples=1, remove_unit_tests_from_prompt=False, top_k=1),
    ]
    imported = read("archon", {"name": "tests", "layers": layers})
    assert calls(imported) == (3 + 1 + 3,) * 2
    assert "best by=score" in imported.text
    assert any("Layer 3 is a component" in loss for loss in imported.losses)


@pytest.mark.parametrize(
    ("layers", "calls_made", "message"),
    [
        (
            [[component("generator", "a/b", checkpoint="x", top_k=3)]],
            1,
            "`checkpoint` of a generator is ignored by Archon",
        ),
        (
            [
                [component("generator", "a/b", samples=2)],
                [component("unit_test_generator", "a/b")],
                [component("unit_test_evaluator", "a/b", first_pass=True)],
            ],
            5,
            "`first_pass` of a unit_test_evaluator is not carried over",
        ),
        (
            [[component("unit_test_generator", "a/b")], [component("generator", "a/b")], [component("fuser", "a/b")]],
            2,
            "Nobody grades by the tests",
        ),
        (
            [[component("unit_test_generator", "a/b")], [component("generator", "a/b")], [component("fuser", "a/b")]],
            2,
            "Archon puts the tests behind the question for all later stages",
        ),
        ([[component("generator", "a/b")], [component("ranker", "a/b", top_k=3)]], 1, "A ranker of one candidate"),
        (
            [[component("generator", "a/b", samples=2)], [component("critic", "a/b")]],
            3,
            "Nobody reads the critiques at the end",
        ),
        (
            [
                [component("generator", "a/b", samples=2)],
                [component("critic", "a/b"), component("critic", "a/c")],
                [component("fuser", "a/b")],
            ],
            5,
            "Archon shows the critiques of one critic only",
        ),
        (
            [
                [component("generator", "a/b", samples=2)],
                [component("critic", "a/b")],
                [component("fuser", "a/b", samples=2)],
                [component("fuser", "a/b")],
            ],
            6,
            "Archon shows critiques of earlier answers to stages behind a fuser",
        ),
        (
            [[component("generator", "a/b", model_type="vLLM")]],
            1,
            "Models of vLLM and tgi are looked for at http://localhost",
        ),
        ([[component("generator", "a/b", samples=2)]], 2, "Several candidates are left at the end"),
    ],
)
def test_what_archon_does_otherwise_is_said(layers: Any, calls_made: int, message: str) -> None:
    imported = read("archon", {"name": "t", "layers": layers})
    assert calls(imported)[1] == calls_made
    assert any(message in loss for loss in imported.losses)


def test_custom_components_are_refused_and_the_word_is_said() -> None:
    plain = {"custom": True, "name": "t", "layers": [[component("generator", "a/b")]]}
    assert any("`custom`" in loss for loss in read("archon", plain).losses)
    with pytest.raises(UsageError, match="component of type `mine`"):
        read("archon", {**plain, "layers": [[component("generator", "a/b")], [component("mine", "a/b")]]})


@pytest.mark.parametrize(
    ("layers", "message"),
    [
        ([[component("ranker", "a", top_k=1)], [component("generator", "a")]], "begins with a ranker"),
        ([[component("generator", "a"), component("fuser", "a")]], "components of 2 types"),
        ([[component("generator", "a"), 3]], "something that is no component"),
        ([[{"type": "fusser", "model": "a"}]], "of type `fusser`"),
        ([[component("fuser", "a", samples=1)]], "begins with a fuser"),
        ([[component("unit_test_generator", "a")]], "generates no answer"),
        ([[component("generator", "a", model_type="Nobody")]], "`Nobody` is no `model_type`"),
        ([[component("generator", "a", samples="many")]], "stands where a number is expected"),
        ([], "has no layer"),
        ("x", "where a list is expected"),
    ],
)
def test_what_is_no_configuration_of_archon(layers: Any, message: str) -> None:
    format = FORMATS.find("archon")
    assert format is not None
    with pytest.raises(UsageError, match=message):
        format.read(json.dumps({"layers": layers}), "it.json")


def test_arguments_of_together() -> None:
    line = (
        'python generate_for_alpaca_eval.py --model="Qwen/Qwen1.5-110B-Chat" --output_path=o.json --rounds 2 \\\n --reference-models='
        + ",".join(SIX)
        + " --temperature 0.5 --num-proc 4\n"
    )
    imported = read("together", line)
    assert calls(imported) == (13, 13)
    assert body(imported).endswith("x2\n  -> agg qwen1.5-110b-chat temperature=0.7 max_tokens=2048")
    assert any("whatever its arguments say" in loss for loss in imported.losses)


def test_a_list_of_bare_names_of_together() -> None:
    imported = read("together", 'x.py --model a --reference-models \'["b","b","c"]\'')
    assert "layer [b x2, c] temperature=0.7 max_tokens=2048\n  -> agg a" in imported.text


def test_a_consortium_of_rounds() -> None:
    document = {
        "models": {"gpt-4o": 2, "claude-3-5-sonnet": 1, "openrouter/x/y": 1},
        "arbiter": "gpt-4o",
        "max_iterations": 3,
        "confidence_threshold": 0.8,
        "system_prompt": "Be good.",
    }
    imported = read("llm_consortium", document)
    assert calls(imported) == (4 + 1 + 1, 3 * 5 + 2)
    assert '"anthropic/claude-3-5-sonnet"' in imported.text
    assert "until confidence judge=gpt-4o >= 0.8 max 3" in imported.text
    assert any("`system_prompt`" in loss for loss in imported.losses)


def test_a_consortium_that_ranks_once() -> None:
    imported = read(
        "llm_consortium",
        {"models": {"gpt-4o": 1, "unheard-of": 1}, "arbiter": "o3", "max_iterations": 1, "judging_method": "rank"},
    )
    assert calls(imported) == (3, 3)
    assert "best o3" in imported.text
    assert any("`unheard-of`" in loss for loss in imported.losses)


TABLE = """
model_list:
  - model_name: gpt4o
    litellm_params:
      model: gpt-4o
      api_key: os.environ/MY_KEY
      temperature: 0.3
      timeout: 30
      input_cost_per_token: 0.0000025
      output_cost_per_token: 0.00001
      rpm: 100
  - model_name: local
    litellm_params: {model: hosted_vllm/qwen, api_base: "http://localhost:8000/v1", api_key: sk-very-secret}
  - model_name: local
    litellm_params: {model: hosted_vllm/qwen2, api_base: "http://localhost:8001/v1"}
router_settings:
  fallbacks: [{gpt4o: [local]}]
  num_retries: 2
"""


def test_a_model_table_of_litellm() -> None:
    imported = read("litellm", TABLE)
    program = moaql.parse(f"{imported.text}\ntopology t = gpt4o\n")
    (call,) = program.topology("t").graph.calls
    assert (call.model.id, dict(call.settings)) == ("openai/gpt-4o", {"temperature": 0.3, "timeout": 30.0})
    assert (call.model.price_in, call.model.price_out) == (2.5, 10)
    assert dict(call.model.connection) == {"api_key_env": "MY_KEY"}
    assert [each.id for each in call.model.alternatives] == ["hosted_vllm/qwen"]
    told = " ".join(imported.losses)
    assert "very-secret" not in imported.text + told
    for lost in ("`rpm` of `gpt4o`", "`num_retries`", "several deployments", "is not copied"):
        assert lost in told


@pytest.mark.parametrize(
    ("target", "format"), [("archon", "archon"), ("together", "together"), ("llm_consortium", "llm_consortium")]
)
def test_what_was_exported_comes_back(target: str, format: str) -> None:
    text = 'model a = "together_ai/x/a"\nmodel b = "together_ai/x/b"\ntopology t = layer [a, b] temperature=0.7 max_tokens=2k -> agg a temperature=0.7 max_tokens=2k\n'
    program = moaql.parse(text)
    (written,) = TARGETS.find(target).files(moaql.build(program, "t"), program).values()  # type: ignore[union-attr]
    assert calls(read(format, written)) == (3, 3)


def test_the_command(tmp_path: Any) -> None:
    path = tmp_path / "moa.json"
    path.write_text(
        json.dumps(
            {
                "name": "t",
                "layers": [[component("generator", "a/b", samples=2)], [component("fuser", "a/b", samples=1)]],
            }
        )
    )
    out = tmp_path / "t.moaql"
    done = CliRunner().invoke(command, [str(path), "-o", str(out), "--json"])
    assert done.exit_code == 0, done.output
    document = json.loads(done.stdout)
    assert document["files"] == [str(out)]
    assert document["losses"]
    assert "layer [b]x2 temperature=0.7 max_tokens=2048" in out.read_text()
    assert isinstance(CliRunner().invoke(command, [str(path), "-o", str(out)]).exception, UsageError)
    path.write_text("{}")
    assert isinstance(CliRunner().invoke(command, [str(path)]).exception, UsageError)
