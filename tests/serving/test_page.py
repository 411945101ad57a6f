"""The Python on the page about serving does what the page says."""

import re
import subprocess
import sys
from pathlib import Path

import moaql

ROOT = Path(moaql.__file__).parent.parent
CODES = re.findall(r"```python\n(.*?)```", (ROOT / "docs" / "serving.md").read_text(encoding="utf-8"), re.DOTALL)
OPENAI, ANTHROPIC, MOUNTED = CODES


def python(code: str) -> str:
    """What a program prints."""
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_clients_on_the_page_are_answered() -> None:
    from serving.running import serving

    with serving(ROOT / "programs" / "quickstart.moaql") as server:
        for code in (OPENAI, ANTHROPIC):
            printed = python(code.replace("127.0.0.1:8000", f"127.0.0.1:{server.port}"))
            assert re.search(r"391.* \d+ \d", printed, re.DOTALL)


def test_the_application_on_the_page_answers() -> None:
    asking = """
from starlette.testclient import TestClient
with TestClient(app) as client:
    asked = {"model": "main", "messages": [{"role": "user", "content": "What is 17 * 23?"}]}
    print(client.post("/ai/v1/chat/completions", json=asked).json()["choices"][0]["message"]["content"])
"""
    assert "391" in python(MOUNTED + asking)
