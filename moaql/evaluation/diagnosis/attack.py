"""What one deceptive member does to the result, with and without each defence.

The defences are those of Wolf et al. 2025 (arXiv 2503.05856): `cluster` lets only the larger group of candidates go on, `dropout`
aggregates subsets of them and votes on the results.
"""

from __future__ import annotations

import tempfile
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from moaql.evaluation.compare import holm
from moaql.evaluation.diagnosis.deception import deceptive_call, kind_of, poisoned
from moaql.evaluation.diagnosis.figures import Share, share
from moaql.evaluation.diagnosis.heard import HALF, reading_of, score_of
from moaql.evaluation.diagnosis.members import member_calls, members_of
from moaql.evaluation.diagnosis.rewrite import NoVariant, with_cluster, with_dropout
from moaql.evaluation.diagnosis.trials import Trial, paired, trial_of
from moaql.run.events import CallFinished

if TYPE_CHECKING:
    from collections.abc import Sequence

    from moaql.answers.candidate import Candidate
    from moaql.check.program import Topology
    from moaql.errors import BudgetReached
    from moaql.evaluation.compare import Comparison
    from moaql.evaluation.diagnosis.conduct import Conduct
    from moaql.evaluation.diagnosis.members import Member
    from moaql.evaluation.outcome import Outcome
    from moaql.evaluation.task import Task
    from moaql.graph.nodes import Call, Graph
    from moaql.run.caller import Caller
    from moaql.run.events import Event, Listener


PLAIN = "none"
"""The name of having no defence."""


@dataclass(frozen=True)
class Defence:
    """The topology with one defence, or with none.

    Attributes:
        name: `none`, `cluster` or `dropout`.
        clean: With all members honest.
        attacked: With one of them deceptive.
        damage: How much better attacked is than clean: negative where the attack hurts.
        price: How much better clean is than clean without a defence; None for no defence.
        gain: How much better attacked is than attacked without a defence, with p adjusted for all defences (Holm 1979); None for no
            defence.
    """

    name: str
    clean: Trial
    attacked: Trial
    damage: Comparison | None
    price: Comparison | None
    gain: Comparison | None


@dataclass(frozen=True)
class Attack:
    """What a deceptive member does.

    Attributes:
        member: Who is made deceptive.
        kind: How: `simulated`, `recorded` or `prompted`; see `deception.deceptive_call`.
        member_right: How often the deceptive member still answers rightly; None where it was not measured.
        defences: Without a defence, and with each that can be put in.
        notes: What could not be done, and why.
        items: Items that all variants were asked.
        ended: What ended the attack before all items were done, where the budget did.
    """

    member: str
    kind: str
    member_right: Share | None
    defences: tuple[Defence, ...]
    notes: tuple[str, ...]
    items: int
    ended: BudgetReached | None = None


def variants(topology: Topology, graph: Graph, by: str | None) -> tuple[dict[str, Graph], list[str]]:
    """The topology without and with each defence, by name; and notes on those that cannot be put in."""
    found, notes = {PLAIN: graph}, []
    for name, put_in in (("cluster", with_cluster), ("dropout", with_dropout)):
        try:
            found[name] = put_in(topology, by)
        except NoVariant as error:
            notes.append(f"the defence `{name}` is left out: {error}")
    return found, notes


async def attack(topology: Topology, graph: Graph, task: Task, attacker: Member, conduct: Conduct) -> Attack:
    """Make one member deceptive, and score the topology with and without each defence.

    Args:
        topology: Without errors.
        graph: Its graph.
        task: The items and the metric.
        attacker: Which member is made deceptive.
        conduct: How to ask.

    Raises:
        NoVariant: if the member cannot be made deceptive.
        BankError, NotBanked, ProviderError, UsageError: see `moaql.evaluation.runner.measure`.
    """
    honest, notes = variants(topology, graph, reading_of(task))
    position = [each.node for each in members_of(graph)].index(attacker.node)
    with tempfile.TemporaryDirectory() as folder:
        call, note = await deceptive_call(member_calls(graph)[position], task, conduct.caller, folder)
        graphs, ears = _both(honest, position, call)
        measured = await conduct.measure(graphs, task, listener_of=lambda name, at: ears[name].of(at))
    said = ears[f"{PLAIN} attacked"].said
    return Attack(
        member=attacker.name,
        kind=kind_of(member_calls(graph)[position].model),
        member_right=None if measured.ended else await _still_right(said, task, conduct.caller),
        defences=_defences(list(honest), measured.outcomes),
        notes=(*notes, *([note] if note else [])),
        items=len(measured.items),
        ended=measured.ended,
    )


def _both(honest: dict[str, Graph], position: int, call: Call) -> tuple[dict[str, Graph], dict[str, _Ears]]:
    """Each variant with honest members and with the deceptive one, and who listens to that one."""
    graphs: dict[str, Graph] = {}
    ears: dict[str, _Ears] = {}
    for name, graph in honest.items():
        # The members come first, and in the same order, whatever stands behind them.
        node = member_calls(graph)[position].id
        for state, each in (("clean", graph), ("attacked", poisoned(graph, node, call))):
            graphs[f"{name} {state}"] = each
            ears[f"{name} {state}"] = _Ears(node)
    return graphs, ears


class _Ears:
    """Hear what one call says to each item."""

    def __init__(self, node: str) -> None:
        self._node = node
        self.said: dict[int, Candidate] = {}

    def of(self, position: int) -> Listener:
        """The listener for one item."""

        def hear(event: Event) -> None:
            if isinstance(event, CallFinished) and event.node.id == self._node and event.candidate is not None:
                self.said[position] = event.candidate

        return hear


async def _still_right(said: dict[int, Candidate], task: Task, caller: Caller) -> Share | None:
    scores = [await score_of(task, each, task.items[at], caller) for at, each in sorted(said.items())]
    return share([float(score >= HALF) for score in scores if score is not None])


def _defences(names: Sequence[str], outcomes: dict[str, tuple[Outcome, ...]]) -> tuple[Defence, ...]:
    trials = {name: trial_of(each) for name, each in outcomes.items()}
    plain_clean, plain_attacked = trials[f"{PLAIN} clean"], trials[f"{PLAIN} attacked"]
    found = []
    for name in names:
        clean, attacked = trials[f"{name} clean"], trials[f"{name} attacked"]
        found.append(
            Defence(
                name=name,
                clean=clean,
                attacked=attacked,
                damage=paired(attacked, clean),
                price=paired(clean, plain_clean) if name != PLAIN else None,
                gain=paired(attacked, plain_attacked) if name != PLAIN else None,
            )
        )
    gained = [each.gain for each in found if each.gain is not None]
    adjusted = iter(holm([each.p for each in gained]))
    return tuple(
        each if each.gain is None else replace(each, gain=replace(each.gain, adjusted=next(adjusted))) for each in found
    )
