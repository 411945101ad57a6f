"""Servers in processes of their own: starting them, where they run, and what the system says that they use.

What is measured has a processor of its own, and all the rest runs on the others, where the system lets us choose. Otherwise a
server is compared with an executor that shares its processors with one process fewer.
"""

import os
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

_ALL: frozenset[int] = frozenset(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else frozenset()
MOAQL = (sys.executable, "-m", "moaql", "serve")


@dataclass(frozen=True)
class Started:
    """A server that runs.

    Attributes:
        url: Its base URL.
        process: Its id, for the system.
        seconds: From its start to its first line, or its first answer.
    """

    url: str
    process: int
    seconds: float


def stand_aside() -> bool:
    """Leave one processor to what is measured; whether that was possible."""
    if len(_ALL) < 2:
        return False
    os.sched_setaffinity(0, _ALL - {min(_ALL)})
    return True


def give_processor(process: int) -> None:
    """Give it the processor that everything else stays away from."""
    if len(_ALL) > 1:
        os.sched_setaffinity(process, {min(_ALL)})


@contextmanager
def running(
    command: Sequence[str], environment: Mapping[str, str] | None = None, *, silent: bool = False
) -> Iterator[subprocess.Popen[str]]:
    """A process. What it says of errors is thrown away, and all that it says where it is `silent`; it ends with the block."""
    output = subprocess.DEVNULL if silent else subprocess.PIPE
    variables = {**os.environ, **(environment or {})}
    process = subprocess.Popen(command, stdout=output, stderr=subprocess.DEVNULL, text=True, env=variables)
    try:
        yield process
    finally:
        process.terminate()
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        if process.stdout is not None:
            process.stdout.close()


@contextmanager
def started(*command: str, is_measured: bool = True) -> Iterator[Started]:
    """A server whose first line is its address, printed once it listens."""
    began = time.perf_counter()
    with running(command) as process:
        if is_measured:
            give_processor(process.pid)
        assert process.stdout is not None
        url = process.stdout.readline().strip()
        if not url.startswith("http"):
            raise SystemExit(f"{' '.join(command[:4])} … did not start")
        yield Started(url, process.pid, time.perf_counter() - began)


def processor(process: int) -> float:
    """Processor seconds that a process and its threads have used so far, where the system says so."""
    try:
        fields = Path(f"/proc/{process}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    except OSError:
        return float("nan")
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def resident(process: int) -> float:
    """Megabytes that a process has held at most, where the system says so."""
    try:
        lines = Path(f"/proc/{process}/status").read_text(encoding="utf-8").splitlines()
    except OSError:
        return float("nan")
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM")) / 1024
