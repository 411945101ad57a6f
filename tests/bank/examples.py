"""Requests and entries for the tests of the bank."""

from dataclasses import replace

from moaql.bank.base import Entry
from moaql.bank.key import key_of
from moaql.providers.base import Request, Response

ASKED = Request("openai", "gpt-4o", (("user", "What is the capital of France?"),), (("temperature", 0.7),))


def entry(
    question: str = "What is the capital of France?",
    text: str = "Paris",
    sample: int = 0,
    date: float = 1000.0,
    model: str = "gpt-4o",
    cost: float | None = 0.25,
) -> Entry:
    request = replace(ASKED, messages=(("user", question),), sample=sample, model=model)
    return Entry(request, Response(text, prompt_tokens=10, completion_tokens=3), cost, 1.5, date)


def keyed(*entries: Entry) -> list[tuple[bytes, Entry]]:
    return [(key_of(each.request), each) for each in entries]
