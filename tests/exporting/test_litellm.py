"""The exported handler in LiteLLM: the topologies as its models, by its library and by its proxy."""

import json
import os
import re
import socket
import subprocess
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from exporting.constructs import PIPELINES, QUESTIONS, ROUTED, constructs, fitted_routers
from exporting.environments import interpreter
from exporting.programs import GALLERY, KEY, Runtime, Told, compare
from exporting.programs import gallery as programs_of_the_gallery
from exporting.recording import RecordingServer
from servers.faults import FaultServer, Status

import moaql
from moaql.exporting import TARGETS

PATIENT = {"LITELLM_LOCAL_MODEL_COST_MAP": "True", "LITELLM_TELEMETRY": "False"}
DRIVER = """
import asyncio, json, sys
import litellm
from litellm.proxy.types_utils.utils import get_instance_fn
from litellm.utils import custom_llm_setup

def messages(each):
    told = [{"role": "system", "content": each["system"]}] if each.get("system") else []
    history = [{"role": role, "content": text} for role, text in each.get("history", ())]
    return [*told, *history, {"role": "user", "content": each["text"]}]

async def main():
    out = {}
    for key, folder in json.loads(sys.argv[1]).items():
        config = json.load(open(f"{folder}/config.yaml"))
        (own,) = config["litellm_settings"]["custom_provider_map"]
        handler = get_instance_fn(own["custom_handler"], config_file_path=f"{folder}/config.yaml")
        litellm.custom_provider_map = [{"provider": own["provider"], "custom_handler": handler}]
        custom_llm_setup()
        model = config["model_list"][-1]["litellm_params"]["model"]
        found = out[key] = []
        for each in json.loads(sys.argv[2]):
            try:
                asked = {"model": model, "messages": messages(each), "seed": 3, "moaql": {"fields": each.get("fields", {})}}
                said = await litellm.acompletion(**asked)
                found.append({"text": said.choices[0].message.content, "cost": said._hidden_params["response_cost"]})
            except litellm.BadGatewayError as error:
                found.append({"text": None, "cost": None, "error": str(error)})
    return out

litellm.suppress_debug_info = True
print(json.dumps(asyncio.run(main())))
"""


@pytest.fixture(scope="module")
def python() -> str:
    return interpreter("litellm")


@pytest.fixture(scope="module")
def server() -> Iterator[RecordingServer]:
    with RecordingServer() as running:
        running.failing = frozenset({"broken"})
        yield running


@pytest.fixture(scope="module")
def told(server: RecordingServer, python: str, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Told]:
    routed = fitted_routers(server, tmp_path_factory.mktemp("routers"))
    programs = {**programs_of_the_gallery(server), **constructs(server), **routed}
    with pytest.MonkeyPatch.context() as patched:
        for name, value in PATIENT.items():
            patched.setenv(name, value)
        return compare(
            server, tmp_path_factory.mktemp("all"), programs, QUESTIONS[:2], Runtime("litellm", DRIVER, python, 300)
        )


@pytest.mark.parametrize("name", [*GALLERY, *PIPELINES, *ROUTED])
def test_it_sends_what_moaql_sends(name: str, told: dict[str, Told], server: RecordingServer) -> None:
    own, exported = server.requests("moaql", name), server.requests("litellm", name)
    assert sum(own.values()) >= 2
    assert exported == own


@pytest.mark.parametrize("name", [*GALLERY, *PIPELINES, *ROUTED])
def test_it_answers_what_moaql_answers_at_the_same_price(name: str, told: dict[str, Told]) -> None:
    for key, each in told.items():
        if key.partition("::")[0] == name:
            assert [said["text"] for said in each.exported] == [text for text, _ in each.own]
            assert [said["cost"] for said in each.exported] == [
                None if paid is None else pytest.approx(paid) for _, paid in each.own
            ]


def test_no_key_is_written(told: dict[str, Told]) -> None:
    assert not any(KEY in each.text for each in told.values())
    assert all("os.environ/GALLERY_KEY" in told[name].text for name in GALLERY if name in told)


# Through the proxy

MODELS = """
model a = "openai/a" {at} api_key_env="A_KEY" seed=7 temperature=0.3 max_tokens=90 stop=["END"] price_in=$1 price_out=$2
model claude = "anthropic/claude" {at} api_key_env=none top_p=0.5 seed=3 price_in=$3 price_out=$15
model local = "ollama/local" {at} top_p=0.5 price_in=$0 price_out=$0
model o3 = "openai/o3" {at} api_key_env=none temperature=0.5 stop="END"
model strict = "deepinfra/m" {at} api_key_env=none seed=3
model routed = "openrouter/a/b" {at} api_key_env=none
model named = "mistral/m" {at} api_key_env=none seed=3
model broken = "openai/broken" {at} api_key_env=none price_in=$1 price_out=$1
model spare = broken or a or claude temperature=0.9
model flaky = "openai/flaky" base_url="{flaky}" api_key_env=none
topology panel = layer [a, claude, spare] x2 -> agg a temperature=0
topology routed_panel = route a {{ case yes {{ a x3 -> vote by=number }} else {{ claude -> critic a -> agg spare }} }}
topology nobody = broken x2 -> vote
topology alone = layer [a, claude, local, o3, strict, routed, named, broken, spare, flaky]
"""
ALONE = ("a", "claude", "local", "o3", "strict", "routed", "named", "spare")
MASTER = "sk-master-key-of-the-proxy-0123456789abcdef"
CHAT = [
    {"role": "system", "content": "Be brief."},
    {"role": "user", "content": "What is 2 + 2?"},
    {"role": "assistant", "content": "4"},
    {"role": "user", "content": "And 4 more?"},
]
ASKED = moaql.Question("And 4 more?", "Be brief.", (("user", "What is 2 + 2?"), ("assistant", "4")))


class Proxy:
    """A running proxy whose model list holds all topologies of a program, and their models."""

    def __init__(self, program: moaql.Program, folder: Path, python: str, log: Path) -> None:
        self.program = program
        whole: dict[str, Any] = {}
        for name in ("panel", "routed_panel", "nobody", "alone"):
            files = TARGETS.find("litellm").files(moaql.build(program, name), program)  # type: ignore[union-attr]
            (folder / name).mkdir()
            for path, text in files.items():
                (folder / name / path).write_text(text, encoding="utf-8")
            whole = _merged(whole, json.loads(files["config.yaml"]), name)
        (folder / "config.yaml").write_text(json.dumps(whole), encoding="utf-8")
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.url = f"http://127.0.0.1:{free.getsockname()[1]}"
        words = [
            str(Path(python).with_name("litellm")),
            "--config",
            "config.yaml",
            "--port",
            self.url.rpartition(":")[2],
        ]
        environment = {**os.environ, **PATIENT, "A_KEY": KEY, "LITELLM_MASTER_KEY": MASTER}
        self._log = log.open("wb")
        self._process = subprocess.Popen(
            [*words, "--host", "127.0.0.1"], cwd=folder, env=environment, stdout=self._log, stderr=subprocess.STDOUT
        )

    def wait(self) -> None:
        for _ in range(600):
            assert self._process.poll() is None, Path(self._log.name).read_text()[-3000:]
            try:
                if httpx.get(f"{self.url}/health/liveliness", timeout=5).status_code == 200:
                    return
            except httpx.HTTPError:
                time.sleep(0.1)
        pytest.fail(Path(self._log.name).read_text()[-3000:])

    def close(self) -> None:
        self._process.terminate()
        self._process.wait(20)
        self._log.close()


def _merged(whole: dict[str, Any], config: dict[str, Any], name: str) -> dict[str, Any]:
    """The configuration with one more topology in it: each has a provider of its own, whose handler lies in its folder."""
    own = config["model_list"][-1]
    own["litellm_params"]["model"] = f"moaql_{name}/{name}"
    provider = {"provider": f"moaql_{name}", "custom_handler": f"{name}.handler.handler"}
    if not whole:
        config["litellm_settings"]["custom_provider_map"] = [provider]
        return config
    whole["litellm_settings"]["custom_provider_map"].append(provider)
    known = {each["model_name"]: each for each in whole["model_list"]}
    for each in config["model_list"]:
        assert known.get(each["model_name"], each) == each
        if each["model_name"] not in known:
            whole["model_list"].append(each)
    fallbacks = [*whole["router_settings"].get("fallbacks", []), *config["router_settings"].get("fallbacks", [])]
    whole["router_settings"]["fallbacks"] = [
        each for place, each in enumerate(fallbacks) if each not in fallbacks[:place]
    ]
    return whole


@pytest.fixture(scope="module")
def flaky() -> Iterator[FaultServer]:
    with FaultServer(flaky=[Status(503), Status(503), "there"]) as running:
        yield running


@pytest.fixture(scope="module")
def proxy(
    server: RecordingServer, flaky: FaultServer, python: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Proxy]:
    at = f'base_url="http://127.0.0.1:{server.port}/proxy/v1"'
    text = MODELS.format(at=at, flaky=f"http://127.0.0.1:{flaky.port}/v1")
    folder = tmp_path_factory.mktemp("proxy")
    running = Proxy(moaql.parse(text), folder, python, folder / "log")
    try:
        running.wait()
        yield running
    finally:
        running.close()


def own(program: moaql.Program, server: RecordingServer, topology: str, seed: int = 0) -> tuple[Any, Counter[str]]:
    """Answer and requests of moaql."""
    server.who = "moaql"
    server.asked.pop(("moaql", "proxy"), None)
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv("A_KEY", KEY)
        answer = program.topology(topology).run(ASKED, bank="none", seed=seed, attempts=1)
    return answer, server.requests("moaql", "proxy")


def ask(
    proxy: Proxy, server: RecordingServer, model: str, messages: list[dict[str, Any]] = CHAT, **more: Any
) -> tuple[httpx.Response, Counter[str]]:
    """Reply and requests of the proxy."""
    server.who = "proxy"
    server.asked.pop(("proxy", "proxy"), None)
    key = more.pop("key", MASTER)
    body = {"model": model, "messages": messages, **more}
    headers = {"authorization": f"Bearer {key}"}
    said = httpx.post(f"{proxy.url}/v1/chat/completions", json=body, headers=headers, timeout=60)
    return said, server.requests("proxy", "proxy")


@pytest.mark.parametrize("topology", ["panel", "routed_panel"])
def test_the_proxy_answers_as_the_topology(topology: str, proxy: Proxy, server: RecordingServer) -> None:
    answer, requests = own(proxy.program, server, topology, seed=5)
    said, exported = ask(proxy, server, topology, seed=5)
    document = said.json()
    assert document["choices"][0]["message"]["content"] == answer.text
    assert float(said.headers["x-litellm-response-cost"]) == pytest.approx(answer.paid)
    assert document["usage"]["total_tokens"] == answer.prompt_tokens + answer.completion_tokens
    assert exported == requests


def as_sent(requests: Counter[str]) -> Counter[str]:
    """Requests as moaql would send them, where the losses say how LiteLLM's differ."""
    plain: Counter[str] = Counter()
    for text, count in requests.items():
        path, body = text.split(" ", 1)
        document = json.loads(body)
        for message in document["messages"]:
            message["content"] = one_text(message["content"])
        if "system" in document:
            document["system"] = one_text(document["system"])
        plain[f"{path} {json.dumps(document, sort_keys=True, ensure_ascii=False)}"] += count
    return plain


def one_text(content: Any) -> Any:
    return content[0]["text"] if isinstance(content, list) and len(content) == 1 else content


@pytest.mark.parametrize("model", ALONE)
def test_a_model_of_the_table_is_asked_as_a_program_of_that_model_asks_it(
    model: str, proxy: Proxy, server: RecordingServer
) -> None:
    models = re.sub(r"^topology .*$", "", proxy.program.source.text, flags=re.MULTILINE)
    answer, requests = own(moaql.parse(f"{models}topology only = {model}\n"), server, "only")
    said, exported = ask(proxy, server, model)
    assert as_sent(exported) == requests
    lost = [each.what for each in TARGETS.find("litellm").losses(moaql.build(proxy.program, "alone"), proxy.program)]  # type: ignore[union-attr]
    if any(each.startswith(f"in the model table, `{model}` is sent each text as a list of one part") for each in lost):
        assert exported != requests  # and the server, which draws its answer from the request, says something else
        return
    assert exported == requests
    assert said.json()["choices"][0]["message"]["content"] == answer.text
    if answer.paid is not None:  # what costs nothing has no header
        assert float(said.headers.get("x-litellm-response-cost", 0)) == pytest.approx(answer.paid)


def test_a_spare_is_asked_where_a_model_fails(proxy: Proxy, server: RecordingServer) -> None:
    said, requests = ask(proxy, server, "spare")
    assert said.status_code == 200
    assert [(json.loads(text.split(" ", 1)[1])["model"], count) for text, count in requests.items()] == [
        ("broken", 1),
        ("a", 1),
    ]


def test_what_may_pass_is_tried_again(proxy: Proxy, server: RecordingServer, flaky: FaultServer) -> None:
    assert ask(proxy, server, "flaky")[0].json()["choices"][0]["message"]["content"] == "there"
    assert len(flaky.of("flaky")) == 3


def test_a_topology_of_which_everybody_fails_says_so_and_is_not_tried_again(
    proxy: Proxy, server: RecordingServer
) -> None:
    said, requests = ask(proxy, server, "nobody")
    assert said.status_code == 502
    assert "no candidate is left: broken failed with status 400" in said.json()["error"]["message"]
    assert sum(requests.values()) == 2


def test_a_stream_comes_in_one_piece(proxy: Proxy, server: RecordingServer) -> None:
    answer, requests = own(proxy.program, server, "panel")
    said, exported = ask(proxy, server, "panel", stream=True, stream_options={"include_usage": True})
    events = [each.removeprefix("data: ") for each in said.text.split("\n\n") if each.startswith("data: ")]
    assert events.pop() == "[DONE]"
    chunks = [json.loads(each) for each in events]
    choices = [choice for chunk in chunks for choice in chunk["choices"]]
    assert [choice["delta"]["content"] for choice in choices if choice["delta"].get("content")] == [answer.text]
    assert [choice["finish_reason"] for choice in choices if choice.get("finish_reason")] == ["stop"]
    (usage,) = [chunk["usage"] for chunk in chunks if chunk.get("usage")]
    assert usage["total_tokens"] == answer.prompt_tokens + answer.completion_tokens
    assert exported == requests


def test_a_text_may_come_in_parts(proxy: Proxy, server: RecordingServer) -> None:
    answer, requests = own(proxy.program, server, "panel")
    said, exported = ask(
        proxy, server, "panel", [{**each, "content": [{"type": "text", "text": each["content"]}]} for each in CHAT]
    )
    assert said.json()["choices"][0]["message"]["content"] == answer.text
    assert exported == requests


PICTURE = [
    {"type": "text", "text": "What is it?"},
    {"type": "image_url", "image_url": {"url": "data:image/png;base64,"}},
]


@pytest.mark.parametrize(
    ("messages", "more", "reason"),
    [
        (CHAT, {"temperature": 0.5}, "`temperature` is not passed on"),
        (CHAT, {"max_tokens": 5}, "`max_tokens` is not passed on"),
        (CHAT, {"tools": [{"type": "function", "function": {"name": "f"}}]}, "`tools` is not passed on"),
        (CHAT[:3], {}, "the last message must be the user's"),
        ([{"role": "user", "content": PICTURE}], {}, "images, audio and files are not supported"),
    ],
    ids=["temperature", "max_tokens", "tools", "assistant last", "image"],
)
def test_what_a_topology_cannot_do_is_refused(
    messages: list[dict[str, Any]], more: dict[str, Any], reason: str, proxy: Proxy, server: RecordingServer
) -> None:
    said, requests = ask(proxy, server, "panel", messages, **more)
    assert said.status_code == 400
    assert reason in said.json()["error"]["message"]
    assert not requests


def test_a_setting_is_dropped_where_the_request_says_so(proxy: Proxy, server: RecordingServer) -> None:
    answer, requests = own(proxy.program, server, "panel")
    said, exported = ask(proxy, server, "panel", temperature=0.5, drop_params=True)
    assert said.json()["choices"][0]["message"]["content"] == answer.text
    assert exported == requests


def test_the_proxy_keeps_its_own_key_and_sends_only_those_of_the_models(proxy: Proxy, server: RecordingServer) -> None:
    said, requests = ask(proxy, server, "panel", key="sk-another")
    assert said.status_code in (400, 401)
    assert not requests
    server.headers.clear()
    for model in ("panel", "a", "local", "o3"):
        assert ask(proxy, server, model)[0].status_code == 200
    sent = {each.get("authorization") or each.get("x-api-key") for each in server.headers}
    assert sent == {f"Bearer {KEY}", "Bearer none", None}


# The model table


def exported(text: str, topology: str) -> tuple[dict[str, Any], list[str]]:
    """Configuration and losses."""
    program = moaql.parse(text)
    graph = moaql.build(program, topology)
    target = TARGETS.find("litellm")
    assert target is not None
    return json.loads(target.files(graph, program)["config.yaml"]), [
        each.what for each in target.losses(graph, program)
    ]


def test_the_table_names_keys_and_prices() -> None:
    text = """
model a = "together_ai/org/a" price_in=$1 price_out=$2 temperature=0.2
model b = "together_ai/org/b"
topology panel = layer [a, b]x2 temperature=0.7 -> agg a
"""
    config, losses = exported(text, "panel")
    first, second, own = (each["litellm_params"] for each in config["model_list"])
    assert first == {
        "model": "together_ai/org/a",
        "api_key": "os.environ/TOGETHERAI_API_KEY",
        "temperature": 0.2,  # its own: that of the stage is the topology's
        "input_cost_per_token": 1e-6,
        "output_cost_per_token": 2e-6,
    }
    assert "input_cost_per_token" not in second
    assert own == {"model": "moaql/panel", "num_retries": 0}
    assert config["litellm_settings"]["custom_provider_map"] == [
        {"provider": "moaql", "custom_handler": "handler.handler"}
    ]
    assert any(each.startswith("in the model table, the key of `a` is read from TOGETHERAI_API_KEY") for each in losses)


def test_spares_are_entries_with_the_settings_that_they_are_asked_with() -> None:
    text = """
model a = "openai/a"
model b = "openai/b" temperature=0.1
model c = a or b or "openai/d" or "openai/e" or "openai/f" or "openai/g" or "openai/h" temperature=0.5
topology t = layer [b, c] -> vote tie=first
"""
    config, _ = exported(text, "t")
    table = {each["model_name"]: each["litellm_params"] for each in config["model_list"]}
    spares = ["c/b", "c/openai/d", "c/openai/e", "c/openai/f", "c/openai/g", "c/openai/h"]
    assert config["router_settings"]["fallbacks"] == [{"c": spares}]
    assert config["router_settings"]["max_fallbacks"] == 6
    assert (table["b"]["temperature"], table["c/b"]["temperature"]) == (0.1, 0.5)


def test_what_litellm_cannot_ask_is_no_entry() -> None:
    config, losses = exported(
        'model a = "sim/gpt-4o"\nmodel b = "openai/b"\ntopology t = layer [a, b] -> vote tie=first', "t"
    )
    assert [each["model_name"] for each in config["model_list"]] == ["b", "t"]
    assert "in the model table, `a` is missing" in losses
