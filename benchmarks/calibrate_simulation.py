"""Fit the simulated models to recorded answers and published tables, and show simulated beside recorded figures.

    python benchmarks/calibrate_simulation.py FOLDER              show the figures of the built-in world
    python benchmarks/calibrate_simulation.py FOLDER --fit        fit first, and write moaql/simulation/world.json
    python benchmarks/calibrate_simulation.py FOLDER --fit --open-seconds 300

FOLDER holds recorded files, `NAME.jsonl.gz`, and `prices.json`. Only figures go into the world, none of the texts.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
from collections import Counter
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from benchmarks.simulation_data import FAMILIES, Recorded, load, short
from benchmarks.simulation_figures import Figures, figures, simulate
from benchmarks.simulation_fit import LINES, fit_category, impute
from benchmarks.simulation_merge import deception, exact_rows
from benchmarks.simulation_open import compare, fit_open, set_alone
from moaql.simulation.latent import Asked, draw_answer, problem_of
from moaql.simulation.truth import find_truth
from moaql.simulation.world import Category, Model, World
from moaql.simulation.world_file import BUILT_IN, load_world

SUBJECTS = (
    *("biology", "business", "chemistry", "economics", "engineering", "health", "history", "law", "other"),
    *("philosophy", "physics", "psychology"),
)
ALIASES = {
    **dict.fromkeys(
        [*SUBJECTS, "computer science", "math (choices)", "general knowledge", "facts", "science"], "knowledge"
    ),
    **dict.fromkeys(["algebra", "geometry", "mathematics", "maths", "number theory"], "math"),
    **dict.fromkeys(["coding", "programming", "python"], "code"),
    **dict.fromkeys(["reasoning", "ordering", "dates"], "logic"),
    **dict.fromkeys(["word problems", "gsm8k"], "arithmetic"),
    **dict.fromkeys(["open", "essay", "advice", "chat"], "writing"),
}
REDRAW = {"arithmetic": (0.8, 0.15), "math": (0.6, 0.3), "code": (0.6, 0.3), "knowledge": (0.6, 0.3)}
"""`redraw` and `stick`: chosen by hand so that voting over samples gains what was published (More Agents Is All You Need)."""

UNRECORDED = {
    "wizardlm-2-8x22b": 0.5,
    "qwen1.5-110b-chat": 0.1,
    "mixtral-8x22b-instruct": 0.1,
    "dbrx-instruct": -0.2,
    "qwen-2.5-72b": 1.25,
    "strong": 1.6,
    "medium": 0.5,
    "weak": -0.8,
}
"""Assumed general ability, in standard deviations over recorded models, of models that no recording has."""

BOXED, BOLD, JSON = ("qwen", "deepseek"), ("mistral", "gemini", "gemma"), ("reka", "athene")
MEDIUM_LENGTH = {"arithmetic": 160, "math": 480, "code": 190, "knowledge": 130, "writing": 350, "default": 180}


def family_of(name: str) -> str:
    """What stands before the first digit or dash of a name."""
    return re.split(r"[-\d.]", name)[0]


def style_of(name: str) -> str:
    """How a model writes its final answer; by family, and assumed."""
    family = family_of(name)
    return next(
        (style for style, some in (("boxed", BOXED), ("bold", BOLD), ("json", JSON)) if family in some), "plain"
    )


def speed_of(price: float) -> tuple[float, float]:
    """Tokens a second and seconds before the first, by price of a million tokens: both assumed."""
    return (140.0, 0.3) if price < 0.35 else (80.0, 0.4) if price < 1.5 else (60.0, 0.5) if price < 12 else (35.0, 0.8)


def fit(
    data: dict[str, Recorded], prices: dict[str, float], start: World, open_seconds: float, open_count: int
) -> World:
    """A new world: abilities and wrong answers from the recordings, open questions from the published tables."""
    recorded = sorted({name for each in data.values() for name in each.models})
    models = {name: Model(family=family_of(name), style=style_of(name)) for name in recorded}
    kinds = {name: Category(redraw=redraw, stick=stick) for name, (redraw, stick) in REDRAW.items()}
    world = replace(start, models=models, categories={"general": Category(), **kinds}, aliases=ALIASES)
    for name, each in data.items():
        world = fit_category(world, name, each)
        print(f"fitted {name}", file=sys.stderr)
    world = _complete(world, data, prices, start)
    if open_seconds > 0:
        world = fit_open(world, open_count, open_seconds)
    return set_alone(world, open_count)


def _complete(world: World, data: dict[str, Recorded], prices: dict[str, float], start: World) -> World:
    """Adds what no recording gives: missing abilities, models, skills, lengths and speeds."""
    missing, general = impute(dict(world.models), list(FAMILIES.values()))
    models = {
        name: replace(model, ability={**model.ability, **missing.get(name, {})}) for name, model in world.models.items()
    }
    for name, value in UNRECORDED.items():
        ability = {each: round(begin + slope * value, 3) for each, (begin, slope) in LINES.items()}
        models[name] = Model(family=family_of(name), ability=ability, style=style_of(name))
        general[name] = value
    lengths: dict[str, dict[str, float]] = {}
    for category, each in data.items():
        for name, mean in zip(each.models, each.tokens, strict=True):
            lengths.setdefault(name, {})[category] = round(float(mean))
    for name, model in models.items():
        models[name] = _finished(name, model, general[name], lengths.get(name, {}), prices.get(name, 0.9), start)
    models["deceptive"] = replace(models["medium"], family="deceptive", deceptive=True)
    code = world.categories["code"]
    kinds = {
        **world.categories,
        "logic": replace(code, label_noise=0.0, subject=0.0),
        "writing": Category(),
        "general": replace(world.categories["knowledge"], subject=0.0),
    }
    return replace(world, models=dict(sorted(models.items())), categories=kinds)


UNRECORDED_PRICES = {
    "strong": (2.5, 10.0),
    "weak": (0.15, 0.6),
    "wizardlm-2-8x22b": (1.2, 1.2),
    "qwen1.5-110b-chat": (1.8, 1.8),
    "mixtral-8x22b-instruct": (1.2, 1.2),
    "dbrx-instruct": (1.2, 1.2),
}
"""List prices of 2024 of models that no recording has, in and out, and assumptions for those that do not exist; others cost 0.9."""


def priced(world: World, listed: dict[str, tuple[float, float]]) -> World:
    """The world with dollars per million tokens: as listed beside the recordings, else as above."""
    known = {**dict.fromkeys(world.models, (0.9, 0.9)), **UNRECORDED_PRICES, **listed}
    models = {
        name: replace(model, price={"in": known[name][0], "out": known[name][1]})
        for name, model in world.models.items()
    }
    return replace(world, models=models)


def _finished(name: str, model: Model, general: float, lengths: dict[str, float], price: float, start: World) -> Model:
    ability = dict(model.ability)
    ability["logic"] = round((ability["code"] + ability["arithmetic"]) / 2, 3)
    ability["default"] = ability["knowledge"]
    speed, delay = speed_of(price)
    scale = float(np.mean([value / MEDIUM_LENGTH[each] for each, value in lengths.items()])) if lengths else 1.0
    filled = {each: round(value * max(0.4, scale)) for each, value in MEDIUM_LENGTH.items()}
    known = start.models.get(name)
    fitted = known is not None and name in _FITTED
    return replace(
        model,
        ability=ability,
        open=known.open if fitted and known else round(0.4 * general, 3),
        care=known.care if fitted and known else round(0.4 * general, 3),
        aggregate=known.aggregate if fitted and known else round(0.45 * general - 0.1, 3),
        judge=round(0.25 * general, 3),
        label=round(1.3 + 0.3 * general, 3),
        tokens={**filled, **lengths},
        speed=speed,
        delay=delay,
    )


_FITTED = frozenset(
    {
        "wizardlm-2-8x22b",
        "qwen1.5-110b-chat",
        "qwen1.5-72b-chat",
        "llama-3-70b-chat",
        "mixtral-8x22b-instruct",
        "dbrx-instruct",
        "gpt-4o",
    }
)
"""Models whose skills at open questions come from the published tables."""


def write(world: World, path: Path) -> None:
    """Write a world as JSON, one model a line."""
    parts = {key: value for key, value in asdict(world).items() if key != "models"}
    text = json.dumps(parts, indent=1)[:-2]
    rows = ",\n".join(f"  {json.dumps(name)}: {json.dumps(asdict(model))}" for name, model in world.models.items())
    path.write_text(f'{text},\n "models": {{\n{rows}\n }}\n}}\n', encoding="utf-8")


def show(world: World, data: dict[str, Recorded]) -> None:
    """Print the tables of `docs/simulated-models.md`."""
    for category, each in data.items():
        real = figures(each, each.answers, each.right)
        made = figures(each, *simulate(world, each))
        print(f"\n{each.family} ({category}): {len(each.questions)} questions, {len(each.models)} models\n")
        print("| figure | recorded | simulated |\n|---|---|---|")
        for title, one, other in rows_of(real, made):
            print(f"| {title} | {one:.3f} | {other:.3f} |")
        off = made.accuracy - real.accuracy
        print(
            f"\naccuracy of models: mean difference {off.mean():+.3f}, root mean square {np.sqrt((off**2).mean()):.3f}, "
        )
        print(f"largest {np.abs(off).max():.3f} ({each.models[int(np.abs(off).argmax())]})")
    print("\n| published | LC win rate | simulated |\n|---|---|---|")
    for title, (one, other) in compare(world, 805).items():
        print(f"| {title} | {one:.1f} | {other:.1f} |")
    show_samples(world, data)
    print("\n| category | aggregator | candidates | one answer | vote | aggregate |\n|---|---|---|---|---|---|")
    for category, name, pool, *shares in exact_rows(world, data):
        print(f"| {category} | {name} | {pool} | {' | '.join(f'{share:.3f}' for share in shares)} |")
    without, with_one = deception(world)
    print(f"\none deceptive member of six: win rate {without:.1f} to {with_one:.1f}; published 49.2 to 37.9")


def rows_of(real: Figures, made: Figures) -> list[tuple[str, float, float]]:
    """(title, recorded, simulated) rows."""
    rows = [("mean accuracy", float(real.accuracy.mean()), float(made.accuracy.mean()))]
    rows += [("mean phi of errors", real.phi, made.phi), ("same wrong answer", real.same_wrong, made.same_wrong)]
    rows += [("same wrong answer, best 9", real.top_same_wrong, made.top_same_wrong)]
    rows += [("any correct", real.ceiling, made.ceiling), ("all wrong", real.all_wrong, made.all_wrong)]
    return rows + [(f"vote of {name}", real.votes[name], made.votes[name]) for name in real.votes]


def show_samples(world: World, data: dict[str, Recorded], count: int = 200) -> None:
    """Print what a vote over samples of one model gains."""
    print("\n| model | category | one sample | vote of 9 | vote of 21 |\n|---|---|---|---|---|")
    pairs = [
        ("gpt-3.5-turbo", "arithmetic"),
        ("command-r", "arithmetic"),
        ("llama-3-70b-chat", "math"),
        ("gpt-4o", "math"),
    ]
    for name, category in pairs:
        problems = [problem_of(world, find_truth(text, fields)) for text, fields in data[category].questions[:count]]
        single = nine = many = 0.0
        for problem in problems:
            asked = [Asked(world, name, world.models[name], 0.7, str(sample)) for sample in range(21)]
            said = [draw_answer(each, problem).answer for each in asked]
            single += float(np.mean([each == problem.truth.answer for each in said]))
            nine += Counter(said[:9]).most_common(1)[0][0] == problem.truth.answer
            many += Counter(said).most_common(1)[0][0] == problem.truth.answer
        shares = [each / len(problems) for each in (single, nine, many)]
        print(f"| {name} | {category} | {shares[0]:.3f} | {shares[1]:.3f} | {shares[2]:.3f} |")


def main() -> None:
    """Fit if asked to, and print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--fit", action="store_true")
    parser.add_argument("--open-seconds", type=float, default=0.0, help="how long to fit open questions")
    parser.add_argument("--open-questions", type=int, default=150)
    chosen = parser.parse_args()
    data = {category: load(chosen.folder, family) for family, category in FAMILIES.items()}
    world = load_world()
    if chosen.fit:
        with (chosen.folder / "prices.json").open(encoding="utf-8") as file:
            listed = {
                short(name): (float(each["input"]), float(each["output"])) for name, each in json.load(file).items()
            }
        prices = {name: price for name, (_, price) in listed.items()}
        world = priced(fit(data, prices, world, chosen.open_seconds, chosen.open_questions), listed)
        write(world, Path(BUILT_IN))
    show(world, data)


if __name__ == "__main__":
    main()
