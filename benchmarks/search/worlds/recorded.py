"""Worlds of recorded answers of real models: single models, votes, and cascades, at recorded lengths and list prices.

The answers are not part of the project; they are read from `../shared/data/recorded` beside it, or from the folder that
`MOAQL_RECORDED` names. Each model was asked once an item, so nothing can be sampled again.
"""

from __future__ import annotations

import gzip
import json
import os
import sys
from functools import cache, lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from benchmarks.search.truth import Target, Truth, pareto, target
from benchmarks.search.worlds.mixtures import Mixture, MixtureSpace
from benchmarks.search.worlds.population import RIGHT, generator
from benchmarks.search.worlds.stages import vote
from benchmarks.search.worlds.world import Call, Outcomes, Plan, Split
from moaql.errors import UsageError
from moaql.evaluation.votes import encode
from moaql.searching.arena import Entrant, Voice

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    Array = NDArray[Any]

FAMILIES = ("gsm8k", "math_l5", "mmlu_pro", "crux")
MODELS = 8
"""Of each family, one from each eighth of the prices: the most accurate there."""


def folder() -> Path:
    """Where the recorded answers are, or would be."""
    beside = Path(__file__).resolve().parents[3].parent / "shared" / "data" / "recorded"
    return Path(os.environ.get("MOAQL_RECORDED", beside))


@cache
def recorded_world(name: str) -> RecordedWorld:
    """The world of a family, such as `recorded/crux`.

    Raises:
        UsageError: There is no such world, or its answers are not here.
    """
    family = name.removeprefix("recorded/")
    if family not in FAMILIES or not name.startswith("recorded/"):
        raise UsageError(f"there is no world `{name}`", "Run `python -m benchmarks.search --list` for their names.")
    if not (folder() / f"{family}.dev.jsonl.gz").exists():
        raise UsageError(
            f"the recorded answers of {family} are not here", "Set MOAQL_RECORDED to the folder that holds them."
        )
    return RecordedWorld(family, folder())


class RecordedWorld:
    """Implements `benchmarks.search.worlds.world.World` on recorded answers.

    One half of the items, drawn by the seed, is searched on; the truth of a topology is its mean over items that it never
    saw. The frontier there is taken of topologies that are on the frontier of all items: the best of some hundred on few
    items would be mere luck.
    """

    def __init__(self, family: str, folder: Path) -> None:
        self.name, self.regime = f"recorded/{family}", "recorded"
        with gzip.open(folder / f"{family}.dev.jsonl.gz", "rt", encoding="utf-8") as lines:
            rows = [json.loads(line) for line in lines]
        prices = json.loads((folder / "prices.json").read_text(encoding="utf-8"))
        self._models = _chosen(rows, prices)
        rows = [row for row in rows if all(model in row["responses"] for model in self._models)]
        said = {model: [row["responses"][model][0]["answer"] for row in rows] for model in self._models}
        self._codes = encode(said, [row["target"] for row in rows]).codes
        self._costs = np.array([[_dollars(row, model, prices) for row in rows] for model in self._models])
        self._mean_costs = self._costs.mean(axis=1)
        self.space = MixtureSpace(self._models)
        self._points: dict[str, Mixture] = {}
        self._outcomes = lru_cache(maxsize=2000)(self._run)

    def entrant(self, point: Mixture | None, baseline: str = "") -> Entrant | None:
        """The topology of a point, as a search sees it."""
        if point is None:
            return None
        names = [self._models[each] for each in point.members]
        if point.kind == "cascade":
            key = f"[{names[1]}, {names[2]}] -> vote when agree, else {names[0]}"
        else:
            key = names[0] if point.kind == "single" else f"layer [{', '.join(names)}] -> vote"
        self._points[key] = point
        return Entrant(
            key=key,
            name=key,
            kind="other" if point.kind == "cascade" else point.kind,
            voices=tuple(Voice(name) for name in names),
            depth=2 if point.kind == "cascade" else 1,
            point=point,
            baseline=baseline,
        )

    def singles(self) -> Sequence[Entrant]:
        """Every model alone."""
        found = (self.entrant(Mixture("single", (each,)), "single") for each in range(len(self._models)))
        return [each for each in found if each is not None]

    def repeated(self, best: Entrant, samples: int, how: Literal["vote", "merge"]) -> Entrant | None:  # noqa: ARG002
        """None: every model was asked once."""
        return None

    def plan(self, entrant: Entrant) -> Plan:
        """Calls and mean prices; how often two cheap models disagree is taken to be half of the time."""
        point = self._points[entrant.key]
        share = [0.5 if point.kind == "cascade" and not place else 1.0 for place in range(len(point.members))]
        prices = [float(self._mean_costs[each]) * part for each, part in zip(point.members, share, strict=True)]
        return Plan(tuple(zip(entrant.voices, prices, strict=True)), float(entrant.depth))

    def outcomes(self, entrant: Entrant) -> Outcomes:
        """What an entrant does on every item."""
        return self._outcomes(self._points[entrant.key])

    def codes(self, voice: Voice) -> Array:
        """What a model answered to every item."""
        found: Array = self._codes[self._models.index(voice.model)]
        return found

    def alone(self, judge: str) -> Voice:
        """The model itself."""
        return Voice(judge)

    def split(self, seed: int) -> Split:
        """One half to search on, a tenth to choose on, the rest to report on."""
        drawn = generator(self.name, "split", seed).permutation(self._codes.shape[1])
        search, select, report = np.split(drawn, [len(drawn) // 2, len(drawn) * 6 // 10])
        return Split(search, select, report, report)

    def true(self, entrant: Entrant, seed: int) -> tuple[float, float]:
        """Mean score and list price on the items that were not searched on."""
        found, at = self.outcomes(entrant), self.split(seed).held
        return float(found.scores[at].mean()), float(found.costs[at].mean())

    def survey(self, seeds: int) -> list[Target]:
        """Targets, by looking at every topology."""
        return [self._looked(seed) for seed in range(seeds)]

    def _looked(self, seed: int) -> Target:
        entrants = [each for each in map(self.entrant, self.space.points()) if each is not None]
        split, outcomes = self.split(seed), [self.outcomes(each) for each in entrants]
        everywhere = [(float(found.scores.mean()), float(found.costs.mean())) for found in outcomes]
        held = [self.true(each, seed) for each in entrants]
        best = set(pareto(everywhere))
        singles = {each.key: self.true(each, seed)[0] for each in self.singles()}
        single = max(singles, key=lambda key: singles[key])
        frontier = pareto(true for true, figures in zip(held, everywhere, strict=True) if figures in best)
        truth = Truth(frontier, (min(singles.values()), max(cost for _, cost in held)), single, singles[single])
        measured = np.array([found.scores[split.search].mean() for found in outcomes])
        quality, costs = np.array(held).T
        return target(truth, measured, costs, quality)

    def _run(self, point: Mixture) -> Outcomes:
        members = list(point.members)
        codes = self._codes[members]
        apart = codes[1] != codes[2] if point.kind == "cascade" else None
        voices = [Voice(self._models[member]) for member in members]
        calls = tuple(
            Call(voice, self._costs[member], voice, None if place else apart)
            for place, (voice, member) in enumerate(zip(voices, members, strict=True))
        )
        code = vote(codes) if apart is None else np.where(apart, codes[0], codes[1])
        return Outcomes(calls, code == RIGHT, np.full(len(code), float(apart is not None) + 1.0))


def _chosen(rows: Sequence[Any], prices: Mapping[str, Any]) -> tuple[str, ...]:
    """The models of a world, from the dearest down, so that a tied vote goes to the dearest."""
    names = [name for name in prices if sum(name in row["responses"] for row in rows) > 0.98 * len(rows)]
    here = {name: [row for row in rows if name in row["responses"]] for name in names}
    cost = {name: np.mean([_dollars(row, name, prices) for row in here[name]]) for name in names}
    accuracy = {
        name: np.mean([row["responses"][name][0]["answer"] == row["target"] for row in here[name]]) for name in names
    }
    bins = np.array_split(sorted(names, key=lambda name: -cost[name]), MODELS)
    return tuple(max(map(str, each), key=lambda name: accuracy[name]) for each in bins)


def _dollars(row: Any, model: str, prices: Mapping[str, Any]) -> float:
    written = row["responses"][model][0]["completion_tokens"]
    return float(row["prompt_tokens"] * prices[model]["input"] + written * prices[model]["output"]) / 1e6


def present() -> tuple[str, ...]:
    """The recorded worlds whose answers are here; says on standard error which are not."""
    found = tuple(family for family in FAMILIES if (folder() / f"{family}.dev.jsonl.gz").exists())
    missing = [family for family in FAMILIES if family not in found]
    if missing:
        print(f"skipped, as their recorded answers are not here: {', '.join(missing)}", file=sys.stderr)
    return tuple(f"recorded/{family}" for family in found)
