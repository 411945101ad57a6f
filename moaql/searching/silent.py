"""Models that answer nothing: a wrong id, a refused key, a server that is down. Nothing that asks them is worth a dollar."""

from __future__ import annotations

from typing import TYPE_CHECKING

from moaql.errors import ProviderError
from moaql.evaluation.summary import unmeasured_because

if TYPE_CHECKING:
    from collections.abc import Sequence

    from moaql.check.program import Model
    from moaql.evaluation.outcome import Outcome
    from moaql.graph.nodes import Graph
    from moaql.searching.arena import Entrant

_ENOUGH = 10
"""Items without any answer after which a model is silent."""


class SilentModels:
    """Which of the single models have answered nothing so far, and why."""

    def __init__(self) -> None:
        self._reasons: dict[object, tuple[str, str]] = {}
        self._heard: set[str] = set()

    def note(self, entrant: Entrant, graph: Graph, outcomes: Sequence[Outcome]) -> None:
        """A topology was measured on these items."""
        why = unmeasured_because(outcomes)
        if not why:
            self._heard.add(entrant.key)
        elif entrant.kind == "single" and len(outcomes) >= _ENOUGH:
            model = next(graph.calls).model
            self._reasons[_identity(model)] = (model.name, why)

    def asked_by(self, graph: Graph) -> bool:
        """Whether a topology asks one of them."""
        return bool(self._reasons) and any(_identity(call.model) in self._reasons for call in graph.calls)

    @property
    def notes(self) -> tuple[str, ...]:
        """What to say of them."""
        return tuple(f"`{name}` is left out: {_ended(why)}" for name, why in self._reasons.values())

    def refuse_silence(self) -> None:
        """Where nobody has answered anything, that is no finding.

        Raises:
            ProviderError: with the first reason.
        """
        if self._reasons and not self._heard:
            name, why = next(iter(self._reasons.values()))
            raise ProviderError(
                f"nothing can be searched. `{name}`: {_ended(why)}", "See `moaql run` for one question."
            )


def _ended(why: str) -> str:
    return why if why.endswith((".", "?", "!", ")")) else f"{why}."


def _identity(model: Model) -> object:
    return model.id, model.connection
