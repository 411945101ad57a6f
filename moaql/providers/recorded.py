"""`recorded/NAME`: replays what a model once answered, from the file that the model statement names.

A recording knows answers to plain questions and to nothing else. A prompt that shows candidates asks for something that was never
recorded, so only topologies that select (vote, route, when, best by=…) run on recordings alone.
"""

from __future__ import annotations

import json
from difflib import get_close_matches
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from moaql.datasets.targets import target_text
from moaql.errors import NotRecorded, UnknownModel, UsageError
from moaql.providers.base import Response
from moaql.providers.fields import an_object, count, text
from moaql.providers.recording import Recorded, Recording, recording

if TYPE_CHECKING:
    from collections.abc import Iterable

    from moaql.providers.base import OnText, Pairs, Request, Transport

_ONLY_PLAIN = (
    "Recordings answer plain questions only: use stages that select (vote, best by=…, route, when), `take 0` before a model that "
    "shall start afresh, or a live model here."
)
_FENCES = ("<candidate", "<critique")


class RecordedAnswers:
    """Answers from files."""

    banked = False

    async def answer(self, request: Request, transport: Transport, on_text: OnText | None = None) -> Response:
        """Look up one answer; nothing is sent. See `moaql.providers.base.Provider`.

        Raises:
            UsageError: if the file is not named, or cannot be read.
            UnknownModel: if no row has answers of that model.
            NotRecorded: if the file has no answer to what the prompt asks, or not so many samples.
        """
        del transport
        found = recording(_file(request))
        if request.model not in found.models:
            raise UnknownModel(
                f"`{found.path}` holds no answers of `{request.model}`", _nearest(request.model, found.models)
            )
        if request.sample >= found.models[request.model]:
            most = found.models[request.model]
            raise UsageError(
                f"`{found.path}` holds {most} sample{'s' * (most != 1)} of `{request.model}` at most, and sample "
                f"{request.sample + 1} is asked for",
                f"Ask for at most x{most}, or record more.",
            )
        row = _row(request, found)
        samples = row.answers.get(request.model, [])
        if request.sample >= len(samples):
            held = {0: "no answer", 1: "1 sample"}.get(len(samples), f"{len(samples)} samples")
            raise NotRecorded(
                f"`{found.path}` holds {held} of `{request.model}` for this question; sample {request.sample + 1} was asked for",
                f"Ask for at most x{len(samples)}." if samples else "Take another model, or record it.",
            )
        sample = samples[request.sample]
        if sample is None:
            raise NotRecorded(
                f"`{found.path}` has a gap: sample {request.sample + 1} of `{request.model}` was never drawn for this question",
                "Record it, or ask for fewer samples.",
            )
        response = _response(sample, row, request.model)
        if on_text is not None and response.text:
            on_text(response.text)
        return response


def recorded_price(model_id: str, connection: Pairs) -> tuple[float, float] | None:
    """The price of a recorded model, from the file that `prices=` names.

    Args:
        model_id: `recorded/NAME`.
        connection: As the model statement gives it.

    Returns:
        Dollars per million prompt tokens and per million completion tokens; None where no file is named, or it does not price it.

    Raises:
        UsageError: if the file cannot be read.
    """
    path = dict(connection).get("prices")
    if not path:
        return None
    prices, name = _prices(str(path), _state(str(path))), model_id.partition("/")[2]
    price = an_object(prices.get(name, prices.get(name.partition("?")[0])))
    both = price.get("input"), price.get("output")
    if not all(isinstance(each, int | float) and not isinstance(each, bool) and each >= 0 for each in both):
        return None
    return float(both[0] or 0), float(both[1] or 0)


def _file(request: Request) -> str:
    path = dict(request.connection).get("file")
    if not path:
        raise UsageError(
            f"`{request.id}` needs the file that it is recorded in",
            f'Write `model NAME = "{request.id}" file="runs.jsonl"`.',
        )
    return str(path)


def _row(request: Request, found: Recording) -> Recorded:
    """The row that answers the prompt."""
    said = [content for role, content in request.messages if role == "user"]
    others = [content for role, content in request.messages if role == "system"]
    if len(said) != 1 or len(said) + len(others) != len(request.messages):
        raise _not_plain(request)
    item, question = request.item, said[0]
    by_id = found.by_id.get(item.id) if item is not None and item.id else None
    row = by_id if by_id is not None and by_id.question == question else found.by_question.get(question)
    if row is None and item is not None and question == item.question:
        row = by_id
    if row is None:
        if item is not None and question != item.question:
            raise _not_plain(request)
        raise NotRecorded(
            f"`{found.path}` does not hold this question", "Its text, or its id, must be the same as there."
        )
    if any(fence in other for other in others for fence in _FENCES) or any(map(row.is_shown_in, others)):
        raise _not_plain(request)
    return row


def _not_plain(request: Request) -> NotRecorded:
    return NotRecorded(
        f"the prompt for `{request.id}` shows more than the question, which no recording answers",
        _ONLY_PLAIN,
        absent=False,
    )


def _response(sample: dict[str, Any], row: Recorded, model: str) -> Response:
    read = count(sample.get("prompt_tokens"))
    latency, confidence = sample.get("latency_s"), sample.get("confidence")
    return Response(
        text=sample["text"],
        reasoning=text(sample.get("reasoning")),
        prompt_tokens=read if read is not None else count(row.prompt_tokens),
        completion_tokens=count(sample.get("completion_tokens")),
        finish=text(sample.get("finish")) or "stop",
        model=text(sample.get("model")) or model,
        confidence=float(confidence) if isinstance(confidence, int | float) else None,
        latency=float(latency) if isinstance(latency, int | float) else 0.0,
        stated=_stated(sample),
    )


def _stated(sample: dict[str, Any]) -> tuple[str, ...] | None:
    if "answer" not in sample:
        return None
    return () if sample["answer"] is None else (target_text(sample["answer"]),)


def _nearest(name: str, names: Iterable[str]) -> str:
    known = sorted(names)
    near = get_close_matches(name, known, 3, 0.5)
    if near:
        return f"Did you mean {' or '.join(f'`{each}`' for each in near)}?"
    return f"It has {', '.join(f'`{each}`' for each in known[:8])}{', …' if len(known) > 8 else ''}." if known else ""


def _state(path: str) -> tuple[int, int]:
    import os

    try:
        stat = os.stat(path)
    except OSError as error:
        raise UsageError(
            f"cannot read `{path}`: {(error.strerror or str(error)).lower()}", "Check `prices=`."
        ) from None
    return stat.st_mtime_ns, stat.st_size


@lru_cache(maxsize=16)
def _prices(path: str, state: tuple[int, int]) -> dict[str, Any]:
    """The file's prices; `state` makes a changed file another one."""
    del state
    try:
        with open(path, encoding="utf-8-sig") as lines:
            prices = json.load(lines)
    except (ValueError, RecursionError, OSError) as error:
        raise UsageError(f"`{path}` is no JSON file of prices: {error}", _PRICES) from None
    if not isinstance(prices, dict):
        raise UsageError(f"`{path}` is no JSON file of prices", _PRICES)
    return prices


_PRICES = 'Write {"NAME": {"input": DOLLARS, "output": DOLLARS}}, per million tokens.'
PROVIDER = RecordedAnswers()
