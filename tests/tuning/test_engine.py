"""DSPy's calls are moaql's calls: the same requests, one bank, one budget, and nothing on the terminal."""

import asyncio
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import dspy
import pytest
from tuning.examples import load, write

from moaql import errors
from moaql.bank.key import key_of
from moaql.bank.memory import MemoryBank
from moaql.evaluation.task import open_task
from moaql.providers.base import Request, Response
from moaql.run.caller import Answered, Caller
from moaql.run.session import Options, open_session
from moaql.tuning.bridge import Bridge
from moaql.tuning.cases import cases_of
from moaql.tuning.engine import Engine, as_dspy_error, as_moaql_error, language_model
from moaql.tuning.optimizers.base import Work
from moaql.tuning.reflection import Occurrences, Reflection
from moaql.tuning.student import Student
from moaql.tuning.target import find_place, reflection_model
from moaql.tuning.trials import Tally, Trials


class Recording(Caller):
    """Remembers what was asked."""

    def __init__(self) -> None:
        super().__init__(MemoryBank(), None)  # type: ignore[arg-type]
        self.requests: list[Request] = []

    async def ask(self, request: Request, price: Any, **more: Any) -> Answered:
        self.requests.append(request)
        return await super().ask(request, price, **more)


@pytest.mark.parametrize(
    "text", ["", "  Indented {n}.\n\n  {candidates:xml}\n\tAnd a tab.", "One.\n{n}\n\n\n{candidates:xml}"]
)
def test_what_dspy_evaluates_is_the_request_of_the_runtime(tmp_path: Path, text: str) -> None:
    """Messages, settings, sample and key; the text as DSPy holds it is the one that is judged and written."""
    program = load(tmp_path, items=40)
    place = find_place(program, program.topology())

    async def compare() -> None:
        caller = Recording()
        trials = Trials(place, open_task(program), caller, Tally())
        reflection = Reflection(reflection_model(program, place), caller)
        bridge = Bridge(asyncio.get_running_loop())
        work = Work(place.seed, trials, [0], [1], reflection, bridge, 100)
        student = Student(work, await cases_of(trials, [0, 1]))
        student.program.tuned.signature = student.program.tuned.signature.with_instructions(text or place.seed)
        told = student.texts.text(student.program.tuned.signature.instructions)
        caller.requests.clear()
        await trials.ask(told, [0])
        [by_runtime] = [each for each in caller.requests if each.model == "deepseek-v2.5"]
        caller.requests.clear()
        [example] = student.examples([0])
        await bridge.run(lambda: student.program(**example.inputs()))
        [by_dspy] = caller.requests
        assert by_dspy == by_runtime
        assert key_of(by_dspy) == key_of(by_runtime)
        if not text:
            assert told == place.seed
            assert by_dspy.messages[0][1].startswith("Below are 3 answers")
        await caller.close()

    asyncio.run(compare())


def in_thread(asked: Callable[..., Any], work: Callable[[Engine], Any], note: str = "") -> Any:
    async def run() -> Any:
        bridge = Bridge(asyncio.get_running_loop())
        engine = Engine(asked, bridge, note)
        return await bridge.run(lambda: work(engine))

    return asyncio.run(run())


def test_equal_requests_are_samples_of_one_another_and_a_second_run_asks_for_the_same() -> None:
    seen = []

    async def asked(messages: Any, settings: Any) -> Response:
        request = occurrences.numbered(Request("sim", "x", messages, settings))
        seen.append(request.sample)
        return Response(f"sample {request.sample}", prompt_tokens=3, completion_tokens=2)

    def three(engine: Engine) -> list[str]:
        with dspy.context(lm=language_model("x", engine), adapter=dspy.ChatAdapter()):
            return [
                each["text"] if isinstance(each, dict) else each
                for each in dspy.settings.lm("Hello", n=3, temperature=1.0)
            ]

    for _ in range(2):
        occurrences = Occurrences()
        assert sorted(in_thread(asked, three)) == ["sample 0", "sample 1", "sample 2"]
    assert sorted(seen) == [0, 0, 1, 1, 2, 2]


def test_at_temperature_0_there_is_one_sample() -> None:
    occurrences = Occurrences()
    request = Request("sim", "x", (("user", "Hi"),), (("temperature", 0),))
    assert [occurrences.numbered(request).sample for _ in range(2)] == [0, 0]


def test_it_answers_asynchronous_callers_too() -> None:
    async def asked(messages: Any, settings: Any) -> Response:
        return Response(f"{messages} {dict(settings)}")

    async def run() -> Any:
        engine = Engine(asked, Bridge(asyncio.get_running_loop()), "Note.")
        return await language_model("x", engine).acall("Hello", max_tokens=7)

    assert asyncio.run(run()) == ["(('system', 'Note.'), ('user', 'Hello')) {'max_tokens': 7}"]


@pytest.mark.parametrize(
    ("error", "name"),
    [
        (errors.RateLimited("slow", status=429, retry_after=2.0), "LMRateLimitError"),
        (errors.Unreachable("no"), "LMTransportError"),
        (errors.Stalled("no"), "LMTimeoutError"),
        (errors.ServerFailed("no", status=503), "LMServerError"),
        (errors.KeyRefused("no", status=401), "LMAuthError"),
        (errors.UnknownModel("no", status=404), "LMUnsupportedModelError"),
        (errors.ContextTooLong("no"), "ContextWindowExceededError"),
        (errors.Filtered("no"), "LMInvalidRequestError"),
        (errors.BudgetReached("no"), "LMConfigurationError"),
    ],
)
def test_errors_mean_the_same_on_both_sides(error: errors.MoaqlError, name: str) -> None:
    calls = []

    async def asked(messages: Any, settings: Any) -> Response:
        calls.append(messages)
        raise error

    def work(engine: Engine) -> Any:
        with pytest.raises(Exception) as raised:  # noqa: PT011 - its class is compared below
            language_model("x", engine)("Hello")
        return raised.value, engine.ended

    found, ended = in_thread(asked, work)
    assert type(found).__name__ == name
    assert as_moaql_error(found) is error
    assert len(calls) == 1  # the caller below has tried again where that makes sense
    assert (ended is error) == isinstance(error, errors.BudgetReached)
    assert as_dspy_error(error).args


def test_after_the_budget_is_reached_nothing_is_asked_any_more() -> None:
    calls = []

    async def asked(messages: Any, settings: Any) -> Response:
        calls.append(messages)
        raise errors.BudgetReached("over")

    def work(engine: Engine) -> None:
        model = language_model("x", engine)
        for _ in range(3):
            with pytest.raises(dspy.LMError):
                model("Hello")

    in_thread(asked, work)
    assert len(calls) == 1


CODE = """
import sys, moaql
found = moaql.tune(moaql.load("p.moaql"), optimizer=sys.argv[1], calls=90, bank="none", reflection="d")
assert not found.tuned.ended, found.lines
assert found.tuned.texts > 1, found.document
assert "litellm" not in sys.modules
"""


@pytest.mark.parametrize("optimizer", ["gepa", "copro", "miprov2"])
def test_every_optimizer_runs_without_a_word_and_without_litellm(tmp_path: Path, optimizer: str) -> None:
    write(tmp_path, items=120, check=3.0)
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", CODE, optimizer],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_a_cancelled_tuning_leaves_nothing_running(tmp_path: Path) -> None:
    import threading

    import moaql

    program = load(tmp_path)

    async def run() -> None:
        begun = asyncio.Event()
        async with open_session(Options(bank="none")):
            task = asyncio.ensure_future(moaql.atune(program, bank="none", listeners=(lambda _event: begun.set(),)))
            await begun.wait()
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task

    before = threading.active_count()
    asyncio.run(run())
    deadline = time.monotonic() + 20  # a thread of an optimizer ends with its call
    while threading.active_count() > before + 1 and time.monotonic() < deadline:
        time.sleep(0.05)
    assert threading.active_count() <= before + 1
