"""Prompt tuning in simulated worlds: does it find instructions that help, and does it accept any where none does?

    python benchmarks/tuning.py --seeds 10 --optimizer gepa

Promised: where an instruction helps, at least 9 of 10 runs accept a text within 400 calls of the aggregator, and it is better on
2,000 further questions; where no instruction helps, at least 9 of 10 accept nothing.

Each seed is a world of its own: questions, abilities, and which kind of instruction helps aggregators (one kind of five much,
another one half as much, the others not at all). Nobody tells the simulated reflection model: it draws from 32 plausible sentences,
of which 2 to 5 help, in the theme of what went wrong. The calls of the confirmation are not among the 400; the table has both.
"""

import argparse
import asyncio
import json
import random
import sys
import tempfile
from pathlib import Path
from typing import Any

import moaql
from moaql.evaluation.compare import compare
from moaql.evaluation.task import open_task
from moaql.run.session import Options, open_session
from moaql.simulation.questions import write_questions
from moaql.tuning.run import Wanted, run_tune
from moaql.tuning.target import find_place
from moaql.tuning.trials import Tally, Trials

KINDS = ("doubt", "majority", "check", "work", "steps")
MUCH, HALF = 2.5, 1.25
ITEMS, FRESH, CALLS = 600, 2000, 400
PROGRAM = """
model a = "sim/gpt-4o-mini" file="world.json"
model b = "sim/qwen-2.5-72b" file="world.json"
model c = "sim/llama-3.1-70b" file="world.json"
model d = "sim/gpt-4o" file="world.json"
prompt merge {
  system \"\"\"Below are {n} answers of other assistants to the user's question. Write one answer.

{candidates:xml}\"\"\"
  user "{question}"
}
topology panel = layer [a, b, c] temperature=0.7 -> agg a prompt=merge
eval questions = "questions.jsonl" metric=number
"""


def world(seed: int, helpful: bool) -> dict[str, Any]:
    """A world in which some kinds of instructions help aggregators, or none."""
    weights = dict.fromkeys((*KINDS, "data", "plain_end", "answering"), 0.0)
    if helpful:
        much, half = random.Random(seed).sample(KINDS, 2)
        weights.update({much: MUCH, half: HALF})
    return {"seed": seed, "instructions": {**weights, "most": 5}, "aggregation": {"loose_ending": 0}}


def written(folder: Path, seed: int, helpful: bool) -> Path:
    """The program with its world and its questions."""
    (folder / "world.json").write_text(json.dumps(world(seed, helpful)), encoding="utf-8")
    rows = list(write_questions(ITEMS + FRESH, ("math",), seed=1000 + seed))
    for name, part in (("questions", rows[:ITEMS]), ("fresh", rows[ITEMS:])):
        lines = "".join(json.dumps(row) + "\n" for row in part)
        (folder / f"{name}.jsonl").write_text(lines, encoding="utf-8")
    program = folder / "program.moaql"
    program.write_text(PROGRAM, encoding="utf-8")
    return program


async def true_gain(program: Any, text: str, fresh: Path) -> Any:
    """How much better a text is than the first one on questions that no tuning has seen."""
    topology = program.topology()
    task = open_task(program, str(fresh), metric="number")
    place = find_place(program, topology)
    async with open_session(Options(bank="none")) as caller:
        trials = Trials(place, task, caller, Tally())
        items = list(range(len(task.items)))
        before, after = [[each.score for each in await trials.ask(one, items)] for one in (place.seed, text)]
    return compare(after, before)


async def one(seed: int, helpful: bool, optimizer: str) -> dict[str, Any]:
    """One run."""
    with tempfile.TemporaryDirectory() as folder:
        path = written(Path(folder), seed, helpful)
        program = moaql.load(path)
        options = Options(bank="none", seed=seed)
        wanted = Wanted(optimizer=optimizer, reflection="d", calls=CALLS)
        found = await run_tune(program, program.topology(), open_task(program), options, wanted)
        row: dict[str, Any] = {"seed": seed, **found.document, "true": None}
        if found.tuned.changed:
            row["true"] = await true_gain(program, found.tuned.text, Path(folder) / "fresh.jsonl")
    return row


def shown(row: dict[str, Any]) -> str:
    """A line of the table."""

    def gain(part: Any) -> str:
        if part is None:
            return "–"
        return f"{100 * part['before']:.1f} → {100 * part['after']:.1f} [{100 * part['ci'][0]:+.1f}, {100 * part['ci'][1]:+.1f}]"

    true = row["true"]
    fresh = "–" if true is None else f"{100 * true.difference:+.1f} [{100 * true.low:+.1f}, {100 * true.high:+.1f}]"
    calls = row["calls"]
    return (
        f"{row['seed']:4}  {'yes' if row['accepted'] else 'no':8}  {gain(row['select']):32}  {gain(row['report']):32}  "
        f"{fresh:22}  {calls['optimizing']:5} + {calls['confirming']:<5}  {calls['reflection']:11}  {row['paid']:.2f}"
    )


def table(seeds: int, helpful: bool, optimizer: str) -> int:
    """Run and print one kind of world; how many runs ended as they should."""
    print(f"\n{'an instruction helps' if helpful else 'no instruction helps'}, {optimizer}")
    print(
        f"seed  accepted  {'select':32}  {'report':32}  {'2,000 fresh questions':22}  calls + conf.  reflections  dollars"
    )
    good = 0
    for seed in range(1, seeds + 1):
        row = asyncio.run(one(seed, helpful, optimizer))
        print(shown(row), flush=True)
        assert row["calls"]["optimizing"] <= CALLS
        good += (row["accepted"] and row["true"].low > 0) if helpful else not row["accepted"]
    print(f"as it should be: {good} of {seeds}")
    return good


def main() -> int:
    """Both kinds of worlds; 0 where the promise is kept."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=10)
    parser.add_argument("--optimizer", default="gepa")
    parser.add_argument("--world", choices=("helpful", "null", "both"), default="both")
    given = parser.parse_args()
    worlds = {"helpful": (True,), "null": (False,), "both": (True, False)}[given.world]
    results = [table(given.seeds, helpful, given.optimizer) for helpful in worlds]
    return 0 if all(good >= 0.9 * given.seeds for good in results) else 1


if __name__ == "__main__":
    sys.exit(main())
