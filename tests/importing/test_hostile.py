"""What is broken, wrong or meant to break becomes a clear error, or a program that checks."""

import copy
import io
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from moaql.check.checker import check_source
from moaql.cli.import_ import command
from moaql.errors import UsageError
from moaql.importing import FORMATS, Format, Imported
from moaql.source import Source

ODD: list[Any] = [
    None, True, -1, 0, 1.5, float("nan"), float("inf"), 10**6, 10**300, "", "x", "a\nb = c", '"\\', "\u2028\x00", "\ud800", [], [1],
    {}, {"a": 1}, [[[]]], ["a", "b"],
]  # fmt: skip


def component(type: str, **more: Any) -> dict[str, Any]:
    return {
        "type": type,
        "model": "a/b",
        "model_type": "Together_API",
        "temperature": 0.7,
        "max_tokens": 99,
        "samples": 2,
        **more,
    }


DOCUMENTS: dict[str, Any] = {
    "archon": {
        "name": "n",
        "custom": False,
        "layers": [
            [component("generator")],
            {"models": [component("unit_test_generator", unit_test_cap=3)]},
            [component("unit_test_evaluator", remove_unit_tests_from_prompt=True, top_k=2)],
            [component("ranker", top_k=2)],
            [component("fuser", length_control=True)],
        ],
    },
    "llm_consortium": {
        "models": {"gpt-4o": 2, "x": 1},
        "arbiter": "o3",
        "max_iterations": 3,
        "minimum_iterations": 2,
        "confidence_threshold": 0.8,
        "judging_method": "default",
        "strategy": "default",
        "strategy_params": {"a": 1},
        "system_prompt": "x",
    },
    "litellm": {
        "model_list": [
            {
                "model_name": "a",
                "litellm_params": {
                    "model": "openai/x",
                    "api_key": "os.environ/K",
                    "api_base": "http://h/v1",
                    "timeout": 3,
                    "stop": ["a"],
                    "temperature": 0.5,
                    "input_cost_per_token": 1e-6,
                    "rpm": 4,
                },
                "model_info": {"mode": "chat", "id": 1, "output_cost_per_token": 1e-6},
            },
            {"model_name": "b", "litellm_params": {"model": "groq/x", "api_key": "sk-very-secret"}},
        ],
        "litellm_settings": {"custom_provider_map": [{"provider": "mine", "custom_handler": "it.handler"}], "y": 1},
        "router_settings": {"fallbacks": [{"a": ["b"]}, {"b": ["a"]}], "x": 1},
    },
}


def places(document: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Where something else can stand."""
    yield path
    inside = (
        document.items() if isinstance(document, dict) else enumerate(document) if isinstance(document, list) else ()
    )
    for name, value in inside:
        yield from places(value, (*path, name))


def with_other(document: Any, path: tuple[Any, ...], value: Any) -> Any:
    if not path:
        return value
    changed = copy.deepcopy(document)
    inner = changed
    for each in path[:-1]:
        inner = inner[each]
    inner[path[-1]] = value
    return changed


def read_or_refused(format: Format, text: str) -> Imported | UsageError:
    try:
        return format.read(text, "it.json")
    except UsageError as error:
        return error


@pytest.mark.parametrize("name", sorted(DOCUMENTS))
def test_whatever_stands_wherever_is_read_or_refused(name: str) -> None:
    format = FORMATS.find(name)
    assert format is not None
    outcomes = {"read": 0, "refused": 0}
    for path in places(DOCUMENTS[name]):
        for value in ODD:
            text = json.dumps(with_other(DOCUMENTS[name], path, value))
            format.matches(text)
            imported = read_or_refused(format, text)
            if isinstance(imported, UsageError):
                assert imported.next_step
            else:
                assert "very-secret" not in imported.text
                assert check_source(Source(imported.text)).blocking == ()
            outcomes["refused" if isinstance(imported, UsageError) else "read"] += 1
    assert min(outcomes.values()) > 50


DEEP = "[" * 100_000 + "]" * 100_000
BOMB = "a: &a [x, x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"{name}: &{name} [{', '.join([f'*{last}'] * 10)}]\n" for last, name in zip("abcdefghi", "bcdefghij", strict=True)
)
HOSTILE = {
    "deep Archon": ("archon", '{"layers": ' + DEEP + "}"),
    "deep consortium": ("llm_consortium", '{"models": ' + DEEP + ', "arbiter": "a"}'),
    "deep YAML": ("litellm", "model_list: " + DEEP[99_000:-99_000]),
    "deep arguments": ("together", "x.py --model a --rounds x --reference-models '" + DEEP + "'"),
    "a bomb as a model": ("litellm", f"{BOMB}model_list: *j\n"),
    "a bomb as a name": ("litellm", f"{BOMB}model_list: [{{model_name: *j, litellm_params: {{model: a}}}}]\n"),
    "a bomb as an address": ("litellm", f"{BOMB}model_list: [{{litellm_params: {{model: a, api_base: *j}}}}]\n"),
    "a bomb as a mode": (
        "litellm",
        f"{BOMB}model_list: [{{litellm_params: {{model: a}}, model_info: {{mode: *j}}}}]\n",
    ),
    "a bomb as information": ("litellm", f"{BOMB}model_list: [{{litellm_params: {{model: a}}, model_info: *j}}]\n"),
    "a bomb as a stop": ("litellm", f"{BOMB}model_list: [{{litellm_params: {{model: a, stop: *j}}}}]\n"),
    "a bomb as a number": ("litellm", f"{BOMB}model_list: [{{litellm_params: {{model: a, timeout: *j}}}}]\n"),
    "a bomb as a price": (
        "litellm",
        f"{BOMB}model_list: [{{litellm_params: {{model: a, input_cost_per_token: *j}}}}]\n",
    ),
    "a bomb as a fallback": (
        "litellm",
        f"{BOMB}model_list: [{{litellm_params: {{model: a}}}}]\nrouter_settings: {{fallbacks: *j}}\n",
    ),
    "an object of Python": ("litellm", "model_list: !!python/object/apply:os.system ['exit 1']\n"),
    "no date": ("litellm", "model_list: 2024-13-45\n"),
    "a list in itself": ("litellm", "model_list: &a [*a]\n"),
    "huge counts": ("llm_consortium", '{"models": {"a": 1000000000}, "arbiter": "a"}'),
    "huge rounds": ("together", "x.py --model a/b --reference-models a/b --rounds 1000000000"),
    "endless rounds": ("together", "x.py --model a/b --reference-models a/b --rounds inf"),
    "variables that double": (
        "together",
        "a=xxxxxxxxxx\n" + "a=$a$a\n" * 60 + "python x.py --model $a --reference-models b",
    ),
    "a huge layer": (
        "archon",
        json.dumps({"layers": [[component("generator", model=f"a/{each}", samples=10**6) for each in range(20_000)]]}),
    ),
    "a huge consortium": (
        "llm_consortium",
        json.dumps({"models": {f"gpt-{each}": 10**6 for each in range(20_000)}, "arbiter": "o3"}),
    ),
    "an open quote": ("together", "x.py --model 'a --reference-models b"),
}


@pytest.mark.parametrize("case", HOSTILE)
def test_what_is_meant_to_break_is_refused(case: str) -> None:
    name, text = HOSTILE[case]
    format = FORMATS.find(name)
    assert format is not None
    with pytest.raises(UsageError) as caught:
        format.read(text, "it")
    assert len(str(caught.value)) < 1000
    assert caught.value.next_step


@pytest.mark.parametrize("data", [b"", b"\xff\xfe\x00", b"null", b"[]", b'"x"', b"{", b"\x00", b"hello"])
def test_a_file_that_is_nothing_is_wrong_usage(data: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "it.json"
    path.write_bytes(data)
    for options in ([], *(["--from", each] for each in FORMATS.names())):
        done = CliRunner().invoke(command, [str(path), *options])
        assert isinstance(done.exception, UsageError)
        assert done.exception.next_step
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(data)))
    assert isinstance(CliRunner().invoke(command, ["-"], input=data).exception, UsageError)


def test_a_mark_at_the_beginning_is_no_fault(tmp_path: Path) -> None:
    path = tmp_path / "it\nmodel x = 1.json"
    path.write_bytes(b"\xef\xbb\xbf" + json.dumps(DOCUMENTS["llm_consortium"]).encode())
    done = CliRunner().invoke(command, [str(path)])
    assert done.exit_code == 0, done.output
    assert done.stdout.startswith("# From it model x = 1.json, ")


def test_anchors_are_followed() -> None:
    format = FORMATS.find("litellm")
    assert format is not None
    text = "d: &d {model: openai/a, temperature: 0.2}\nmodel_list:\n- {model_name: a, litellm_params: {<<: *d, max_tokens: 1e3}}\n"
    with pytest.raises(UsageError, match="'1e3' stands where a number is expected"):
        format.read(text, "it")
    assert "temperature=0.2 max_tokens=1000" in format.read(text.replace("1e3", "1000"), "it").text
