"""Model tables of LiteLLM: what is no model that chats is left out, and nothing is dropped without a word."""

from typing import Any

import pytest

import moaql
from moaql.errors import UsageError
from moaql.exporting import TARGETS
from moaql.importing import FORMATS, Imported

CHAT = "  - {model_name: a, litellm_params: {model: gpt-4o}}\n"


def read(text: str) -> Imported:
    format = FORMATS.find("litellm")
    assert format is not None
    return format.read(text, "config.yaml")


def table(*entries: str, more: str = "") -> Imported:
    return read("model_list:\n" + CHAT + "".join(f"  - {each}\n" for each in entries) + more)


def statements(imported: Imported) -> list[str]:
    return [line for line in imported.text.splitlines() if line.startswith("model ")]


def test_what_was_exported_comes_back_without_the_handler_of_the_topology() -> None:
    program = moaql.parse('model a = "openai/x"\nmodel b = "groq/y"\ntopology judged = layer [a, b] -> best a\n')
    writer: Any = TARGETS.find("litellm")
    imported = read(writer.files(moaql.build(program), program)["config.yaml"])
    assert [each.split()[1] for each in statements(imported)] == ["a", "b"]
    assert "`judged` is answered by a handler in Python (`moaql/judged`): it is left out." in imported.losses
    assert "`custom_provider_map` of `litellm_settings` is not carried over." in imported.losses


def test_a_handler_of_somebody_else_is_left_out_too() -> None:
    imported = table(
        "{model_name: mine, litellm_params: {model: my-llm/x}}",
        more="litellm_settings: {custom_provider_map: [{provider: my-llm, custom_handler: it.handler}]}\n",
    )
    assert statements(imported) == ['model a = "openai/gpt-4o"']
    assert any("`mine` is answered by a handler in Python (`my-llm/x`)" in loss for loss in imported.losses)


@pytest.mark.parametrize(
    ("entry", "told"),
    [
        ('{model_name: "openai/*", litellm_params: {model: "openai/*"}}', "`openai/*` stands for any model"),
        ('{model_name: "*", litellm_params: {model: gpt-4o}}', "`*` stands for any model"),
        *(
            (
                f"{{model_name: b, litellm_params: {{model: x}}, model_info: {{mode: {mode}}}}}",
                f"`b` does not chat (`mode: {mode}`)",
            )
            for mode in ("embedding", "image_generation", "audio_transcription", "rerank", "completion")
        ),
    ],
)
def test_what_is_no_model_that_chats_is_left_out(entry: str, told: str) -> None:
    imported = table(entry)
    assert statements(imported) == ['model a = "openai/gpt-4o"']
    assert any(loss.startswith(told) and loss.endswith("it is left out.") for loss in imported.losses)
    with pytest.raises(UsageError, match="has no model that chats"):
        read(f"model_list: [{entry}]\n")


def test_fallbacks_to_nobody_are_named() -> None:
    imported = table(
        "{model_name: b, litellm_params: {model: groq/y}}",
        "{model_name: e, litellm_params: {model: x}, model_info: {mode: embedding}}",
        more="litellm_settings:\n  fallbacks: [{a: [nope, e, b, a]}, {gone: [a]}]\n",
    )
    assert "model a = a_alone or b" in imported.text
    assert set(imported.losses) >= {
        "`nope`, a fallback of `a`, is left out: no model here is called so.",
        "`e`, a fallback of `a`, is left out: no model here is called so.",
        "`a`, a fallback of itself, is left out there.",
        "The fallbacks of `gone` are left out: no model here is called so.",
    }


def test_each_setting_that_is_not_carried_over_is_said_by_name_alone() -> None:
    imported = table(
        "{model_name: b, litellm_params: {model: groq/y}, model_info: {mode: chat, base_model: z}, tpm: 5}",
        more="general_settings: {master_key: sk-very-secret}\nenvironment_variables: {KEY: sk-very-secret}\n"
        "litellm_settings: {drop_params: true, callbacks: [x]}\nrouter_settings: {routing_strategy: simple-shuffle}\n",
    )
    assert set(imported.losses) == {
        "`general_settings` is not carried over.",
        "`environment_variables` is not carried over.",
        "`drop_params` of `litellm_settings` is not carried over.",
        "`callbacks` of `litellm_settings` is not carried over.",
        "`routing_strategy` of `router_settings` is not carried over.",
        "`base_model` in the `model_info` of `b` is not carried over.",
        "`tpm` of `b` is not carried over.",
    }
    assert "very-secret" not in imported.text
    assert "`router_settings` is no table of settings, and is left out." in table(more="router_settings: 3\n").losses


def test_prices_may_stand_in_the_information() -> None:
    imported = table(
        "{model_name: b, litellm_params: {model: groq/y}, model_info: {mode: responses, input_cost_per_token: 1e-6}}"
    )
    assert 'model b = "groq/y" price_in=$1' in imported.text
    assert imported.losses == ("`b` is asked for chat completions here, not for responses.",)


@pytest.mark.parametrize(
    ("address", "copied"),
    [
        ("https://ann:sk-very-secret@h.example/v1", "https://h.example/v1"),
        ("https://sk-very-secret@h.example:8443/v1", "https://h.example:8443/v1"),
        ("https://h.example/v1?api_key=sk-very-secret", "https://h.example/v1"),
        ("https://h.example/v1?code=sk-very-secret&api-version=2", "https://h.example/v1?api-version=2"),
        ("https://h.example/v1#sk-very-secret", "https://h.example/v1"),
    ],
)
def test_a_key_in_an_address_is_not_copied(address: str, copied: str) -> None:
    imported = table(f'{{model_name: b, litellm_params: {{model: openai/x, api_base: "{address}"}}}}')
    assert f'model b = "openai/x" base_url="{copied}" api_key_env=none' in " ".join(imported.text.split())
    assert "very-secret" not in imported.text
    (loss,) = imported.losses
    assert "the address of `b`" in loss
    assert "name it by `api_key_env`" in loss


@pytest.mark.parametrize(
    "address", ["ann:sk-very-secret@h.example/v1", "ftp://sk-very-secret@h", "http://[sk-very-secret"]
)
def test_an_address_that_is_none_is_not_shown(address: str) -> None:
    with pytest.raises(UsageError, match="the address of `b` is not an http") as caught:
        table(f'{{model_name: b, litellm_params: {{model: openai/x, api_base: "{address}"}}}}')
    assert "very-secret" not in f"{caught.value} {caught.value.next_step}"
