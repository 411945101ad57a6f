"""Items with answers that a test can count by hand, and the diagnosis of a program without a bank."""

import asyncio
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import moaql
from moaql.answers.candidate import Candidate
from moaql.datasets.items import EvalItem
from moaql.evaluation.diagnosis.conduct import Conduct
from moaql.evaluation.diagnosis.diagnose import Asked, Diagnosis, diagnose
from moaql.evaluation.diagnosis.heard import Heard, Spoken
from moaql.evaluation.outcome import Outcome
from moaql.evaluation.task import open_task
from moaql.run.session import Options, open_session
from moaql.simulation.questions import write_questions


def spoken(
    answer: str | None, target: str = "1", *, shown: Sequence[str] = (), tokens: int = 100, cost: float | None = 0.5
) -> Spoken:
    """An answer that is right where it is the target."""
    candidate = Candidate(answer or "", shown=tuple(shown), completion_tokens=tokens, cost=cost)
    return Spoken(candidate, float(answer == target), answer)


def heard(said: Mapping[str, Spoken], lost: Sequence[str] = (), score: float | None = 1.0) -> Heard:
    """One item."""
    return Heard(EvalItem("1", "What is it?", "1"), Outcome("1", "scored", score), dict(said), frozenset(lost))


def panel(**answers: str) -> list[Heard]:
    """Items on which each member gives one of these letters: the target is 1, `-` is no answer, `x` a call that failed."""
    count = len(next(iter(answers.values())))
    return [
        heard(
            {
                name: spoken(None if said[at] == "-" else said[at])
                for name, said in answers.items()
                if said[at] not in "x "
            },
            [name for name, said in answers.items() if said[at] == "x"],
        )
        for at in range(count)
    ]


def graph(text: str) -> Any:
    """The graph of a program of simulated models."""
    return program(text).topology().graph


def program(text: str) -> moaql.Program:
    """A program in which a to f are simulated models."""
    names = (
        "llama-3-70b-chat",
        "qwen1.5-72b-chat",
        "mixtral-8x22b-instruct",
        "dbrx-instruct",
        "gpt-4o",
        "mistral-large-2",
    )
    models = "\n".join(f'model {letter} = "sim/{name}"' for letter, name in zip("abcdef", names, strict=True))
    return moaql.parse(f"{models}\n{text}")


def questions(folder: Path, count: int, category: str = "arithmetic") -> str:
    """A file of questions that the simulated models can answer."""
    path = folder / "questions.jsonl"
    path.write_text(
        "".join(json.dumps(each) + "\n" for each in write_questions(count, (category,), 1)), encoding="utf-8"
    )
    return str(path)


def diagnosis(
    loaded: Any,
    data: str,
    *,
    metric: str | None = "number",
    limit: int | None = None,
    topology: str | None = None,
    session: Any = None,
    **asked: Any,
) -> Diagnosis:
    """The diagnosis of a program, without a bank."""

    async def find() -> Diagnosis:
        async with open_session(Options(**({"bank": "none"} | (session or {})))) as caller:
            chosen = loaded.topology(topology)
            task = open_task(loaded, data, metric=metric, limit=limit)
            return await diagnose(chosen, chosen.graph, task, Asked(**asked), Conduct(caller))

    return asyncio.run(find())
