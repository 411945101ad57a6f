"""The trace of runs as JSON lines: who proposed what, what was sent, what it cost, and what was decided.

Every line says its `event`: `run`, `call`, `reduce`, `gate` or `answer`. Keys are no part of a request's messages or settings, so
none can stand here.
"""

from __future__ import annotations

import json
from typing import IO, TYPE_CHECKING, Any

from moaql.errors import UsageError
from moaql.graph.nodes import Gate, Reduce
from moaql.run.events import CallFinished, NodeFinished, RunFinished, RunStarted

if TYPE_CHECKING:
    from types import TracebackType

    from moaql.run.events import Event


class TraceFile:
    """Writes events to a file, a line each, as they happen. It is a listener.

    Args:
        path: Of the file; what it holds already is kept.

    Raises:
        UsageError: if it cannot be written.
    """

    def __init__(self, path: str) -> None:
        self.path = path
        try:
            # Halves of surrogate pairs, which models do write, are no UTF-8: they become `?`.
            self._file: IO[str] = open(path, "a", encoding="utf-8", errors="replace")  # noqa: SIM115 - closed by __exit__
        except OSError as error:
            raise _unwritable(path, error) from None

    def __call__(self, event: Event) -> None:
        """Write one event."""
        try:
            self._file.write(json.dumps(as_json(event), ensure_ascii=False) + "\n")
            self._file.flush()
        except OSError as error:
            raise _unwritable(self.path, error) from None

    def __enter__(self) -> TraceFile:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            self._file.close()
        except OSError as failure:
            raise _unwritable(self.path, failure) from None


def as_json(event: Event) -> dict[str, Any]:
    """One line of a trace."""
    if isinstance(event, CallFinished):
        return _call(event)
    if isinstance(event, NodeFinished):
        return _node(event)
    if isinstance(event, RunStarted):
        head = {"event": "run", "run": event.run, "topology": event.topology, "question": event.question}
        return head | {"item": event.item or None, "started": event.started}
    assert isinstance(event, RunFinished)
    return {
        "event": "answer",
        "run": event.run,
        "answer": event.answer,
        "error": event.error or None,
        "cost": event.cost,
        "paid": event.paid,
        "latency_s": event.latency,
        "elapsed_s": event.elapsed,
    }


def _call(event: CallFinished) -> dict[str, Any]:
    candidate = event.candidate
    line: dict[str, Any] = {
        "event": "call",
        "run": event.run,
        "node": event.node.id,
        "purpose": event.node.purpose,
        "model": event.node.model.name,
        "model_id": candidate.model_id if candidate else event.node.model.id,
        "sample": event.node.sample,
        "messages": [{"role": role, "content": text} for role, text in event.messages],
        "settings": event.settings,
        "error": event.error or None,
        "failed": list(event.failed) or None,
        "attempts": event.attempts,
        "shared": event.shared,
        "started": event.started,
        "elapsed_s": event.elapsed,
    }
    if candidate is None:
        return line
    return line | {
        "response": event.text,
        "text": candidate.text,
        "reasoning": candidate.reasoning or None,
        "shown": list(candidate.shown),
        "provider_model": event.provider_model,
        "prompt_tokens": candidate.prompt_tokens,
        "completion_tokens": candidate.completion_tokens,
        "cost": candidate.cost,
        "paid": candidate.paid,
        "latency_s": candidate.latency,
        "banked": candidate.banked,
        "truncated": candidate.truncated,
        "confidence": candidate.confidence,
    }


def _node(event: NodeFinished) -> dict[str, Any]:
    node = event.node
    line: dict[str, Any] = {"event": "gate" if isinstance(node, Gate) else "reduce", "run": event.run, "node": node.id}
    if isinstance(node, Gate):
        line["decision"] = event.decision
    else:
        assert isinstance(node, Reduce)
        line |= {"operation": node.operation, "kept": list(event.kept)}
    return line | ({"notes": list(event.notes)} if event.notes else {})


def _unwritable(path: str, error: OSError) -> UsageError:
    reason = (error.strerror or str(error)).lower()
    return UsageError(f"cannot write the trace `{path}`: {reason}", "Check the path and the space left.")
