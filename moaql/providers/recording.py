"""A recorded file in memory: look-ups by id and by question, read once for as long as the file stays the same."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from typing import Any

from moaql.datasets import read_rows
from moaql.errors import UsageError

_QUESTION = ("question", "input")
_TELLING = 24
"""Characters of a recorded answer that can be recognised in a prompt; shorter ones may stand there by chance."""


@dataclass(frozen=True, slots=True)
class Recorded:
    """One question and what each model answered.

    Attributes:
        question: Its text.
        prompt_tokens: Of the question, where the file says so.
        answers: Samples by name of the model, as they stand in the file.
    """

    question: str
    prompt_tokens: Any
    answers: dict[str, list[dict[str, Any]]]

    def is_shown_in(self, text: str) -> bool:
        """Whether a text shows one of the recorded answers."""
        return any(
            len(answer) >= _TELLING and answer in text
            for samples in self.answers.values()
            for answer in (str(sample.get("text", "")) for sample in samples)
        )


@dataclass(frozen=True, slots=True)
class Recording:
    """A file of recorded answers.

    Attributes:
        path: Of the file.
        by_id: Rows by id; of equal ids the first.
        by_question: Rows by the exact text of the question, likewise.
        models: Names of the models that answer somewhere in it, each with the most samples that it has of one question.
    """

    path: str
    by_id: dict[str, Recorded] = field(default_factory=dict)
    by_question: dict[str, Recorded] = field(default_factory=dict)
    models: dict[str, int] = field(default_factory=dict)


_read: dict[str, tuple[tuple[int, int], Recording]] = {}


def recording(path: str) -> Recording:
    """The recording in a file.

    Args:
        path: Of a `.jsonl` or `.jsonl.gz` file.

    Raises:
        UsageError: if it cannot be read, or a row is no recorded question.
    """
    try:
        stat = os.stat(path)
    except OSError as error:
        raise UsageError(f"cannot read `{path}`: {(error.strerror or str(error)).lower()}", "Check `file=`.") from None
    state = (stat.st_mtime_ns, stat.st_size)
    known = _read.get(path)
    if known is None or known[0] != state:
        known = _read[path] = (state, _load(path))
    return known[1]


def _load(path: str) -> Recording:
    loaded = Recording(path)
    for row in read_rows(path):
        responses = row.fields.get("responses")
        if not isinstance(responses, dict):
            raise UsageError(
                f"{path}:{row.line}: no `responses`",
                'A recorded row is {"id": …, "question": …, "target": …, "responses": {MODEL: [{"text": …}]}}.',
            )
        for name, samples in responses.items():
            if not isinstance(samples, list) or not all(_is_sample(each) for each in samples):
                raise UsageError(
                    f"{path}:{row.line}: the responses of `{name}` are no list of samples",
                    'Write [{"text": …, "prompt_tokens": …, "completion_tokens": …, "latency_s": …}].',
                )
        recorded = Recorded(row.text(None, _QUESTION), row.fields.get("prompt_tokens"), responses)
        for name, samples in responses.items():
            loaded.models[name] = max(loaded.models.get(name, 0), len(samples))
        loaded.by_question.setdefault(recorded.question, recorded)
        if row.fields.get("id") is not None:
            loaded.by_id.setdefault(str(row.fields["id"]), recorded)
    return loaded


def _is_sample(value: Any) -> bool:
    """An answer, or null where the sample of that index was never drawn."""
    return value is None or (isinstance(value, dict) and isinstance(value.get("text"), str))
