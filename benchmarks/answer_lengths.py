"""How long recorded answers are: the figures behind `moaql/graph/assumptions.py`.

    python benchmarks/answer_lengths.py FOLDER

FOLDER holds recorded files, `NAME.jsonl.gz`: one object a line with `question`, `prompt_tokens` and `responses: {model: [{text,
completion_tokens}]}`.
"""

from __future__ import annotations

import gzip
import json
import statistics
import sys
from pathlib import Path


def percentile(values: list[float], share: float) -> float:
    """The value below which that share of the values lies."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def row(name: str, values: list[float]) -> str:
    """A line of the table."""
    low, middle, high = (percentile(values, share) for share in (0.1, 0.5, 0.9))
    return f"{name:<12}{len(values):>8,}{low:>10.1f}{middle:>10.1f}{statistics.fmean(values):>10.1f}{high:>10.1f}"


def main() -> None:
    """Print one line for each file, and one for all."""
    everything: list[float] = []
    characters: list[float] = []
    print(f"{'answers':<12}{'count':>8}{'10 %':>10}{'median':>10}{'mean':>10}{'90 %':>10}")
    for path in sorted(Path(sys.argv[1]).glob("*.jsonl.gz")):
        tokens: list[float] = []
        with gzip.open(path, "rt", encoding="utf-8") as lines:
            for line in lines:
                for responses in json.loads(line)["responses"].values():
                    for response in responses:
                        tokens.append(response["completion_tokens"])
                        if response["completion_tokens"]:
                            characters.append(len(response["text"]) / response["completion_tokens"])
        print(row(path.name.split(".")[0], tokens))
        everything += tokens
    print(row("all", everything))
    print(row("chars/token", characters))


if __name__ == "__main__":
    main()
