"""What a thousand lines cost `moaql check` beyond starting: whole processes, in turn.

    python benchmarks/check_lines.py

Prints seconds for a program of 1,000 lines beyond one of 4; at most 0.3 is promised. The peer is Lark alone, parsing the same
text with the same grammar.
"""

from __future__ import annotations

import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from moaql.language.grammar import parser

PROMISED = 0.3
RUNS = 15


def program(lines: int) -> str:
    """A program of that many lines, of all kinds."""
    text = ['model a = "sim/a" temperature=0.7', 'model b = "sim/b" max_tokens=1k', 'model c = "sim/c"']
    number = 0
    while len(text) < lines:
        number += 1
        text += [
            f"# topology {number}",
            f"topology draft{number} = layer [a, b x2, c]x2 temperature=0.7 -> rank c top=3 -> agg c",
            f"topology gate{number} = a x3 -> when agreement >= 2/3 {{ vote }} else {{ draft{number} }}",
            f'prompt p{number} {{ user "{{question}} Answer in one line." }}',
            f"topology own{number} = layer [a, b] prompt=p{number} -> vote by=number tie=first",
        ]
    return "\n".join(text[:lines]) + "\n"


def seconds_to_check(path: Path) -> float:
    """How long one process takes."""
    command = [str(Path(sys.executable).with_name("moaql")), "check", "-q", str(path)]
    began = time.perf_counter()
    subprocess.run(command, check=True, capture_output=True)
    return time.perf_counter() - began


def seconds_to_parse(text: str) -> float:
    """How long Lark takes for the same text."""
    began = time.perf_counter()
    parser().parse(text)
    return time.perf_counter() - began


def main() -> int:
    """Measure, print, and fail if the promise is broken."""
    with tempfile.TemporaryDirectory() as folder:
        small, large = Path(folder, "small.moaql"), Path(folder, "large.moaql")
        small.write_text(program(4), encoding="utf-8")
        large.write_text(program(1000), encoding="utf-8")
        seconds_to_check(small)
        pairs = [(seconds_to_check(small), seconds_to_check(large)) for _ in range(RUNS)]
    ours = statistics.median(long - short for short, long in pairs)
    parse = statistics.median(seconds_to_parse(program(1000)) for _ in range(RUNS))
    print(f"Lark alone     {parse:6.3f} s")
    print(f"moaql check    {ours:6.3f} s    (promised: at most {PROMISED})")
    print(f"ratio          {ours / parse:6.2f}")
    return 0 if ours <= PROMISED else 1


if __name__ == "__main__":
    sys.exit(main())
