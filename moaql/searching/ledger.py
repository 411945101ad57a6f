"""The study: what was measured, who proposed it, and what was paid, in Optuna's storage.

`optuna-dashboard` opens it, and so do other workers. A topology is written when its race is over: COMPLETE where all items were
measured, PRUNED where it lost. What was cut off in the middle is in the bank, and costs nothing when it is measured again.
"""

from __future__ import annotations

import json
import math
import os
import warnings
from typing import TYPE_CHECKING, Any

from moaql.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from moaql.searching.arena import Record
    from moaql.searching.goals import Figures, Goals
    from moaql.searching.tpe import Encoded

JOURNAL = "journal.log"
_IDENTITY, _PAID = "identity", "paid "


class Ledger:
    """One study.

    Args:
        where: A folder, in which a journal is kept; or a database as `postgresql://…`.
        name: Of the study.
        goals: What it is for: the first value of a trial is its quality, then the dollars and the seconds that count.
        identity: What it was made for; a study of another program or eval set is refused.
        space: Encodes points.
        worker: Name of this process in it.

    Raises:
        UsageError: if the study was made for something else, or cannot be opened.
    """

    def __init__(
        self, where: str, name: str, goals: Goals, identity: str, space: Encoded, *, worker: str = "0"
    ) -> None:
        import optuna

        optuna.logging.set_verbosity(optuna.logging.WARNING)
        self._space, self._goals, self._worker = space, goals, worker
        self._distributions = dict(space.distributions())
        self._written: set[str] = set()
        measures = ["quality", *(["cost"] if goals.cheap else []), *(["latency"] if goals.fast else [])]
        directions = [
            optuna.study.StudyDirection.MAXIMIZE if each == "quality" else optuna.study.StudyDirection.MINIMIZE
            for each in measures
        ]
        self._measures = measures
        self._study = _open(where, name, directions)
        stated = self._study.user_attrs.get(_IDENTITY)
        if stated is None:
            self._study.set_user_attr(_IDENTITY, identity)
            with warnings.catch_warnings():  # its names in the dashboard; marked as experimental since 2023
                warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
                self._study.set_metric_names(measures)
        elif stated != identity:
            raise UsageError(
                f"the study `{where}` was made for another program or eval set",
                "Give another folder with `--study`; what is in the bank is used all the same.",
            )

    @property
    def paid(self) -> float:
        """Dollars that all workers have spent on it so far."""
        attributes = self._study.user_attrs
        return math.fsum(value for name, value in attributes.items() if name.startswith(_PAID))

    @property
    def paid_before(self) -> float:
        """Dollars that this worker's name has spent on it so far."""
        return float(self._study.user_attrs.get(_PAID + self._worker, 0.0))

    def pay(self, dollars: float) -> None:
        """This worker has spent so much on it, all of its runs together."""
        self._study.set_user_attr(_PAID + self._worker, dollars)

    def points(self) -> dict[str, Any]:
        """Points that were measured, by key, those of other workers included."""
        found = {}
        for trial in self._study.get_trials(deepcopy=False):
            key = trial.user_attrs.get("key")
            if key is not None and trial.params:
                found[key] = self._space.point_of(trial.params)
        return found

    def write(self, record: Record, figures: Figures, *, source: str) -> None:
        """A topology whose race is over; one that is written already is not written again."""
        import optuna

        key = record.entrant.key
        if key in self._written or key in self._keys():
            self._written.add(key)
            return
        self._written.add(key)
        params = {} if record.entrant.point is None else self._space.params_of(record.entrant.point)
        values = [figures.of(measure) for measure in self._measures]  # type: ignore[arg-type]
        whole = record.state == "whole" and not any(math.isnan(value) for value in values)
        state = optuna.trial.TrialState
        self._study.add_trial(
            optuna.trial.create_trial(
                state=state.COMPLETE if whole else state.PRUNED,
                values=values if whole else None,
                params=params,
                distributions={name: self._distributions[name] for name in params},
                user_attrs={
                    "key": key,
                    "program": record.entrant.name,
                    "items": record.items,
                    "score": figures.quality,
                    "cost": None if math.isnan(figures.cost) else figures.cost,
                    "latency": None if math.isnan(figures.latency) else figures.latency,
                    "paid": record.paid,
                    "source": source,
                    "baseline": record.entrant.baseline,
                    "why": record.why,
                    "worker": self._worker,
                },
            )
        )

    def note(self, name: str, value: Mapping[str, Any]) -> None:
        """Keep something beside the trials, such as the finding."""
        self._study.set_user_attr(name, json.loads(json.dumps(value)))

    def _keys(self) -> set[str]:
        return {str(trial.user_attrs.get("key")) for trial in self._study.get_trials(deepcopy=False)}


def _open(where: str, name: str, directions: list[Any]) -> Any:
    import optuna
    from optuna.storages.journal import JournalFileBackend

    if "://" in where:
        url = where.replace("postgresql://", "postgresql+psycopg://", 1).replace(
            "postgres://", "postgresql+psycopg://", 1
        )
        try:
            storage: Any = optuna.storages.RDBStorage(url)
        except Exception as error:
            # SQLAlchemy's errors show the URL, and with it the password.
            raise UsageError(
                f"the storage cannot be opened: {type(error).__name__}", "Check the URL given with `--storage`."
            ) from None
    else:
        os.makedirs(where, exist_ok=True)
        backend = JournalFileBackend(os.path.join(where, JOURNAL))
        storage = optuna.storages.JournalStorage(backend)
    return optuna.create_study(study_name=name, storage=storage, directions=directions, load_if_exists=True)
