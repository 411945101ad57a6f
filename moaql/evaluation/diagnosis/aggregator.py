"""Whether an aggregator keeps an answer that is right but in the minority, or follows the majority."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, TypeAlias

from moaql.evaluation.diagnosis.figures import Share, share

if TYPE_CHECKING:
    from collections.abc import Sequence

    from moaql.evaluation.diagnosis.heard import Heard, Spoken
    from moaql.graph.nodes import Graph

Situation: TypeAlias = Literal["majority right", "minority right", "tie", "none right"]
SITUATIONS: tuple[Situation, ...] = ("majority right", "minority right", "tie", "none right")


@dataclass(frozen=True, slots=True)
class AggregatorFigures:
    """What one aggregating call makes of its candidates.

    Attributes:
        node: Id of the call.
        model: The model's name in the program.
        items: Items on which it answered, and its answer was measured.
        right: How often it is right.
        majority: How often the most common answer of its candidates is right, on the same items; ties are no majority, and count as
            wrong.
        situations: How often it is right where the most common answer of its candidates is right (`majority right`), where another
            one's is (`minority right`), where a right answer shares the first place (`tie`), and where no candidate is right.
        follows: How often it gives the most common answer of its candidates, of the items that have one; None where answers cannot
            be compared.
        new: How often it gives an answer that none of its candidates gives, likewise.
    """

    node: str
    model: str
    items: int
    right: Share | None
    majority: Share | None
    situations: dict[Situation, Share | None]
    follows: Share | None
    new: Share | None


def aggregators_of(graph: Graph, heard: Sequence[Heard], *, readable: bool) -> tuple[AggregatorFigures, ...]:
    """Each aggregating call of a topology, the last one first.

    Args:
        graph: The topology.
        heard: All items.
        readable: Whether the metric reads answers. Where it does not, a majority is of right or of wrong answers, and whether the
            aggregator follows cannot be told.
    """
    calls = [call for call in graph.calls if call.purpose == "aggregate"]
    return tuple(_figures(call.id, call.model.name, heard, readable) for call in reversed(calls))


def _figures(node: str, model: str, heard: Sequence[Heard], readable: bool) -> AggregatorFigures:
    right: list[float] = []
    majority: list[float] = []
    by_situation: dict[Situation, list[float]] = {each: [] for each in SITUATIONS}
    follows: list[float] = []
    new: list[float] = []
    for item in heard:
        answer, shown = item.said.get(node), _shown(item, node)
        if answer is None or answer.score is None or not shown:
            continue
        found = situation(shown, readable=readable)
        good = float(bool(answer.right))
        right.append(good)
        majority.append(float(found == "majority right"))
        by_situation[found].append(good)
        if readable:
            most_common = _most_common(shown)
            if most_common is not None:
                follows.append(float(_answer(answer) == most_common))
            new.append(float(answer.reading is not None and _answer(answer) not in {_answer(each) for each in shown}))
    return AggregatorFigures(
        node=node,
        model=model,
        items=len(right),
        right=share(right),
        majority=share(majority),
        situations={each: share(scores) for each, scores in by_situation.items()},
        follows=share(follows),
        new=share(new),
    )


def _shown(item: Heard, node: str) -> list[Spoken]:
    """The candidates that the call was shown, as far as they are measured."""
    answer = item.said.get(node)
    names = answer.candidate.shown if answer is not None else ()
    found = [item.said[name] for name in names if name in item.said]
    return [each for each in found if each.score is not None]


def situation(shown: Sequence[Spoken], *, readable: bool) -> Situation:
    """Where the right answer stands among candidates.

    Args:
        shown: The candidates.
        readable: Whether wrong answers can be compared. Where they cannot, they count as one answer.
    """
    right = sum(bool(each.right) for each in shown)
    if not right:
        return "none right"
    if readable:
        others = Counter(_answer(each) for each in shown if not each.right and each.reading is not None)
        rival = max(others.values(), default=0)
    else:
        rival = len(shown) - right
    if right == rival:
        return "tie"
    return "majority right" if right > rival else "minority right"


def _answer(said: Spoken) -> tuple[bool, str | None]:
    """What is compared: all right answers are one, in whichever spelling."""
    return (True, None) if said.right else (False, said.reading)


def _most_common(shown: Sequence[Spoken]) -> tuple[bool, str | None] | None:
    """The answer that more candidates give than any other; None where several are level or none can be read."""
    counts = Counter(_answer(each) for each in shown if each.right or each.reading is not None)
    first = counts.most_common(2)
    if not first or (len(first) == 2 and first[0][1] == first[1][1]):
        return None
    return first[0][0]
