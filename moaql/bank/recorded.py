"""Recorded files: answers to plain questions, a line a question, with its right answer. An eval set and its answers in one.

A model that was asked with settings stands apart from the one asked without: `openai/gpt-4o?temperature=0.7`. In the list of a
model's answers the place is the sample's index; a sample that is not there is `null`, so that the others keep their places.
"""

from __future__ import annotations

import json
from collections import defaultdict
from dataclasses import dataclass, field
from hashlib import sha256
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from moaql.bank.base import Entry
    from moaql.datasets.base import Row
    from moaql.providers.base import Request

MOST_SAMPLES = 10_000
"""A sample with a higher index is left out: the places before it would have to be filled."""
_QUESTION = ("input", "question")
_TARGET = ("target", "answer")


@dataclass
class Recording:
    """Answers to plain questions, as they are collected.

    Attributes:
        questions: Question to id, where an entry knows it.
        answers: Question to name of the model to sample to answer.
        left_out: How many entries were no such answers, by reason.
    """

    questions: dict[str, str] = field(default_factory=dict)
    answers: dict[str, dict[str, dict[int, dict[str, Any]]]] = field(default_factory=dict)
    left_out: dict[str, int] = field(default_factory=lambda: defaultdict(int))

    def add(self, entry: Entry) -> None:
        """Take an entry up, or count it as left out."""
        request = entry.request
        reason = _why_not(request)
        if reason:
            self.left_out[reason] += 1
            return
        question = request.messages[0][1]
        known = request.item.id if request.item is not None else ""
        self.questions[question] = self.questions.get(question) or known
        models = self.answers.setdefault(question, {})
        models.setdefault(name_of(request), {})[request.sample] = _answer(entry)

    def rows(self, data: Iterable[Row] | None = None) -> Iterator[dict[str, Any]]:
        """The lines of the file.

        Args:
            data: Rows of an eval set, which give targets, ids and categories, and the order; other questions are left out. Without
                it, all questions in the order in which they came, without targets.
        """
        taken: set[str] = set()
        if data is None:
            for question, id in self.questions.items():
                yield self._row(_unique(id or _id_of(question), taken), question, None, None)
            return
        for row in data:
            question = row.text(None, _QUESTION)
            if question in self.answers:
                id = str(row.fields.get("id") or self.questions[question] or _id_of(question))
                target = next((row.fields[name] for name in _TARGET if name in row.fields), None)
                yield self._row(_unique(id, taken), question, target, row.fields.get("category"))

    def _row(self, id: str, question: str, target: Any, category: Any) -> dict[str, Any]:
        models = self.answers[question]
        return {
            "id": id,
            "question": question,
            "target": target,
            **({} if category is None else {"category": category}),
            "responses": {name: _in_places(models[name]) for name in sorted(models)},
        }


def _why_not(request: Request) -> str:
    """Why a request is not a plain question that can be recorded; "" if it is one."""
    if len(request.messages) != 1 or request.messages[0][0] != "user":
        return "prompts with more than a question"
    if request.item is not None and request.item.question != request.messages[0][1]:
        return "prompts with more than a question"
    if any(name in ("file", "prices") for name, _ in request.connection):
        return "models that read a file"
    return f"samples from {MOST_SAMPLES:,}" if request.sample >= MOST_SAMPLES else ""


def name_of(request: Request) -> str:
    """The name of a model in a recorded file: its id, and settings and address where they are stated."""
    return request.id + suffix(dict(request.settings), dict(request.connection).get("base_url"))


def suffix(settings: dict[str, Any], base_url: Any) -> str:
    """What stands behind the id of a model that was asked with settings, such as `?temperature=0.7`; "" without any."""
    stated = settings if base_url is None else {**settings, "base_url": base_url}
    pairs = (f"{name}={quote(_word(value), safe=_SAFE)}" for name, value in sorted(stated.items()) if value is not None)
    text = "&".join(pairs)
    return f"?{text}" if text else ""


_SAFE = ":/,[]\"' "


def _word(value: Any) -> str:
    if isinstance(value, float) and value.is_integer():
        value = int(value)  # 1 and 1.0 are one setting
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _answer(entry: Entry) -> dict[str, Any]:
    """An entry as it stands in the list of its model."""
    response = entry.response
    more = {
        "settings": dict(entry.request.settings),
        "base_url": dict(entry.request.connection).get("base_url"),
        "reasoning": response.reasoning,
        "finish": response.finish if response.finish != "stop" else None,
        "model": response.model,
        "confidence": response.confidence,
    }
    return {
        "text": response.text,
        "prompt_tokens": response.prompt_tokens,
        "completion_tokens": response.completion_tokens,
        "latency_s": entry.latency,
        "cost": entry.cost,
        "date": entry.date,
        **{name: value for name, value in more.items() if value not in (None, "", {})},
    }


def _in_places(samples: dict[int, dict[str, Any]]) -> list[dict[str, Any] | None]:
    return [samples.get(index) for index in range(max(samples) + 1)]


def _id_of(question: str) -> str:
    """An id that a question has in every export."""
    return f"q-{sha256(question.encode('utf-8', 'surrogatepass')).hexdigest()[:12]}"


def _unique(id: str, taken: set[str]) -> str:
    """The id, or one made from it: questions of several eval sets may share ids."""
    found, number = id, 1
    while found in taken:
        number += 1
        found = f"{id}-{number}"
    taken.add(found)
    return found
