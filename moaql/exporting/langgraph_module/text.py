"""What every exported graph of LangGraph holds besides its nodes and edges."""

HEAD = '''"""The topology `{name}` of {origin} as a graph of LangGraph 1.2.22, written by `moaql export`.

It needs topology.py beside it, langgraph and httpx. Each stage is a node, and so is each case of a gate.

    graph.invoke({{"question": "What is 17 * 23?"}})["answer"]
    graph.invoke({{"messages": [("user", "What is 17 * 23?")]}})["messages"][-1].content

With a checkpointer (`builder.compile(checkpointer=...)`) a thread is a conversation, and a run that was interrupted goes on
where it stopped: the answers of all nodes that came to their end are in the state, and are not asked for again.

No node has a RetryPolicy, because topology.py sends a request again where that makes sense. A model that fails all the
same is a candidate less, as the topology provides for.
"""

from __future__ import annotations

import asyncio
import dataclasses
import functools
import hashlib
import itertools
import threading
import uuid
import weakref
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Annotated, Any

from langchain_core.messages import AIMessage, AnyMessage, HumanMessage
from langchain_core.runnables import Runnable, RunnableLambda
from langgraph.graph import END, START, StateGraph
from langgraph.graph.message import add_messages
from typing_extensions import TypedDict

# isort: split
import topology  # beside this file

Topology = topology.{program}'''

STATE = '''\
class Input(TypedDict, total=False):
    """What is asked. Everything but the messages is for one turn.

    Attributes:
        messages: The conversation. The last message is the user's; messages of tools are left out.
        question: What the user says, instead of a last message.
        fields: Fields of the question that prompts and gates read.
        seed: Of all that is drawn; 0 where it is not given.
    """

    messages: Annotated[list[AnyMessage], add_messages]
    question: str | None
    fields: dict[str, Any] | None
    seed: int | None


class Output(TypedDict, total=False):
    """What comes out.

    Attributes:
        messages: The conversation, with the answer behind it.
        answer: Its text.
        outputs: All texts that the topology ends with; the answer is the first.
        bill: `calls`, `cost` in dollars (None where a price is unknown), `prompt_tokens`, `completion_tokens`, and texts in `lost`
            (calls that gave no answer) and `notes`.
    """

    messages: Annotated[list[AnyMessage], add_messages]
    answer: str | None
    outputs: list[str] | None
    bill: dict[str, Any] | None


def merged(known: dict[str, Any], new: dict[str, Any] | None) -> dict[str, Any]:
    """Both, or nothing where a new turn begins."""
    return {} if new is None else {**known, **new}


def joined(known: list[str], new: list[str] | None) -> list[str]:
    """One behind the other, or nothing where a new turn begins."""
    return [] if new is None else [*known, *new]


class State(Input, Output, total=False):
    """What a checkpoint keeps of a turn.

    Attributes:
        asked: `text`, `system`, `history`, `fields`, `seed`, and the `id` of the turn.
        stages: By stage: its candidates, None where one was lost; of a gate, what it decided.
        taken: By gate: the case that it took.
        replies: What models said, by request: equal requests are sent once.
        lost: Calls that gave no answer, and why.
        notes: What else to know.
    """

    asked: dict[str, Any]
    stages: Annotated[dict[str, Any], merged]
    taken: Annotated[dict[str, str], merged]
    replies: Annotated[dict[str, Any], merged]
    lost: Annotated[list[str], joined]
    notes: Annotated[list[str], joined]'''

NODES = '''\
# Nodes


def begin(state: State) -> dict[str, Any]:
    """Read the question, and forget the turn before."""
    question = state.get("question")
    new = [] if question is None else [HumanMessage(question)]
    said = [*state.get("messages", ()), *new]
    if not said or said[-1].type != "human":
        raise ValueError("the last message must be the user's: give `messages`, or a `question`")
    asked = {
        "id": uuid.uuid4().hex,
        "text": text_of(said[-1]),
        "system": "\\n\\n".join(text_of(each) for each in said if each.type == "system"),
        "history": [[ROLES[each.type], text_of(each)] for each in said[:-1] if each.type in ROLES],
        "fields": state.get("fields") or {},
        "seed": state.get("seed") or 0,
    }
    return {**dict.fromkeys(FORGOTTEN), "messages": new, "asked": asked}


FORGOTTEN = (
    *("question", "fields", "seed", "stages", "taken", "replies"),
    *("lost", "notes", "answer", "outputs", "bill"),
)
ROLES = {"human": "user", "ai": "assistant"}
Stage = Callable[[Any], Awaitable[Any]]


def text_of(message: AnyMessage) -> str:
    """What a message says. Images and sound cannot be asked."""
    parts = [message.content] if isinstance(message.content, str) else message.content
    others = {str(each.get("type")) for each in parts if not isinstance(each, str)} - {"text"}
    if message.type == "human" and others:
        raise ValueError(f"only text can be asked, and a message holds {', '.join(sorted(others))}")
    return "".join(each if isinstance(each, str) else each.get("text", "") for each in parts)


def stage(method: Stage, *, only_in: Sequence[tuple[str, str]] = ()) -> Runnable[State, dict[str, Any]]:
    """A node that asks for a stage.

    Args:
        method: The stage.
        only_in: Gates and cases: it is wanted in these only. LangGraph may remember a case of a turn that was given up.
    """
    name = method.__name__

    async def ask(state: State) -> dict[str, Any]:
        wanted = not only_in or any(state["taken"].get(gate) == case for gate, case in only_in)
        if name in state["stages"] or not wanted:
            return {}
        async with asking(state) as run:
            return run.update({name: await method(Topology(run))})

    return both_ways(ask, name)


def case(gate: str, label: str) -> Callable[[State], dict[str, Any]]:
    """A node behind a gate: what waits for it runs in this case."""
    return lambda state: {"taken": {gate: label}}


def way(gate: str) -> Callable[[State], str | list[str]]:
    """Where it goes behind a gate; nowhere where it went there before."""

    def label(state: State) -> str | list[str]:
        decided = state["stages"].get(gate)
        if decided is None or gate in state["taken"]:
            return []
        return {True: "yes", False: "no"}.get(decided, decided)

    return label


async def answer(state: State) -> dict[str, Any]:
    """The answer and its bill."""
    if state.get("answer") is not None:
        return {}
    try:
        async with asking(state) as run:
            outputs = [each.text for each in await Topology(run).outputs() if each is not None]
            update = run.update({})
    finally:
        await leave()
    lost, notes = [*state["lost"], *update["lost"]], [*state["notes"], *update["notes"]]
    if not outputs:
        raise topology.NoAnswer("no candidate is left: " + ("; ".join(lost) or "all were filtered out"))
    bill = {**bill_of({**state["replies"], **update["replies"]}), "lost": lost, "notes": notes}
    tokens = {
        "input_tokens": bill["prompt_tokens"],
        "output_tokens": bill["completion_tokens"],
        "total_tokens": bill["prompt_tokens"] + bill["completion_tokens"],
    }
    message = AIMessage(outputs[0], usage_metadata=tokens)
    return {**update, "answer": outputs[0], "outputs": outputs, "bill": bill, "messages": [message]}


def bill_of(replies: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """What the replies cost."""
    costs = [each["cost"] for each in replies.values()]
    return {
        "calls": len(costs),
        "cost": None if None in costs else sum(costs),
        "prompt_tokens": sum(each["prompt_tokens"] for each in replies.values()),
        "completion_tokens": sum(each["completion_tokens"] for each in replies.values()),
    }'''
