"""Requests that are expected of another runtime, and what the losses rewrite in them."""

import json
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from exporting.foreign import Asked

from moaql.exporting.base import Loss
from moaql.graph.nodes import Call, Graph

Rule = Callable[["Wants", Loss, "re.Match[str]"], None]


@dataclass(frozen=True)
class Want:
    """A request that is expected: one of moaql's, rewritten.

    Attributes:
        node: Id of its call.
        place: Where it is sent.
        protocol: `openai` or `anthropic`.
        model: As it is called.
        settings: What is sent besides.
        read: Words of the replies that it shows.
        shows: Where it shows them.
        messages: What must be sent; None where the losses say that the messages differ.
        times: How often.
        like: The request of moaql that it was.
    """

    node: str
    place: str
    protocol: str
    model: str
    settings: Mapping[str, Any]
    read: frozenset[str]
    shows: str
    messages: tuple[tuple[str, str], ...] | None
    like: Asked
    times: int = 1


@dataclass
class Wants:
    """What is expected of one question."""

    graph: Graph
    question: dict[str, Any]
    all: list[Want]

    def change(self, nodes: Iterable[str], **fields: Any) -> None:
        """Change requests of these nodes; a function is called with the request."""
        changed = False
        for place, want in enumerate(self.all):
            if want.node in nodes:
                new = replace(
                    want, **{name: value(want) if callable(value) else value for name, value in fields.items()}
                )
                changed |= new != want
                self.all[place] = new
        assert changed, f"nothing differs: {fields}"

    def setting(self, node: str, name: str, value: Any) -> None:
        """Send another value; None sends none."""

        def settings(want: Want) -> dict[str, Any]:
            left = {key: own for key, own in want.settings.items() if key != name}
            return left if value is None else {**left, name: value}

        self.change([node], settings=settings)

    def calls_of(self, node: str) -> list[str]:
        """The call, or the calls that a reduction reads as judgements."""
        found = self.graph.nodes[node]
        if isinstance(found, Call):
            same = (found.purpose, found.id.partition("[")[0])
            return [each.id for each in self.graph.calls if (each.purpose, each.id.partition("[")[0]) == same]
        return [ref.node for role, ref in found.inputs if role != "candidates"]


# What many losses rewrite


def differs(wants: Wants, loss: Loss, match: "re.Match[str]") -> None:
    """The messages are others."""
    del match
    wants.change([loss.node], messages=None)


def left_out(wants: Wants, loss: Loss, match: "re.Match[str]") -> None:
    """A setting is not sent."""
    wants.setting(loss.node, match.group(1), None)


def sent(wants: Wants, loss: Loss, match: "re.Match[str]") -> None:
    """A setting is sent."""
    wants.setting(loss.node, match.group(1), json.loads(match.group(2)))


def one_call(wants: Wants, loss: Loss, _: Any) -> None:
    """One call reads what several read."""
    nodes = wants.calls_of(loss.node)
    calls = [each for each in wants.all if each.node in nodes]
    assert len(calls) > 1
    read = frozenset().union(*(each.read for each in calls))
    wants.all = [each for each in wants.all if each.node not in nodes[1:]]
    wants.change(nodes[:1], read=read)


def two_calls(wants: Wants, loss: Loss, _: Any) -> None:
    """A second call reads the reply of the first."""
    calls = [each for each in wants.all if each.node in wants.calls_of(loss.node)]
    assert calls
    wants.all += [replace(each, read=each.read | {each.like.word}) for each in calls]


PLACES = {
    "the system message": "system",
    "the message of the question": "question",
    "a message behind the question": "behind",
}


def moved(wants: Wants, loss: Loss, match: "re.Match[str]") -> None:
    """Candidates stand elsewhere."""
    assert {each.shows for each in wants.all if each.node == loss.node} == {PLACES[match.group(2)]}
    wants.change([loss.node], shows=PLACES[match.group(1)])


COMMON: dict[str, Rule] = {
    r".*, so its messages differ": differs,
    r"its prompt cannot be stated": differs,
    r"`(seed|temperature|top_p|max_tokens|stop)` cannot be stated": left_out,
    r"candidates stand in (.*), not in (.*)": moved,
}
