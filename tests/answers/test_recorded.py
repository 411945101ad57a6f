"""Answers read from texts of real models equal those that were recorded with them, null for no answer included."""

import gzip
import json
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import pytest

from moaql.answers.extract import extract

RECORDED = Path(__file__).resolve().parents[3] / "shared" / "data" / "recorded"
FAMILIES = [("gsm8k", "number"), ("math_l5", "number"), ("crux", "literal"), ("mmlu_pro", "choice")]

pytestmark = pytest.mark.skipif(not RECORDED.is_dir(), reason="the recorded answers are not here")


def answers(family: str) -> Iterator[tuple[str, str | None]]:
    """Each text with its recorded answer."""
    with gzip.open(RECORDED / f"{family}.dev.jsonl.gz", "rt", encoding="utf-8") as lines:
        for line in lines:
            for responses in json.loads(line)["responses"].values():
                yield from ((each["text"], each["answer"]) for each in responses)


def equal(read: str | None, recorded: str | None, by: str) -> bool:
    """Whether they are the same; recorded numbers are rounded to six digits, those that are read are exact."""
    if read is None or recorded is None or by != "number":
        return read == recorded
    try:
        return read == recorded or f"{float(Fraction(read)):.6g}" == recorded
    except OverflowError:
        return False


@pytest.mark.parametrize(("family", "by"), FAMILIES)
def test_at_least_98_of_100_recorded_answers_are_read(family: str, by: str) -> None:
    outcomes = [equal(extract(text, by), recorded, by) for text, recorded in answers(family)]
    rate = sum(outcomes) / len(outcomes)
    print(f"{family}: {rate:.2%} of {len(outcomes)}")  # noqa: T201 - shown by `pytest -s`, quoted in docs/answers.md
    assert rate >= 0.98
