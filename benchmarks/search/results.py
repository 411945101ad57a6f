"""Runs on disk: one JSON file that grows, so that a benchmark can be killed and goes on."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

from benchmarks.search.truth import Target, Truth
from moaql.errors import UsageError

Key = tuple[str, int, str]


class Results:
    """A file of targets and runs.

    Args:
        path: The file; it need not exist.
        evaluations: Budget of the runs.

    Raises:
        UsageError: The file holds runs of another budget.
    """

    def __init__(self, path: Path, evaluations: float) -> None:
        self._path = path
        data: dict[str, Any] = {"evaluations": evaluations, "targets": {}, "runs": []}
        if path.exists():
            data = json.loads(path.read_text(encoding="utf-8"))
        if data["evaluations"] != evaluations:
            raise UsageError(
                f"{path} holds runs of {data['evaluations']:g} evaluations, not {evaluations:g}",
                "Name another file, or the same budget.",
            )
        self._data = data
        self._done: set[Key] = {(run["world"], run["seed"], run["method"]) for run in data["runs"]}

    @property
    def runs(self) -> list[dict[str, Any]]:
        """All runs."""
        found: list[dict[str, Any]] = self._data["runs"]
        return found

    def has(self, key: Key) -> bool:
        """Whether a run is there: world, seed, method."""
        return key in self._done

    def targets(self, world: str) -> list[Target]:
        """The targets of a world by seed, as far as they are there."""
        return [_target(each) for each in self._data["targets"].get(world, ())]

    def keep_targets(self, world: str, targets: list[Target]) -> None:
        """Write the targets of a world."""
        self._data["targets"][world] = [
            {"share": each.share, "level": each.level, "best": each.best, **vars(each.truth)} for each in targets
        ]
        self.save()

    def add(self, run: dict[str, Any]) -> None:
        """One more run; `save` writes it."""
        self.runs.append(run)
        self._done.add((run["world"], run["seed"], run["method"]))

    def save(self) -> None:
        """Write the file as a whole, so that there is never half of one."""
        new = self._path.with_name(self._path.name + ".new")
        new.write_text(json.dumps(self._data), encoding="utf-8")
        os.replace(new, self._path)


def _target(data: dict[str, Any]) -> Target:
    truth = Truth(
        frontier=tuple((quality, cost) for quality, cost in data["frontier"]),
        reference=(data["reference"][0], data["reference"][1]),
        single=data["single"],
        single_quality=data["single_quality"],
    )
    return Target(truth, data["share"], data["level"], data["best"])
