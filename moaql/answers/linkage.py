"""Average linkage: groups are built by joining the two that are most alike on average (Sokal and Michener 1958)."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from moaql.answers.similarity import Matrix


def merges(matrix: Matrix) -> list[tuple[float, tuple[int, ...], tuple[int, ...]]]:
    """All joins, the most alike first.

    Found by chains of nearest neighbours (Murtagh 1983), in time that grows with the square of the number of texts.

    Args:
        matrix: Symmetric similarities.

    Returns:
        For each join the mean similarity between the two groups, and their members.
    """
    alike = [list(row) for row in matrix]
    members: dict[int, tuple[int, ...]] = {position: (position,) for position in range(len(matrix))}
    chain: list[int] = []
    found: list[tuple[float, tuple[int, ...], tuple[int, ...]]] = []
    while len(members) > 1:
        if not chain:
            chain.append(next(iter(members)))
        end = chain[-1]
        before = chain[-2] if len(chain) > 1 else None
        # Of equals the one before in the chain, or the chain would never close; else the first.
        near = max((one for one in members if one != end), key=lambda one: (alike[end][one], one == before, -one))
        if near != before:
            chain.append(near)
            continue
        del chain[-2:]
        one, other = sorted((near, end))
        found.append((alike[one][other], members[one], members[other]))
        _join(alike, members, one, other)
    # A chain finds the joins of far apart groups in any order; ties keep it, and a group never comes before its parts.
    return sorted(found, key=lambda join: -round(join[0], 9))


def _join(alike: Matrix, members: dict[int, tuple[int, ...]], one: int, other: int) -> None:
    sizes = len(members[one]), len(members[other])
    for third in members:
        if third not in (one, other):
            mean = (sizes[0] * alike[one][third] + sizes[1] * alike[other][third]) / sum(sizes)
            alike[one][third] = alike[third][one] = mean
    members[one] += members.pop(other)
