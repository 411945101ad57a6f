"""What is asked: a question, the conversation before it, and the fields of the item that it comes from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from moaql.errors import UsageError
from moaql.providers.base import Item

_ROLES = ("system", "user", "assistant")


@dataclass(frozen=True, slots=True)
class Question:
    """One question.

    Attributes:
        text: The last thing that the user said.
        system: The conversation's system message, or "".
        history: Earlier turns as (role, text), in order.
        id: Of the item, or "".
        fields: Fields of the item, for `{field.NAME}`, `field.NAME` in conditions and `route by=`.
    """

    text: str
    system: str = ""
    history: tuple[tuple[str, str], ...] = ()
    id: str = ""
    fields: Mapping[str, Any] = field(default_factory=dict)

    @property
    def item(self) -> Item:
        """What providers that send nothing need to know."""
        return Item(self.text, self.id, self.fields)


def as_question(
    asked: str | Question | Sequence[Mapping[str, str]], *, fields: Mapping[str, Any] | None = None
) -> Question:
    """A question from a text, or from a conversation as chat messages (`{"role": …, "content": …}`) that ends with the user.

    Raises:
        UsageError: if it is empty, or no conversation that ends with the user.
    """
    if isinstance(asked, Question):
        return _checked(asked)
    if isinstance(asked, str):
        if not asked.strip():
            raise UsageError("the question is empty", "Give a question.")
        return Question(asked, fields=fields or {})
    if not isinstance(asked, Sequence) or isinstance(asked, str | bytes):
        raise UsageError(
            f"a question is a text or a list of chat messages, not {type(asked).__name__}", 'Such as `run("Why?")`.'
        )
    return _conversation(asked, fields or {})


def _checked(question: Question) -> Question:
    for turn in question.history:
        if not (isinstance(turn, tuple) and len(turn) == 2 and turn[0] in _ROLES[1:] and isinstance(turn[1], str)):
            raise UsageError(
                "the history of a question is (role, text) pairs of `user` and `assistant`",
                "Or give the whole conversation as chat messages instead of a Question.",
            )
    if not question.text.strip():
        raise UsageError("the question is empty", "Give it a text.")
    return question


def _conversation(messages: Sequence[Mapping[str, str]], fields: Mapping[str, Any]) -> Question:
    turns: list[tuple[str, str]] = []
    system: list[str] = []
    for number, message in enumerate(messages, 1):
        given = message if isinstance(message, Mapping) else {}
        role, text = given.get("role"), given.get("content")
        if role not in _ROLES or not isinstance(text, str):
            raise UsageError(
                f"message {number} has no role {', '.join(_ROLES)}, or its content is no text",
                'Messages look like {"role": "user", "content": "…"}.',
            )
        if role == "system":
            system.append(text)
        else:
            turns.append((role, text))
    if not turns or turns[-1][0] != "user" or not turns[-1][1].strip():
        raise UsageError("the conversation does not end with a question of the user", "Its last message must be one.")
    return Question(turns[-1][1], "\n\n".join(system), tuple(turns[:-1]), fields=fields)
