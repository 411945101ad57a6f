"""How many points a space has, and uniform draws from them, without listing any.

A dimension may be active with some values of another one only, and a named topology may be used in several places, so that
dimensions share what is inside them. Those that share nothing are counted apart and multiplied. Where some share, the first
one is taken apart value by value. So 10^30 points cost no more than 10.
"""

from __future__ import annotations

from functools import cached_property
from itertools import combinations
from math import comb
from typing import TYPE_CHECKING

from moaql.errors import UsageError

if TYPE_CHECKING:
    import random
    from collections.abc import Iterable, Iterator, Mapping

    from moaql.searching.space.holes import Site
    from moaql.searching.space.points import Scalar, Value

_MOST_SHARING = 16
"""Members of one subset with holes in them that other dimensions share."""


class Counting:
    """Counts the points below sets of active dimensions.

    Args:
        sites: All holes, each behind those that make it active.
    """

    def __init__(self, sites: Mapping[str, Site]) -> None:
        self._sites = sites
        self._place = {name: place for place, name in enumerate(sites)}
        self._known: dict[frozenset[str], int] = {}
        self._ways: dict[frozenset[str], list[_Way]] = {}

    @cached_property
    def _below(self) -> dict[str, frozenset[str]]:
        """Each dimension with all that can become active by it."""
        below: dict[str, frozenset[str]] = {}
        for name in reversed(list(self._sites)):
            inside = {each for names in self._sites[name].inside.values() for each in names}
            below[name] = frozenset({name}).union(*(below[each] for each in inside))
        return below

    def count(self, active: frozenset[str]) -> int:
        """The number of points that these dimensions span, with all that becomes active by them."""
        if active not in self._known:
            total = 1
            for group in self._groups(active):
                total *= self._count_group(group)
            self._known[active] = total
        return self._known[active]

    def draw(self, active: frozenset[str], random: random.Random) -> Iterator[tuple[str, Value]]:
        """(dimension, value) pairs of one point, each point being as likely as any other."""
        for group in self._groups(active):
            first, rest = self._split(group)
            weights = self._weights(first, rest)
            if weights is not None:
                members = self._draw_members(first, weights, random)
                yield first, members
                inside = self._inside(first, members)
            else:
                ways = self._ways_of(first, rest)
                ticket = random.randrange(sum(way.count for way in ways))
                way = next(each for each in ways if (ticket := ticket - each.count) < 0)
                yield first, way.draw(random)
                inside = way.inside
            yield from self.draw(rest | inside, random)

    def _groups(self, active: frozenset[str]) -> list[frozenset[str]]:
        """The dimensions in groups that share nothing with one another."""
        groups: list[tuple[set[str], frozenset[str]]] = []
        for name in sorted(active, key=self._place.__getitem__):
            names, below = {name}, self._below[name]
            apart = []
            for others, covered in groups:
                if covered & below:
                    names, below = names | others, below | covered
                else:
                    apart.append((others, covered))
            groups = [*apart, (names, below)]
        return [frozenset(names) for names, _ in groups]

    def _split(self, group: frozenset[str]) -> tuple[str, frozenset[str]]:
        """The first dimension, which no other of the group can make active, and the rest."""
        first = min(group, key=self._place.__getitem__)
        return first, group - {first}

    def _count_group(self, group: frozenset[str]) -> int:
        first, rest = self._split(group)
        weights = self._weights(first, rest)
        if weights is not None:
            return sum(_choices(weights)[0][size] for size in self._sites[first].dimension.sizes)
        return sum(way.count for way in self._ways_of(first, rest))

    def _inside(self, name: str, chosen: Iterable[Scalar]) -> frozenset[str]:
        inside = self._sites[name].inside
        return frozenset(each for value in chosen for each in inside.get(value, ()))

    # Subsets whose members share nothing: one sum over sizes

    def _weights(self, name: str, rest: frozenset[str]) -> list[int] | None:
        """The points inside each member of a subset; None where it is no subset, or its members or the rest share dimensions."""
        dimension = self._sites[name].dimension
        if dimension.kind != "subset":
            return None
        inside = [self._inside(name, [member]) for member in dimension.members]
        below = [frozenset[str]().union(*(self._below[each] for each in names)) for names in inside]
        if rest or sum(map(len, below)) != len(frozenset[str]().union(*below)):
            return None
        return [self.count(names) for names in inside]

    def _draw_members(self, name: str, weights: list[int], random: random.Random) -> tuple[str, ...]:
        dimension = self._sites[name].dimension
        choices = _choices(weights)
        ticket = random.randrange(sum(choices[0][size] for size in dimension.sizes))
        left = next(size for size in dimension.sizes if (ticket := ticket - choices[0][size]) < 0)
        chosen = []
        for place, member in enumerate(dimension.members):
            if left and random.randrange(choices[place][left]) < weights[place] * choices[place + 1][left - 1]:
                chosen.append(member)
                left -= 1
        return tuple(chosen)

    # Anything else: value by value

    def _ways_of(self, name: str, rest: frozenset[str]) -> list[_Way]:
        """The values in lots that make the same dimensions active, with the points of each lot."""
        key = rest | {name}
        if key not in self._ways:
            found = self._lots(name)
            self._ways[key] = [
                _Way(lot.ways * self.count(rest | lot.inside), lot.ways, lot.inside, lot.plain, lot.fixed, lot.sizes)
                for lot in found
            ]
        return self._ways[key]

    def _lots(self, name: str) -> list[_Way]:
        dimension = self._sites[name].dimension
        if dimension.kind != "subset":
            lots: dict[frozenset[str], list[Scalar]] = {}
            for value in dimension.values:
                lots.setdefault(self._inside(name, [value]), []).append(value)
            return [_Way(0, len(values), inside, tuple(values)) for inside, values in lots.items()]
        sharing = [each for each in dimension.members if self._inside(name, [each])]
        if len(sharing) > _MOST_SHARING:
            raise UsageError(
                f"`{name}` draws from {len(sharing)} entries that share holes; at most {_MOST_SHARING} can be counted",
                "Use fewer topologies with holes in one list.",
            )
        plain = tuple(each for each in dimension.members if each not in sharing)
        lots_of_subsets = []
        for size in range(len(sharing) + 1):
            sizes = tuple(each - size for each in dimension.sizes if 0 <= each - size <= len(plain))
            ways = sum(comb(len(plain), each) for each in sizes)
            for chosen in combinations(sharing, size) if ways else ():
                inside = self._inside(name, chosen)
                order = tuple(dimension.members)
                lots_of_subsets.append(_Way(0, ways, inside, plain, (chosen, order), sizes))
        return lots_of_subsets


class _Way:
    """Some values of one dimension that make the same others active."""

    def __init__(
        self,
        count: int,
        ways: int,
        inside: frozenset[str],
        plain: tuple[Scalar, ...],
        fixed: tuple[tuple[str, ...], tuple[str, ...]] | None = None,
        sizes: tuple[int, ...] = (),
    ) -> None:
        self.count = count
        self.ways = ways
        self.inside = inside
        self.plain = plain
        self.fixed = fixed
        self.sizes = sizes

    def draw(self, random: random.Random) -> Value:
        """One of the values, each as likely as any other."""
        if self.fixed is None:
            return random.choice(self.plain)
        ticket = random.randrange(self.ways)
        size = next(each for each in self.sizes if (ticket := ticket - comb(len(self.plain), each)) < 0)
        chosen, order = self.fixed
        wanted = {*chosen, *random.sample(self.plain, size)}
        return tuple(each for each in order if each in wanted)


def _choices(weights: list[int]) -> list[list[int]]:
    """For each place and size: the sum, over subsets of that size of what stands from there on, of the products of weights."""
    table = [[1] + [0] * len(weights)]
    for weight in reversed(weights):
        behind = table[-1]
        table.append([1, *(behind[size] + weight * behind[size - 1] for size in range(1, len(behind)))])
    return table[::-1]
