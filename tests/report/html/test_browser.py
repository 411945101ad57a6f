"""The page in a real browser."""

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from report.html.made import hostile, small

from moaql.report.html.page import page
from moaql.report.result import check_result

BROWSER = Path(__file__).with_name("browser.py")


def seen_in_browser(result: dict[str, Any], folder: Path, colors: str = "light") -> dict[str, Any]:
    """What the browser says of the page of a result."""
    path = folder / "report.html"
    path.write_bytes(page(check_result(result)).encode())
    command = [sys.executable, str(BROWSER), str(path), str(folder), colors]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


@pytest.mark.parametrize("make", [small, hostile], ids=["ordinary", "hostile"])
def test_it_loads_shows_and_sorts_and_nothing_else(make: Callable[[], dict[str, Any]], tmp_path: Path) -> None:
    found = seen_in_browser(make(), tmp_path)
    assert found["console"] == []
    # Nothing but the file itself, and the picture that is inside it, as often as it is drawn.
    assert [each for each in found["requests"] if not each.startswith("data:image/svg+xml;")] == [
        f"file://{tmp_path}/report.html"[:60]
    ]
    wide, narrow = found["widths"]
    assert (wide["width"], narrow["width"]) == (1100, 360)
    for each in (wide, narrow):
        assert each["hacked"] is None
        assert each["title"].startswith("Simulated: search ")
        assert each["overflow"] <= 0, each["outside"]
        assert each["outside"] == []
        assert each["picture"] > 100
        assert each["colors"] > 20
    first, (up, rising), (down, falling) = found["sorted"]
    assert (up, down) == ("ascending", "descending")
    assert rising == sorted(first, key=float) != first
    assert falling == rising[::-1]
    assert found["opened"] == [0, 1]


@pytest.mark.parametrize(("colors", "paper"), [("light", "rgb(255, 255, 255)"), ("dark", "rgb(18, 22, 28)")])
def test_it_is_light_or_dark_as_the_system_is(colors: str, paper: str, tmp_path: Path) -> None:
    found = seen_in_browser(small(), tmp_path, colors)["widths"][0]
    assert (found["paper"], found["headline"]) == (paper, small()["headline"])
