"""Optuna's TPE as one proposer among others: it learns from everything that was measured, whoever proposed it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping


class Encoded(Protocol):
    """A space that Optuna can draw from."""

    def distributions(self) -> Mapping[str, Any]:
        """Optuna's distributions by name, those of inactive dimensions included."""
        ...

    def params_of(self, point: Any) -> dict[str, Any]:
        """The parameters of a point, in one canonical form."""
        ...

    def point_of(self, params: Mapping[str, Any]) -> Any:
        """The point of parameters, or the nearest one that is valid."""
        ...


class Suggestions:
    """Proposes points by the Tree-structured Parzen Estimator (Bergstra et al. 2011; several goals: Ozaki et al. 2020).

    It has a study of its own, in memory: what a search measured is in the ledger, and what TPE was merely asked for is not.

    Args:
        space: Where to draw from.
        goals: Number of goals: the quality, and the dollars where they count.
        seed: Of the draws.
    """

    def __init__(self, space: Encoded, goals: int, seed: int) -> None:
        import optuna

        optuna.logging.set_verbosity(optuna.logging.WARNING)
        self._space = space
        self._distributions = dict(space.distributions())
        directions = (optuna.study.StudyDirection.MAXIMIZE, optuna.study.StudyDirection.MINIMIZE)[:goals]
        sampler = optuna.samplers.TPESampler(multivariate=True, seed=seed, n_startup_trials=8)
        self._study = optuna.create_study(directions=directions, sampler=sampler)
        self._known: set[Any] = set()

    def learn(self, point: Any, values: list[float]) -> None:
        """One more measured point, with its figures; a point that is known already is not learned again."""
        import optuna

        if point is None or point in self._known:
            return
        self._known.add(point)
        params = self._space.params_of(point)
        used = {name: self._distributions[name] for name in params}
        self._study.add_trial(optuna.trial.create_trial(params=params, distributions=used, values=values))

    def suggest(self, count: int) -> list[Any]:
        """So many points, duplicates included."""
        import optuna

        found = []
        for _ in range(count):
            trial = self._study.ask(self._distributions)
            found.append(self._space.point_of(trial.params))
            self._study.tell(trial, state=optuna.trial.TrialState.FAIL)
        return found
