"""Fitted routers: which case a question goes to, by its words, or by the questions that are most like it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from moaql.exporting.standalone.records import Candidate
from moaql.exporting.standalone.run import Run
from moaql.providers.embeddings import vector_in
from moaql.routers.features import features
from moaql.routers.router import chance, chances_nearby, cheapest_within


def case_by_words(run: Run, router: Mapping[str, Any], cases: Sequence[str]) -> str:
    """The cheapest case that is as likely to answer rightly as the best, within the router's dial; `else` for another label."""
    seen = features(run.question.text)
    chances = {name: chance(each["intercept"], dict(each["weights"]), seen) for name, each in router["models"].items()}
    label = cheapest_within(chances, router["costs"], router["within"])
    return label if label in cases else "else"


def case_nearby(run: Run, gate: str, router: Mapping[str, Any], said: Candidate | None, cases: Sequence[str]) -> str:
    """The same, from the scores of the questions whose vectors are nearest to that of this one."""
    if said is None:
        run.notes.append(f"`{gate}`: the question has no embedding, so no case is taken")
        return "else"
    try:
        chances = chances_nearby(vector_in(said.text), router["vectors"], router["scores"], router["neighbours"])
    except ValueError as error:
        run.notes.append(f"`{gate}`: the embedding does not fit: {error}; so no case is taken")
        return "else"
    label = cheapest_within(chances, router["costs"], router["within"])
    return label if label in cases else "else"
