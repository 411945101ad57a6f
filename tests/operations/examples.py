"""What an operation is given and what it gives, written briefly."""

from collections.abc import Sequence
from typing import Any

from moaql.answers.candidate import Candidate
from moaql.operations import OPERATIONS
from moaql.operations.base import Given


def voices(*texts: str | None, **attached: Sequence[Any]) -> tuple[Candidate | None, ...]:
    """Candidates `a`, `b`, … with these texts; None for a lost one. `score=[…]` and the like attach a value to each."""
    found = []
    for position, text in enumerate(texts):
        name = "abcdefgh"[position]
        more = {field: values[position] for field, values in attached.items()}
        found.append(None if text is None else Candidate(text, node=name, model=name, **more))
    return tuple(found)


def said(*about: tuple[str, str] | None) -> tuple[Candidate | None, ...]:
    """Texts of judges: (whom they were shown, such as `ab`; what they say)."""
    return tuple(
        None if each is None else Candidate(each[1], node=f"judge{number}", shown=tuple(each[0]))
        for number, each in enumerate(about)
    )


def apply(
    operation: str,
    inputs: dict[str, tuple[Candidate | None, ...]],
    *,
    question: str = "?",
    seed: int = 0,
    **parameters: Any,
) -> tuple[tuple[Candidate, ...], list[str]]:
    """What comes out, and the notes."""
    found = OPERATIONS.find(operation)
    assert found is not None
    given = Given(inputs, parameters, question, seed)
    return found(given), given.notes


def names(candidates: Sequence[Candidate]) -> str:
    """Whose candidates they are: `ab`."""
    return "".join(each.node for each in candidates)
