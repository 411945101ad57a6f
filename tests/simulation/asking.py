"""How the tests ask simulated models: with the prompts that moaql sends."""

import json
from pathlib import Path
from typing import Any

from moaql.providers.base import Item, Request, Response
from moaql.simulation.answer import answer, answer_in
from moaql.simulation.questions import write_questions
from moaql.simulation.world import World
from moaql.stages.base import Prompt

QUESTIONS = list(write_questions(200, seed=11))
SUM = "What is 17 * 23?"


def ask(
    model: str,
    *messages: str | tuple[str, str],
    world: World | None = None,
    sample: int = 0,
    item: Item | None = None,
    **settings: Any,
) -> Response:
    """One call; a message without a role is the user's."""
    pairs = tuple(("user", each) if isinstance(each, str) else each for each in messages)
    request = Request("sim", model, pairs, tuple(sorted(settings.items())), sample, item=item)
    return answer_in(world, request) if world is not None else answer(request)


def filled(prompt: Prompt, question: str, candidates: list[str], **values: str) -> tuple[tuple[str, str], ...]:
    """The messages of a prompt, as the runner renders them."""
    tags = "\n\n".join(
        f'<candidate number="{number}">\n{text}\n</candidate>' for number, text in enumerate(candidates, 1)
    )
    numbered = "\n\n".join(f"{number}. {text}" for number, text in enumerate(candidates, 1))
    given = {
        "question": question,
        "candidates:xml": tags,
        "candidates:numbered": numbered,
        "candidates": numbered,
        "candidates:plain": "\n\n".join(candidates),
        "n": str(len(candidates)),
        "critiques": "",
        **values,
    }
    messages = []
    for role, text in prompt.messages:
        for name, value in given.items():
            text = text.replace("{" + name + "}", value)  # noqa: PLW2901
        messages.append((role, text))
    return tuple(messages)


def says(value: str) -> str:
    """A candidate that gives this answer."""
    return f"I went through it step after step.\n\nThe answer is {value}."


def world_file(folder: Path, **document: Any) -> str:
    """The path of a world with that content."""
    path = folder / "world.json"
    path.write_text(json.dumps(document), encoding="utf-8")
    return str(path)
