"""`metric=code`: the answer's Python code passes the item's tests.

Functional correctness (Chen et al. 2021, arXiv 2107.03374; tests as in MBPP, Austin et al. 2021, arXiv 2108.07732). Running
the code of a model is a risk. It runs in a process of its own with limits, behind the guards that docs/metrics.md lists, and only
where the user has allowed it.
"""

from __future__ import annotations

import ast
import asyncio
import json
import os
import re
import secrets
import sys
import tempfile
import warnings
from typing import Any

from moaql.errors import UsageError
from moaql.metrics._process import Finished, run_process
from moaql.metrics.base import Asker, Judged, Score, limit, require_flags, short

_FENCED = re.compile(r"^[ \t]*```[ \t]*(\w*)[^\n]*\n(.*?)(?:^[ \t]*```|\Z)", re.DOTALL | re.MULTILINE)
_CONFINED = os.path.join(os.path.dirname(os.path.abspath(__file__)), "_confined.py")
_FOLDER_BYTES = 16_000_000
_PROCESSES = 16
_LOST = "It did not get to the end of the tests"


class Code:
    """1 where the code passes all tests, else 0.

    The tests stand in a field of the item, or are its target: Python code with assertions, or a list of such texts. With
    HumanEval's `check(candidate)` and a field `entry_point`, that function is checked.

    Args:
        allow_code: Whether the code of answers may be run; without it, MOAQL_ALLOW_CODE=1 must be in the environment.
        tests: The field that holds the tests.
        partial: Whether the score is the share of a list's tests that pass.
        seconds: How long code and tests of one answer may take together.
        memory: Megabytes of memory that it may ask for.

    Raises:
        UsageError: if running code is not allowed, or not possible on this system, or a setting cannot be used.
    """

    def __init__(
        self,
        allow_code: bool = False,
        tests: str = "tests",
        partial: bool = False,
        seconds: float = 10,
        memory: float = 512,
    ) -> None:
        require_flags("code", allow_code=allow_code, partial=partial)
        if not allow_code and os.environ.get("MOAQL_ALLOW_CODE") != "1":
            raise UsageError(
                "the metric `code` runs Python code that a model wrote, on this machine, and that is not allowed here",
                "Its limits (docs/metrics.md) stop accidents, and not every attack. Where you accept that, better in a container, "
                "set MOAQL_ALLOW_CODE=1.",
            )
        if os.name != "posix":
            raise UsageError("the metric `code` needs the limits of Linux or macOS", "Run it there, or in a container.")
        self._field, self._partial = tests, partial
        self._seconds = limit("code", "seconds", seconds)
        self._memory = int(limit("code", "memory", memory, above=63) * 1_000_000)
        self._turns: tuple[asyncio.AbstractEventLoop, asyncio.Semaphore] | None = None
        # For the tests of this package, which try each kind of guard by itself.
        self._guards = {"system": True, "hook": True}

    def check(self, item: Judged) -> None:
        """Refuse an item that cannot be scored, as `score` would.

        Raises:
            UsageError: if the item has no tests, or they are not Python.
        """
        self._tests(item)

    async def score(self, answer: str, item: Judged, asker: Asker | None = None) -> Score:  # noqa: ARG002
        """Run the code of an answer against the tests of its item.

        Raises:
            UsageError: if the item has no tests, they are not Python, or the process cannot be set up.
        """
        tests = self._tests(item)
        code = find_code(answer)
        if code is None:
            return Score(0.0, "The answer holds no Python code.")
        mark = secrets.token_hex(16)
        async with self._turn():
            done = await self._run({"code": code, "tests": tests, "mark": mark})
        return self._scored(done, mark, tests)

    def _tests(self, item: Judged) -> list[str]:
        given = item.fields.get(self._field, item.target)
        tests = [given] if isinstance(given, str) else given
        if not isinstance(tests, list | tuple) or not all(isinstance(each, str) for each in tests):
            tests = []
        tests = [each for each in tests if each.strip()]
        if not tests:
            raise UsageError(
                f"{item.place} has no tests in the field `{self._field}`, and none as its target",
                "Give Python code with assertions, or a list of such texts, and keep the field: `fields=[tests]`.",
            )
        for each in tests:
            if not _is_python(each):
                raise UsageError(f"{item.place} has tests that are not Python: {short(each)}", "Correct them.")
        entry = item.fields.get("entry_point")
        if isinstance(entry, str) and entry.isidentifier() and "def check(" in tests[-1]:
            tests[-1] += f"\n\ncheck({entry})\n"
        return list(tests)

    def _turn(self) -> asyncio.Semaphore:
        """As many processes at once as there are processors: an eval has hundreds of items under way."""
        loop = asyncio.get_running_loop()
        if self._turns is None or self._turns[0] is not loop:
            self._turns = (loop, asyncio.Semaphore(os.cpu_count() or 1))
        return self._turns[1]

    async def _run(self, job: dict[str, Any]) -> Finished:
        limits = {
            "seconds": self._seconds,
            "memory": self._memory,
            "processes": _PROCESSES,
            "folder_bytes": _FOLDER_BYTES,
        }
        given = json.dumps({**job, **limits, **self._guards}).encode()
        with tempfile.TemporaryDirectory(prefix="moaql-code-", ignore_cleanup_errors=True) as folder:
            command = [sys.executable, "-I", "-S", "-B", _CONFINED]
            return await run_process(command, given, folder, self._seconds)

    def _scored(self, done: Finished, mark: str, tests: list[str]) -> Score:
        report = _report(done, mark)
        if report is None:
            return Score(0.0, f"{_LOST}: {self._ending(done)}.")
        if "setup" in report:
            raise UsageError(
                f"code of answers cannot be run here: {report['setup']}", "Run as another user, or in a container."
            )
        if "answer" in report:
            return Score(0.0, f"The code itself fails: {report['answer']}")
        failed = [(test, said) for test, said in zip(tests, report["tests"], strict=True) if said is not None]
        share = 1 - len(failed) / len(tests)
        said = [f"`{short(test)}` fails: {why}" for test, why in failed[:5]]
        feedback = "\n".join(said) or f"Right: {len(tests)} of {len(tests)} pass."
        return Score(share if self._partial else float(not failed), feedback)

    def _ending(self, done: Finished) -> str:
        if done.late:
            return f"it took more than {self._seconds:g} s"
        if done.long:
            return "it printed more than 64 kB"
        said = short(done.err.decode(errors="replace")[-300:], 200)
        return f"it ended with code {done.code}" + (f" ({said})" if said else "")


def find_code(answer: str) -> str | None:
    """The Python code in an answer: the last fenced block that defines something, or the last one, or a text that is code.

    Blocks that are marked as another language, or are not Python, do not count, unless there is no other. None where there
    is no block and the text is not Python.
    """
    blocks: list[str] = [
        text for language, text in _FENCED.findall(answer) if language.lower() in ("", "python", "py", "python3")
    ]
    if not blocks:
        return answer if answer.strip() and _is_python(answer) else None
    python = [block for block in blocks if _is_python(block)] or blocks
    defining = [block for block in python if re.search(r"^(?:async )?(?:def|class)\b", block, re.MULTILINE)]
    return (defining or python)[-1]


def _is_python(code: str) -> bool:
    try:
        with warnings.catch_warnings():
            # A string with an escape that Python does not know is code all the same.
            warnings.simplefilter("ignore")
            ast.parse(code)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return False
    return True


def _report(done: Finished, mark: str) -> dict[str, Any] | None:
    """What the process reports; None where it ended before, or where what it says cannot be its report."""
    try:
        report = json.loads(done.out)
    except ValueError:
        return None
    return report if isinstance(report, dict) and report.get("mark") == mark else None


METRIC = Code
