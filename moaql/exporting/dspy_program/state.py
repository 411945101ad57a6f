"""The state of the module as DSPy saves it: the instructions of its predictors."""

from __future__ import annotations

import inspect
import json
import sys
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence

    from moaql.exporting.dspy_program.instructions import Instruction

FIELDS = {
    "question": "What is asked.",
    "candidates": "The answers that the instruction shows.",
    "answer": "All that the model says.",
}
"""What a predictor's fields are described as, by name."""


def write_state(instructions: Sequence[Instruction]) -> str:
    """The text of `module.json`, as `module.save("module.json")` writes it."""
    state: dict[str, Any] = {each.name: _predictor(each) for each in instructions}
    versions = {
        "python": f"{sys.version_info.major}.{sys.version_info.minor}",
        "dspy": version("dspy"),
        "cloudpickle": ".".join(version("cloudpickle").split(".")[:2]),
    }
    state["metadata"] = {"dependency_versions": versions}
    return json.dumps(state, indent=2, ensure_ascii=False) + "\n"


def _predictor(instruction: Instruction) -> dict[str, Any]:
    fields = [name for name in FIELDS if name != "candidates" or instruction.reads]
    signature = {
        "instructions": inspect.cleandoc(instruction.text),  # as DSPy keeps them
        "fields": [{"prefix": f"{name.capitalize()}:", "description": FIELDS[name]} for name in fields],
    }
    return {"traces": [], "train": [], "demos": [], "signature": signature, "lm": None}
