"""Programs to tune, over simulated models: in `helpful` worlds two kinds of instructions help aggregators, in others none."""

import json
from pathlib import Path
from typing import Any

import moaql
from moaql.simulation.questions import write_questions

KINDS = ("doubt", "majority", "check", "work", "steps", "data", "plain_end", "answering")
PROGRAM = '''# Head.
model a = "sim/gpt-4o-mini" file="world.json"
model b = "sim/qwen-2.5-72b" file="world.json"
model c = "sim/llama-3.1-70b" file="world.json"
model d = "sim/deepseek-v2.5" file="world.json"
model broken = "sim/gpt-4o" file="broken.json"

eval questions = "questions.jsonl" metric=number

# About the prompt.
prompt merge {
  # inside
  system """Below are {n} answers of other assistants to the user's question. Write one answer.

{candidates:xml}"""  # behind
  user "{question}"
}

# About the panel.
topology panel = layer [a, b, c] temperature=0.7 -> agg d prompt=merge
'''


def world(**kinds: float) -> dict[str, Any]:
    return {
        "instructions": {**dict.fromkeys(KINDS, 0.0), **kinds, "most": 6},
        "aggregation": {"loose_ending": 0},
        "judging": {"malformed": 0},
    }


def write(folder: Path, program: str = PROGRAM, items: int = 300, **kinds: float) -> Path:
    """The program, its questions and its world; and a world whose models write nothing that could be used."""
    path = folder / "p.moaql"
    path.write_text(program, encoding="utf-8")
    rows = write_questions(items, ("math",), seed=5)
    (folder / "questions.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    (folder / "world.json").write_text(json.dumps(world(**kinds)), encoding="utf-8")
    (folder / "broken.json").write_text(json.dumps({"judging": {"malformed": 1}}), encoding="utf-8")
    return path


def load(folder: Path, program: str = PROGRAM, **more: Any) -> moaql.Program:
    return moaql.load(write(folder, program, **more))
