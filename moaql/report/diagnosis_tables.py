"""The diagnosis as tables: what `moaql diagnose` prints. docs/diagnose.md says how each is read."""

from __future__ import annotations

from itertools import combinations
from typing import TYPE_CHECKING

from moaql.report.table import Table
from moaql.report.variant_tables import attack_tables, swap_tables
from moaql.report.words import (
    NOTHING,
    difference,
    difference_ends,
    dollars,
    ends,
    joined,
    number,
    probability,
    signed,
    value,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from moaql.evaluation.agreement import Diversity
    from moaql.evaluation.diagnosis.aggregator import AggregatorFigures
    from moaql.evaluation.diagnosis.diagnose import Diagnosis
    from moaql.evaluation.diagnosis.figures import Share
    from moaql.evaluation.diagnosis.leave_out import LeftOut
    from moaql.evaluation.diagnosis.lengths import LevelFigures, Ratio
    from moaql.evaluation.diagnosis.members import MemberFigures
    from moaql.evaluation.diagnosis.subsets import Subsets

MOST_ROWS = 10


def tables_of(found: Diagnosis) -> list[Table]:
    """All tables that there is something to show in, in order."""
    several = len(found.models) < len(found.members)
    tables = [_members("members", found.members), *([_members("by model", found.models)] if several else [])]
    if found.diversity is not None and len(found.panel.members) > 1:
        tables += [_together(found, found.diversity), _pairs(found.diversity, readable=found.panel.readable)]
    if found.subsets is not None and found.subsets.sizes:
        tables.append(_subsets(found.subsets))
    if found.leave_one_out:
        tables.append(_left_out(found.leave_one_out))
    if found.aggregators:
        tables.append(_aggregator(found.aggregators))
    if len(found.lengths) > 1:
        tables.append(_lengths(found.lengths))
    if found.attack is not None:
        tables += attack_tables(found.attack)
    if found.swap is not None:
        tables += swap_tables(found.swap)
    return tables


def _members(title: str, members: Sequence[MemberFigures]) -> Table:
    rows = tuple(
        (
            each.name,
            each.model_id,
            value(each.right),
            ends(each.right),
            dollars(each.cost) if each.asked else NOTHING,
            number(each.tokens, 0),
            str(each.asked),
            str(each.lost),
        )
        for each in members
    )
    columns = ("member", "id", "right", "95 %", "$ an answer", "tokens", "asked", "lost")
    return Table(title, ("model", *columns[1:]) if title == "by model" else columns, rows, (2, 3, 4, 5, 6, 7))


def _together(found: Diagnosis, errs: Diversity) -> Table:
    phis = [each for one, row in enumerate(errs.phi) for each in row[one + 1 :] if each is not None]
    best = max(range(len(errs.members)), key=lambda at: errs.accuracy[at])
    rows = [
        ("any is right", number(errs.ceiling), "the most that choosing among these answers can reach"),
        ("all are wrong", number(errs.all_wrong), "no choice can mend these"),
        ("best member", number(errs.accuracy[best]), errs.members[best]),
    ]
    if found.leave_one_out:
        rows.append(("vote of all", number(found.leave_one_out[0].vote), "the majority; a tie to the first"))
    if phis:
        rows.append(
            ("mean phi", number(sum(phis) / len(phis)), "0: errors are independent, 1: all err on the same items")
        )
    return Table(f"together, on {len(found.panel.items)} items", ("figure", "value", "meaning"), tuple(rows), (1,))


def _pairs(errs: Diversity, *, readable: bool) -> Table:
    """The pairs that err together most and least."""
    pairs = list(combinations(range(len(errs.members)), 2))
    # A pair without phi is of a member that is always right, or always wrong: it tells the least, and stands last.
    ranked = sorted(pairs, key=lambda pair: -_phi(errs, pair))
    told = [pair for pair in ranked if _phi(errs, pair) > -2]
    half = MOST_ROWS // 2
    shown = ranked if len(ranked) <= MOST_ROWS else [*told[:half], *told[half:][-half:]]
    rows = tuple(
        (
            joined((errs.members[one], errs.members[other])),
            number(errs.phi[one][other]),
            number(errs.same_wrong[one][other]) if readable else NOTHING,
            number(errs.agreement[one][other]) if readable else NOTHING,
        )
        for one, other in shown
    )
    left = len(pairs) - len(shown)
    below = (f"… and {left} more pairs: `--json` has all.",) if left else ()
    return Table(
        "pairs, those that err together most first",
        ("pair", "phi", "same wrong", "same answer"),
        rows,
        (1, 2, 3),
        below,
    )


def _phi(errs: Diversity, pair: tuple[int, int]) -> float:
    found = errs.phi[pair[0]][pair[1]]
    return -2.0 if found is None else found


def _subsets(found: Subsets) -> Table:
    rows = tuple(
        (
            str(each.size),
            f"{each.count:,}",
            number(each.mean),
            number(each.best.vote),
            joined(each.best.members),
            signed(each.with_quality, 2),
            signed(each.with_disagreement, 2),
        )
        for each in found.sizes
    )
    best = found.best(1)[0]
    below = [
        f"Best subset: {joined(best.members)}, {number(best.vote)}; best single member: {found.best_single}, "
        f"{number(found.best_single_accuracy)}."
    ]
    if found.validated is not None:
        below.append(
            f"Chosen on half of the items and scored on the other half: subset {number(found.validated.subset)}, "
            f"single member {number(found.validated.single)} (mean of {2 * found.validated.repeats})."
        )
    below += [
        f"Subsets of {each.size} are drawn from the {each.of} most accurate members: all would be too many."
        for each in found.sizes
        if each.of < len(found.members)
    ]
    columns = ("size", "subsets", "mean vote", "best vote", "best subset", "with quality", "with disagreement")
    return Table("votes of subsets", columns, rows, (0, 1, 2, 3, 5, 6), tuple(below))


def _left_out(found: Sequence[LeftOut]) -> Table:
    topology = any(each.topology is not None for each in found)
    rows = []
    ranked = sorted(found, key=lambda one: -one.comparison.difference)
    half = MOST_ROWS // 2
    shown = ranked if len(ranked) <= MOST_ROWS else [*ranked[:half], *ranked[-half:]]
    for each in shown:
        cells = [
            each.member,
            number(each.without),
            difference(each.comparison),
            difference_ends(each.comparison),
            probability(each.comparison),
        ]
        rows.append((*cells, difference(each.topology)) if topology else tuple(cells))
    columns = ("without", "vote", "it adds", "95 %", "p, adjusted")
    more = ("it adds to the topology",) if topology else ()
    numbers = tuple(range(1, len(columns) + len(more)))
    left = len(found) - len(shown)
    below = (f"… and {left} more members, between these: `--json` has all.",) if left else ()
    return Table("leaving one out of the vote of all", (*columns, *more), tuple(rows), numbers, below)


def _aggregator(found: Sequence[AggregatorFigures]) -> Table:
    last = found[0]
    shares: list[tuple[str, Share | None]] = [*last.situations.items(), ("all", last.right)]
    rows = tuple((name, str(each.count if each is not None else 0), value(each), ends(each)) for name, each in shares)
    below = []
    for what, each in (
        ("the answer of the majority, where there is one", last.follows),
        ("an answer that no candidate gave", last.new),
    ):
        if each is not None:
            below.append(f"It gives {what}: {value(each)} ({ends(each)}) of {each.count} items.")
    if len(found) > 1:
        below.append(f"… and {len(found) - 1} more aggregating calls: `--json` has all.")
    title = f"aggregator {last.node}, by what its candidates say"
    return Table(title, ("candidates", "items", "it is right", "95 %"), rows, (1, 2, 3), tuple(below))


def _lengths(found: Sequence[LevelFigures]) -> Table:
    rows = tuple(
        (
            each.name,
            each.purpose,
            str(each.calls),
            number(each.tokens, 0),
            number(each.ratio.value, 2) if each.ratio is not None else NOTHING,
            _ratio_ends(each.ratio),
            signed(each.with_right, 2),
            signed(each.within_items, 2),
        )
        for each in found
    )
    columns = ("calls", "purpose", "number", "tokens", "times the first", "95 %", "with right", "within items")
    return Table("lengths of answers", columns, rows, (2, 3, 4, 5, 6, 7))


def _ratio_ends(ratio: Ratio | None) -> str:
    if ratio is None or ratio.low is None or ratio.high is None:
        return NOTHING
    return f"{ratio.low:.2f} to {ratio.high:.2f}"
