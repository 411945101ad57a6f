"""The space as Optuna sees it: one parameter for each dimension, and one for each member of a subset.

A number whose grid is uneven is a continuous parameter; `point_of` puts it on the grid. A subset is one yes or no for each member,
`layer1.proposers[qwen]`; one of a wrong size is repaired. Reading a point back gives the same point.
"""

from __future__ import annotations

from fractions import Fraction
from itertools import pairwise
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from optuna.distributions import BaseDistribution

    from moaql.searching.space.points import Dimension, Point, Scalar, Value
    from moaql.searching.space.space import Space


def distributions(space: Space) -> dict[str, BaseDistribution]:
    """The distribution of each parameter, those of inactive dimensions included, by name (Optuna 5)."""
    from optuna.distributions import CategoricalDistribution

    found: dict[str, BaseDistribution] = {}
    for dimension in space.dimensions:
        if dimension.kind == "subset":
            for member in dimension.members:
                found[_member(dimension, member)] = CategoricalDistribution((False, True))
        elif dimension.kind == "number":
            found[dimension.name] = _numbers(dimension)
        else:
            found[dimension.name] = CategoricalDistribution(dimension.values)
    return found


def params_of(space: Space, point: Point) -> dict[str, Scalar]:
    """The parameters of a point: those of its active dimensions only."""
    found: dict[str, Scalar] = {}
    for name, value in point.items():
        if isinstance(value, tuple):
            found.update((_member(space[name], each), each in value) for each in space[name].members)
        else:
            found[name] = value
    return found


def point_of(space: Space, params: Mapping[str, Scalar]) -> Point:
    """The point of parameters, with what is inactive, missing, off the grid or of a wrong size repaired."""
    values: dict[str, Value] = {}
    for dimension in space.dimensions:
        if dimension.kind == "subset":
            chosen = [each for each in dimension.members if params.get(_member(dimension, each))]
            values[dimension.name] = tuple(chosen)
        elif dimension.name in params:
            values[dimension.name] = params[dimension.name]
    return space.repair(values)


def _member(dimension: Dimension, member: str) -> str:
    return f"{dimension.name}[{member}]"


def _numbers(dimension: Dimension) -> BaseDistribution:
    from optuna.distributions import FloatDistribution, IntDistribution

    assert dimension.low is not None
    assert dimension.high is not None
    step = None if dimension.log else _even_step(dimension)
    if dimension.integer:
        low, high = int(dimension.low), int(dimension.high)
        return IntDistribution(low, high, log=dimension.log, step=int(step) if step is not None else 1)
    return FloatDistribution(
        dimension.low, dimension.high, log=dimension.log, step=float(step) if step is not None else None
    )


def _even_step(dimension: Dimension) -> Fraction | None:
    """The one distance between all neighbours of the grid, or None where there are several."""
    values = [Fraction(repr(each)) for each in dimension.values]
    steps = {high - low for low, high in pairwise(values)}
    return steps.pop() if len(steps) == 1 else None
