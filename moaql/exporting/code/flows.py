"""Candidates as expressions: which stages are asked for them, and which of theirs they are."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from moaql.exporting.code.stages import Stages
    from moaql.stages.base import Ref

RUN = "moaql.exporting.standalone.run"
LAZILY = "moaql.exporting.standalone.lazily"
_ALWAYS_ALL = ("calls", "windows", "quorum")


class Flows:
    """Writes expressions for candidates.

    Args:
        stages: Of the graph.
        methods: Name of each stage's method.

    Attributes:
        needs: Functions of the library that the expressions use, as (module, name).
    """

    def __init__(self, stages: Stages, methods: Sequence[str]) -> None:
        self._stages = stages
        self._methods = methods
        self.needs: set[tuple[str, str]] = set()

    def awaited(self, refs: Sequence[Ref], *, exact: bool = False) -> str:
        """An expression for these candidates, in order; with `exact`, each at its place, whatever was filtered out."""
        if not refs:
            return "[]"
        return f"await {self.awaitable(refs, exact=exact)}"

    def awaitable(self, refs: Sequence[Ref], *, exact: bool = False) -> str:
        """What gives these candidates when it is awaited."""
        places = [self._stages.place(ref) for ref in refs]
        exact = exact and len(refs) > 1
        parts = [self._part(stage, [place for _, place in group], exact) for stage, group in _runs(places)]
        if len(parts) == 1:
            return parts[0]
        self.needs.add((RUN, "joined"))
        return f"joined({', '.join(parts)})"

    def single(self, ref: Ref) -> tuple[str, int]:
        """The method of a candidate's stage, and its place there."""
        stage, place = self._stages.place(ref)
        return f"self.{self._methods[stage]}", place

    def _part(self, stage: int, places: list[int], exact: bool) -> str:
        asked = f"self.{self._methods[stage]}()"
        source = self._stages.stages[stage]
        # A reduction gives fewer candidates where some are lost or filtered out; calls give None at their places.
        padded = exact and source.kind not in _ALWAYS_ALL
        if not padded and places == list(range(source.size)):
            return asked
        self.needs.add((RUN, "some"))
        ascending = len(places) > 3 and places == list(range(places[0], places[-1] + 1))
        first = f"{places[0]}, " if places[0] else ""
        which = f"*range({first}{places[-1] + 1})" if ascending else ", ".join(map(str, places))
        return f"some({asked}, {which})"


def _runs(places: list[tuple[int, int]]) -> list[tuple[int, list[tuple[int, int]]]]:
    return [(stage, list(group)) for stage, group in groupby(places, key=lambda place: place[0])]
