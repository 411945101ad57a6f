"""What a topology does not use of votes, and of the ways in which answers are compared: its program leaves that out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from moaql.graph.nodes import Gate, Reduce

if TYPE_CHECKING:
    from collections.abc import Iterator

    from moaql.exporting.code.sources import Edits, Where
    from moaql.graph.nodes import Graph, Pairs

_EXTRACT = ("moaql.answers.extract", "extract")
_SAME = ("moaql.answers.readings", "same_answers")
_EARLY = ("moaql.exporting.standalone.lazily", "early_vote")
_VOTE = "moaql.operations.vote"
_CLUSTER = ("moaql.operations.cluster", "cluster")

_READ = ("exact", "number", "choice", "literal")
_OF_TEXTS = ("similarity", "cluster")
_READERS = '{"exact": exact, "number": number, "choice": choice, "literal": literal}'
_BY_TEXTS = """\
    if by in ("similarity", "cluster"):
        return (candidates[_vote_of_texts(given, candidates, weights, by)],)
"""
_BY_ANSWERS = """\
    found = same_answers(candidates, by)
    if not found:
        given.notes.append(_no_votes(by))
        return (candidates[0],)
    return (candidates[_winner(given, candidates, found, weights)[0]],)"""
_GROUPED = "    if by in THRESHOLDS:\n        return groups([each.text for each in candidates], by, matrix=matrix)\n"
_GROUPS_OF_ANSWERS = (
    "    if by not in THRESHOLDS:\n        return equal_answers([extract(text, by) for text in texts])\n"
)
_ANY_WAY = "`exact`, `number`, `choice`, `literal`, `similarity` or `cluster`"
_OF_MIDDLES = """\
    if by == "cluster":
        members = _winner(given, candidates, same_answers(candidates, by, matrix=matrix), weights)
"""
_STATED_WEIGHTS = '    weights = _weights(candidates, given.parameters.get("weights"))\n'
_PARAMETERS = """\
    Parameters of the node: `by`, `weights` (a map or pairs of models and weights; 1 for the others), `tie`. A candidate
    without an answer has no vote. Where none has one, the first candidate goes on, and a note says so.
"""
_NO_VOTE = """\
    A candidate without an answer has no vote. Where none has one, the first candidate goes on, and a note says so.
"""
_TWO_GROUPS = (
    'two_groups([each.text for each in candidates])[0] if by == "similarity" else _most_common(given, candidates, by)'
)
_RANDOM = """\
    if tie == "random" and len(level) > 1:
        return seeded("vote", given.seed, given.question).choice(level)
"""
_FIRST_OF_LEVEL = (
    (
        "(\n    given: Given, candidates: Sequence[Candidate], found: Sequence[list[int]], weights: Sequence[float]\n)",
        "(found: Sequence[list[int]], weights: Sequence[float])",
    ),
    (
        "    return _break_tie(given, candidates, [group for group, total in zip(found, totals, strict=True) if total >= most])",
        "    return next(group for group, total in zip(found, totals, strict=True) if total >= most)",
    ),
    ('"""The group of the greatest weight."""', '"""The group of the greatest weight; of several, the first."""'),
)
_UNWEIGHTED = (
    ("    weights: Mapping[str, float] | None = None,\n", ""),
    ("        weights: Of each model's vote.\n", ""),
    ("    weight_of = dict(weights or {})\n", ""),
    (
        "    possible = [max((1.0, *weight_of.values())) if name is None else weight_of.get(name, 1.0) for name, _ in voters]\n",
        "    possible = [1.0] * len(voters)\n",
    ),
    (
        "[sum(weight_of.get(said[one].model, 1.0) for one in group) for group in same_answers(said, by)]",
        "[len(group) for group in same_answers(said, by)]",
    ),
    ("1.0 if weights else early", "early"),
    ("by=by, weights=weights, **parameters", "by=by, **parameters"),
)


@dataclass(frozen=True)
class _Used:
    """What the nodes of a graph use.

    Attributes:
        votes: How votes compare answers; those that stop early are in it.
        clusters: How clusters do.
        compared: How answers are compared by `same_answers`.
        ties: How votes break ties.
        weighted: Whether voters have weights.
    """

    votes: set[str]
    clusters: set[str]
    compared: set[str]
    ties: set[str]
    weighted: bool


def vote_edits(graph: Graph) -> dict[Where, Edits]:
    """What is left out of votes, clusters, and what they compare answers with."""
    used = _used(graph)
    return {
        **_of_answers(used.compared),
        (_VOTE, "vote"): tuple(_of_vote(used)),
        **_of_ties(used),
        _EARLY: () if used.weighted else _UNWEIGHTED,
        _CLUSTER: tuple(_of_cluster(used.clusters)),
    }


def _used(graph: Graph) -> _Used:
    nodes = [node for node in graph.nodes.values() if isinstance(node, Reduce)]
    votes = [dict(node.parameters) for node in nodes if node.operation == "vote"]
    clusters = {dict(node.parameters).get("by", "similarity") for node in nodes if node.operation == "cluster"}
    compared = {dict(node.parameters).get("by", "exact") for node in nodes if node.operation == "distinct"}
    compared |= {by for node in graph.nodes.values() if isinstance(node, Gate) for by in _agreements(node.condition)}
    # The vote of texts that are alike looks for the middle of all, without comparing answers, unless it stops early.
    compared |= {
        by for each in votes if (by := _by(each)) != "similarity" or each.get("early") is not None
    } | clusters - {"similarity"}
    return _Used(
        votes={_by(each) for each in votes},
        clusters=clusters,
        compared=compared,
        ties={each.get("tie") or "first" for each in votes},
        weighted=any(each.get("weights") for each in votes),
    )


def _by(vote: dict[str, Any]) -> str:
    return vote.get("by") or "exact"


def _agreements(condition: Pairs) -> Iterator[str]:
    """How the conditions of a gate compare answers."""
    given = dict(condition)
    for part in (*given.get("all", ()), *given.get("any", ()), *([given["not"]] if "not" in given else [])):
        yield from _agreements(part)
    if given.get("compare") == "agreement":
        yield given.get("by") or "exact"


def _of_answers(compared: set[str]) -> dict[Where, Edits]:
    read, of_texts = ([way for way in ways if way in compared] for ways in (_READ, _OF_TEXTS))
    same: list[tuple[str, str]] = []
    if not of_texts:
        same = [
            (_GROUPED, ""),
            (", *, matrix: Matrix | None = None", ""),
            ("        matrix: The similarities of their texts, where the caller has them already.\n", ""),
        ]
    elif not read:
        same = [
            (_GROUPED, ""),
            (
                "equal_answers(readings(candidates, by))",
                "groups([each.text for each in candidates], by, matrix=matrix)",
            ),
        ]
    kept = "{" + ", ".join(f'"{way}": {way}' for way in read) + "}"
    return {
        _EXTRACT: (
            (_READERS, kept),
            ("`exact`, `number`, `choice` or `literal`", listed(read, "`")),
            ("exact, number, choice or literal", listed(read)),
        ),
        _SAME: (*same, (_ANY_WAY, listed([*read, *of_texts], "`"))),
        ("moaql.answers.groups", "groups"): (
            (_GROUPS_OF_ANSWERS, ""),  # `same_answers` has compared those already
            (_ANY_WAY, listed(of_texts, "`")),
            ('by: str = "exact"', "by: str"),
        ),
    }


def listed(ways: list[str], quote: str = "") -> str:
    """`a`, `b` or `c`."""
    named = [f"{quote}{way}{quote}" for way in ways]
    return " or ".join([", ".join(named[:-1]), named[-1]] if len(named) > 1 else named)


def _of_vote(used: _Used) -> Iterator[tuple[str, str]]:
    yield _PARAMETERS, _NO_VOTE
    of_texts = used.votes & set(_OF_TEXTS)
    if not of_texts:
        yield _BY_TEXTS, ""
        yield ", or the one in its middle for open text", ""
    elif not used.votes - of_texts:
        yield _BY_TEXTS, ""
        yield "the first of its group, or the one in its middle for open text", "the one in the middle of its group"
        yield _BY_ANSWERS, "    return (candidates[_vote_of_texts(given, candidates, weights, by)],)"
    if not of_texts and not used.weighted and used.ties == {"first"}:
        yield _STATED_WEIGHTS, ""
        yield "_winner(given, candidates, found, weights)[0]", "max(found, key=len)[0]"
    elif not used.weighted:
        yield _STATED_WEIGHTS, "    weights = [1.0] * len(candidates)\n"
    if used.ties == {"first"} and used.votes - of_texts and (of_texts or used.weighted):
        yield "_winner(given, candidates, found, weights)", "_winner(found, weights)"


def _of_ties(used: _Used) -> dict[Where, Edits]:
    of_texts: list[tuple[str, str]] = [] if "cluster" in used.votes else [(_OF_MIDDLES, "")]
    if used.ties != {"first"}:
        left_out = () if "random" in used.ties else ((_RANDOM, ""),)
        return {(_VOTE, "_vote_of_texts"): tuple(of_texts), (_VOTE, "_break_tie"): left_out}
    if "cluster" in used.votes:
        of_texts.append(("_winner(given, candidates, ", "_winner("))
    of_texts += [
        ("    level = [[position] for position in medoid(matrix, members, weights)]\n", ""),
        ("_break_tie(given, candidates, level)[0]", "medoid(matrix, members, weights)[0]"),
    ]
    return {(_VOTE, "_vote_of_texts"): tuple(of_texts), (_VOTE, "_winner"): _FIRST_OF_LEVEL}


def _of_cluster(ways: set[str]) -> Iterator[tuple[str, str]]:
    whole = f"    kept = (\n        {_TWO_GROUPS}\n    )\n"
    if ways == {"similarity"}:
        yield whole, "    kept = two_groups([each.text for each in candidates])[0]\n"
        yield '    by = given.parameters.get("by", "similarity")\n', ""
    elif ways and "similarity" not in ways:
        yield whole, "    kept = _most_common(given, candidates, by)\n"
