"""The JSON of llm-consortium: members, an arbiter, and rounds until the arbiter is confident."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from moaql.errors import UsageError
from moaql.importing.base import Imported
from moaql.importing.writing import Draft, as_json, bound, looks_like, number, whole

_FAMILIES = (("openai", r"(?:gpt|chatgpt|o\d)"), ("anthropic", r"(?:anthropic/)?claude"), ("gemini", r"gemini"))
_ROUTED = (
    "openrouter",
    "groq",
    "mistral",
    "deepseek",
    "together_ai",
    "fireworks_ai",
    "ollama",
    "anthropic",
    "gemini",
    "openai",
)
_LOST = {
    "strategy_params": "`strategy_params` are not carried over.",
    "system_prompt": "`system_prompt` is not carried over: give it with the question.",
    "manual_context": "`manual_context` is not carried over.",
}


@dataclass(frozen=True)
class Consortium:
    """A consortium."""

    name: str = "llm-consortium"

    def matches(self, text: str) -> bool:
        """Whether it has members and an arbiter."""
        return looks_like(text, "models", "arbiter")

    def read(self, text: str, source: str) -> Imported:
        """One topology."""
        document = as_json(text, source)
        draft = Draft(source, "a configuration of llm-consortium")
        members, arbiter = document.get("models"), document.get("arbiter")
        if not isinstance(members, dict) or not members or not isinstance(arbiter, str):
            raise UsageError(
                f"`{source}` names no `models`, or no `arbiter`", "Give the configuration of a consortium."
            )
        for key, sentence in _LOST.items():
            if document.get(key):
                draft.lose(sentence)
        strategy = str(document.get("strategy") or "default")[:40]
        if strategy != "default":
            draft.lose(f"The strategy `{strategy}` is not carried over: all members' answers go to the arbiter.")
        draft.lose("The arbiter's prompt is not carried over; it has moaql's, which fences the answers.")
        counts = {id: whole(count, f"the count of `{id[:60]}`") for id, count in members.items()}
        bound(sum(counts.values()), source)
        names = [_counted(draft.model(_id(id, draft)), count) for id, count in counts.items()]
        judge = draft.model(_id(arbiter, draft))
        ranks = document.get("judging_method") == "rank" or strategy == "elimination"
        once = f"layer [{', '.join(names)}] -> {f'best {judge}' if ranks else f'agg {judge}'}"
        return draft.done(_repeated(once, judge, document, draft), "consortium")


def _repeated(once: str, judge: str, document: dict[str, Any], draft: Draft) -> str:
    most, threshold = document.get("max_iterations", 3), document.get("confidence_threshold", 0.8)
    most = whole(most, "`max_iterations`")
    if float(number(threshold, "`confidence_threshold`")) < 0 or threshold > 100:
        raise UsageError(
            f"`confidence_threshold` is {number(threshold)}", "Give a share from 0 to 1, or one in percent, up to 100."
        )
    threshold = threshold / 100 if threshold > 1 else threshold
    least = whole(document.get("minimum_iterations", 1), "`minimum_iterations`")
    if least > 1:
        draft.lose(f"`minimum_iterations` of {least} is not carried over.")
    if most == 1 or threshold == 0:
        return once
    draft.lose(
        "The arbiter rates its own confidence in the call that writes the answer; here it rates the answer in a call of its own."
    )
    return f"until confidence judge={judge} >= {number(threshold)} max {most} {{ {once} }}"


def _counted(name: str, count: int) -> str:
    return name if count == 1 else f"{name} x{count}"


def _id(id: str, draft: Draft) -> str:
    """`provider/model` of an id of `llm`, which names no provider for the common ones."""
    head = id.partition("/")[0]
    if "/" in id and head in _ROUTED:
        return id
    for provider, pattern in _FAMILIES:
        if re.match(pattern, id):
            return f"{provider}/{id.rpartition('/')[2]}"
    draft.lose(f"Whose model `{id}` is, is not said: it is looked for at OpenRouter. State its provider.")
    return f"openrouter/{id}"


FORMAT = Consortium()
