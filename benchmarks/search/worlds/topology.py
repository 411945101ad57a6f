"""The topologies of a simulated world, and the space of them: what search methods choose from."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from itertools import combinations_with_replacement
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

import optuna

if TYPE_CHECKING:
    import random
    from collections.abc import Iterator, Mapping, Sequence

    from benchmarks.search.worlds.model import Spec

Last: TypeAlias = Literal["none", "vote", "select", "merge"]


@dataclass(frozen=True, slots=True)
class Topology:
    """Answers, perhaps a second layer that rewrites them, and a last stage.

    Attributes:
        voices: Positions of the models of the first layer, in rising order; a model may occur several times.
        temperature: Position of the first layer's temperature.
        last: How it ends.
        judge: Position of the model that selects or merges; -1 where none does.
        prompt: Which prompt merges; -1 where none does.
        second: Position of the model of the second layer; -1 where there is none.
    """

    voices: tuple[int, ...]
    temperature: int
    last: Last = "none"
    judge: int = -1
    prompt: int = -1
    second: int = -1


class TopologySpace:
    """All topologies of a world; implements `moaql.searching.arena.Space`.

    For Optuna, the first layer is a number of voices and as many slots, so that a search that does not know that the order of
    voices makes no difference sees what a user's text with holes would show it.
    """

    def __init__(self, spec: Spec) -> None:
        self._spec = spec
        self._judges = tuple(spec.names.index(name) for name in spec.judges)
        self._refiners = tuple(spec.names.index(name) for name in spec.refiners)

    @cached_property
    def _all(self) -> tuple[Topology, ...]:
        return tuple(self._enumerated())

    @property
    def size(self) -> int:
        """How many topologies there are."""
        return len(self._all)

    def points(self, limit: int | None = None) -> Sequence[Topology]:
        """The topologies in a fixed order, those with the same first layer together."""
        return self._all[:limit]

    def sample(self, random: random.Random) -> Topology:
        """One of them, each with the same probability."""
        return random.choice(self._all)

    def neighbours(self, point: Topology, random: random.Random) -> Topology:
        """Another topology that differs in one dimension: a voice, temperature, second layer, last stage."""
        while True:
            moved = random.choice((self._grown, self._shrunk, self._swapped, self._heated, self._refined, self._ended))(
                point, random
            )
            if moved != point and self.valid(moved):
                return moved

    def valid(self, point: Topology) -> bool:
        """Whether it makes sense: sampling at temperature 0 gives nothing new, and one answer needs no last stage."""
        count = len(point.voices)
        if not 1 <= count <= self._spec.most:
            return False
        if self._spec.temperatures[point.temperature] == 0 and len(set(point.voices)) < count:
            return False
        if count == 1:
            return point.last == "none" and point.second < 0
        return point.last != "none" and not (point.second >= 0 and point.last == "select")

    def models(self, point: Topology) -> list[str]:
        """Names of the models of the first layer."""
        return [self._spec.names[voice] for voice in point.voices]

    def composed(
        self, models: Sequence[str], samples: int, last: Last, judge: str = "", second: str = "", prompt: int = 0
    ) -> Topology | None:
        """These models, each asked so often, at the usual temperature; None where the space has no such topology."""
        names = self._spec.names
        merger = names.index(judge) if judge else -1
        point = Topology(
            tuple(sorted(names.index(name) for name in models for _ in range(samples))),
            self._spec.usual,
            last,
            merger,
            prompt if last == "merge" else -1,
            names.index(second) if second else -1,
        )
        allowed = merger in (*self._judges, -1) and point.second in (*self._refiners, -1)
        return point if allowed and self.valid(point) else None

    def distributions(self) -> dict[str, Any]:
        """Optuna's distributions by name, those that are not always used included."""
        categories = optuna.distributions.CategoricalDistribution
        found: dict[str, Any] = {"voices": optuna.distributions.IntDistribution(1, self._spec.most)}
        found |= {f"slot {slot}": categories(self._spec.names) for slot in range(self._spec.most)}
        found["temperature"] = categories(self._spec.temperatures)
        found["last"] = categories(("vote", "select", "merge"))
        found["judge"] = categories(self._spec.judges)
        found["prompt"] = categories(tuple(range(len(self._spec.merging.prompts))))
        return found | ({"second": categories(("", *self._spec.refiners))} if self._spec.refiners else {})

    def suggest(self, trial: Any) -> Topology:
        """What an Optuna trial proposes, asked only for what its other values leave open."""
        every = self.distributions()
        found: dict[str, Any] = {"voices": trial.suggest_int("voices", 1, self._spec.most)}

        def ask(*names: str) -> None:
            for name in names:
                if name in every:
                    found[name] = trial.suggest_categorical(name, every[name].choices)

        ask(*(f"slot {slot}" for slot in range(found["voices"])), "temperature")
        if found["voices"] > 1:
            ask("last", "second")
            ask(*{"vote": (), "select": ("judge",), "merge": ("judge", "prompt")}[found["last"]])
        return self.point_of(found)

    def point_of(self, params: Mapping[str, Any]) -> Topology:
        """The topology that has these values of Optuna's parameters, or the nearest that makes sense."""
        names, temperature = self._spec.names, self._spec.temperatures.index(params["temperature"])
        voices = sorted(names.index(params[f"slot {slot}"]) for slot in range(params["voices"]))
        if params["temperature"] == 0:
            voices = sorted(set(voices))
        if len(voices) == 1:
            return Topology(tuple(voices), temperature)
        last, second = params.get("last", "vote"), params.get("second", "")
        return Topology(
            tuple(voices),
            temperature,
            last,
            names.index(params["judge"]) if last != "vote" else -1,
            params["prompt"] if last == "merge" else -1,
            names.index(second) if second and last != "select" else -1,
        )

    def params_of(self, point: Topology) -> dict[str, Any]:
        """The values of Optuna's parameters that mean this topology."""
        names = self._spec.names
        found: dict[str, Any] = {"voices": len(point.voices)}
        found |= {f"slot {slot}": names[voice] for slot, voice in enumerate(point.voices)}
        found["temperature"] = self._spec.temperatures[point.temperature]
        if len(point.voices) > 1:
            found["last"] = point.last
            if self._refiners:
                found["second"] = names[point.second] if point.second >= 0 else ""
            if point.judge >= 0:
                found["judge"] = names[point.judge]
            if point.prompt >= 0:
                found["prompt"] = point.prompt
        return found

    def _ends(self) -> Iterator[Topology]:
        """All second layers and last stages, on an empty first layer."""
        bare = Topology((), 0)
        for second in (-1, *self._refiners):
            yield replace(bare, last="vote", second=second)
            for judge in self._judges:
                yield replace(bare, last="select", judge=judge, second=second)
                for prompt in range(len(self._spec.merging.prompts)):
                    yield replace(bare, last="merge", judge=judge, prompt=prompt, second=second)

    def _enumerated(self) -> Iterator[Topology]:
        ends = [Topology((), 0), *self._ends()]
        for count in range(1, self._spec.most + 1):
            for voices in combinations_with_replacement(range(len(self._spec.models)), count):
                for temperature in range(len(self._spec.temperatures)):
                    points = (replace(end, voices=voices, temperature=temperature) for end in ends)
                    yield from (point for point in points if self.valid(point))

    def _grown(self, point: Topology, random: random.Random) -> Topology:
        more = tuple(sorted((*point.voices, random.randrange(len(self._spec.models)))))
        return replace(point, voices=more) if point.last != "none" else replace(point, voices=more, last="vote")

    def _shrunk(self, point: Topology, random: random.Random) -> Topology:
        place = random.randrange(len(point.voices))
        less = point.voices[:place] + point.voices[place + 1 :]
        return replace(point, voices=less) if len(less) != 1 else Topology(less, point.temperature)

    def _swapped(self, point: Topology, random: random.Random) -> Topology:
        kept = list(point.voices)
        kept[random.randrange(len(kept))] = random.randrange(len(self._spec.models))
        return replace(point, voices=tuple(sorted(kept)))

    def _heated(self, point: Topology, random: random.Random) -> Topology:
        return replace(point, temperature=random.randrange(len(self._spec.temperatures)))

    def _refined(self, point: Topology, random: random.Random) -> Topology:
        return replace(point, second=random.choice((-1, *self._refiners)))

    def _ended(self, point: Topology, random: random.Random) -> Topology:
        end = random.choice([each for each in self._ends() if each.second == -1])
        return replace(end, voices=point.voices, temperature=point.temperature, second=point.second)
