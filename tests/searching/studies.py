"""Searches in processes of their own, whose models are played by a server that counts what it charges."""

import hashlib
import json
import os
import subprocess
import sys
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import optuna
from servers.faults import Asked, FaultServer, Later, Says

from moaql.bank.open import open_bank

RIGHT = {"weak": 0.55, "middle": 0.7, "strong": 0.8}
"""How often each model is right."""
PRICES = "api_key_env=none seed=1 max_tokens=100 price_in=$1 price_out=$2"
CALL = (100 * 1 + 10 * 2) / 1e6
"""Dollars that a call is charged."""
SEARCH = """
search auto {
  topology layer ?(1..3 of [weak, middle, strong]) x?(1..3) temperature=0.7 -> ?(vote by=number tie=first | agg strong)
  eval set
  maximize quality
  minimize cost
  trials = 12
}
eval set = "set.jsonl" metric=number
"""


def playing(seconds: float = 0.0) -> FaultServer:
    """The models of the search; every call takes so long."""

    def play(asked: Asked) -> Later:
        number = int(asked.question.split("number ")[1].split(".")[0]) if "number " in asked.question else 0
        said = hashlib.sha256(json.dumps(asked.body, sort_keys=True).encode()).digest()
        right = said[0] / 256 < RIGHT[asked.model]
        return Later(seconds, Says(f"The answer is {number if right else 1000 + said[1]}."))

    return FaultServer(**dict.fromkeys(RIGHT, play))


@dataclass
class Study:
    """A folder with a program and an eval set, and the searches that are run in it."""

    folder: Path
    server: FaultServer
    storage: str | None = None
    bank: str | None = None

    def write(self, search: str = SEARCH, items: int = 60) -> None:
        """The program, and an eval set whose questions say their answers."""
        (self.folder / "p.moaql").write_text(self.server.program(search, PRICES))
        rows = [
            {"id": str(n), "question": f"Say number {n}. Only that.", "target": str(n)} for n in range(1, items + 1)
        ]
        (self.folder / "set.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))

    def begin(self, *arguments: str) -> "subprocess.Popen[str]":
        """A search in the background."""
        places = {"MOAQL_STORAGE": self.storage, "MOAQL_BANK": self.bank}
        return subprocess.Popen(
            [sys.executable, "-m", "moaql", "search", "p.moaql", "--study", "study", "--json", *arguments],
            cwd=self.folder,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=os.environ | {name: value for name, value in places.items() if value},
        )

    def search(self, *arguments: str) -> Any:
        """The document of a search that ends well."""
        return ended(self.begin(*arguments))

    def opened(self) -> optuna.Study:
        """The study as `optuna` opens it from outside."""
        if self.storage is None:
            journal = optuna.storages.journal.JournalFileBackend(str(self.folder / "study" / "journal.log"))
            return optuna.load_study(study_name="auto", storage=optuna.storages.JournalStorage(journal))
        storage = optuna.storages.RDBStorage(self.storage.replace("postgresql", "postgresql+psycopg", 1))
        with closing(_Disposed(storage)):
            study = optuna.load_study(study_name="auto", storage=storage)
            study.get_trials()
            return optuna.create_study(study_name="copy") if study is None else _copy(study)

    async def banked(self) -> int:
        """How many answers the bank holds."""
        bank = open_bank(self.bank or str(self.folder / ".moaql" / "bank.db"))
        try:
            return sum(each.entries for each in await bank.count())
        finally:
            await bank.close()


@dataclass
class _Disposed:
    storage: Any

    def close(self) -> None:
        self.storage.remove_session()
        self.storage.engine.dispose()


def _copy(study: Any) -> Any:
    """What a study holds, when its database is closed."""

    @dataclass
    class Copy:
        trials: Any
        user_attrs: Any
        metric_names: Any

    return Copy(study.get_trials(), study.user_attrs, study.metric_names)


def ended(process: "subprocess.Popen[str]") -> Any:
    """The document that a search printed."""
    out, err = process.communicate(timeout=60)
    assert "Traceback" not in err, err
    assert process.returncode == 0, err
    return json.loads(out) | {"err": err}


def children(process: "subprocess.Popen[str]") -> list[int]:
    """The processes that a search has started."""
    text = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text()
    return [int(each) for each in text.split()]


def accounts(study: Any) -> dict[str, dict[str, float]]:
    """What each process paid and kept reserved, in dollars."""
    return {name: value for name, value in study.user_attrs.items() if name.startswith("account ")}


def spent(study: Any) -> float:
    """The dollars that count against the budget."""
    return sum(each["paid"] + each["doubt"] + each["reserved"] for each in accounts(study).values())


def distinct(server: FaultServer) -> set[str]:
    """The calls that were made, each once."""
    return {json.dumps(each.body, sort_keys=True) for each in server.asked}
