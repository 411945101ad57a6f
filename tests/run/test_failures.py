"""What providers do on their bad days, over a real socket, and what becomes of a run."""

import asyncio
import socket
import time
from email.utils import formatdate
from pathlib import Path
from typing import Any

import pytest
from servers.faults import Ends, FaultServer, Later, Part, Reset, Says, Silent, Stall, Status, ask, session

import moaql
from moaql.bank.base import Entry
from moaql.bank.memory import MemoryBank
from moaql.bank.open import open_bank
from moaql.run.caller import Caller
from moaql.run.events import CallFinished, Event
from moaql.run.executor import run as execute
from moaql.run.question import Question
from moaql.run.transport import HttpTransport

MISSING = b"<html><head><title>404 Not Found</title></head></html>"
PAGE = b"<html><head><title>502 Bad Gateway</title></head><body><h1>nginx</h1><script>evil()</script></body></html>"


def attempts(events: list[Event]) -> list[int]:
    """How often each call was sent."""
    return [event.attempts for event in events if isinstance(event, CallFinished)]


def lost(part: Part, pipeline: str = "a", **options: Any) -> tuple[str, FaultServer, list[Event]]:
    """The reason that is told for a model that plays this part, when no answer is left."""
    events: list[Event] = []
    with FaultServer(a=part) as server, pytest.raises(moaql.NoCandidates) as failed:
        ask(server, pipeline, listeners=(events.append,), **options)
    assert failed.value.exit_code == 3
    (reason,) = failed.value.losses
    return reason, server, events


def seconds_from_now(seconds: float) -> str:
    return formatdate(time.time() + seconds, usegmt=True)


@pytest.mark.parametrize(
    ("header", "least", "most"),
    [
        (lambda: {"retry-after": "0.3"}, 0.3, 1.0),
        (lambda: {"retry-after-ms": "300"}, 0.3, 1.0),
        (lambda: {"Retry-After": seconds_from_now(2)}, 0.5, 2.5),  # a date has whole seconds
        (lambda: {"retry-after": "0"}, 0.0, 0.5),
        (lambda: {"retry-after": "soon"}, 0.0, 0.5),
        (dict, 0.0, 0.5),
    ],
    ids=["seconds", "milliseconds", "date", "at once", "nonsense", "none"],
)
def test_a_rate_limit_is_waited_for(header: Any, least: float, most: float) -> None:
    """The first attempt is refused, the second is answered, and the trace counts both."""
    events: list[Event] = []
    busy = Status(429, {"error": {"message": "slow down", "code": "rate_limit_exceeded"}}, header())
    with FaultServer(a=[busy, "fine"]) as server:
        answer = ask(server, "a", listeners=(events.append,))
    assert answer.text == "fine"
    assert attempts(events) == [2]
    first, second = server.asked
    assert least <= second.at - first.at < most
    assert answer.cost == answer.paid == pytest.approx(120e-6)  # a refusal costs nothing


def test_a_wait_that_is_longer_than_ours_is_a_failure_now() -> None:
    reason, server, _ = lost(Status(429, b"", {"retry-after": "90"}), longest_wait=60)
    assert "status 429" in reason
    assert len(server.asked) == 1


@pytest.mark.parametrize("status", [500, 502, 503, 529, 408, 409])
def test_a_failed_server_is_asked_again(status: int) -> None:
    events: list[Event] = []
    with FaultServer(a=[Status(status, PAGE, type="text/html"), Status(status), "fine"]) as server:
        assert ask(server, "a", listeners=(events.append,)).text == "fine"
    assert attempts(events) == [3]


def test_a_server_that_fails_for_good_is_lost_with_a_reason_to_read() -> None:
    reason, server, events = lost(Status(502, PAGE, type="text/html"))
    assert reason == (
        "a: `openai/a` failed with status 502: 502 Bad Gateway "
        "(Try again later, or name another model: `model a = b or c`.)"
    )
    assert len(server.asked) == 3
    assert attempts(events) == [3]


def test_nobody_listens() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    program = f'model a = "openai/a" base_url="http://127.0.0.1:{port}/v1" api_key_env=none\na'
    with pytest.raises(moaql.NoCandidates) as failed:
        moaql.parse(program).topology().run("Q", bank="none", attempts=1)
    (reason,) = failed.value.losses
    assert f"no connection to 127.0.0.1:{port}: connection refused" in reason
    assert "Check that the server runs" in reason


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        (Reset(), "closed the connection before the end of its reply"),
        (Ends(), "closed the connection before the end of its reply"),
        (Stall(), "sent nothing for 0.2 s in the middle of its reply"),
        (Status(200, b""), "sent an empty reply"),
        (Status(200, b'{"choices": [{"mess'), "sent a reply that is not JSON"),
        (Status(200, b"\xff\xfe\x00"), "sent a reply that is not JSON"),
        (Status(200, PAGE, type="text/html"), "sent a reply that is not JSON"),
        (Status(200, b"[" * 100_000), "sent a reply that is not JSON"),
        (Status(200, [1, 2]), "sent JSON that is no object"),
        (Status(200, {"object": "list", "data": []}), "a reply without an answer"),
        (Status(200, {"choices": []}), "a reply without an answer"),
        (Status(200, {"choices": {"0": "x"}}), "a reply without an answer"),
        (Status(200, {"choices": [{"text": "an older protocol"}]}), "an answer without a message"),
        (Status(200, {"choices": [{"message": {"content": 42}}]}), "wrote no text"),
        (Says(None), "wrote no text"),
        (Status(200, {"error": {"message": "overloaded", "code": 503}}), "failed with status 503: overloaded"),
    ],
)
def test_a_reply_that_makes_no_sense_is_asked_for_again(fault: Part, words: str) -> None:
    events: list[Event] = []
    with FaultServer(a=[fault, "fine"]) as server:
        assert ask(server, "a", stall=0.2, listeners=(events.append,)).text == "fine"
    assert attempts(events) == [2]
    reason, server, _ = lost(fault, stall=0.2, attempts=2)
    assert words in reason
    assert len(server.asked) == 2


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        (
            Status(404, {"error": {"message": "The model `a` does not exist", "code": "model_not_found"}}),
            ("status 404: The model `a` does not exist", "Check the id in the model statement"),
        ),
        (Status(404, MISSING, type="text/html"), ("there is nothing at 127.0.0.1", "most end in `/v1`")),
        (
            Status(400, {"error": {"message": "maximum context length is 10 tokens", "type": "invalid_request_error"}}),
            ("status 400: maximum context length is 10 tokens", "take a model with a longer context"),
        ),
        (Status(400, {"error": {"message": "temperature is too high"}}), ("temperature is too high", "settings")),
        (Status(403, {"detail": "no"}), ("status 403: no", "The endpoint wants a key")),
        (Status(307, b"", {"location": "http://127.0.0.1:1/"}), ("status 307", "give that one as `base_url`")),
        (Says("", finish="content_filter"), ("withheld the answer", "Ask in other words")),
    ],
    ids=["wrong model", "wrong address", "too long", "setting", "forbidden", "redirect", "filter"],
)
def test_what_would_fail_again_is_sent_once(fault: Part, words: tuple[str, ...]) -> None:
    reason, server, _ = lost(fault)
    assert len(server.asked) == 1
    for each in words:
        assert each in reason


def test_a_refused_key_is_sent_once_and_its_variable_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MY_TEST_KEY", "sk-very-secret-0123456789")
    said = Status(401, {"error": {"message": "Incorrect API key provided: sk-very-secret-0123456789."}})
    with FaultServer(a=said) as server, pytest.raises(moaql.NoCandidates) as failed:
        ask(server, "a", settings='api_key_env="MY_TEST_KEY"')
    assert len(server.asked) == 1
    assert "MY_TEST_KEY" in str(failed.value)
    assert "very-secret" not in str(failed.value)
    assert server.asked[0].headers["authorization"] == "Bearer sk-very-secret-0123456789"


@pytest.mark.parametrize("usage", [None, (0, 0)])
def test_tokens_that_are_not_counted_are_estimated_and_cost(usage: tuple[int, int] | None) -> None:
    with FaultServer(a=Says("x" * 350, usage)) as server:
        answer = ask(server, "a", "q" * 700)
    assert answer.completion_tokens == 100
    assert answer.prompt_tokens == 204
    assert answer.cost == answer.paid == pytest.approx((204 * 1 + 100 * 2) / 1e6)


def test_an_answer_of_ten_megabytes(tmp_path: Path) -> None:
    text = "0123456789 äöü " * 700_000
    bank = str(tmp_path / "bank.db")
    with FaultServer(a=Says(text)) as server:
        assert ask(server, "a", bank=bank).text.strip() == text.strip()
        again = ask(server, "a", bank=bank)
    assert again.text.strip() == text.strip()
    assert len(server.asked) == 1


def test_a_proposer_that_never_answers_is_left_behind_by_its_timeout() -> None:
    with FaultServer(a="one", slow=Silent(), c="merged") as server:
        answer = ask(server, "layer [a, slow] timeout=200ms -> agg c")
        server.wait(lambda: server.of("slow")[0].left)  # the connection was closed
    assert answer.text == "merged"
    assert [(each.node, each.reason) for each in answer.losses] == [
        ("layer1/slow", "`slow` did not answer within 0.2 s")
    ]
    assert answer.elapsed_s < 2


def test_a_proposer_that_never_answers_is_left_behind_by_a_quorum() -> None:
    with FaultServer(a="one", b="two", slow=Silent(), c="merged") as server:
        answer = ask(server, "layer [slow, a, b] quorum=2 -> agg c")
        server.wait(lambda: server.of("slow")[0].left)
    assert answer.text == "merged"
    assert answer.elapsed_s < 2
    assert [each.node for each in answer.candidates] == ["layer1/a", "layer1/b", "agg/c"]


def test_all_proposers_lost_is_an_error_and_no_silent_single_call() -> None:
    with FaultServer(a=Status(500), b=Reset(), d=Status(404), c="I saw nothing") as server:
        with pytest.raises(moaql.NoCandidates) as failed:
            ask(server, "layer [a, b, d] -> agg c", attempts=2)
        assert server.of("c") == []
    assert sorted(each.split(":")[0] for each in failed.value.losses) == ["layer1/a", "layer1/b", "layer1/d"]
    assert failed.value.exit_code == 3


FAULTS = {
    "status": Status(500),
    "key": Status(401),
    "reset": Reset(),
    "nonsense": Status(200, {"choices": []}),
    "no text": Says(None),
    "filter": Says("", finish="content_filter"),
}


@pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS)
def test_nothing_of_an_error_is_kept(fault: Part, tmp_path: Path) -> None:
    bank = str(tmp_path / "bank.db")
    with FaultServer(a=[fault, "fine"]) as server:
        with pytest.raises(moaql.NoCandidates):
            ask(server, "a", bank=bank, attempts=1)
        assert asyncio.run(entries(bank)) == 0
        assert ask(server, "a", bank=bank, attempts=1).text == "fine"
        assert ask(server, "a", bank=bank, attempts=1).paid == 0
    assert len(server.asked) == 2


class _SlowToStore(MemoryBank):
    """A bank on a slow disk, which may be full."""

    def __init__(self, full: bool) -> None:
        super().__init__()
        self.full = full
        self.stored: list[float] = []

    async def store(self, key: bytes, entry: Entry) -> None:
        await asyncio.sleep(0.2)
        if self.full:
            raise moaql.BankError("the disk is full")
        await super().store(key, entry)
        self.stored.append(time.monotonic())


@pytest.mark.parametrize("full", [False, True])
def test_a_response_is_in_the_bank_before_anybody_sees_it(full: bool) -> None:
    """Otherwise a kill could lose an answer that others were already built, and paid for, upon."""
    bank = _SlowToStore(full)
    pieces: list[str] = []

    async def run(server: FaultServer) -> moaql.Answer:
        graph = moaql.parse(server.program("layer [a, b] -> agg c")).topology().graph
        async with HttpTransport() as transport:
            caller = Caller(bank, transport)
            try:
                return await execute(graph, Question("Q"), caller, on_text=pieces.append)
            finally:
                await caller.close()

    with FaultServer(a="one", b="two", c="merged") as server:
        if full:
            with pytest.raises(moaql.BankError, match="the disk is full"):
                asyncio.run(run(server))
            assert server.of("c") == []
            assert pieces == []
            return
        asyncio.run(run(server))
    assert server.of("c")[0].at >= sorted(bank.stored)[1]


async def entries(bank: str) -> int:
    opened = open_bank(bank)
    try:
        return sum(each.entries for each in await opened.count())
    finally:
        await opened.close()


def spoken(server: FaultServer, pipeline: str, **options: Any) -> tuple[list[str], moaql.MoaqlError | None]:
    """The pieces that were shown, and the error that ended them."""
    pieces: list[str] = []

    async def listen() -> None:
        topology = moaql.parse(server.program(pipeline)).topology()
        async with session(**options) as caller:
            async for piece in topology.stream("Q", session=caller):
                pieces.append(piece)  # noqa: PERF401 - those before an error count

    try:
        asyncio.run(listen())
    except moaql.MoaqlError as error:
        return pieces, error
    return pieces, None


BREAKS = {
    "closed": Ends("The answer is "),
    "error event": Ends("The answer is ", "the server is overloaded"),
    "reset": Reset("The answer is "),
    "stalled": Stall("The answer is "),
}


@pytest.mark.parametrize("pipeline", ["a", "layer [b] -> agg a fallback=b", "model any = a or b\ntopology t = any"])
@pytest.mark.parametrize("fault", BREAKS.values(), ids=BREAKS)
def test_a_stream_that_breaks_is_not_continued_by_another_answer(fault: Part, pipeline: str) -> None:
    """Half of an answer was shown. Neither a retry, nor a fallback, nor another model may go on from there."""
    program = pipeline if "topology" in pipeline else f"topology t = {pipeline}"
    with FaultServer(a=[fault, "Another answer"], b="instead") as server:
        pieces, error = spoken(server, program, stall=0.2)
    assert "The answer is ".startswith("".join(pieces))
    assert pieces
    assert isinstance(error, moaql.ProviderError)
    assert len(server.of("a")) == 1


def test_a_stream_that_fails_before_its_first_word_is_asked_for_again() -> None:
    with FaultServer(a=[Status(503), Reset(""), Status(200, b""), "A whole answer"]) as server:
        pieces, error = spoken(server, "a", attempts=4)
    assert error is None
    assert "".join(pieces) == "A whole answer"


def test_a_server_that_does_not_stream_is_heard_all_the_same() -> None:
    whole = {"choices": [{"message": {"content": "All at once"}, "finish_reason": "stop"}]}
    with FaultServer(a=Status(200, whole)) as server:
        assert spoken(server, "a") == (["All at once"], None)


def test_cancelling_closes_the_connections_and_leaves_nothing_running() -> None:
    with FaultServer(a=Silent(), b=Stall(), c="merged") as server:
        topology = moaql.parse(server.program("layer [a, b]x2 -> agg c")).topology()

        async def give_up() -> None:
            async with session() as caller:
                task = asyncio.create_task(topology.arun("Q", session=caller))
                await asyncio.to_thread(server.wait, lambda: len(server.asked) == 4)
                task.cancel()
                with pytest.raises(asyncio.CancelledError):
                    await task
            assert asyncio.all_tasks() == {asyncio.current_task()}

        asyncio.run(give_up())
        server.wait(lambda: all(each.left or each.model == "b" for each in server.asked))
    assert server.of("c") == []


def test_slow_answers_of_one_do_not_hold_up_another() -> None:
    with FaultServer(a=Later(0.5, "late"), b="quick") as server:
        topology = moaql.parse(server.program("topology slow = a\ntopology quick = b"))

        async def both() -> float:
            async with session() as caller:
                late = asyncio.create_task(topology.topology("slow").arun("Q", session=caller))
                await asyncio.to_thread(server.wait, lambda: bool(server.asked))
                answer = await topology.topology("quick").arun("Q", session=caller)
                await late
                return answer.elapsed_s

        assert asyncio.run(both()) < 0.4
