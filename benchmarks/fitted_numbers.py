"""Fitted weights, thresholds and routers on recorded answers of real models, measured on items that no fit has seen.

    python benchmarks/fitted_numbers.py FOLDER [FAMILY…]

FOLDER holds recorded files `FAMILY.dev.jsonl.gz`, `stats.dev.json` and `prices.json`. Everything is chosen on one half of the
items: the best single model, the members, the numbers. The other half gives the figures; for cascades the halves then change
places. Promised on mmlu_pro and math_l5: fitted weights above the plain majority, and not below the best single model; on two
families: a fitted cascade within 0.5 points of the best single model for at most 60 % of its dollars. No call is made and nothing
is paid.
"""

import asyncio
import json
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from moaql.api.contestants import graph_of
from moaql.check.checker import check_file
from moaql.cli.outputs import write_files
from moaql.evaluation.evaluate import evaluate_graphs
from moaql.evaluation.task import Task, open_task
from moaql.run.caller import Caller
from moaql.run.session import Options, open_session
from moaql.tuning.numbers.fit import Wanted, fit, texts_of
from moaql.tuning.numbers.fitted import Fitted
from moaql.tuning.numbers.goal import Goal
from moaql.tuning.numbers.sides import Asking

FAMILIES = {"gsm8k": "number", "math_l5": "number", "crux": "literal", "mmlu_pro": "choice"}
SEED = 0
WITHIN, SHARE = 0.005, 0.6
"""What a cascade may lose against the best single model, and what it may cost of it."""
POOLS = ((3, 0.05), (3, 0.15), (5, 0.15))
"""Voters of the cascades that are fitted: so many, each for at most this share of the best single model's dollars."""
LAST = 2
"""So many of the best single models may stand behind the voters."""
GOAL = Goal(WITHIN)


@dataclass(frozen=True)
class Family:
    """Recorded answers of one family."""

    name: str
    by: str
    models: list[str]
    where: str
    path: str

    def program(self, members: list[str], *topologies: str) -> str:
        """Models called by their place in `models`, and topologies."""
        named = [f'model m{self.models.index(name)} = "recorded/{name}" {self.where}' for name in members]
        return "\n".join([*named, *topologies, f'eval set = "{self.path}" metric={self.by}\n'])

    def name_of(self, model: str) -> str:
        """What a program calls a model."""
        return f"m{self.models.index(model)}"


def family_of(folder: Path, name: str) -> Family:
    """A family whose files lie in a folder."""
    stats = json.loads((folder / "stats.dev.json").read_text(encoding="utf-8"))[name]["models"]
    path = folder / f"{name}.dev.jsonl.gz"
    return Family(name, FAMILIES[name], sorted(stats), f'file="{path}" prices="{folder}/prices.json"', str(path))


class Halves:
    """A program on both halves of a family's items."""

    def __init__(self, family: Family, folder: Path, caller: Caller, *, turned: bool = False) -> None:
        self.family, self._folder, self._caller = family, folder, caller
        halves = ("50%-100%", "50%") if turned else ("50%", "50%-100%")
        self._parts = dict(zip(("fit", "report"), halves, strict=True))
        self._written = 0

    def _task(self, program: Any, part: str) -> Task:
        return open_task(program, split=self._parts[part], seed=SEED)

    async def figures(self, text: str, part: str) -> dict[str, tuple[float, float, int]]:
        """By topology: score, dollars an item, and items of one half."""
        program = check_file(self._put(text))
        graphs = {name: graph_of(topology) for name, topology in program.topologies.items()}
        found = await evaluate_graphs(graphs, self._task(program, part), self._caller, seed=SEED)
        return {row.name: (row.score, row.cost_per_item or 0.0, row.items) for row in found.rows}

    async def fitted(self, text: str, kind: str, goal: Goal = GOAL) -> tuple[str, Fitted]:
        """The program with its topology `t` fitted to the first half, and what came of it."""
        path = self._put(text)
        program = check_file(path)
        asking = Asking(self._task(program, "fit"), self._caller, SEED)
        found = await fit(program, Wanted(kind, "t", goal), asking)
        write_files(texts_of(found, program, path))
        return Path(path).read_text(encoding="utf-8"), found

    def _put(self, text: str) -> str:
        self._written += 1
        folder = self._folder / str(self._written)
        folder.mkdir()
        for router in self._folder.glob("*/router.json"):
            (folder / "router.json").write_bytes(router.read_bytes())
        (folder / "p.moaql").write_text(text, encoding="utf-8")
        return str(folder / "p.moaql")


async def singles(halves: Halves) -> dict[str, tuple[float, float, int]]:
    """Each model alone on the first half, the best first; those that did not answer all items are left out."""
    family = halves.family
    alone = [f"topology {family.name_of(name)}_alone = {family.name_of(name)}" for name in family.models]
    found = await halves.figures(family.program(family.models, *alone), "fit")
    by_model = {name: found[f"{family.name_of(name)}_alone"] for name in family.models}
    whole = max(items for _, _, items in by_model.values())
    kept = {name: row for name, row in by_model.items() if row[2] >= 0.98 * whole}
    return dict(sorted(kept.items(), key=lambda pair: -pair[1][0]))


async def weights(halves: Halves, ranked: list[str]) -> tuple[str, bool]:
    """Fitted weights of all models against equal ones and the best single model."""
    family, best = halves.family, halves.family.name_of(ranked[0])
    everyone = ", ".join(map(family.name_of, family.models))
    vote = f"topology t = layer [{everyone}] -> vote by={family.by} tie=first"
    text, _ = await halves.fitted(family.program(family.models, f"{vote} weights=?"), "weights")
    text += f"{vote.replace(' t ', ' equal ')}\ntopology best = {best}\n"
    found = await halves.figures(text, "report")
    fitted, equal, single = found["t"][0], found["equal"][0], found["best"][0]
    line = f"| {family.name} | {100 * single:.1f} | {100 * equal:.1f} | {100 * fitted:.1f} |"
    return line, fitted > equal and fitted >= single


@dataclass(frozen=True)
class Cascade:
    """A cascade on the half that it was not fitted to, and the best single model there."""

    shown: str
    best: str
    items: int
    score: float
    single: float
    cost: float
    dear: float


async def cascade(halves: Halves, figures: dict[str, tuple[float, float, int]]) -> Cascade | None:
    """Cheap voters, and a good single model where they agree too little for the fitted threshold.

    Of the cascades that keep the best single model's score on the one half, cross-fitted, the cheapest is taken.
    """
    family, best = halves.family, next(iter(figures))
    floor, price = figures[best][:2]
    pools: dict[tuple[str, ...], None] = {}
    for count, share in POOLS:
        pool = tuple([name for name, row in figures.items() if row[1] <= share * price and name != best][:count])
        if len(pool) >= 3:
            pools[pool] = None
    found: list[tuple[Fitted, str, str]] = []
    for pool in pools:
        for last in list(figures)[:LAST]:
            if last not in pool:
                program = family.program([*pool, last], cascaded(family, pool, last))
                text, fitted = await halves.fitted(program, "thresholds", Goal(at_least=floor))
                (limit,) = fitted.numbers.values()
                found.append((fitted, text, f"{len(pool)} voters, agreement >= {limit:g}, then `{last}`"))
    if not found:
        return None
    kept = [each for each in found if each[0].after.score >= floor]
    fitted, text, shown = (
        min(kept, key=lambda each: each[0].after.cost) if kept else max(found, key=lambda each: each[0].after.score)
    )
    if f"model {family.name_of(best)} " not in text:
        text += f'model {family.name_of(best)} = "recorded/{best}" {family.where}\n'
    rows = await halves.figures(text + f"topology best = {family.name_of(best)}\n", "report")
    (score, cost, items), (single, dear, _) = rows["t"], rows["best"]
    return Cascade(shown, best, items, score, single, cost, dear)


def both_halves(family: Family, found: list[Cascade]) -> tuple[str, bool]:
    """The line of a family, over all its items, and whether it is as promised."""
    total = sum(each.items for each in found)
    score, single, cost, dear = (
        sum(getattr(each, name) * each.items for each in found) / total for name in ("score", "single", "cost", "dear")
    )
    best = ", ".join(dict.fromkeys(f"`{each.best}`" for each in found))
    line = (
        f"| {family.name} | {best} {100 * single:.1f} | {'; '.join(each.shown for each in found)} | "
        f"{100 * score:.1f} | {100 * (score - single):+.1f} | {100 * cost / dear:.0f} % |"
    )
    return line, score >= single - WITHIN and cost <= SHARE * dear


def cascaded(family: Family, cheap: tuple[str, ...], last: str) -> str:
    """The topology: a vote of the cheap ones, or another model alone."""
    return (
        f"topology t = layer [{', '.join(map(family.name_of, cheap))}] -> when agreement by={family.by} >= 1 "
        f"{{ vote by={family.by} tie=first }} else {{ take 0 -> {family.name_of(last)} }}"
    )


async def router(halves: Halves, figures: dict[str, tuple[float, float, int]]) -> str:
    """The best single model, and the best one at a fifth of its dollars, chosen by the words of the question."""
    family, best = halves.family, next(iter(figures))
    weak = next(name for name, row in figures.items() if row[1] <= figures[best][1] / 5 and name != best)
    topology = (
        f'topology t = route with="router.json" {{ case weak {{ {family.name_of(weak)} }} '
        f"else {{ {family.name_of(best)} }} }}"
    )
    goal = Goal(at_least=figures[best][0] - WITHIN)
    text, _ = await halves.fitted(family.program([weak, best], topology), "router", goal)
    alone = f"topology weak = {family.name_of(weak)}\ntopology best = {family.name_of(best)}\n"
    found = await halves.figures(text + alone, "report")
    (score, cost, _), (single, dear, _), (low, _, _) = found["t"], found["best"], found["weak"]
    return (
        f"| {family.name} | `{best}` {100 * single:.1f} | `{weak}` {100 * low:.1f} | {100 * score:.1f} | "
        f"{100 * (score - single):+.1f} | {100 * cost / dear:.0f} % |"
    )


async def main(folder: Path, names: list[str]) -> int:
    """Print the tables; 0 where all that is promised of these families holds."""
    held: dict[str, list[bool]] = {"weights": [], "cascade": []}
    tables: dict[str, list[str]] = {"weights": [], "cascade": [], "router": []}
    async with open_session(Options(bank="none")) as caller:
        for name in names:
            with tempfile.TemporaryDirectory() as where:
                halves = Halves(family_of(folder, name), Path(where), caller)
                figures = await singles(halves)
                line, well = await weights(halves, list(figures))
                tables["weights"].append(line)
                if name in ("mmlu_pro", "math_l5"):
                    held["weights"].append(well)
                tables["router"].append(await router(halves, figures))
                one = await cascade(halves, figures)
            with tempfile.TemporaryDirectory() as where:
                turned = Halves(family_of(folder, name), Path(where), caller, turned=True)
                other = await cascade(turned, await singles(turned))
            both = [each for each in (one, other) if each is not None]
            if both:
                line, well = both_halves(halves.family, both)
                tables["cascade"].append(line)
                held["cascade"].append(well)
    print("| family | best single | majority of all | fitted weights |\n|---|---|---|---|")
    print("\n".join(tables["weights"]))
    print("\n| family | best single | cascade | score | difference | of its dollars |\n|---|---|---|---|---|---|")
    print("\n".join(tables["cascade"]))
    print("\n| family | strong | weak | routed | difference | of its dollars |\n|---|---|---|---|---|---|")
    print("\n".join(tables["router"]))
    kept = all(held["weights"]) and (len(names) < len(FAMILIES) or sum(held["cascade"]) >= 2)
    print(f"\nweights as promised: {held['weights']}; cascades as promised: {sum(held['cascade'])} of {len(names)}")
    return 0 if kept else 1


if __name__ == "__main__":
    if len(sys.argv) < 2:
        sys.exit("usage: python benchmarks/fitted_numbers.py FOLDER [FAMILY…]")
    sys.exit(asyncio.run(main(Path(sys.argv[1]).resolve(), sys.argv[2:] or list(FAMILIES))))
