"""The components of an exported pipeline: one module, the same for every topology but for names.

Haystack's own generators would not do: one that fails ends the pipeline, where a topology goes on without it. So each component
calls the method of its stage in the exported program, with what the components before it gave.

What components of one question share is handed from one to the next as `Run`: equal requests, the bill, what was lost. It is never
kept in a module or in a component, so questions that are answered at once do not mix.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from moaql.graph.nodes import Graph

VERSION = "3.4"
"""Of Haystack: what an export is written for, and tested with."""


def write_components(graph: Graph, class_name: str, package: str, ends: tuple[str, str]) -> str:
    """The text of `components.py`.

    Args:
        graph: The topology.
        class_name: Its class in `topology.py`.
        package: The folder in which both files stand.
        ends: The components that take the question and give the answer.
    """
    names = {"@NAME@": graph.name, "@TOPOLOGY@": class_name, "@PACKAGE@": package, "@VERSION@": VERSION}
    names |= {"@QUESTION@": ends[0], "@ANSWER@": ends[1]}
    text = _TEXT
    for place, name in names.items():
        text = text.replace(place, name)
    return text


_TEXT = '''"""The components of the topology `@NAME@`, for Haystack @VERSION@. They need topology.py beside them, and httpx.

Haystack loads components of its own alone, unless it is told whom to trust besides:

    import sys
    from haystack import Pipeline

    sys.path.insert(0, FOLDER)  # in which pipeline.yaml and @PACKAGE@ are
    with open("FOLDER/pipeline.yaml") as file:
        pipeline = Pipeline.load(file, allowed_modules=["@PACKAGE@"])
    result = pipeline.run({"@QUESTION@": {"messages": "Why is the sky blue?"}})
    print(result["@ANSWER@"]["replies"][0].text)

Where `load` is called elsewhere, HAYSTACK_DESERIALIZATION_ALLOWLIST=@PACKAGE@ in the environment says the same.
`await pipeline.run_async(...)` works off stages side by side, `concurrency_limit` of them.

How this hangs together: topology.py is the program, a class whose methods are its stages. In pipeline.yaml each stage is a `Stage`
here, and each decision a `Gate`, which sends on the socket of one case alone. A component calls the method of its name on a
`topology.@TOPOLOGY@` of its own; what the components before it sent stands in for what that method would ask other methods for.
`@QUESTION@` makes the `Run`, which goes from component to component and knows what was asked and paid; `@ANSWER@` reads its bill.
"""

from __future__ import annotations

import asyncio
import contextlib
import copy
import functools
import ssl
import time
from collections.abc import AsyncIterator, Coroutine
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import httpx
from haystack import component
from haystack.core.component.types import Variadic
from haystack.dataclasses import ChatMessage, ChatRole

from . import topology

NAME = "@NAME@"


@dataclass(frozen=True)
class Case:
    """What a gate decided: a label, or whether its condition is met."""

    gate: str
    taken: bool | str


class Run:
    """One question on its way: what its components share. It is handed on, never copied."""

    def __init__(self, question: topology.Question, seed: int) -> None:
        self.question = question
        self._shared = topology.Run(question, self, seed)  # it sends its calls by `ask`
        self._started = time.perf_counter()
        self._client: topology.Client | None = None
        self._working = 0

    def __deepcopy__(self, memo: dict[int, Any]) -> Run:
        return self  # Haystack copies what it hands on

    def __repr__(self) -> str:
        return f"Run({self.question.text!r})"

    async def ask(self, *call: Any) -> topology.Reply:
        """Send a call."""
        self._client = self._client or _connect()
        return await self._client.ask(*call)

    async def work_out(self, method: str, received: dict[str, Any]) -> Any:
        """What a stage gives, where the stages before it gave what was received."""
        run = copy.copy(self._shared)
        run.stages = _Stages(self._shared.stages, {name: _given(value) for name, value in received.items()})
        async with self._connected():
            return await getattr(topology.@TOPOLOGY@(run), method)()

    def answer(self, outputs: topology.Candidates) -> topology.Answer:
        """The answer and its bill. Raises `topology.NoAnswer` where no candidate is left."""
        return self._shared.answer(outputs, self._started)

    @contextlib.asynccontextmanager
    async def _connected(self) -> AsyncIterator[None]:
        """Connections are open while components work, and no longer: nobody says when a pipeline has failed."""
        self._working += 1
        try:
            yield
        finally:
            self._working -= 1
            if self._client is not None and not self._working:
                client, self._client = self._client, None
                await client.__aexit__()


def _connect() -> topology.Client:
    """As many clients are opened, they share the certificates, which take long to read."""
    limits = httpx.Limits(max_connections=None)
    return topology.Client(httpx.AsyncClient(verify=_certificates(), timeout=topology.TIMEOUT, limits=limits))


@functools.cache
def _certificates() -> ssl.SSLContext:
    return httpx.create_ssl_context()


class _Stages(dict[str, list[Any]]):
    """What stages gave, as `topology.once` keeps it: what a component received counts before what others worked out."""

    def __init__(self, shared: dict[str, list[Any]], received: dict[str, list[Any]]) -> None:
        super().__init__(received)
        self._shared = shared

    def __contains__(self, name: object) -> bool:
        return super().__contains__(name) or name in self._shared

    def __missing__(self, name: str) -> list[Any]:
        return self._shared[name]

    def __setitem__(self, name: str, stage: list[Any]) -> None:
        self._shared[name] = stage

    def pop(self, name: str, default: Any = None) -> Any:
        return self._shared.pop(name, default)


def _given(value: Any) -> list[Any]:
    done = asyncio.get_running_loop().create_future()
    done.set_result(value)
    return [done, 1]


def _finished(work: Coroutine[Any, Any, dict[str, Any]]) -> dict[str, Any]:
    """Wait for a component, also where an event loop runs already, as in a notebook."""
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return asyncio.run(work)
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(asyncio.run, work).result()


@component
class Question:
    """What is asked.

    Args:
        seed: Of all that is drawn, such as orders and ties, unless a call gives another.
    """

    def __init__(self, seed: int = 0) -> None:
        self.seed = seed

    @component.output_types(run=Run)
    def run(
        self, messages: list[ChatMessage] | str, fields: dict[str, Any] | None = None, seed: int | None = None
    ) -> dict[str, Any]:
        """Begin.

        Args:
            messages: As for a chat generator: texts, of which the user's is the last.
            fields: Of the question, which prompts and gates may read.
            seed: Instead of the component's.
        """
        question = _question(messages, fields or {})
        return {"run": Run(question, self.seed if seed is None else seed)}


def _question(messages: list[ChatMessage] | str, fields: dict[str, Any]) -> topology.Question:
    if isinstance(messages, str):
        return topology.Question(messages, fields=fields)
    if any(each.text is None or each.images or each.files or each.tool_calls for each in messages):
        raise ValueError("a message is no plain text: models are sent texts alone")
    turns = tuple((each.role.value, each.text) for each in messages if each.role != ChatRole.SYSTEM)
    if not turns or turns[-1][0] != "user":
        raise ValueError("the last message must be the user's")
    system = "\\n\\n".join(each.text for each in messages if each.role == ChatRole.SYSTEM)
    return topology.Question(turns[-1][1], system, turns[:-1], fields)


@component
class Stage:
    """A stage: what comes out are its candidates, None for one that was lost.

    Args:
        method: In topology.py.
        reads: The stages whose candidates it waits for.
        reads_if: Those whose candidates it takes in some cases.
        gated: Whether it waits for a gate to decide.
    """

    def __init__(
        self, method: str, reads: list[str] | None = None, reads_if: list[str] | None = None, gated: bool = False
    ) -> None:
        self.method, self.reads, self.reads_if, self.gated = method, reads, reads_if, gated
        _take_in(self, reads, reads_if, gated)
        component.set_output_types(self, candidates=topology.Candidates)

    def run(self, **received: Any) -> dict[str, Any]:
        """Ask its models."""
        return _finished(self.run_async(**received))

    async def run_async(self, **received: Any) -> dict[str, Any]:
        """Ask its models."""
        return {"candidates": await _worked_out(self.method, received)}


@component
class Gate:
    """Decides which way to go, and sends on the socket of that case alone.

    Args:
        method: In topology.py.
        cases: Their labels.
        reads: The stages whose candidates it waits for.
        gated: Whether it waits for another gate to decide.
    """

    def __init__(self, method: str, cases: list[str], reads: list[str] | None = None, gated: bool = False) -> None:
        self.method, self.cases, self.reads, self.gated = method, cases, reads, gated
        _take_in(self, reads, None, gated)
        component.set_output_types(self, **{f"if_{case}": Case for case in cases})

    def run(self, **received: Any) -> dict[str, Any]:
        """Decide."""
        return _finished(self.run_async(**received))

    async def run_async(self, **received: Any) -> dict[str, Any]:
        """Decide."""
        taken = await _worked_out(self.method, received)
        label = ("yes" if taken else "no") if isinstance(taken, bool) else taken
        return {f"if_{label}": Case(self.method, taken)}


@component
class Answer:
    """The answer, as chat generators give theirs: the meta of the first reply says what it took.

    Args:
        reads: The stages that the topology ends with.
    """

    def __init__(self, reads: list[str]) -> None:
        self.reads = reads
        _take_in(self, reads, None, False)
        component.set_output_types(self, replies=list[ChatMessage])

    def run(self, **received: Any) -> dict[str, Any]:
        """Make the replies."""
        return _finished(self.run_async(**received))

    async def run_async(self, **received: Any) -> dict[str, Any]:
        """Make the replies."""
        answer = received["run"].answer(await _worked_out("outputs", received))
        usage = {
            "prompt_tokens": answer.prompt_tokens,
            "completion_tokens": answer.completion_tokens,
            "total_tokens": answer.prompt_tokens + answer.completion_tokens,
        }
        bill = {
            "usage": usage,
            "cost": answer.cost,
            "calls": answer.calls,
            "seconds": answer.seconds,
            "lost": list(answer.lost),
            "notes": list(answer.notes),
        }
        replies = []
        for index, text in enumerate(answer.outputs):
            meta = {"model": NAME, "index": index, "finish_reason": "stop", **(bill if index == 0 else {})}
            replies.append(ChatMessage.from_assistant(text, meta=meta))
        return {"replies": replies}


def _take_in(stage: Any, reads: list[str] | None, reads_if: list[str] | None, gated: bool) -> None:
    """The sockets: the run, the candidates of each stage under its name, and what gates decided."""
    component.set_input_type(stage, "run", Run)
    for name in reads or ():
        component.set_input_type(stage, name, topology.Candidates)
    for name in reads_if or ():
        component.set_input_type(stage, name, topology.Candidates, None)
    if gated:
        component.set_input_type(stage, "if", Variadic[Case])  # of several gates, the first that wants it is enough


async def _worked_out(method: str, received: dict[str, Any]) -> Any:
    stages = {name: value for name, value in received.items() if name not in ("run", "if") and value is not None}
    decided = {case.gate: case.taken for case in received.get("if", ())}
    return await received["run"].work_out(method, {**stages, **decided})
'''
