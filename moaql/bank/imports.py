"""Reading answers that others paid for: lines of recorded files, and of dumps with everything.

A file is read to its end before anything of it is stored, so that a mistake in its last line leaves nothing behind.
"""

from __future__ import annotations

import zlib
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from moaql.bank.base import Entry
from moaql.bank.forms import frozen
from moaql.bank.key import SIZE, key_of
from moaql.bank.recorded import MOST_SAMPLES, suffix
from moaql.datasets import read_rows
from moaql.errors import UsageError
from moaql.providers.base import Item, Request, Response

if TYPE_CHECKING:
    from collections.abc import Iterator

    from moaql.datasets.base import Row

Pair = tuple[bytes, Entry]
Kinds = dict[str, tuple[type, ...]]
_NUMBER: tuple[type, ...] = (int, float)
_NOTHING: tuple[type, ...] = (type(None),)
_RESPONSE: Kinds = {
    "text": (str,),
    "reasoning": (str,),
    "prompt_tokens": (int, *_NOTHING),
    "completion_tokens": (int, *_NOTHING),
    "finish": (str,),
    "model": (str,),
    "confidence": (*_NUMBER, *_NOTHING),
    "latency": (*_NUMBER, *_NOTHING),
}
_ANSWER: Kinds = {
    **_RESPONSE,
    "latency_s": (*_NUMBER, *_NOTHING),
    "cost": (*_NUMBER, *_NOTHING),
    "date": _NUMBER,
    "settings": (dict,),
    "base_url": (str,),
}
_REQUEST: Kinds = {
    "provider": (str,),
    "model": (str,),
    "messages": (list,),
    "settings": (list,),
    "sample": (int,),
    "connection": (list,),
    "item": (dict,),
}
_LINE: Kinds = {"cost": (*_NUMBER, *_NOTHING), "latency": _NUMBER, "date": _NUMBER, "key": (str,)}
_ITEM: Kinds = {"question": (str,), "id": (str,)}
_GREATEST = 2**53
"""No number is as great: what is counted here are tokens, dollars and seconds."""


def read_answers(path: str, provider: str | None, now: float) -> Iterator[Pair | None]:
    """The entries of a file under the keys that a run would look for; None for each answer that is noted as missing.

    Args:
        path: A recorded file, or a dump with everything; the lines tell which.
        provider: Whose the models are whose names state no provider.
        now: Date of answers that state none, in seconds since 1970.

    Raises:
        UsageError: if the file cannot be read, or a line is neither; it names the line.
    """
    try:
        for row in read_rows(path):
            try:
                yield from _read(row, provider, now)
            except _LineError as error:
                raise UsageError(f"{path}:{row.line}: {error}", error.help) from None
    except (EOFError, zlib.error):
        raise UsageError(f"`{path}` is cut off or damaged: it cannot be unpacked", "Fetch it again.") from None


def check_answers(path: str, provider: str | None) -> None:
    """Read a file to its end, so that a mistake in it is told before anything of it is stored.

    Raises:
        UsageError: as `read_answers`.
    """
    for _ in read_answers(path, provider, 0.0):
        pass


class _LineError(Exception):
    """What is wrong with a line."""

    def __init__(self, message: str, help: str = "") -> None:
        super().__init__(message)
        self.help = help or "Lines are as `moaql bank export` writes them, with or without --all."


def _read(row: Row, provider: str | None, now: float) -> Iterator[Pair | None]:
    if "request" in row.fields and "response" in row.fields:
        yield _dumped(row.fields)
    elif isinstance(row.fields.get("responses"), dict):
        yield from _recorded(row.fields, provider, now)
    else:
        raise _LineError("this line has neither `responses` nor `request` and `response`")


def _recorded(fields: dict[str, Any], provider: str | None, now: float) -> Iterator[Pair | None]:
    question = fields.get("question", fields.get("input"))
    if not isinstance(question, str):
        raise _LineError("this line has no `question`")
    _check(fields, {"prompt_tokens": _RESPONSE["prompt_tokens"]}, "this line")
    tokens = fields.get("prompt_tokens")
    for name, answers in fields["responses"].items():
        if not isinstance(answers, list):
            raise _LineError(f"the answers of `{name}` are no list")
        if len(answers) > MOST_SAMPLES:
            raise _LineError(f"`{name}` has more than {MOST_SAMPLES:,} answers")
        for sample, answer in enumerate(answers):
            if answer is None:
                continue  # keeps a place: there is no such sample
            if isinstance(answer, dict) and answer.get("text") is None:
                yield None
                continue
            asked = _request(name, provider, question, str(fields.get("id") or ""), answer)
            yield _entry(replace(asked, sample=sample), {"prompt_tokens": tokens, **answer}, now)


def _request(name: str, provider: str | None, question: str, id: str, answer: Any) -> Request:
    _check(answer, _ANSWER, f"an answer of `{name}`")
    settings, url = answer.get("settings", {}), answer.get("base_url")
    if not all(_is_setting(value) for value in settings.values()):
        raise _LineError(f"a setting of `{name}` is neither a word, a number, nor a list of words")
    whose, slash, model = name.removesuffix(suffix(settings, url)).partition("/")
    if not slash:
        if provider is None:
            raise _LineError(f"`{name}` names no provider", "Say whose models these are: `--provider openai`.")
        whose, model = provider, whose
    if not whose or not model:
        raise _LineError(f"`{name}` is no model id", "A model id has the form provider/model.")
    pairs = tuple(sorted((key, frozen(value)) for key, value in settings.items() if value is not None))
    connection = () if url is None else (("base_url", url),)
    return Request(whose, model, (("user", question),), pairs, 0, connection, Item(question, id))


def _entry(request: Request, answer: dict[str, Any], now: float) -> Pair:
    known = {name: answer[name] for name in _RESPONSE if name != "latency" and answer.get(name) is not None}
    entry = Entry(
        request,
        Response(**known),
        answer.get("cost"),
        answer.get("latency_s") or 0.0,
        answer.get("date", now),
    )
    return key_of(request), entry


def _dumped(fields: dict[str, Any]) -> Pair:
    """An entry of a dump. Its key is computed again: who changes a line cannot put an answer under another question."""
    request, response = fields["request"], fields["response"]
    _check(request, _REQUEST, "the request", ("provider", "model", "messages", "sample"))
    _check(response, _RESPONSE, "the response", ("text",))
    _check(fields, _LINE, "this line", ("latency", "date", "key"))
    asked = Request(
        request["provider"],
        request["model"],
        _pairs(request["messages"], "messages", (str,)),
        _pairs(request.get("settings", []), "settings"),
        request["sample"],
        _pairs(request.get("connection", []), "connection"),
        _item(request["item"]) if "item" in request else None,
    )
    said = Response(**{name: response[name] for name in _RESPONSE if name in response})
    return _key(fields["key"], asked), Entry(asked, said, fields.get("cost"), fields["latency"], fields["date"])


def _key(stated: str, request: Request) -> bytes:
    try:
        key = bytes.fromhex(stated)
    except ValueError:
        key = b""
    if len(key) != SIZE:
        raise _LineError("the key is not 64 hexadecimal digits")
    # Part of the key of a model that reads a file is what was in that file, which need not be here.
    if not any(name == "file" for name, _ in request.connection) and key != key_of(request):
        raise _LineError(
            "the key is not that of the request", "The line was changed, or made by another version of moaql."
        )
    return key


def _item(fields: dict[str, Any]) -> Item:
    _check(fields, _ITEM, "the item", ("question", "id"))
    return Item(fields["question"], fields["id"])


def _pairs(value: list[Any], what: str, kinds: tuple[type, ...] | None = None) -> tuple[tuple[str, Any], ...]:
    pairs = []
    for pair in value:
        if not isinstance(pair, list) or len(pair) != 2 or not isinstance(pair[0], str):
            raise _LineError(f"the {what} are no list of pairs")
        if not (isinstance(pair[1], kinds) if kinds else _is_setting(pair[1])):
            raise _LineError(f"`{pair[0]}` among the {what} has a value that cannot be")
        pairs.append((pair[0], frozen(pair[1])))
    return tuple(pairs)


def _is_setting(value: Any) -> bool:
    return isinstance(value, (str, *_NUMBER, *_NOTHING)) or (
        isinstance(value, list) and all(isinstance(each, str) for each in value)
    )


def _check(fields: Any, kinds: Kinds, what: str, required: tuple[str, ...] = ()) -> None:
    """That fields are there, and of their kind; and that numbers are none below 0."""
    if not isinstance(fields, dict):
        raise _LineError(f"{what} is no JSON object")
    for name in required:
        if name not in fields:
            raise _LineError(f"{what} has no `{name}`")
    for name, allowed in kinds.items():
        value = fields.get(name)
        wrong = name in fields and (not isinstance(value, allowed) or isinstance(value, bool))
        if wrong or (isinstance(value, (int, float)) and not 0 <= value < _GREATEST):
            raise _LineError(f"`{name}` of {what} has a value that cannot be")
