"""The diagnosis as plots: one function a plot, each from the figures to a plot or to None where there is nothing to draw."""

from __future__ import annotations

from typing import TYPE_CHECKING

from moaql.report.figure import save
from moaql.report.plots import Bar, Point, bars, cloud, matrix, points

if TYPE_CHECKING:
    from collections.abc import Callable

    from matplotlib.figure import Figure

    from moaql.evaluation.diagnosis.diagnose import Diagnosis

MOST_DOTS = 20_000
"""Subsets in a plot, best first."""


def draw(found: Diagnosis, folder: str) -> list[str]:
    """Draw all that there is to draw, each as PNG and SVG.

    Args:
        found: The diagnosis.
        folder: Where to; it is made if it is not there.

    Returns:
        The paths of the files.

    Raises:
        UsageError: if the folder cannot be written to.
        MissingPackage: if matplotlib is not installed.
    """
    files = []
    for name, plot in PLOTS.items():
        figure = plot(found)
        if figure is not None:
            files += save(figure, folder, name)
    return files


def members(found: Diagnosis) -> Figure | None:
    """Accuracy of the members against their price; bars where a price is unknown."""
    title = _title(found, "accuracy and price of the members")
    known = [each for each in found.members if each.right is not None]
    if not known:
        return None
    if any(each.cost is None for each in known):
        rows = [Bar(each.name, each.right.value, each.right.low, each.right.high) for each in known if each.right]
        return bars(title, "share right, with 95 % interval", rows)
    dots = [
        Point((each.cost or 0.0) * 1000, each.right.value, each.name, each.right.low, each.right.high)
        for each in known
        if each.right
    ]
    return points(title, "list price of 1,000 answers, $", "share right, with 95 % interval", dots)


def phi(found: Diagnosis) -> Figure | None:
    """Error correlation of all pairs."""
    errs = found.diversity
    if errs is None or len(errs.members) < 2:
        return None
    return matrix(_title(found, "error correlation (phi)"), errs.members, errs.phi, low=-1.0)


def same_wrong(found: Diagnosis) -> Figure | None:
    """How often two that are wrong give the same answer."""
    errs = found.diversity
    if errs is None or len(errs.members) < 2 or not found.panel.readable:
        return None
    return matrix(_title(found, "same wrong answer, where both are wrong"), errs.members, errs.same_wrong)


def subsets(found: Diagnosis) -> Figure | None:
    """Quality against diversity of the subsets, with the accuracy of their votes."""
    if found.subsets is None or not found.subsets.count:
        return None
    chosen = found.subsets.best(MOST_DOTS)
    # The best are drawn last, on top.
    dots = [(each.quality, each.disagreement, each.vote) for each in reversed(chosen)]
    labels = ("mean accuracy of the members", "disagreement of the members", "accuracy of the vote")
    return cloud(_title(found, f"quality against diversity of {len(dots):,} subsets"), labels, dots)


def leave_one_out(found: Diagnosis) -> Figure | None:
    """What each member adds to the vote of all."""
    if not found.leave_one_out:
        return None
    ranked = sorted(found.leave_one_out, key=lambda each: -each.comparison.difference)
    rows = [Bar(each.member, each.comparison.difference, each.comparison.low, each.comparison.high) for each in ranked]
    return bars(
        _title(found, "what each member adds to the vote of all"),
        "accuracy with it less without it, 95 % interval",
        rows,
    )


def aggregator(found: Diagnosis) -> Figure | None:
    """How often the last aggregator is right, by what its candidates say."""
    if not found.aggregators:
        return None
    last = found.aggregators[0]
    rows = [
        Bar(f"{name} ({share.count})", share.value, share.low, share.high)
        for name, share in last.situations.items()
        if share is not None
    ]
    return (
        bars(_title(found, f"{last.node}, by its candidates"), "share right, with 95 % interval", rows)
        if rows
        else None
    )


def lengths(found: Diagnosis) -> Figure | None:
    """Tokens of the answers through the layers."""
    rows = [Bar(f"{each.name} ({each.purpose})", each.tokens) for each in found.lengths if each.tokens is not None]
    return bars(_title(found, "lengths of answers"), "mean tokens of an answer", rows) if len(rows) > 1 else None


def attack(found: Diagnosis) -> Figure | None:
    """Scores with honest members and with a deceptive one, without and with each defence."""
    if found.attack is None:
        return None
    rows = [
        Bar(each.name, trial.score.value, trial.score.low, trial.score.high, state)
        for each in found.attack.defences
        for state, trial in (("all members honest", each.clean), (f"{found.attack.member} deceptive", each.attacked))
        if trial.score is not None
    ]
    return bars(_title(found, "one deceptive member, by defence"), "score, with 95 % interval", rows) if rows else None


def swap(found: Diagnosis) -> Figure | None:
    """Scores with each model as the aggregator."""
    if found.swap is None:
        return None
    rows = [
        Bar(f"{each.model} (now)" if each.current else each.model, score.value, score.low, score.high)
        for each in found.swap.tried
        if (score := each.trial.score) is not None
    ]
    return bars(_title(found, "each model as the aggregator"), "score, with 95 % interval", rows) if rows else None


def _title(found: Diagnosis, what: str) -> str:
    simulated = ", simulated models" if found.simulated else ""
    name = found.topology if len(found.topology) <= 30 else f"{found.topology[:29]}…"
    return f"{what}\n{name}, {found.items} {'items' if found.items != 1 else 'item'}{simulated}"


PLOTS: dict[str, Callable[[Diagnosis], Figure | None]] = {
    "members": members,
    "phi": phi,
    "same_wrong": same_wrong,
    "subsets": subsets,
    "leave_one_out": leave_one_out,
    "aggregator": aggregator,
    "lengths": lengths,
    "attack": attack,
    "swap": swap,
}
"""All plots by the name of their files."""
