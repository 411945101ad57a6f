"""Items on which the topologies disagree, one by one, with what every candidate wrote."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from moaql.report.html.contestants import NAME
from moaql.report.html.text import cut, escape, note, paragraph, shown, times

if TYPE_CHECKING:
    from collections.abc import Iterator

MOST_ITEMS = 50
_ALL, _LEAST, _MOST = 300_000, 300, 6_000
"""Characters of all texts together, and of one: few items show long texts whole, many show the beginning of each."""


def section(result: dict[str, Any]) -> str:
    """The items, closed; a reader opens those that matter."""
    items = result["disagreements"][:MOST_ITEMS]
    if not items:
        return paragraph("The result names no item on which the confirmed topologies disagree.")
    limit = max(_LEAST, min(_MOST, _ALL // max(1, sum(1 for item in items for _ in _texts(item)))))
    left = len(result["disagreements"]) - len(items)
    return "\n".join(
        [
            paragraph(
                "Items that some answer right and others wrong.",
                "Where a wrong answer reads right, look at the target and at the metric before you look for a better topology.",
            ),
            '<p class="open-all"></p>',
            *[_item(each, limit) for each in items],
            note(f"{times(left, 'more item')} in `result.json`.") if left else "",
        ]
    )


def _texts(item: dict[str, Any]) -> Iterator[str]:
    yield shown(item["question"])
    for answer in item["answers"]:
        yield shown(answer["answer"])
        for candidate in answer["candidates"]:
            yield candidate["text"]


def _item(item: dict[str, Any], limit: int) -> str:
    right = sum(1 for each in item["answers"] if each["right"])
    head = f"{cut(shown(item['id']), 80)}: {right} of {len(item['answers'])} right · {cut(shown(item['question']), 90)}"
    target = "" if item["target"] is None else f"<p>Target:</p>{_text(shown(item['target']), limit)}"
    return (
        f'<details class="item"><summary><bdi>{escape(head)}</bdi></summary><p>Question:</p>{_text(shown(item["question"]), limit)}'
        f"{target}{''.join(_answer(each, limit) for each in item['answers'])}</details>"
    )


def _answer(answer: dict[str, Any], limit: int) -> str:
    name = f"<bdi>{escape(cut(answer['name'] or answer['key'], NAME))}</bdi>"
    candidates = "".join(_candidate(each, limit) for each in answer["candidates"])
    return f"<h3>{_mark(answer['right'])} {name}</h3>{_text(shown(answer['answer']), limit)}{candidates}"


def _candidate(candidate: dict[str, Any], limit: int) -> str:
    head = f"{_mark(candidate['right'])} <bdi>{escape(cut(candidate['model'], NAME))}</bdi>"
    return f"<details><summary>{head}</summary>{_text(candidate['text'], limit)}</details>"


def _mark(right: bool | None) -> str:
    """In words too: a colour alone says nothing to many readers, and nothing on paper."""
    if right is None:
        return '<span class="note">not scored</span>'
    return '<span class="right">✓ right</span>' if right else '<span class="wrong">✗ wrong</span>'


def _text(text: str, limit: int) -> str:
    left = len(text) - limit
    more = note(f"{left:,} more characters are in `result.json`.") if left > 0 else ""
    return f'<pre class="flow" tabindex="0" dir="auto">{escape(text[:limit])}</pre>{more}'
