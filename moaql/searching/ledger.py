"""The study: what is measured, was measured, who proposed it, and what was paid, in Optuna's storage.

`optuna-dashboard` opens it, and so do other workers. A topology is a trial: RUNNING from the first look at it, COMPLETE where all
items were measured, PRUNED where it lost its race, FAIL where the process that measured it died. What was cut off in the middle is
in the bank, and costs nothing when it is measured again.
"""

from __future__ import annotations

import contextlib
import json
import math
import os
import secrets
import socket
import warnings
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from moaql.errors import UsageError
from moaql.searching.storage import close_study, insist, open_study, told

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from moaql.searching.arena import Entrant, Record
    from moaql.searching.goals import Figures, Goals
    from moaql.searching.tpe import Encoded

_IDENTITY = "identity"


@dataclass(frozen=True)
class Seen:
    """A topology in the study.

    Attributes:
        number: Of its trial.
        key: Its identity.
        state: `running`, `over`, or `lost` where its worker died.
        items: Items that were measured.
        wanted: Items that its worker is measuring, those before included.
        worker: Who measures or measured it.
        bank: Where the answers are.
        point: Where it lies in the space; None for a baseline outside of it.
        baseline: Which baseline it is, or "".
    """

    number: int
    key: str
    state: str
    items: int
    wanted: int
    worker: str
    bank: str
    point: Any
    baseline: str


class Ledger:
    """One study, as one process uses it.

    Args:
        folder: Of the study: its journal is kept there, or only its locks.
        name: Of the study.
        goals: What it is for: the first value of a trial is its quality, then the dollars and the seconds that count.
        identity: What it was made for; a study of another program or eval set is refused.
        space: Encodes points.
        storage: A database as `postgresql://…` instead of the journal.
        worker: Name of this process in it.
        bank: Where this process keeps its answers; topologies of those who keep them elsewhere are not its business.

    Raises:
        UsageError: if the study was made for something else, or cannot be opened.
    """

    def __init__(
        self,
        folder: str,
        name: str,
        goals: Goals,
        identity: str,
        space: Encoded,
        *,
        storage: str | None = None,
        worker: str = "0",
        bank: str = "",
    ) -> None:
        import optuna

        optuna.logging.set_verbosity(optuna.logging.WARNING)
        self._space, self._bank = space, bank
        self.worker = f"{worker}-{_host()}-{os.getpid()}-{secrets.token_hex(3)}"
        """This process, unlike all others before and beside it."""
        self._distributions = dict(space.distributions())
        self._measures = ["quality", *(["cost"] if goals.cheap else []), *(["latency"] if goals.fast else [])]
        self._dead: set[str] = set()
        self.locks, self._study = open_study(folder, storage, name, self._measures)
        try:
            with self.hold():
                self._check_identity(identity, storage or folder)
                self.locks.enter(self.worker)
        except BaseException:
            self._let_go()
            raise

    @contextlib.contextmanager
    def hold(self) -> Iterator[None]:
        """Nobody else writes the study inside of it.

        Raises:
            UsageError, BankError: if the storage fails.
        """
        with self.locks.hold(), told():
            yield

    def close(self) -> None:
        """This process works on it no more. What it had begun and not ended is told to have failed."""
        try:
            with self.hold():
                for trial in self._trials():
                    if trial.state == _states().RUNNING and trial.user_attrs["worker"] == self.worker:
                        self._fail(trial)
        finally:
            self._let_go()

    def _let_go(self) -> None:
        self.locks.leave()
        close_study(self._study)

    def alive(self, worker: str) -> bool:
        """Whether the process of a worker still runs. Nobody comes back from the dead."""
        if worker in self._dead:
            return False
        found = worker == self.worker or self.locks.alive(worker)
        if not found:
            self._dead.add(worker)
        return found

    # Trials

    def seen(self) -> list[Seen]:
        """The topologies in the study whose answers are in this bank, each once, those that were lost left out if taken up."""
        found: dict[str, Seen] = {}
        with told():
            trials = self._trials()
        for trial in trials:
            each = self._seen(trial)
            before = found.get(each.key)
            if each.bank == self._bank and (before is None or before.state != "over"):
                found[each.key] = each
        return list(found.values())

    def points(self) -> dict[str, Any]:
        """Points whose measurement is over, by key, those of other workers included."""
        return {each.key: each.point for each in self.seen() if each.state == "over" and each.point is not None}

    def announce(self, entrant: Entrant, wanted: int) -> bool:
        """This process is about to measure a topology on so many items; False if another one, which is alive, is at it.

        What a dead process was measuring is told to have failed, and is this one's from now on.
        """
        with self.hold():
            for trial in self._running(entrant.key):
                each = self._seen(trial)
                if each.worker == self.worker:
                    self._set(trial, wanted=wanted)
                    return True
                if self.alive(each.worker):
                    return False
                self._fail(trial)
            if not any(trial.state.is_finished() for trial in self._of(entrant.key)):
                self._begin(entrant, wanted)
            return True

    def bury(self) -> list[Seen]:
        """Tell what dead processes were measuring to have failed; what that was."""
        found = []
        with self.hold():
            for trial in self._trials():
                each = self._seen(trial)
                if each.state == "running" and not self.alive(each.worker):
                    self._fail(trial)
                    found.append(each)
        return [each for each in found if each.bank == self._bank]

    def go_on(self, record: Record) -> None:
        """A look at a topology is over, and its race is not."""
        with self.hold():
            for trial in self._running(record.entrant.key):
                if trial.user_attrs["worker"] == self.worker:
                    self._set(trial, items=record.items)

    def write(self, record: Record, figures: Figures, *, source: str) -> None:
        """A topology whose race is over; one that is written already, or that another process races, is not written."""
        values = [figures.of(measure) for measure in self._measures]  # type: ignore[arg-type]
        whole = record.state == "whole" and not any(math.isnan(value) for value in values)
        with self.hold():
            trials = self._of(record.entrant.key)
            if any(trial.state.is_finished() for trial in trials):
                return
            own = next((trial for trial in trials if trial.user_attrs["worker"] == self.worker), None)
            if own is None:
                if any(self.alive(trial.user_attrs["worker"]) for trial in trials):
                    return
                self._begin(record.entrant, record.items)
                own = self._running(record.entrant.key)[-1]
            self._set(own, **_attributes(record, figures, source))
            states = _states()
            self._tell(own, values if whole else None, states.COMPLETE if whole else states.PRUNED)

    def count(self) -> int:
        """Topologies that are or were measured, baselines left out."""
        return len({each.key for each in self.seen() if not each.baseline and each.state != "lost"})

    # Attributes

    def facts(self, prefix: str) -> dict[str, dict[str, Any]]:
        """What is kept beside the trials under names that begin so; the names without it."""
        with told():
            attributes = insist(lambda: self._study.user_attrs)
        return {name.removeprefix(prefix): value for name, value in attributes.items() if name.startswith(prefix)}

    def note(self, name: str, value: Mapping[str, Any]) -> None:
        """Keep something beside the trials."""
        insist(lambda: self._study.set_user_attr(name, json.loads(json.dumps(value))))

    def _check_identity(self, identity: str, where: str) -> None:
        import optuna

        stated = self._study.user_attrs.get(_IDENTITY)
        if stated is None:
            self._study.set_user_attr(_IDENTITY, identity)
            with warnings.catch_warnings():  # its names in the dashboard; marked as experimental since 2023
                warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
                self._study.set_metric_names(self._measures)
        elif stated != identity:
            shown = where if "://" not in where else "of that name in the database"
            raise UsageError(
                f"the study `{shown}` was made for another program or eval set",
                "Give another folder with `--study`; what is in the bank is used all the same.",
            )

    def _trials(self) -> list[Any]:
        trials = insist(lambda: self._study.get_trials(deepcopy=False))
        return [trial for trial in trials if "key" in trial.user_attrs]

    def _of(self, key: str) -> list[Any]:
        """Trials of a topology that did not fail."""
        failed = _states().FAIL
        return [trial for trial in self._trials() if trial.user_attrs["key"] == key and trial.state != failed]

    def _running(self, key: str) -> list[Any]:
        return [trial for trial in self._of(key) if not trial.state.is_finished()]

    def _seen(self, trial: Any) -> Seen:
        attributes, states = trial.user_attrs, _states()
        state = "running" if trial.state == states.RUNNING else "lost" if trial.state == states.FAIL else "over"
        return Seen(
            trial.number,
            attributes["key"],
            state,
            int(attributes.get("items", 0)),
            int(attributes.get("wanted", 0)),
            attributes["worker"],
            attributes.get("bank", ""),
            self._space.point_of(trial.params) if trial.params else None,
            attributes.get("baseline", ""),
        )

    def _begin(self, entrant: Entrant, wanted: int) -> None:
        import optuna

        params = {} if entrant.point is None else self._space.params_of(entrant.point)
        trial = optuna.trial.create_trial(
            state=_states().RUNNING,
            params=params,
            distributions={name: self._distributions[name] for name in params},
            user_attrs={
                "key": entrant.key,
                "program": entrant.name,
                "baseline": entrant.baseline,
                "items": 0,
                "wanted": wanted,
                "worker": self.worker,
                "bank": self._bank,
            },
        )
        insist(lambda: self._study.add_trial(trial))

    def _set(self, trial: Any, **attributes: Any) -> None:
        for name, value in attributes.items():
            if trial.user_attrs.get(name) != value:
                # A trial that was not asked for by a sampler has no public way to be given attributes.
                insist(partial(self._study._storage.set_trial_user_attr, trial._trial_id, name, value))

    def _fail(self, trial: Any) -> None:
        self._tell(trial, None, _states().FAIL)

    def _tell(self, trial: Any, values: list[float] | None, state: Any) -> None:
        # A first try may have been carried out although its connection broke.
        insist(lambda: self._study.tell(trial.number, values, state, skip_if_finished=True))


def _attributes(record: Record, figures: Figures, source: str) -> dict[str, Any]:
    return {
        "items": record.items,
        "wanted": record.items,
        "score": figures.quality,
        "cost": None if math.isnan(figures.cost) else figures.cost,
        "latency": None if math.isnan(figures.latency) else figures.latency,
        "paid": record.paid,
        "source": source,
        "why": record.why,
    }


def _states() -> Any:
    import optuna

    return optuna.trial.TrialState


def _host() -> str:
    """The name of this machine, as far as it may stand in the name of a file."""
    return "".join(each if each.isalnum() else "_" for each in socket.gethostname())[:40]
