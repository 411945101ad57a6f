"""`attach`: critiques, scores or tests that models wrote become part of the candidates they are about.

Archon's critic, unit test generator and evaluator (Saad-Falcon et al. 2024, arXiv 2409.15254); FrugalGPT's scorer (Chen et al.
2023, arXiv 2305.05176).
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from moaql.answers.reviews import read_critiques, read_passed, read_tests
from moaql.answers.verdicts import read_score
from moaql.operations._judged import about_one, count_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from moaql.answers.candidate import Candidate
    from moaql.operations.base import Given


def attach(given: Given) -> tuple[Candidate | None, ...]:
    """The same candidates, at the same places, with `what` (`critiques`, `scores` or `tests`) attached.

    It is read from the inputs of that role.

    What cannot be read leaves a candidate as it was, and a note says so; a score that cannot be read leaves none.
    """
    candidates = given.present()
    if not candidates:
        return ()
    attached = iter(_KINDS[given.parameters["what"]](given, candidates))
    return tuple(None if each is None else next(attached) for each in given.inputs["candidates"])


def _critiques(given: Given, candidates: Sequence[Candidate]) -> list[Candidate]:
    said: dict[str, tuple[str, ...]] = {}
    for text in given.present("critiques"):
        for node, critique in zip(text.shown, read_critiques(text.text, len(text.shown)), strict=True):
            if critique:
                said[node] = (*said.get(node, ()), critique)
    _note_missing(given, "critique", sum(each.node not in said for each in candidates), len(candidates))
    return [replace(each, critiques=(*each.critiques, *said.get(each.node, ()))) for each in candidates]


def _scores(given: Given, candidates: Sequence[Candidate]) -> list[Candidate]:
    said = about_one(given.present("scores"))
    scored = [
        replace(each, score=_score(said[each.node].text, each.tests) if each.node in said else None)
        for each in candidates
    ]
    _note_missing(given, "score", sum(each.score is None for each in scored), len(scored))
    return scored


def _score(text: str, tests: str) -> float | None:
    """The share of passed tests where the text goes through the candidate's tests, as `grade` asks; else the score it states."""
    passed = read_passed(text, len(read_tests(tests))) if tests else None
    return read_score(text) if passed is None else passed


def _tests(given: Given, candidates: Sequence[Candidate]) -> list[Candidate]:
    tests = [test for text in given.present("tests") for test in read_tests(text.text)]
    if not tests:
        given.notes.append("no tests can be read, so none are attached")
        return list(candidates)
    numbered = "\n".join(f"{number}. {test}" for number, test in enumerate(tests, 1))
    return [replace(each, tests=numbered) for each in candidates]


def _note_missing(given: Given, noun: str, missing: int, count: int) -> None:
    if missing:
        given.notes.append(f"{count_of(missing, 'candidate')} of {count} got no {noun} that can be read")


_KINDS = {"critiques": _critiques, "scores": _scores, "tests": _tests}
OPERATION = attach
