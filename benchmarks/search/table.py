"""The table of a file of runs: `python -m benchmarks.search.table FILE.json [--level 0.99]`.

Columns: runs; share of runs that are there (protocol.py says where), and that still are at the end; median dollars until
there in evaluations of the mean topology, with the quartiles; the ratio of the medians to plain TPE's; the median ratio to
plain TPE in the same world and seed; the ratio of dollars until a run is as good as TPE ever was, to TPE's own; the shares of
runs that reach so much of the best known hypervolume, and a quality within a point of the best known; the median share of the
true hypervolume at the end; points by which the final choice is truly better than the best single model, and the share of
runs where held-out items say that it is worse; stated less true quality, in points; how often a stated interval holds the
true quality; seconds a run.

A run that never gets there counts as infinitely long. Where TPE never gets there, its whole budget is taken for its dollars:
then the ratio is at most what is printed.
"""

from __future__ import annotations

import argparse
import json
import math
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    Run = dict[str, Any]

LEVEL = 0.99
POINT = 0.01


def until(run: Run, there: Callable[[float, float, float], bool]) -> float:
    """Dollars until a recommendation is there, in evaluations; infinite where none is.

    Args:
        run: Which.
        there: Takes the share of the true hypervolume, the true quality of the best, and the mean quality over all prices.
    """
    return next((paid / run["unit"] for paid, *figures in run["trace"] if there(*figures)), math.inf)


def until_known(run: Run, level: float = LEVEL) -> float:
    """Until the mean quality over all prices is so much of the best known frontier's."""
    goal = level * run["target"]["level"]
    return until(run, lambda _share, _quality, mean: mean >= goal)


def until_area(run: Run, level: float = LEVEL) -> float:
    """Until so much of the best known hypervolume, which begins at the worst single model."""
    goal = level * run["target"]["share"]
    return until(run, lambda share, _quality, _mean: share >= goal)


def until_best(run: Run) -> float:
    """Until the recommended best is within a point of the best known."""
    goal = run["target"]["quality"] - POINT
    return until(run, lambda _share, quality, _mean: quality >= goal)


def quantile(values: Iterable[float], share: float) -> float:
    """A quantile that can be infinite: the smallest value that at least this share does not exceed."""
    ordered = sorted(values)
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)] if ordered else math.nan


def ratio(runs: Sequence[Run], tpe: Sequence[Run], level: float = LEVEL) -> tuple[float, bool]:
    """Median ratio of dollars to plain TPE's in the same world and seed, and whether it is only an upper bound."""
    found = []
    for run, rival in _pairs(runs, tpe):
        own, its = until_known(run, level), until_known(rival, level)
        never = math.isinf(its)
        found.append((own / (rival["budget"] / rival["unit"] if never else its), never))
    found.sort()
    return found[max(0, math.ceil(len(found) / 2) - 1)] if found else (math.nan, False)


def ratio_to_equal(runs: Sequence[Run], tpe: Sequence[Run]) -> float:
    """Median ratio of dollars until a run is as good as plain TPE's best in the same world and seed, to TPE's."""
    found = []
    for run, rival in _pairs(runs, tpe):
        most = max(mean for *_, mean in rival["trace"])

        def equal(_share: float, _quality: float, mean: float, most: float = most) -> bool:
            return mean >= most

        found.append(until(run, equal) / until(rival, equal))
    return quantile(found, 0.5)


def _pairs(runs: Sequence[Run], tpe: Sequence[Run]) -> Iterator[tuple[Run, Run]]:
    other = {(run["world"], run["seed"]): run for run in tpe}
    for run in runs:
        rival = other.get((run["world"], run["seed"]))
        if rival is not None and rival["trace"]:
            yield run, rival


def text(runs: Sequence[Run], level: float = LEVEL) -> str:
    """All tables: one a regime, one of everything.

    Args:
        runs: Of all worlds.
        level: The share of the best hypervolume at which a run is there.
    """
    regimes = list(dict.fromkeys(run["regime"] for run in runs))
    parts = [_table(regime, [run for run in runs if run["regime"] == regime], level) for regime in regimes]
    simulated = [run for run in runs if run["regime"] != "recorded"]
    if len(regimes) > 1 and simulated:
        parts.append(_table("all simulated worlds", simulated, level))
    return "\n\n".join(parts)


_HEAD = (
    *(
        "method",
        "runs",
        "there",
        "at end",
        "median",
        "quartiles",
        "to TPE",
        "paired",
        "as TPE",
        "area",
        "1 point",
        "end",
    ),
    *("gain", "worse", "gap", "covers", "s"),
)


def _table(title: str, runs: Sequence[Run], level: float) -> str:
    worlds = sorted({run["world"] for run in runs})
    methods = list(dict.fromkeys(run["method"] for run in runs))
    tpe = [run for run in runs if run["method"] == "tpe"]
    groups = [(method, [run for run in runs if run["method"] == method]) for method in methods]
    rows = [_HEAD, *(_row(method, group, tpe, level) for method, group in groups)]
    widths = [max(len(row[place]) for row in rows) for place in range(len(_HEAD))]
    lines = ["  ".join(cell.rjust(width) for cell, width in zip(row, widths, strict=True)) for row in rows]
    return "\n".join([f"{title}: {', '.join(worlds)}", *lines])


def _row(method: str, runs: Sequence[Run], tpe: Sequence[Run], level: float) -> tuple[str, ...]:
    dollars = [until_known(run, level) for run in runs]
    share, bound = ratio(runs, tpe, level)
    best = [run["best"] for run in runs if run["best"]]
    covered = [each["covered"] for each in best if "covered" in each]
    worse = [each["high"] < 0 for each in best]
    gaps = [100 * each["gap"] for each in best if "gap" in each]
    return (
        method,
        str(len(runs)),
        _percent([math.isfinite(each) for each in dollars]),
        _percent([bool(run["trace"]) and run["trace"][-1][3] >= level * run["target"]["level"] for run in runs]),
        _number(quantile(dollars, 0.5)),
        f"{_number(quantile(dollars, 0.25))} to {_number(quantile(dollars, 0.75))}",
        _ratio_of_medians(dollars, tpe, level),
        ("≤ " if bound and math.isfinite(share) else "") + _number(share, 3),
        _number(ratio_to_equal(runs, tpe), 3),
        _percent([math.isfinite(until_area(run, level)) for run in runs]),
        _percent([math.isfinite(until_best(run)) for run in runs]),
        _number(quantile([run["trace"][-1][1] for run in runs if run["trace"]], 0.5), 3),
        _number(quantile([100 * each["gain"] for each in best], 0.5), 1),
        _percent(worse),
        _number(sum(gaps) / len(gaps) if gaps else math.nan, 1),
        _percent(covered),
        _number(quantile([run["seconds"] for run in runs], 0.5), 1),
    )


def _ratio_of_medians(dollars: Sequence[float], tpe: Sequence[Run], level: float) -> str:
    """Where TPE's median run never gets there, its whole budget counts: then the ratio is at most what is printed."""
    if not tpe:
        return "-"
    other, own = quantile((until_known(run, level) for run in tpe), 0.5), quantile(dollars, 0.5)
    if math.isfinite(other) or math.isinf(own):
        return _number(own / other if math.isfinite(own) else math.inf, 3)
    return "≤ " + _number(own / quantile((run["budget"] / run["unit"] for run in tpe), 0.5), 3)


def _percent(values: Sequence[bool]) -> str:
    return f"{100 * sum(values) / len(values):.0f} %" if values else "-"


def _number(value: float, digits: int = 2) -> str:
    if math.isnan(value):
        return "-"
    return "never" if math.isinf(value) else f"{value:.{digits}f}"


def main(argv: Sequence[str]) -> int:
    """Print the tables of a file."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.search.table")
    parser.add_argument("file", type=Path)
    parser.add_argument(
        "--level", type=float, default=LEVEL, help="share of the best hypervolume at which a run is there"
    )
    arguments = parser.parse_args(argv)
    print(text(json.loads(arguments.file.read_text(encoding="utf-8"))["runs"], arguments.level))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
