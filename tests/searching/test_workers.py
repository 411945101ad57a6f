"""Several processes that search together: real processes, a real PostgreSQL, and a server that counts what it is asked."""

import asyncio
import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import suppress
from itertools import count
from pathlib import Path
from typing import Any

import psycopg
import pytest
from bank.postgres_server import PASSWORD, PostgresServer, postgres_server
from searching.studies import CALL, SEARCH, Study, accounts, distinct, ended, playing, spent

numbers = count()


@pytest.fixture(scope="module")
def postgres() -> Iterator[PostgresServer]:
    with postgres_server() as running:
        yield running


@pytest.fixture
def database(postgres: PostgresServer) -> str:
    """The URL of an empty database."""
    name = f"study{next(numbers)}"
    with psycopg.connect(postgres.url(), autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")
    return postgres.url(name)


@pytest.fixture
def study(tmp_path: Path) -> Iterator[Study]:
    """An eval set of 60 items, a space of 126 topologies, and models that answer after 50 ms."""
    with playing(0.05) as server:
        made = Study(tmp_path, server)
        made.write()
        yield made


def until(true: Callable[[], Any], seconds: float = 30.0) -> Any:
    """Wait for something that comes true; what it is."""
    end = time.monotonic() + seconds
    while not (found := true()):
        assert time.monotonic() < end, "that did not happen"
        time.sleep(0.05)
    return found


def racing(study: Study, names: tuple[str, ...]) -> Any:
    """A trial that one of these workers is measuring, and that is no baseline, which all measure."""
    if not (study.folder / "study" / "journal.log").exists():
        return None
    with suppress(KeyError):  # the study is not there yet
        for trial in study.opened().trials:
            attributes = trial.user_attrs
            own = attributes["worker"].startswith(names) and not attributes["baseline"]
            if own and not trial.state.is_finished():
                return trial
    return None


def process_of(trial: Any) -> int:
    return int(trial.user_attrs["worker"].split("-")[-2])


def test_three_processes_pay_for_each_call_once(tmp_path: Path) -> None:
    with playing(0.25) as server:  # so slowly that the first has not done all when the last has been started
        study = Study(tmp_path, server)
        study.write()
        found = study.search("--workers", "3", "--budget", "0.3")
        assert len(study.server.asked) == len(distinct(study.server)) == asyncio.run(study.banked())
        assert found["paid"] == pytest.approx(study.server.charged())
        opened = study.opened()
        assert {trial.user_attrs["worker"][0] for trial in opened.trials} == {"0", "1", "2"}
        finished = [trial.user_attrs["key"] for trial in opened.trials]
        assert len(finished) == len(set(finished))  # no topology was measured by two
        measured = {trial["key"] for trial in found["trials"]}
        # What the others measured was taken over.
        assert {trial.user_attrs["key"] for trial in opened.trials if not trial.user_attrs["baseline"]} <= measured
        assert 5 < found["measured"] <= 12
        assert len(accounts(opened)) == 3
        assert found["best"]["score"] is not None


def test_they_share_study_bank_and_budget_in_a_database(study: Study, database: str) -> None:
    study.storage = study.bank = database
    # Two that were started by hand, as on two machines, and one that the first of them starts.
    two = [study.begin("--workers", "2", "--budget", "0.2", "-o", "one.moaql")]
    two.append(study.begin("--study", "elsewhere", "--budget", "0.2", "-o", "other.moaql"))
    documents = [ended(each) for each in two]
    assert len(study.server.asked) == len(distinct(study.server)) == asyncio.run(study.banked())
    opened = study.opened()
    assert len(accounts(opened)) == 3
    assert sum(each["paid"] for each in accounts(opened).values()) == pytest.approx(study.server.charged())
    assert study.server.charged() <= spent(opened) <= 0.2
    for each in documents:
        assert "not the answers" not in each["err"]
        assert PASSWORD not in each["err"] + json.dumps(each)


def test_what_a_killed_worker_was_measuring_is_taken_up(study: Study) -> None:
    study.write(SEARCH.replace("trials = 12", "trials = 30"))
    process = study.begin("--workers", "3", "--budget", "0.3")
    lost = until(lambda: racing(study, ("1-", "2-")))
    os.kill(process_of(lost), signal.SIGKILL)
    found = ended(process)
    assert "was ended by signal 9" in found["err"]
    opened = study.opened()
    again = [trial for trial in opened.trials if trial.user_attrs["key"] == lost.user_attrs["key"]]
    assert again[0].state.name == "FAIL"
    assert again[-1].state.name in ("COMPLETE", "PRUNED")
    assert again[-1].user_attrs["worker"] != lost.user_attrs["worker"]
    dead = accounts(opened)[f"account {lost.user_attrs['worker']}"]
    # Only what was in flight may have been asked twice, and it stays counted as spent.
    assert (len(study.server.asked) - asyncio.run(study.banked())) * CALL <= dead["reserved"]
    assert study.server.charged() <= spent(opened) + 1e-9 <= 0.3 + 1e-9


def test_a_worker_killed_in_a_database_is_known_to_be_dead(study: Study, database: str) -> None:
    study.storage = study.bank = database
    process = study.begin("--workers", "2", "--budget", "0.3")

    def racing_there() -> Any:
        with suppress(Exception):  # the tables are not there yet
            rows = [trial for trial in study.opened().trials if not trial.state.is_finished()]
            return next((each for each in rows if each.user_attrs["worker"].startswith("1-")), None)

    lost = until(racing_there)
    os.kill(process_of(lost), signal.SIGKILL)
    ended(process)
    opened = study.opened()
    assert opened.trials[lost.number].state.name == "FAIL"
    assert not [trial for trial in opened.trials if not trial.state.is_finished()]
    assert study.server.charged() <= spent(opened) + 1e-9 <= 0.3 + 1e-9


def test_a_database_that_cuts_all_connections_once_is_survived(study: Study, database: str) -> None:
    study.storage = study.bank = database
    process = study.begin("--workers", "2", "--budget", "0.3")
    study.server.wait(lambda: len(study.server.asked) > 150)
    with psycopg.connect(database, autocommit=True) as connection:
        others = "datname = current_database() AND pid <> pg_backend_pid()"
        connection.execute(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE {others}")
    found = ended(process)
    assert found["best"]["score"] is not None
    assert study.server.charged() <= spent(study.opened()) + 1e-9 <= 0.3 + 1e-9


def test_a_search_that_was_killed_goes_on_and_pays_what_was_missing(study: Study) -> None:
    process = study.begin("--budget", "0.3")
    until(lambda: racing(study, ("0-",)))
    process.kill()
    process.communicate()
    before, banked = len(study.server.asked), asyncio.run(study.banked())
    assert banked > 100
    found = study.search("--budget", "0.3")
    opened = study.opened()
    dead = min(accounts(opened).values(), key=lambda each: -each["reserved"])
    assert (len(study.server.asked) - asyncio.run(study.banked())) * CALL <= dead["reserved"]
    assert found["paid"] == pytest.approx((len(study.server.asked) - before) * CALL)
    assert study.server.charged() <= spent(opened) + 1e-9 <= 0.3 + 1e-9
    assert not [trial for trial in opened.trials if not trial.state.is_finished()]


def test_workers_end_when_the_first_is_killed(study: Study) -> None:
    study.write(SEARCH.replace("trials = 12", "trials = 30"))
    process = study.begin("--workers", "2", "--budget", "0.3")
    trial = until(lambda: racing(study, ("1-",)))
    process.kill()
    process.communicate()
    until(lambda: not Path(f"/proc/{process_of(trial)}").exists(), 15)
    opened = study.opened()
    mine = [each for each in opened.trials if each.user_attrs["worker"] == trial.user_attrs["worker"]]
    assert all(each.state.is_finished() for each in mine)
    assert accounts(opened)[f"account {trial.user_attrs['worker']}"]["reserved"] == 0


def test_three_processes_never_exceed_a_tiny_budget(study: Study) -> None:
    budget = 0.01
    process = study.begin("--workers", "3", "--budget", str(budget))
    _, err = process.communicate(timeout=60)
    assert process.returncode in (0, 4), err
    assert 0 < study.server.charged() <= budget
    assert study.server.charged() <= spent(study.opened()) + 1e-9 <= budget + 1e-9
    assert "Traceback" not in err


def test_an_interrupt_ends_all_and_confirms_what_was_found(study: Study) -> None:
    process = study.begin("--workers", "2", "--budget", "0.3")
    until(lambda: racing(study, ("0-", "1-")))
    process.send_signal(signal.SIGINT)
    found = ended(process)
    assert found["stopped"] == "it was asked to stop"
    assert found["confirmed"]
    assert "worker 1" not in found["err"]


@pytest.mark.parametrize(
    ("arguments", "said"), [(["--no-bank"], "share their answers by the bank"), (["--workers", "0"], "workers")]
)
def test_workers_that_cannot_work(study: Study, arguments: list[str], said: str) -> None:
    process = study.begin("--workers", "2", *arguments)
    _, err = process.communicate(timeout=60)
    assert process.returncode == 2
    assert said in err
    assert not study.server.asked


def test_the_program_may_say_how_many_and_a_bank_that_is_not_shared_is_told(study: Study, database: str) -> None:
    study.storage = database
    study.write(SEARCH.replace("trials = 12", "trials = 2\n  workers = 2"))
    found = study.search("--budget", "0.1")
    assert len(accounts(study.opened())) == 2
    assert any("share the budget, and not the answers" in note for note in found["notes"])


def test_a_database_that_cannot_be_opened_is_told_without_its_password(study: Study, database: str) -> None:
    study.storage = database.replace("/study", "/nothing")
    process = study.begin()
    out, err = process.communicate(timeout=60)
    assert process.returncode == 2
    assert "the study's database cannot be used" in err
    assert PASSWORD not in out + err


def test_optuna_and_its_dashboard_open_the_study_from_outside(study: Study) -> None:
    found = study.search("--workers", "2", "--budget", "0.3")
    opened = study.opened()
    assert opened.metric_names == ["quality", "cost"]
    whole = [trial for trial in opened.trials if trial.state.name == "COMPLETE"]
    measured = {trial["key"] for trial in found["trials"]}
    assert whole
    for trial in whole:
        quality, cost = trial.values
        assert 0 <= quality <= 1
        assert cost > 0
        assert trial.user_attrs["program"]
        assert trial.user_attrs["items"] == found["eval"]["items"]["search"]
        assert trial.user_attrs["key"] in measured or trial.user_attrs["baseline"]
    assert any(trial.params for trial in whole)
    assert shown_by_dashboard(study) == [("auto", ["maximize", "minimize"])]


def shown_by_dashboard(study: Study) -> list[tuple[str, list[str]]]:
    """The names and directions of the studies that `optuna-dashboard` finds in the journal."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    journal = study.folder / "study" / "journal.log"
    code = "import sys; from optuna_dashboard._cli import main; sys.exit(main())"
    arguments = ["--storage-class", "JournalFileStorage", "--host", "127.0.0.1", "--port", str(port), str(journal)]
    dashboard = subprocess.Popen(
        [sys.executable, "-W", "ignore", "-c", code, *arguments], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:

        def fetched() -> Any:
            with suppress(OSError), urllib.request.urlopen(f"http://127.0.0.1:{port}/api/studies", timeout=5) as reply:
                return json.loads(reply.read())

        studies = until(fetched)["study_summaries"]
    finally:
        dashboard.kill()
        dashboard.wait()
    return [(each["study_name"], each["directions"]) for each in studies]
