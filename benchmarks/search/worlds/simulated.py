"""A simulated world: a specification, its population, and what every topology does in it."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from benchmarks.search.truth import Target, Truth, pareto, target
from benchmarks.search.worlds.population import RIGHT, draw, generator
from benchmarks.search.worlds.stages import merge, select, vote
from benchmarks.search.worlds.topology import Topology, TopologySpace
from benchmarks.search.worlds.world import Call, Outcomes, Plan, Split
from moaql.searching.arena import Entrant, Voice

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from benchmarks.search.worlds.model import Spec

    Array = NDArray[Any]

_VERDICT_TOKENS = 12.0
"""What a judge writes to name a candidate."""
_SPEED = 60.0
"""Tokens a second."""
_AT_ONCE = 500
"""Topologies whose scores are in memory at once."""


@dataclass(frozen=True, slots=True)
class _Means:
    """Means over the population: tokens of a question; dollars, tokens and seconds by model."""

    prompt: float
    costs: list[float]
    tokens: list[float]
    latencies: list[float]


class SimulatedWorld:
    """Implements `benchmarks.search.worlds.world.World` by numbers.

    The truth of a topology is its mean over the whole population, of which the items of a run are a small part.
    """

    def __init__(self, spec: Spec) -> None:
        self.spec = spec
        self.name, self.regime = spec.name, spec.regime
        self.space = TopologySpace(spec)
        # Those asked for again and again; a walk through the whole space keeps only the first layer that it is at.
        self._outcomes = lru_cache(maxsize=2000)(self._run)
        self._layer = lru_cache(maxsize=64)(self._first)
        self._second = lru_cache(maxsize=8)(self._rewritten)
        self._points: dict[str, Topology] = {}
        self._plans: dict[str, Plan] = {}

    @cached_property
    def population(self) -> Any:
        """All questions and answers."""
        return draw(self.spec)

    def entrant(self, point: Topology | None, baseline: str = "") -> Entrant | None:
        """The topology of a point, as a search sees it."""
        if point is None:
            return None
        key = self.text(point)
        self._points[key] = point
        kind: Literal["single", "vote", "select", "merge"] = "single" if point.last == "none" else point.last
        return Entrant(
            key=key,
            name=key,
            kind=kind if point.second < 0 or kind == "vote" else "merge",
            voices=self._voices(point.voices, point.temperature),
            judge=self.spec.names[point.judge] if point.judge >= 0 else "",
            depth=1 + (point.second >= 0) + (point.judge >= 0),
            point=point,
            baseline=baseline,
        )

    def singles(self) -> Sequence[Entrant]:
        """Every model alone, at the usual temperature."""
        found = (self.entrant(self.space.composed([name], 1, "none"), "single") for name in self.spec.names)
        return [each for each in found if each is not None]

    def repeated(self, best: Entrant, samples: int, how: Literal["vote", "merge"]) -> Entrant | None:
        """A single model asked several times, and merged by itself where it may merge."""
        model = self.spec.names[self._points[best.key].voices[0]]
        if samples > self.spec.most or (how == "merge" and model not in self.spec.judges):
            return None
        return self.entrant(self.space.composed([model], samples, how, model if how == "merge" else ""), "repeated")

    def plan(self, entrant: Entrant) -> Plan:
        """Calls, mean prices and mean latency of an entrant."""
        found = self._plans.get(entrant.key)
        if found is None:
            found = self._plans[entrant.key] = self._planned(self._points[entrant.key])
        return found

    def outcomes(self, entrant: Entrant) -> Outcomes:
        """What an entrant does on every item."""
        return self._outcomes(self._points[entrant.key])

    def codes(self, voice: Voice) -> Array:
        """What a voice answers to every item."""
        name, _, heat = voice.model.rpartition("@")
        temperature = self.spec.temperatures.index(float(heat))
        found: Array = self.population.codes[temperature, self.spec.names.index(name), voice.sample]
        return found

    def alone(self, judge: str) -> Voice:
        """The judge at the usual temperature."""
        return Voice(f"{judge}@{self.spec.temperatures[self.spec.usual]}")

    def split(self, seed: int) -> Split:
        """Items drawn from the population, others for every seed."""
        drawn = generator(self.name, "split", seed).permutation(self.spec.population)
        sizes = (self.spec.items, self.spec.items // 3, self.spec.report, self.spec.report)
        return Split(*np.split(drawn, np.cumsum(sizes))[:4])

    def true(self, entrant: Entrant, seed: int = 0) -> tuple[float, float]:  # noqa: ARG002 - the same for every seed
        """Mean score and list price over the population."""
        found = self.outcomes(entrant)
        return float(found.scores.mean()), float(found.costs.mean())

    def survey(self, seeds: int) -> list[Target]:
        """Targets by a walk through the whole space: some seconds."""
        points = self.space.points()
        on = np.zeros((self.spec.population, seeds + 1), np.float32)
        on[:, seeds] = 1 / self.spec.population
        for seed in range(seeds):
            on[self.split(seed).search, seed] = 1 / self.spec.items
        blocks = []
        for start in range(0, len(points), _AT_ONCE):
            rows = [self._run(point).scores for point in points[start : start + _AT_ONCE]]
            blocks.append(np.stack(rows).astype(np.float32) @ on)
        means = np.concatenate(blocks)
        costs, true = np.array([self._planned(point).cost for point in points]), means[:, seeds]
        singles = {each.key: self.true(each)[0] for each in self.singles()}
        best = max(singles, key=lambda key: singles[key])
        frontier = pareto(zip(true.tolist(), costs.tolist(), strict=True))
        truth = Truth(frontier, (min(singles.values()), float(costs.max())), best, singles[best])
        return [target(truth, means[:, seed], costs, true) for seed in range(seeds)]

    def text(self, point: Topology) -> str:
        """A topology in words that look like the language."""
        names, heat = self.spec.names, self.spec.temperatures[point.temperature]
        counts = Counter(point.voices)
        voices = ", ".join(f"{names[each]}x{count}" if count > 1 else names[each] for each, count in counts.items())
        words = [
            f"layer [{voices}] temperature={heat:g}" if len(point.voices) > 1 else f"{voices} temperature={heat:g}"
        ]
        if point.second >= 0:
            words.append(f"layer [{names[point.second]}x{self.spec.width}]")
        ends = {"none": "", "vote": "vote", "select": "best by={0}", "merge": "agg {0} prompt={1}"}
        end = ends[point.last].format(names[point.judge], point.prompt)
        return " -> ".join([*words, *([end] if end else [])])

    def _voices(self, models: tuple[int, ...], temperature: int) -> tuple[Voice, ...]:
        seen: Counter[int] = Counter()
        found = []
        for model in models:
            found.append(Voice(f"{self.spec.names[model]}@{self.spec.temperatures[temperature]}", seen[model]))
            seen[model] += 1
        return tuple(found)

    def _first(self, models: tuple[int, ...], temperature: int) -> tuple[Array, tuple[Call, ...], Array]:
        """Codes, calls and tokens of a first layer."""
        drawn = self.population
        voices = self._voices(models, temperature)
        codes = np.stack(
            [drawn.codes[temperature, model, voice.sample] for model, voice in zip(models, voices, strict=True)]
        )
        calls = tuple(Call(voice, drawn.costs[model], voice) for model, voice in zip(models, voices, strict=True))
        return codes, calls, drawn.tokens[list(models)].sum(axis=0)

    def _rewritten(
        self, models: tuple[int, ...], temperature: int, second: int
    ) -> tuple[Array, tuple[Call, ...], Array]:
        """Codes, calls and tokens after a second layer, each of whose samples merges all candidates."""
        codes, calls, tokens = self._layer(models, temperature)
        keys = self._second_keys(models, temperature, second)
        company = str(sorted(set(models)))
        rows = [merge(self.spec, self.population, codes, second, 0, key, company) for key in keys]
        cost = self._cost(second, tokens, self.population.tokens[second])
        more = tuple(Call(key, cost) for key in keys)
        return np.stack(rows), calls + more, self.population.tokens[second] * self.spec.width

    def _run(self, point: Topology) -> Outcomes:
        models, heat = point.voices, point.temperature
        drawn = self.population
        key, company = self._last_key(point), str(sorted(set(models)))
        latencies = drawn.latencies[list(models)].max(axis=0)
        if point.second >= 0:
            codes, calls, tokens = self._second(models, heat, point.second)
            latencies = latencies + drawn.latencies[point.second]
        else:
            codes, calls, tokens = self._layer(models, heat)
        if point.judge >= 0:
            written = drawn.tokens[point.judge] if point.last == "merge" else np.full(len(tokens), _VERDICT_TOKENS)
            cost = self._cost(point.judge, tokens, written)
            calls += (Call(key, cost),)
            latencies = latencies + 0.5 + written / _SPEED
        if point.last == "merge":
            code = merge(self.spec, drawn, codes, point.judge, point.prompt, key, company)
        elif point.last == "select":
            code = select(self.spec, drawn, codes, point.judge, key)
        else:
            code = vote(codes) if point.last == "vote" else codes[0]
        return Outcomes(calls, code == RIGHT, latencies.astype(np.float32))

    def _planned(self, point: Topology) -> Plan:
        """The same calls and prices from means: a thousand plans take as long as ten runs."""
        means, models = self._means, point.voices
        voices = self._voices(models, point.temperature)
        calls: list[tuple[Any, float]] = [
            (voice, means.costs[each]) for voice, each in zip(voices, models, strict=True)
        ]
        shown, latency = sum(means.tokens[each] for each in models), max(means.latencies[each] for each in models)
        if point.second >= 0:
            price = self._price(point.second, shown, means.tokens[point.second])
            calls += [(key, price) for key in self._second_keys(models, point.temperature, point.second)]
            shown, latency = means.tokens[point.second] * self.spec.width, latency + means.latencies[point.second]
        if point.judge >= 0:
            written = means.tokens[point.judge] if point.last == "merge" else _VERDICT_TOKENS
            calls.append((self._last_key(point), self._price(point.judge, shown, written)))
            latency += 0.5 + written / _SPEED
        return Plan(tuple(calls), latency)

    @cached_property
    def _means(self) -> _Means:
        drawn = self.population
        figures = (each.mean(axis=1).tolist() for each in (drawn.costs, drawn.tokens, drawn.latencies))
        return _Means(float(drawn.prompt.mean()), *figures)

    def _price(self, model: int, shown: float, written: float) -> float:
        into, out = self.spec.models[model].price
        return ((self._means.prompt + shown) * into + written * out) / 1e6

    def _last_key(self, point: Topology) -> str:
        return f"{point.last} {point.judge} {point.prompt} of {point.voices} {point.temperature} {point.second}"

    def _second_keys(self, models: tuple[int, ...], temperature: int, second: int) -> list[str]:
        return [f"second {second} {sample} of {models} {temperature}" for sample in range(self.spec.width)]

    def _cost(self, model: int, shown: Array, written: Array) -> Array:
        """Dollars of a call that is shown candidates."""
        into, out = self.spec.models[model].price
        cost: Array = (((self.population.prompt + shown) * into + written * out) / 1e6).astype(np.float32)
        return cost
