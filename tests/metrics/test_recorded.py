"""On recorded answers of real models, metrics agree with what was recorded: an answer is right exactly when it equals its target."""

import asyncio
import gzip
import json
from pathlib import Path

import pytest

from moaql.metrics.base import Judged
from moaql.metrics.find import find_metric

RECORDED = Path(__file__).resolve().parents[3] / "shared" / "data" / "recorded"

pytestmark = pytest.mark.skipif(not RECORDED.is_dir(), reason="the recorded answers are not here")


async def agreement(family: str, metric: str) -> tuple[int, int]:
    """How many texts are scored as recorded, and how many there are."""
    scorer, same, count = find_metric(metric, "."), 0, 0
    with gzip.open(RECORDED / f"{family}.dev.jsonl.gz", "rt", encoding="utf-8") as lines:
        for line in lines:
            row = json.loads(line)
            item = Judged(row["question"], row["target"], row)
            for response in (each for several in row["responses"].values() for each in several):
                score = await scorer.score(response["text"], item)
                same += score.value == (response["answer"] == row["target"])
                count += 1
    return same, count


@pytest.mark.parametrize(
    ("family", "metric"), [("gsm8k", "number"), ("math_l5", "number"), ("crux", "literal"), ("mmlu_pro", "choice")]
)
def test_at_least_98_of_100_texts_are_scored_as_recorded(family: str, metric: str) -> None:
    same, count = asyncio.run(agreement(family, metric))
    print(f"{family}: {metric} {same / count:.2%} of {count}")  # noqa: T201 - shown by `pytest -s`, quoted in docs/metrics.md
    assert same / count >= 0.98
