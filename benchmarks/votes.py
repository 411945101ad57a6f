"""Votes and pair statistics over recorded answers, without a call.

    python benchmarks/votes.py

Writes a recorded file of 41 members and 1,319 items. Promised: under 10 s from that file to the evaluated vote of all (through the
executor, as `moaql eval` does it), leave-one-out, all correlations and all 820 paired comparisons; under 5 s for all 16,834 votes
of 2, 3 and 5 members of 20 on 660 items. The base of the ratios is a plain count with `Counter`.
"""

import asyncio
import json
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

import numpy as np

import moaql
from moaql.evaluation.agreement import diversity, leave_one_out
from moaql.evaluation.compare import compare
from moaql.evaluation.votes import encode, subset_votes, vote_accuracy

PROMISED_PAIRS, PROMISED_SUBSETS = 10.0, 5.0
Said = dict[str, list[str | None]]


def drawn(members: int, items: int) -> tuple[Said, list[str]]:
    """Answers of members of different ability, who err on the same hard items, often in the same way; one in 50 gives none."""
    rng = np.random.default_rng(members)
    hard = rng.beta(1, 2, items)
    said: Said = {}
    for member in range(members):
        right = rng.random(items) > hard * rng.uniform(0.3, 1.3)
        wrong = rng.choice(["2", "3", "4", "5"], p=[0.6, 0.2, 0.1, 0.1], size=items)
        answers: list[str | None] = np.where(right, "1", wrong).tolist()
        for item in np.flatnonzero(rng.random(items) < 0.02):
            answers[item] = None
        said[f"m{member}"] = answers
    return said, ["1"] * items


def plain_count(said: Said, targets: list[str]) -> float:
    """Seconds of one vote of all members, counted answer by answer."""
    started = time.perf_counter()
    for item in range(len(targets)):
        Counter(answers[item] for answers in said.values() if answers[item] is not None).most_common(1)
    return time.perf_counter() - started


def recorded(said: Said, targets: list[str], folder: Path) -> Path:
    """The answers as a recorded file, each in a text of usual length, and a program that lets all of them vote."""
    filler = "So the parts add up as expected. " * 18
    with (folder / "answers.jsonl").open("w", encoding="utf-8") as file:
        for item, target in enumerate(targets):
            responses = {
                name: [
                    {
                        "text": f"{filler}The answer is {answers[item]}.",
                        "answer": answers[item],
                        "completion_tokens": 160,
                    }
                ]
                for name, answers in said.items()
            }
            row = {"id": f"q{item}", "question": f"Question {item}?", "target": target, "responses": responses}
            file.write(json.dumps(row) + "\n")
    lines = [f'model {name} = "recorded/{name}" file="answers.jsonl" price_in=$1 price_out=$1' for name in said]
    lines += [f"layer [{', '.join(said)}] -> vote by=number tie=first", 'eval all = "answers.jsonl" metric=number']
    program = folder / "vote.moaql"
    program.write_text("\n".join(lines), encoding="utf-8")
    return program


def evaluated(program: Path) -> tuple[float, float]:
    """Seconds from the file to the evaluated vote, and its score."""
    started = time.perf_counter()
    found = asyncio.run(moaql.aevaluate(moaql.load(program), bank="none"))
    return time.perf_counter() - started, found.rows[0].score


def pairs(said: Said, targets: list[str]) -> tuple[float, float]:
    """Seconds of vote, leave-one-out and correlations; and of a paired comparison of each two members."""
    started = time.perf_counter()
    answers = encode(said, targets)
    vote_accuracy(answers)
    leave_one_out(answers)
    diversity(answers)
    between = time.perf_counter()
    right = answers.right.tolist()
    for one in range(len(right)):
        for other in range(one):
            compare(right[one], right[other])
    return between - started, time.perf_counter() - between


def main() -> int:
    """Measure, print, and fail if a promise is broken."""
    said, targets = drawn(41, 1_319)
    base = plain_count(said, targets)
    with tempfile.TemporaryDirectory() as folder:
        vote, score = evaluated(recorded(said, targets, Path(folder)))
    print(f"1,319 items of 41 members, from a recorded file: evaluated vote {vote:.2f} s (score {score:.3f})")
    print(f"ratio to one plain count of the vote ({1_000 * base:.1f} ms): {vote / base:.0f}")
    together, compared = pairs(said, targets)
    print(f"the same answers: vote, leave-one-out, all correlations {together:.2f} s")
    print(f"all 820 paired comparisons {compared:.2f} s (promised: all three in under {PROMISED_PAIRS:.0f} s)")
    said, targets = drawn(20, 660)
    base = plain_count({name: said[name] for name in list(said)[:5]}, targets)
    started = time.perf_counter()
    answers = encode(said, targets)
    votes = sum(len(subset_votes(answers, size).accuracy) for size in (2, 3, 5))
    subsets = time.perf_counter() - started
    print(
        f"{votes:,} votes of 2, 3 and 5 of 20 members on 660 items: {subsets:.2f} s (promised: {PROMISED_SUBSETS:.0f} s)"
    )
    print(f"ratio to as many plain counts of 5 members: {subsets / (base * votes):.4f}")
    return 0 if vote + together + compared < PROMISED_PAIRS and subsets < PROMISED_SUBSETS else 1


if __name__ == "__main__":
    sys.exit(main())
