"""The topologies that recorded answers can play: single models, votes of subsets, cascades."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from itertools import combinations
from typing import TYPE_CHECKING, Any, Literal

import optuna

if TYPE_CHECKING:
    import random
    from collections.abc import Mapping, Sequence


@dataclass(frozen=True, slots=True)
class Mixture:
    """One topology.

    Attributes:
        kind: A model alone; a vote; or the answer of two cheap models where they agree, else that of a dear one.
        members: Positions of the models, from the dearest down; of a cascade the dear one first.
    """

    kind: Literal["single", "vote", "cascade"]
    members: tuple[int, ...]


class MixtureSpace:
    """All mixtures of some models; implements `moaql.searching.arena.Space`."""

    def __init__(self, models: Sequence[str]) -> None:
        self._models = tuple(models)

    @cached_property
    def _all(self) -> tuple[Mixture, ...]:
        every = range(len(self._models))
        singles = [Mixture("single", (each,)) for each in every]
        votes = [Mixture("vote", chosen) for size in every[1:] for chosen in combinations(every, size + 1)]
        return (*singles, *votes, *(Mixture("cascade", chosen) for chosen in combinations(every, 3)))

    @property
    def size(self) -> int:
        """How many there are."""
        return len(self._all)

    def points(self, limit: int | None = None) -> Sequence[Mixture]:
        """The mixtures in a fixed order."""
        return self._all[:limit]

    def sample(self, random: random.Random) -> Mixture:
        """One of them, each with the same probability."""
        return random.choice(self._all)

    def neighbours(self, point: Mixture, random: random.Random) -> Mixture:
        """One model more, less or other; or a vote made a cascade, or the other way."""
        while True:
            members = set(point.members) ^ {random.randrange(len(self._models))}
            if random.random() < 0.5:
                members ^= {random.randrange(len(self._models))}
            kind = "cascade" if random.random() < 0.3 else "vote"
            moved = self._made(members, kind)
            if moved is not None and moved != point:
                return moved

    def models(self, point: Mixture) -> list[str]:
        """Names of the models that a mixture asks."""
        return [self._models[each] for each in point.members]

    def composed(
        self, models: Sequence[str], samples: int, last: str, judge: str = "", second: str = "", prompt: int = 0
    ) -> Mixture | None:
        """A vote of these models; None for everything that recorded answers cannot play."""
        if samples > 1 or last not in ("none", "vote") or judge or second or prompt:
            return None
        return self._made({self._models.index(name) for name in models}, "vote")

    def distributions(self) -> dict[str, Any]:
        """Optuna's distributions by name, those that are not always used included."""
        categories = optuna.distributions.CategoricalDistribution
        members = {f"with {name}": categories((False, True)) for name in self._models}
        roles = {f"role {role}": categories(self._models) for role in range(3)}
        return {"kind": categories(("vote", "cascade")), **members, **roles}

    def suggest(self, trial: Any) -> Mixture:
        """What an Optuna trial proposes, asked only for what its kind uses."""
        kind = trial.suggest_categorical("kind", ["vote", "cascade"])
        used = "with " if kind == "vote" else "role "
        names = [name for name in self.distributions() if name.startswith(used)]
        choices = self.distributions()
        return self.point_of(
            {"kind": kind} | {each: trial.suggest_categorical(each, choices[each].choices) for each in names}
        )

    def point_of(self, params: Mapping[str, Any]) -> Mixture:
        """The mixture that has these values of Optuna's parameters, or the nearest that makes sense."""
        if params["kind"] == "cascade":
            members = {self._models.index(params[f"role {role}"]) for role in range(3)}
        else:
            members = {place for place, name in enumerate(self._models) if params[f"with {name}"]}
        found = self._made(members, params["kind"]) or self._made(members, "vote")
        return found or Mixture("single", (len(self._models) - 1,))

    def params_of(self, point: Mixture) -> dict[str, Any]:
        """The values of Optuna's parameters that mean this mixture."""
        if point.kind == "cascade":
            roles = {f"role {role}": self._models[each] for role, each in enumerate(point.members)}
            return {"kind": "cascade", **roles}
        return {"kind": "vote"} | {f"with {name}": each in point.members for each, name in enumerate(self._models)}

    def _made(self, members: set[int], kind: str) -> Mixture | None:
        ordered = tuple(sorted(members))
        if not ordered or (kind == "cascade" and len(ordered) != 3):
            return None
        if kind == "cascade":
            return Mixture("cascade", ordered)
        return Mixture("single" if len(ordered) == 1 else "vote", ordered)
