"""Code of answers is run against tests, and does not get out.

Each attack is tried against the guards of the system and against those in Python, each kind by itself. Code that could do harm
where a guard of the system is missing here is tried only where it is there.
"""

import asyncio
import os
import socket
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from moaql.errors import UsageError
from moaql.metrics.base import Judged, Score
from moaql.metrics.code import Code, find_code
from moaql.metrics.find import find_metric

SYSTEM = {"system": True, "hook": False}
PYTHON = {"system": False, "hook": True}
ALL = {"system": True, "hook": True}


def run(code: str, tests: object, guards: dict | None = None, **settings: object) -> Score:
    metric = Code(allow_code=True, **settings)
    metric._guards = guards or ALL
    return asyncio.run(metric.score(f"```python\n{code}\n```", Judged("Why?", None, {"tests": tests}, id="7")))


def attack(body: str, guards: dict, **settings: object) -> Score:
    """The score of a function whose body is that; it passes only where the attack comes to its end."""
    lines = "\n".join(f"    {line}" for line in body.splitlines())
    return run(
        f"import os, sys, time\ndef f():\n{lines}\n    return 'done'", "assert f() == 'done'", guards, **settings
    )


def holds(feature: str) -> bool:
    """Whether this system permits a guard: it is tried."""
    probe = {
        "namespaces": "import os\ndef f(): return os.getppid() == 0",
        # Nothing but Landlock hides a file that everybody may read.
        "landlock": "import os\ndef f():\n  try: return not open('/etc/passwd')\n  except PermissionError: return True",
    }
    return run(probe[feature], "assert f()", SYSTEM).value == 1


@pytest.fixture(scope="module")
def namespaces() -> None:
    if not holds("namespaces"):
        pytest.skip("this system does not permit namespaces to this user")


@pytest.fixture(scope="module")
def landlock() -> None:
    if not holds("landlock"):
        pytest.skip("this system has no Landlock")


@pytest.fixture
def outside() -> Iterator[Path]:
    """A folder that everybody may write."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o777)
        (Path(folder) / "kept").write_text("kept", encoding="utf-8")
        (Path(folder) / "kept").chmod(0o666)
        yield Path(folder)


def test_it_is_off_unless_it_is_allowed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("MOAQL_ALLOW_CODE", raising=False)
    with pytest.raises(UsageError, match=r"runs Python code that a model wrote(.|\n)*MOAQL_ALLOW_CODE=1"):
        find_metric("code", ".")
    monkeypatch.setenv("MOAQL_ALLOW_CODE", "1")
    assert isinstance(find_metric("code", "."), Code)


@pytest.mark.parametrize("guards", [ALL, SYSTEM, PYTHON], ids=["all", "system", "python"])
@pytest.mark.parametrize(
    ("code", "tests", "settings", "expected"),
    [
        ("def f(x): return x + 1", "assert f(1) == 2", {}, 1),
        ("def f(x): return x + 1", ["assert f(1) == 2", "assert f(1) == 3"], {}, 0),
        ("def f(x): return x + 1", ["assert f(1) == 2", "assert f(1) == 3"], {"partial": True}, 0.5),
        ("def f(x): return x +", "assert f(1) == 2", {}, 0),
        ("raise ValueError", "assert True", {}, 0),
        ("import sys; sys.exit(0)", "assert True", {}, 0),
        ("import os; os._exit(0)", "assert True", {}, 0),
        ("print('x' * 1000)\ndef f(): pass\nif __name__ == '__main__': input()", "assert f() is None", {}, 1),
        ("import sys\ndef f(): return sys.stdin.read()", "assert f() == ''", {}, 1),
        ("import os\ndef f(): return set(os.environ)", "assert f() <= {'LC_CTYPE'}", {}, 1),
        ("def f():\n  open('a', 'w').write('b')\n  return open('a').read()", "assert f() == 'b'", {}, 1),
        ("import asyncio\nasync def g(): return 3\ndef f(): return asyncio.run(g())", "assert f() == 3", {}, 1),
        ("import json, re, random, decimal, heapq, datetime, hashlib, sqlite3\ndef f(): pass", "f()", {}, 1),
    ],
)
def test_code_and_tests(code: str, tests: object, settings: dict, expected: float, guards: dict) -> None:
    assert run(code, tests, guards, **settings).value == expected


def test_the_feedback_says_which_test_failed() -> None:
    said = run("def f(x): return x", ["assert f(1) == 1", "assert f(1) == 2, 'not two'"]).feedback
    assert said == "`assert f(1) == 2, 'not two'` fails: AssertionError: not two"


def test_the_function_that_humaneval_names_is_checked() -> None:
    fields = {"tests": "def check(candidate):\n    assert candidate(2) == 4", "entry_point": "twice"}
    metric = Code(allow_code=True)
    for code, expected in (("def twice(x): return 2 * x", 1), ("def twice(x): return x", 0)):
        assert asyncio.run(metric.score(code, Judged("Why?", None, fields))).value == expected


@pytest.mark.parametrize("tests", [None, [], "", [1], "assert ="])
def test_an_item_without_tests_is_named(tests: object) -> None:
    with pytest.raises(UsageError, match=r"item `7` has (no tests|tests that are not Python)"):
        run("def f(): pass", tests)


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        ("```python\ndef f(): pass\n```\nUse it so:\n```python\nf()\n```", "def f(): pass\n"),
        ("First\n```py\ndef f(): 1\n```\nBetter\n```py\ndef f(): 2\n```", "def f(): 2\n"),
        ("```python\ndef f(): pass\n```\n```bash\npip install x\n```", "def f(): pass\n"),
        ("```\ndef f(): pass", "def f(): pass"),
        ("def f(): pass", "def f(): pass"),
        ("I cannot do that.", None),
        ("", None),
    ],
)
def test_which_code_is_run(answer: str, code: str | None) -> None:
    assert find_code(answer) == code


@pytest.mark.parametrize("guards", [SYSTEM, PYTHON], ids=["system", "python"])
def test_an_endless_loop_is_ended(guards: dict) -> None:
    begun = time.monotonic()
    assert "took more than 1 s" in attack("while True: pass", guards, seconds=1).feedback
    assert time.monotonic() - begun < 5


@pytest.mark.skipif(sys.platform != "linux", reason="macOS does not bound memory")
@pytest.mark.parametrize("guards", [SYSTEM, PYTHON], ids=["system", "python"])
def test_memory_is_bounded(guards: dict) -> None:
    assert "MemoryError" in attack("held = [bytearray(10**7) for _ in range(1000)]", guards).feedback


@pytest.mark.parametrize("guards", [SYSTEM, PYTHON], ids=["system", "python"])
def test_output_is_bounded(guards: dict) -> None:
    assert "printed more than 64 kB" in attack("while True: print('x' * 1000)", guards).feedback


@pytest.mark.usefixtures("namespaces")
def test_a_fork_bomb_is_bounded_and_ends() -> None:
    bomb = "while True:\n    try: os.fork()\n    except OSError: pass"
    assert "took more than 1 s" in attack(bomb, SYSTEM, seconds=1).feedback
    # Sixteen at most at a time, and none is left.
    count = "made = 0\nwhile made < 100:\n    try: made += bool(os.fork())\n    except OSError: break\nassert made < 16, made"
    count += "\nif not made: time.sleep(60)"
    assert attack(count, SYSTEM, seconds=2).value in (0, 1)
    assert survivors() == []


@pytest.mark.usefixtures("namespaces")
def test_a_process_that_leaves_its_group_ends_too() -> None:
    assert attack("if os.fork() == 0:\n    os.setsid()\n    time.sleep(60)", SYSTEM).value == 1
    assert survivors() == []


def survivors() -> list[str]:
    """Processes of the metric that are still there a moment later."""
    found: list[str] = []
    for _ in range(20):
        found = []
        for process in Path("/proc").glob("[0-9]*/cmdline"):
            try:
                if b"_confined.py" in process.read_bytes():
                    found.append(process.parent.name)
            except OSError:
                continue
        if not found:
            break
        time.sleep(0.1)
    return found


@pytest.mark.parametrize("body", ["os.fork()", "import subprocess\nsubprocess.run(['true'])", "os.system('true')"])
def test_python_refuses_to_start_processes(body: str) -> None:
    assert "may not do this" in attack(body, PYTHON).feedback


@pytest.mark.usefixtures("namespaces")
def test_its_parent_is_out_of_sight() -> None:
    assert "ProcessLookupError" in attack(f"os.kill({os.getpid()}, 9)", SYSTEM).feedback


def test_python_refuses_to_signal() -> None:
    assert "may not do this: os.kill" in attack(f"os.kill({os.getpid()}, 0)", PYTHON).feedback


@pytest.mark.usefixtures("landlock")
def test_the_system_keeps_files_outside_as_they_are(outside: Path) -> None:
    for body in (f"open('{outside}/new', 'w')", f"open('{outside}/kept', 'a')", f"os.remove('{outside}/kept')"):
        assert "PermissionError" in attack(body, SYSTEM).feedback
    assert [(each.name, each.read_text()) for each in outside.iterdir()] == [("kept", "kept")]


def test_python_keeps_files_outside_as_they_are(outside: Path) -> None:
    for body in (
        f"open('{outside}/new', 'w')",
        f"os.open('{outside}/kept', os.O_WRONLY | os.O_TRUNC)",
        f"os.remove('{outside}/kept')",
        f"os.rename('{outside}/kept', 'mine')",
        f"os.symlink('{outside}', 'link')\nopen('link/new', 'w')",
    ):
        assert "PermissionError" in attack(body, PYTHON).feedback
    assert [(each.name, each.read_text()) for each in outside.iterdir()] == [("kept", "kept")]


@pytest.mark.usefixtures("landlock")
def test_the_system_hides_other_files(outside: Path) -> None:
    for path in ("/etc/passwd", f"{outside}/kept", f"/proc/{os.getpid()}/environ", str(Path(__file__))):
        assert "PermissionError" in attack(f"open({path!r}).read()", SYSTEM).feedback


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux has /proc")
def test_python_hides_the_environment_of_its_parent() -> None:
    assert "PermissionError" in attack("open(f'/proc/{os.getppid()}/environ').read()", PYTHON).feedback


@pytest.mark.usefixtures("namespaces")
def test_the_folder_is_bounded() -> None:
    assert "No space left" in attack("for n in range(99): open(str(n), 'w').write('x' * 10**6)", SYSTEM).feedback


@pytest.mark.parametrize("guards", [SYSTEM, PYTHON, ALL], ids=["system", "python", "all"])
def test_no_socket_reaches_this_machine(guards: dict, request: pytest.FixtureRequest) -> None:
    if guards is SYSTEM:
        request.getfixturevalue("namespaces")
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        body = f"import socket\nsocket.create_connection(('127.0.0.1', {port}), timeout=2).close()"
        found = attack(body, guards)
        assert found.value == 0
        assert any(each in found.feedback for each in ("OSError", "PermissionError", "unreachable"))
        server.settimeout(0.05)
        with pytest.raises(TimeoutError):
            server.accept()


def test_a_report_that_the_code_writes_itself_is_none() -> None:
    forged = 'for place in range(3, 20):\n    try: os.write(place, b\'{"mark": "", "tests": [null]}\')\n    except OSError: pass\nos._exit(0)'
    assert attack(forged, SYSTEM).value == 0


def test_nothing_is_left_behind_when_scoring_is_cancelled() -> None:
    async def cancelled() -> None:
        metric = Code(allow_code=True, seconds=60)
        task = asyncio.create_task(
            metric.score("```python\nwhile True: pass\n```", Judged("Why?", None, {"tests": "f()"}))
        )
        await asyncio.sleep(0.3)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(cancelled())
    assert survivors() == []


def test_many_at_once() -> None:
    async def several() -> list[float]:
        metric = Code(allow_code=True)
        items = [Judged("Why?", None, {"tests": f"assert f(1) == {number}"}) for number in range(6)]
        return [each.value for each in await asyncio.gather(*(metric.score("def f(x): return x", i) for i in items))]

    assert asyncio.run(several()) == [0, 1, 0, 0, 0, 0]
