"""A recorded eval set of which a test knows who is right: easy questions are short, hard ones say that they are."""

import json
import random
from pathlib import Path

MODELS = """
model weak = "recorded/weak" file="runs.jsonl" price_in=$1 price_out=$1
model other = "recorded/other" file="runs.jsonl" price_in=$1 price_out=$1
model strong = "recorded/strong" file="runs.jsonl" price_in=$20 price_out=$20
eval set = "runs.jsonl" metric=number
"""
CASCADE = (
    "topology t = layer [weak, other] -> when agreement by=number >= {} {{ take 1 }} else {{ take 0 -> strong }}\n"
)
ROUTE = 'topology t = route with="router.json" { case easy { weak } else { strong } }\n'


def write_world(folder: Path, items: int = 120, *, learnable: bool = True, seed: int = 1) -> None:
    """Half of the questions are hard: `weak` and `other` are wrong there, each in its own way; `strong` is always right.

    Args:
        folder: Where `runs.jsonl` goes.
        items: How many.
        learnable: Otherwise everybody is always right.
        seed: Of the order.
    """
    draw = random.Random(seed)
    rows = []
    for number in range(items):
        hard, right = draw.random() < 0.5 and learnable, number + 1000
        question = f"Prove at length that {number} is a hard theorem." if hard else f"What is {number} plus 1000?"
        said = {"weak": 1 if hard else right, "other": 2 if hard else right, "strong": right}
        responses = {
            name: [{"text": f"The answer is {value}.", "usage": {"in": 10, "out": 10}}] for name, value in said.items()
        }
        rows.append({"id": str(number), "question": question, "target": str(right), "responses": responses})
    (folder / "runs.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
