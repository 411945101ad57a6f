"""The study as several processes write it, on a journal."""

import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import optuna
import pytest

from moaql.errors import BankError, UsageError
from moaql.searching import locks
from moaql.searching.arena import Entrant, Record
from moaql.searching.goals import Figures, Goals
from moaql.searching.ledger import Ledger


class Line:
    """A space of ten points."""

    def distributions(self) -> dict[str, Any]:
        return {"x": optuna.distributions.IntDistribution(0, 9)}

    def params_of(self, point: Any) -> dict[str, Any]:
        return {"x": point}

    def point_of(self, params: Any) -> Any:
        return params["x"]


def ledger_at(folder: Path, identity: str = "same", bank: str = "") -> Ledger:
    return Ledger(str(folder / "study"), "auto", Goals(), identity, Line(), bank=bank)


@pytest.fixture
def come(tmp_path: Path) -> Iterator[Callable[..., Ledger]]:
    """A process that comes to the study."""
    here: list[Ledger] = []

    def ledger(**given: str) -> Ledger:
        here.append(ledger_at(tmp_path, **given))
        return here[-1]

    yield ledger
    for each in here:
        each.close()


def entrant(point: int) -> Entrant:
    return Entrant(f"key{point}", f"topology {point}", "vote", (), point=point)


def record(point: int, items: int = 20, state: Any = "whole") -> Record:
    return Record(entrant(point), np.ones(items), np.ones(items), np.ones(items), 0.5, "tpe", state)


FIGURES = Figures(0.75, 0.01, 2.0)


def states(ledger: Ledger) -> dict[str, str]:
    return {each.key: each.state for each in ledger.seen()}


def test_what_one_measures_is_left_to_it_until_it_is_over(come: Callable[..., Ledger]) -> None:
    one, other = come(), come()
    assert one.announce(entrant(3), 20)
    assert not other.announce(entrant(3), 20)
    assert states(other) == {"key3": "running"}
    one.write(record(3), FIGURES, source="tpe")
    assert other.announce(entrant(3), 20)
    assert states(other) == {"key3": "over"}
    assert other.points() == {"key3": 3}


def test_a_look_that_is_over_is_seen_while_the_race_goes_on(come: Callable[..., Ledger]) -> None:
    one, other = come(), come()
    one.announce(entrant(3), 20)
    one.go_on(record(3, 20, "racing"))
    one.announce(entrant(3), 40)
    (seen,) = other.seen()
    assert (seen.items, seen.wanted, seen.state, seen.point) == (20, 40, "running", 3)


def test_what_a_dead_process_was_measuring_is_told_to_have_failed_and_taken_up(come: Callable[..., Ledger]) -> None:
    dead, other = come(), come()
    dead.announce(entrant(3), 40)
    dead.locks.leave()  # as the system does when a process is killed
    (lost,) = other.bury()
    assert (lost.key, lost.wanted) == ("key3", 40)
    assert other.bury() == []
    assert states(other) == {"key3": "lost"}
    assert other.announce(entrant(3), 40)
    assert states(other) == {"key3": "running"}
    assert other.count() == 1


def test_who_announces_what_the_dead_had_begun_takes_it_up(come: Callable[..., Ledger]) -> None:
    dead, other = come(), come()
    dead.announce(entrant(3), 40)
    dead.locks.leave()
    assert other.announce(entrant(3), 40)
    assert other.bury() == []


def test_what_a_process_had_begun_when_it_ended_well_fails_too(come: Callable[..., Ledger]) -> None:
    one, other = come(), come()
    one.announce(entrant(3), 40)
    one.close()
    assert states(other) == {"key3": "lost"}


def test_a_topology_is_written_once(come: Callable[..., Ledger]) -> None:
    one, other = come(), come()
    one.write(record(3), FIGURES, source="tpe")
    other.write(record(3), Figures(0.5, 0.01, 2.0), source="uniform")
    one.announce(entrant(4), 20)
    other.write(record(4), FIGURES, source="uniform")  # one is at it
    assert {each.key: (each.state, each.worker) for each in other.seen()} == {
        "key3": ("over", one.worker),
        "key4": ("running", one.worker),
    }


def test_those_with_another_bank_go_their_own_way(come: Callable[..., Ledger]) -> None:
    one, other = come(bank="here"), come(bank="there")
    one.write(record(3), FIGURES, source="tpe")
    assert other.seen() == []
    assert other.points() == {}


def test_a_study_of_something_else_is_refused(come: Callable[..., Ledger]) -> None:
    come()
    with pytest.raises(UsageError, match="made for another program or eval set"):
        come(identity="other")
    assert come().worker  # and the lock is free


def test_half_a_line_that_a_killed_process_wrote_breaks_nothing(come: Callable[..., Ledger], tmp_path: Path) -> None:
    one = come()
    one.write(record(3), FIGURES, source="tpe")
    with (tmp_path / "study" / "journal.log").open("a") as journal:
        journal.write('{"op_code":4,"work')
    later = come()
    later.write(record(4), FIGURES, source="tpe")
    assert set(states(one)) == set(states(come())) == {"key3", "key4"}


def test_a_process_that_was_killed_with_the_lock_in_its_hand_stops_nobody(
    come: Callable[..., Ledger], tmp_path: Path
) -> None:
    come()
    code = (
        "import sys, time\nfrom moaql.searching.locks import FileLocks\n"
        "locks = FileLocks(sys.argv[1])\nlocks.enter('w')\nlocks.acquire()\nprint('held', flush=True)\ntime.sleep(60)"
    )
    folder = str(tmp_path / "study")
    child = subprocess.Popen([sys.executable, "-c", code, folder], stdout=subprocess.PIPE, text=True)
    with child:
        assert child.stdout is not None
        assert child.stdout.readline() == "held\n"
        assert locks.FileLocks(folder).alive("w")
        child.kill()
    assert not locks.FileLocks(folder).alive("w")
    come().write(record(3), FIGURES, source="tpe")


def test_a_lock_that_is_kept_is_told(
    come: Callable[..., Ledger], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    one, other = come(), come()
    monkeypatch.setattr(locks, "PATIENCE", 0.05)
    with one.hold(), pytest.raises(BankError, match=r"keeps the study .* locked"):
        other.bury()
    assert other.bury() == []
