"""From a question to an answer, and the command line."""

from __future__ import annotations

import argparse
import asyncio
import dataclasses
import json
import sys
import time
from collections.abc import Sequence
from typing import Any

from moaql.exporting.standalone.client import Client, NoKey
from moaql.exporting.standalone.records import Answer, Question
from moaql.exporting.standalone.run import NoAnswer, Run


async def answered(topology: Any, question: str | Question, seed: int, client: Client | None) -> Answer:
    """Answer one question with a topology."""
    if client is None:
        async with Client() as own:
            return await answered(topology, question, seed, own)
    asked = Question(question) if isinstance(question, str) else question
    started, run = time.perf_counter(), Run(asked, client, seed)
    return run.answer(await topology(run).outputs(), started)


def main(topology: Any, arguments: Sequence[str] | None = None) -> int:
    """Answer the question that the command line gives; the exit code."""
    parser = argparse.ArgumentParser(description=topology.__doc__)
    parser.add_argument("question", help="the question, or - to read it from standard input")
    parser.add_argument("--system", default="", help="a system message before the question")
    parser.add_argument("--field", action="append", default=[], metavar="NAME=VALUE", help="a field of the question")
    parser.add_argument("--seed", type=int, default=0, help="of all that is drawn")
    parser.add_argument("--json", action="store_true", help="print the answer and its bill as JSON")
    given = parser.parse_args(arguments)
    text = sys.stdin.read() if given.question == "-" else given.question
    fields = dict(each.partition("=")[::2] for each in given.field)
    try:
        answer = asyncio.run(answered(topology, Question(text, given.system, (), fields), given.seed, None))
    except (NoKey, NoAnswer, KeyError) as error:
        print(f"error: {error.args[0]}", file=sys.stderr)  # noqa: T201
        return 3 if isinstance(error, NoAnswer) else 2
    print(json.dumps(dataclasses.asdict(answer), ensure_ascii=False, indent=2) if given.json else answer.text)  # noqa: T201
    for note in (*answer.lost, *answer.notes):
        print(f"note: {note}", file=sys.stderr)  # noqa: T201
    return 0
