"""A real server, llama.cpp, with a model of random weights: its answers are noise, its protocol is not."""

import asyncio
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import moaql
from moaql.errors import ContextTooLong, Unreachable
from moaql.providers.base import Request, Response
from moaql.providers.find import find_provider
from moaql.run.transport import HttpTransport

SERVERS = Path(__file__).resolve().parent.parent / "servers"


@pytest.fixture(scope="session")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The base URL of a server with 1,024 tokens of context for each request."""
    model = tmp_path_factory.mktemp("model") / "tiny.gguf"
    subprocess.run([sys.executable, SERVERS / "tiny_gguf.py", model], check=True, timeout=60)
    assert model.stat().st_size < 1_000_000
    with subprocess.Popen(
        [sys.executable, SERVERS / "llama_server.py", model],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as server:
        assert server.stdout is not None
        try:
            yield server.stdout.readline().strip()
        finally:
            server.terminate()


def ask(
    address: str, *samples: int, provider: str = "llama.cpp", question: str = "Say something.", **settings
) -> list[Response]:
    """The answers of one request, for each sample."""
    requests = [
        Request(
            provider,
            "tiny",
            (("system", "Be brief."), ("user", question)),
            tuple(sorted({"max_tokens": 24, "temperature": 1.0, **settings}.items())),
            sample,
            (("base_url", address),),
        )
        for sample in samples or (0,)
    ]

    async def run() -> list[Response]:
        async with HttpTransport() as transport:
            found = find_provider(requests[0].id, requests[0].connection)
            return await asyncio.gather(*(found.answer(request, transport) for request in requests))

    return asyncio.run(run())


def test_chat(address: str) -> None:
    (response,) = ask(address, seed=7)
    assert len(response.text) > 10
    assert response.finish == "length"
    assert response.completion_tokens == 24
    assert response.prompt_tokens is not None
    assert 10 < response.prompt_tokens < 100
    assert "tiny" in response.model
    assert response.confidence is None


@pytest.mark.parametrize("ending", ["", "/", "/v1", "/v1/", "/v1/chat/completions"])
def test_an_address_may_be_written_in_any_form(address: str, ending: str) -> None:
    (plain,), (other,) = ask(address, seed=7), ask(address + ending, seed=7)
    assert other.text == plain.text


def test_a_stream_brings_the_same_answer_in_pieces(address: str) -> None:
    (whole,) = ask(address, seed=7, logprobs=True)
    pieces: list[str] = []
    request = Request(
        "openai",
        "tiny",
        (("system", "Be brief."), ("user", "Say something.")),
        (("logprobs", True), ("max_tokens", 24), ("seed", 7), ("temperature", 1.0)),
        connection=(("base_url", address),),
    )

    async def run() -> Response:
        async with HttpTransport() as transport:
            return await find_provider(request.id, request.connection).answer(request, transport, pieces.append)

    streamed = asyncio.run(run())
    assert len(pieces) > 5
    assert "".join(pieces) == streamed.text == whole.text
    assert streamed.finish == whole.finish == "length"
    assert (streamed.prompt_tokens, streamed.completion_tokens) == (whole.prompt_tokens, whole.completion_tokens)
    assert streamed.confidence == pytest.approx(whole.confidence)


def test_log_probabilities_are_a_confidence(address: str) -> None:
    (response,) = ask(address, seed=7, logprobs=True)
    assert response.confidence is not None
    assert 0 < response.confidence <= 1


def test_a_seed_repeats_an_answer_and_samples_differ(address: str) -> None:
    first, second, third = ask(address, 0, 1, 2, seed=7)
    assert len({first.text, second.text, third.text}) == 3
    assert [first.text] == [each.text for each in ask(address, 0, seed=7)]
    assert [third.text] == [each.text for each in ask(address, 0, seed=9)], "sample 2 of seed 7 is sent seed 9"


def test_a_stop_text_ends_the_answer(address: str) -> None:
    (whole,) = ask(address, seed=7)
    stop = whole.text[8:10]
    (cut,) = ask(address, seed=7, stop=stop)
    assert cut.text == whole.text[: whole.text.index(stop)]
    assert cut.finish == "stop"


def test_a_prompt_that_does_not_fit(address: str) -> None:
    with pytest.raises(ContextTooLong) as caught:
        ask(address, question="x y " * 2_000)
    assert caught.value.status == 400
    assert "context" in str(caught.value)


def test_it_speaks_the_protocol_of_anthropic_too(address: str) -> None:
    pieces: list[str] = []
    request = Request(
        "anthropic",
        "tiny",
        (("system", "Be brief."), ("user", "Say"), ("user", "something.")),
        (("max_tokens", 24), ("temperature", 0.0)),
        connection=(("base_url", address),),
    )

    async def run() -> tuple[Response, Response]:
        async with HttpTransport() as transport:
            provider = find_provider(request.id)
            return await provider.answer(request, transport), await provider.answer(request, transport, pieces.append)

    whole, streamed = asyncio.run(run())
    assert whole.text == streamed.text == "".join(pieces)
    assert whole.finish == streamed.finish == "length"
    assert whole.completion_tokens == streamed.completion_tokens == 24
    assert whole.prompt_tokens == streamed.prompt_tokens


def test_a_server_that_is_not_there() -> None:
    with pytest.raises(Unreachable, match=r"no connection to 127\.0\.0\.1:9: connection refused"):
        ask("http://127.0.0.1:9")


def program(address: str, pipeline: str) -> moaql.Topology:
    text = f'model m = "llama.cpp/tiny" base_url="{address}" price_in=$1 price_out=$2 max_tokens=24\ntopology t = {pipeline}'
    return moaql.parse(text).topology()


def test_a_topology_runs_on_it_and_is_paid_once(address: str, tmp_path: Path) -> None:
    panel = program(address, "m x3 temperature=1 -> agg m seed=3")
    first = panel.run("Say something.", bank=str(tmp_path / "bank.db"))
    assert [each.node for each in first.said] == ["m", "m#2", "m#3", "agg/m"]
    assert len({each.text for each in first.candidates}) == 4
    assert first.completion_tokens == 4 * 24
    assert first.candidates[3].prompt_tokens > first.candidates[0].prompt_tokens + 3 * 20  # it read the drafts
    assert first.cost == pytest.approx((first.prompt_tokens * 1 + first.completion_tokens * 2) / 1e6)
    again = panel.run("Say something.", bank=str(tmp_path / "bank.db"), offline=True)
    assert (again.text, again.paid) == (first.text, 0)


def test_the_last_call_of_a_topology_streams(address: str) -> None:
    async def listen() -> list[str]:
        return [piece async for piece in program(address, "m x2 -> agg m").stream("Say something.", bank="none")]

    assert len(asyncio.run(listen())) > 5


def test_a_gate_compares_its_probabilities(address: str) -> None:
    sure, unsure = ("m seed=1 -> when confidence >= 0 { m seed=2 }", "m seed=1 -> when confidence > 99% { m seed=2 }")
    assert program(address, sure).run("Say something.", bank="none").decisions == {"when": "yes"}
    answer = program(address, unsure).run("Say something.", bank="none")
    assert (answer.decisions, answer.notes) == ({"when": "no"}, ())


def test_a_proposer_whose_prompt_does_not_fit_is_lost(address: str) -> None:
    text = f'model m = "llama.cpp/tiny" base_url="{address}" price_in=$1 price_out=$2 max_tokens=24\n' + (
        f'prompt long {{ user "{"word " * 3000}{{question}}" }}\ntopology t = layer [m, m] prompt=[long, default] -> vote tie=first'
    )
    answer = moaql.parse(text).topology().run("Say something.", bank="none")
    assert len(answer.said) == 1
    assert "context" in answer.losses[0].reason
