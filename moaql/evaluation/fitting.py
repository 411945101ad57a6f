"""`weights=?`: vote weights fitted to the answers of an eval set, and an honest score of the fitted vote.

Every topology with such a vote is first run with equal weights, everybody asked. Then, fold by fold, weights are fitted to the
other folds and the fold's items are answered with them: no item is scored by weights that have seen its target (cross-fitting,
Stone 1974). All answers are in the bank by then, so that costs no further call. The weights that are reported are fitted to all
items.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from moaql.answers.candidate import Candidate
from moaql.answers.groups import THRESHOLDS
from moaql.answers.readings import readings
from moaql.datasets.splits import position
from moaql.errors import UsageError
from moaql.evaluation.votes import NO_ANSWER, RIGHT, Answers
from moaql.evaluation.weights import fit_answers, weights_by
from moaql.graph.fitted import unfitted, with_weights
from moaql.run.events import NodeFinished

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from moaql.evaluation.task import Task
    from moaql.evaluation.weights import FittedWeights
    from moaql.graph.nodes import Graph, Reduce
    from moaql.run.caller import Caller
    from moaql.run.events import Event, Listener

FOLDS = 5
_FOLD = "weights"
_IN_A_RACE = (10.0,)
"""See `fit_answers`."""


@dataclass
class Ballots:
    """Who said what in the votes that are to be fitted, by topology, vote and position of the item."""

    read: dict[tuple[str, str], dict[int, tuple[Candidate, ...]]] = field(default_factory=lambda: defaultdict(dict))

    def listener(self, topology: str, position: int, votes: Sequence[Reduce]) -> Listener:
        """Hears what one topology's votes are given for one item."""
        wanted = {vote.id for vote in votes}

        def hear(event: Event) -> None:
            if isinstance(event, NodeFinished) and event.node.id in wanted:
                self.read[topology, event.node.id][position] = event.read

        return hear


def fold_of(key: str, folds: int = FOLDS, seed: int = 0) -> int:
    """The fold of an item, from the hash of its id: the same however the file is sorted."""
    return int(position(key, seed, _FOLD) * folds)


def check_fit(name: str, graph: Graph, task: Task) -> None:
    """Refuse what cannot be fitted, before a call is paid.

    Raises:
        UsageError: if the votes are over texts, a judge would have to score each of them, or there are fewer than ten items.
    """
    for vote in unfitted(graph):
        by = dict(vote.parameters).get("by", "exact")
        if by in THRESHOLDS:
            raise UsageError(
                f"`weights=?` of `{name}` cannot be fitted: it votes by {by}, which reads no answers",
                "Vote by exact, number, choice or literal.",
            )
        if task.judge is not None:
            raise UsageError(
                f"`weights=?` of `{name}` cannot be fitted with the metric `judge`",
                "Every single answer would have to be judged. State weights, or use a metric that needs no call.",
            )
        if len(task.items) < 2 * FOLDS:
            raise UsageError(
                f"`weights=?` of `{name}` cannot be fitted to {len(task.items)} items", f"Give at least {2 * FOLDS}."
            )


async def codes_of(
    ballots: Mapping[int, Sequence[Candidate]], vote: Reduce, task: Task, caller: Caller
) -> tuple[Answers, tuple[int, ...]]:
    """The ballots of one vote as codes, a member for each voter, called by its model.

    Args:
        ballots: By position of the item.
        vote: The vote.
        task: Says which answers are right.
        caller: For the metric.

    Returns:
        The answers, and the positions of their items.
    """
    import numpy as np

    by = dict(vote.parameters).get("by", "exact")
    # A voter is a node: two nodes may ask one model for its first sample, with other prompts. Its model owns the weight.
    voters = {each.node: each.model for _, said in sorted(ballots.items()) for each in said}
    rows = {node: row for row, node in enumerate(voters)}
    codes = np.full((len(voters), len(ballots)), NO_ANSWER, dtype=np.int32)
    for column, (at, said) in enumerate(sorted(ballots.items())):
        known: dict[str, int] = {}
        for each, answer in zip(said, readings(said, by), strict=True):
            if answer is None:
                continue
            if answer not in known:
                right = (await task.score(each, task.items[at], caller)).value >= 0.5
                known[answer] = RIGHT if right else max(known.values(), default=RIGHT) + 1
            codes[rows[each.node], column] = known[answer]
    return Answers(tuple(voters.values()), codes), tuple(sorted(ballots))


@dataclass(frozen=True)
class Fit:
    """Fitted weights of one topology.

    Attributes:
        whole: By vote: fitted to all items.
        folds: By fold, by vote: weights by model, fitted to the other folds.
    """

    whole: dict[str, FittedWeights]
    folds: tuple[dict[str, dict[str, float]], ...]

    def graph(self, graph: Graph, key: str, seed: int) -> Graph:
        """The topology with the weights that have not seen an item."""
        return with_weights(graph, self.folds[fold_of(key, len(self.folds), seed)])


async def fit_votes(
    name: str, graph: Graph, ballots: Ballots, task: Task, caller: Caller, seed: int, *, racing: bool = False
) -> Fit:
    """Fit the weights of all open votes of a topology.

    Args:
        name: Of the topology.
        graph: With the votes.
        ballots: What was said in them.
        task: The items, by whose positions the ballots are kept.
        caller: For the metric.
        seed: Of the folds.
        racing: In the race of a search, where it is done hundreds of times: how weights are fitted is chosen once for all folds
            and among fewer ways, which takes a tenth of the time and lets each item see a choice of one in four; and a vote that
            fewer than ten items reach keeps equal weights.

    Raises:
        UsageError: if fewer than ten items reach a vote, outside of a race.
    """
    import numpy as np

    whole: dict[str, FittedWeights] = {}
    folds: tuple[dict[str, dict[str, float]], ...] = tuple({} for _ in range(FOLDS))
    for vote in unfitted(graph):
        cast = ballots.read.get((name, vote.id), {})
        answers, positions = await codes_of(cast, vote, task, caller)
        if len(positions) < 2 * FOLDS and racing:
            continue
        if len(positions) < 2 * FOLDS:
            raise UsageError(
                f"`weights=?` of `{name}` cannot be fitted: only {len(positions)} of {len(task.items)} items reach `{vote.id}`",
                f"At least {2 * FOLDS} have to. Give more items, or state weights.",
            )
        whole[vote.id] = (
            fit_answers(answers, seed=seed, pulls=_IN_A_RACE) if racing else fit_answers(answers, seed=seed)
        )
        own = np.array([fold_of(task.items[at].key, FOLDS, seed) for at in positions])
        for fold in range(FOLDS):
            rest = np.flatnonzero(own != fold)
            others = answers.on(rest)
            method = whole[vote.id].method
            folds[fold][vote.id] = weights_by(others, method) if racing else fit_answers(others, seed=seed).weights
    return Fit(whole, folds)
