"""The recorded answers of real models, and draws that simulations share."""

import gzip
import json
from pathlib import Path
from typing import Any

import pytest

RECORDED = Path(__file__).resolve().parents[3] / "shared" / "data" / "recorded"

needs_recorded = pytest.mark.skipif(not RECORDED.is_dir(), reason="the recorded answers are not here")


def family(name: str) -> tuple[dict[str, list[str | None]], list[str], dict[str, list[int]]]:
    """Answers by model, targets, and the items that each model was asked."""
    with gzip.open(RECORDED / f"{name}.dev.jsonl.gz", "rt", encoding="utf-8") as lines:
        rows = [json.loads(line) for line in lines]
    models = sorted({model for row in rows for model in row["responses"]})
    answers = {model: [answer(row, model) for row in rows] for model in models}
    asked = {model: [item for item, row in enumerate(rows) if model in row["responses"]] for model in models}
    return answers, [row["target"] for row in rows], asked


def answer(row: Any, model: str) -> str | None:
    """What a model answered, None where it was not asked too."""
    return row["responses"][model][0]["answer"] if model in row["responses"] else None
