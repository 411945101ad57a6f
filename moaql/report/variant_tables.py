"""What a deceptive member does, and other aggregators, as tables."""

from __future__ import annotations

from typing import TYPE_CHECKING

from moaql.report.table import Table
from moaql.report.words import NOTHING, difference, difference_ends, dollars, ends, number, probability, value

if TYPE_CHECKING:
    from moaql.evaluation.diagnosis.attack import Attack
    from moaql.evaluation.diagnosis.swap import Swap

HOW = {
    "simulated": "the simulation's deceptive model answers for it",
    "recorded": "it gives the commonest wrong answer of the other recorded models",
    "prompted": "its system prompt asks it for convincing wrong answers",
}


def attack_tables(found: Attack) -> list[Table]:
    """What a deceptive member does, with and without each defence."""
    rows = tuple(
        (
            each.name,
            value(each.clean.score),
            value(each.attacked.score),
            difference(each.damage),
            difference_ends(each.damage),
            difference(each.gain),
            difference_ends(each.gain),
            probability(each.gain),
            difference(each.price),
            dollars(each.clean.cost) if each.clean.score is not None else NOTHING,
        )
        for each in found.defences
    )
    columns = (
        "defence",
        "clean",
        "attacked",
        "damage",
        "95 %",
        "defence gains",
        "95 %",
        "p, adjusted",
        "costs when clean",
        "$ an item",
    )
    right = number(found.member_right.value) if found.member_right is not None else NOTHING
    below = (
        f"{found.member} is right on {right} of the items as a deceiver: {HOW[found.kind]}.",
        *map(_note, found.notes),
    )
    return [Table(f"one deceptive member: {found.member}", columns, rows, tuple(range(1, 10)), below)]


def swap_tables(found: Swap) -> list[Table]:
    """Other aggregators."""
    rows = tuple(
        (
            f"{each.model} (now)" if each.current else each.model,
            value(each.trial.score),
            ends(each.trial.score),
            dollars(each.trial.cost) if each.trial.score is not None else NOTHING,
            difference(each.comparison),
            difference_ends(each.comparison),
            probability(each.comparison),
        )
        for each in found.tried
    )
    columns = ("aggregator", "score", "95 %", "$ an item", "difference", "95 %", "p, adjusted")
    return [Table("each model as the aggregator", columns, rows, (1, 2, 3, 4, 5, 6), tuple(map(_note, found.notes)))]


def _note(text: str) -> str:
    return f"{text[0].upper()}{text[1:]}." if text[:1].islower() else f"{text}."
