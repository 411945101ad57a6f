"""The exported file on a provider's bad days: it tries again, goes on without the slow, and says what was lost."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from servers.faults import FaultServer, Later, Says, Silent, Status

import moaql
from moaql.exporting import TARGETS


def run(server: FaultServer, pipeline: str, folder: Path, **own: str) -> tuple[int, dict[str, Any], str]:
    """Exit code, document and standard error of the exported file."""
    program = moaql.parse(server.program(f"topology t = {pipeline}", **own))
    target = TARGETS.find("python")
    assert target is not None
    (text,) = target.files(moaql.build(program, "t"), program).values()
    path = folder / "t.py"
    path.write_text(text, encoding="utf-8")
    words = [sys.executable, "-W", "error", str(path), "What is it?", "--json"]
    done = subprocess.run(words, capture_output=True, text=True, check=False, timeout=30, env=dict(os.environ))
    return done.returncode, json.loads(done.stdout) if done.stdout else {}, done.stderr


@pytest.mark.parametrize(
    "first",
    [Status(429, headers={"retry-after": "0"}), Status(503, headers={"retry-after": "0"}), Status(200, b"{nonsense")],
    ids=["rate limit", "server", "nonsense"],
)
def test_what_may_pass_is_tried_again(first: Any, tmp_path: Path) -> None:
    with FaultServer(a=[first, "fine"]) as server:
        code, document, _ = run(server, "a", tmp_path)
        assert (code, document["text"], document["calls"]) == (0, "fine", 1)
        assert len(server.asked) == 2
        assert document["cost"] == pytest.approx((100 * 1 + 10 * 2) / 1e6)


@pytest.mark.parametrize("status", [400, 401, 403, 404])
def test_what_will_not_pass_is_not_tried_again(status: int, tmp_path: Path) -> None:
    with FaultServer(a=Status(status), b="fine") as server:
        code, document, _ = run(server, "layer [a, b] -> vote", tmp_path)
        assert (code, document["text"]) == (0, "fine")
        assert document["lost"] == [f"a failed with status {status}"]
        assert len(server.of("a")) == 1


def test_a_quorum_does_not_wait_for_the_silent(tmp_path: Path) -> None:
    with FaultServer(a="one", b=Silent(), c=Later(0.1, "one")) as server:
        code, document, _ = run(server, "layer [a, b, c] quorum=2 -> vote", tmp_path)
        assert (code, document["text"]) == (0, "one")
        server.wait(lambda: any(each.left for each in server.of("b")))


def test_a_timeout_leads_to_the_fallback_model(tmp_path: Path) -> None:
    with FaultServer(a=Silent(), b="late but here") as server:
        text = server.program("model c = a or b\ntopology t = c", a="timeout=200ms")
        program = moaql.parse(text)
        (written,) = TARGETS.find("python").files(moaql.build(program, "t"), program).values()  # type: ignore[union-attr]
        (tmp_path / "t.py").write_text(written, encoding="utf-8")
        done = subprocess.run(
            [sys.executable, str(tmp_path / "t.py"), "Who?"], capture_output=True, text=True, check=True, timeout=30
        )
        assert done.stdout == "late but here\n"


def test_reasoning_is_not_shown_to_the_next(tmp_path: Path) -> None:
    with FaultServer(a="<think>secretly</think>aloud", b=Says("done")) as server:
        run(server, "layer [a] -> agg b", tmp_path)
        (asked,) = server.of("b")
        assert "aloud" in str(asked.body)
        assert "secretly" not in str(asked.body)
