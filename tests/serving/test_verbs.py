"""Serving from Python: a server of one's own, and topologies inside of another application."""

import asyncio
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import openai
import pytest
from servers.faults import FaultServer
from serving.running import QUESTION
from starlette.applications import Starlette
from starlette.routing import Mount
from starlette.testclient import TestClient

import moaql

Program = Callable[..., Path]
ASKED = {"model": "main", "messages": QUESTION}


@asynccontextmanager
async def served(*targets: Any, **settings: Any) -> AsyncIterator[str]:
    """The base URL of a server that runs as long as the block."""
    urls: asyncio.Queue[str] = asyncio.Queue()
    stop = asyncio.Event()
    given = {"bank": "none", "drain": 1} | settings
    serving = asyncio.create_task(moaql.aserve(*targets, port=0, ready=urls.put_nowait, stop=stop, **given))
    yield await urls.get()
    stop.set()
    await serving


async def ask(url: str, model: str = "main", key: str = "none") -> str:
    async with openai.AsyncOpenAI(base_url=url, api_key=key, max_retries=0) as client:
        reply = await client.chat.completions.create(model=model, messages=QUESTION)  # type: ignore[arg-type]
        return str(reply.choices[0].message.content)


def test_files_programs_and_topologies_are_served_side_by_side(program: Program) -> None:
    async def main(upstream: FaultServer) -> list[str]:
        path = program(upstream, "topology one = a\ntopology other = b")
        parsed = moaql.parse(upstream.program("topology two = a\ntopology three = b"))
        alone = moaql.parse(upstream.program("topology four = b")).topology()
        async with (
            served(f"{path}::one", parsed, alone) as url,
            openai.AsyncOpenAI(base_url=url, api_key="-") as client,
        ):
            names = [each.id async for each in client.models.list()]
            assert [await ask(url, name) for name in names] == ["said by a", "said by a", "said by b", "said by b"]
        return names

    with FaultServer(a="said by a", b="said by b") as upstream:
        assert asyncio.run(main(upstream)) == ["one", "two", "three", "four"]


def test_each_request_is_a_line_for_whoever_wants_it(program: Program) -> None:
    async def main(path: Path) -> list[str]:
        lines: list[str] = []
        async with served(path, log=lines.append) as url:
            await ask(url)
        return lines

    with FaultServer(a="fine") as upstream:
        (line,) = asyncio.run(main(program(upstream, "a")))
    assert " 200 POST /v1/chat/completions model=main" in line


def test_keys_and_budgets_hold_as_on_the_command_line(program: Program, tmp_path: Path) -> None:
    keys = tmp_path / "keys.toml"
    keys.write_text('[keys.ann]\nkey = "ann-0123456789-abcdefgh"\n')

    async def main(path: Path) -> None:
        async with served(path, keys=keys, budget=0.000001) as url:
            with pytest.raises(openai.AuthenticationError):
                await ask(url)
            with pytest.raises(openai.RateLimitError, match="dollars that may be spent"):
                await ask(url, key="ann-0123456789-abcdefgh")

    with FaultServer(a="fine") as upstream:
        asyncio.run(main(program(upstream, "a")))
        assert upstream.asked == []


def test_an_application_mounts_topologies_among_its_own_paths(program: Program) -> None:
    with FaultServer(a="fine") as upstream:
        models = moaql.asgi(program(upstream, "a"), bank="none")
        with TestClient(Starlette(routes=[Mount("/ai", models)], lifespan=models.lifespan)) as client:
            reply = client.post("/ai/v1/chat/completions", json=ASKED)
            streamed = client.post("/ai/v1/chat/completions", json=ASKED | {"stream": True})
            assert client.get("/ai/health").json() == {"status": "ok"}
            assert client.get("/ai/nothing").json()["error"]["type"] == "invalid_request_error"
            assert client.get("/nothing").text == "Not Found"
    assert reply.json()["choices"][0]["message"]["content"] == "fine"
    assert streamed.text.endswith("data: [DONE]\n\n")


def test_a_server_runs_the_application_as_it_is(program: Program) -> None:
    with FaultServer(a="fine") as upstream, TestClient(moaql.asgi(program(upstream, "a"), bank="none")) as client:
        assert client.post("/v1/chat/completions", json=ASKED).json()["moaql"]["calls"] == 1


def test_a_bank_that_cannot_be_opened_is_told_at_the_start(program: Program, tmp_path: Path) -> None:
    broken = tmp_path / "bank.db"
    broken.write_text("this is no bank, and long enough to be read as a file of one" * 20)
    with FaultServer(a="fine") as upstream:
        client = TestClient(moaql.asgi(program(upstream, "a"), bank=str(broken)))
        with pytest.raises(moaql.BankError), client:
            pass


def test_an_application_that_nobody_opened_says_how(program: Program) -> None:
    with FaultServer(a="fine") as upstream:
        client = TestClient(Starlette(routes=[Mount("/ai", moaql.asgi(program(upstream, "a"), bank="none"))]))
        with pytest.raises(moaql.UsageError, match="the application is not open") as caught:
            client.get("/ai/health")
    assert "lifespan=models.lifespan" in caught.value.next_step


def test_what_makes_no_sense_is_told_before_anything_listens(tmp_path: Path) -> None:
    good = moaql.parse('model a = "sim/fast"\na').topology()
    wrong: list[tuple[tuple[Any, ...], dict[str, Any], str]] = [
        ((), {}, "there is no topology to serve"),
        ((good, good), {}, "two topologies are called `main`"),
        ((good,), {"at_once": 0}, "`at_once` is a number above 0"),
        ((good,), {"budgt": 5}, "no option is called `budgt`"),
        ((good,), {"budget": -1}, "a budget of -1 dollars makes no sense"),
        ((good,), {"budget": "5"}, "`budget` is a number, not '5'"),
        ((good,), {"attempts": 0}, "at least one call at a time, and one attempt, are needed"),
        ((good,), {"keys": tmp_path / "none.toml"}, "cannot read"),
        ((moaql.parse('model a = "openai/x"\na'),), {"budget": 5}, "has no known price"),
    ]
    for targets, settings, said in wrong:
        with pytest.raises(moaql.UsageError, match=said):
            moaql.asgi(*targets, **settings)
    with pytest.raises(moaql.UsageError, match="`drain` is a number from 0"):
        moaql.serve(good, drain=-1)
    with pytest.raises(moaql.UsageError, match="without a key, nobody but this machine may ask"):
        moaql.serve(good, host="0.0.0.0")


def test_a_server_that_shall_end_before_it_begins_ends(program: Program) -> None:
    async def main(upstream: FaultServer) -> list[str]:
        urls: list[str] = []
        stop = asyncio.Event()
        stop.set()
        await moaql.aserve(program(upstream, "a"), port=0, bank="none", ready=urls.append, stop=stop)
        return urls

    with FaultServer(a="fine") as upstream:
        (url,) = asyncio.run(main(upstream))
    assert url.startswith("http://127.0.0.1:")


def test_the_blocking_verb_ends_on_sigterm(program: Program) -> None:
    code = "import moaql, sys; moaql.serve(sys.argv[1], port=0, bank='none', ready=lambda url: print(url, flush=True))"
    with FaultServer(a="fine") as upstream:
        path = program(upstream, "a")
        with subprocess.Popen([sys.executable, "-c", code, str(path)], stdout=subprocess.PIPE, text=True) as process:
            try:
                assert process.stdout is not None
                url = process.stdout.readline().strip()
                assert asyncio.run(ask(url)) == "fine"
                process.send_signal(signal.SIGTERM)
                assert process.wait(20) == 0
            finally:
                process.kill()


def test_where_a_loop_runs_already_the_other_verb_is_named() -> None:
    async def main() -> None:
        moaql.serve(moaql.parse('model a = "sim/fast"\na'))

    with pytest.raises(moaql.UsageError) as caught:
        asyncio.run(main())
    assert caught.value.next_step == "Await `moaql.aserve` instead."
