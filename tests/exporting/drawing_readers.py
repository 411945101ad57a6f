"""The readers of Mermaid and of Graphviz, in a Node.js of their own."""

import json
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from exporting.node_packages import NodePackages, installed

PACKAGES = ("mermaid@12.3.0", "@viz-js/viz@3.31.0", "jsdom@31.0.1")
SCRIPT = Path(__file__).with_name("read_drawings.mjs")


@dataclass(frozen=True)
class Drawn:
    """What a reader sees.

    Attributes:
        nodes: Their texts by id.
        boxes: The ids in each.
        edges: From which node or box to which.
    """

    nodes: dict[str, str]
    boxes: dict[str, list[str]]
    edges: list[tuple[str, str]]

    @property
    def arrows(self) -> set[tuple[str, str]]:
        """From which node to which: an arrow between boxes stands for all between their nodes."""
        inside = {id: [id] for id in self.nodes} | self.boxes
        return {(one, other) for start, end in self.edges for one in inside[start] for other in inside[end]}


def readers() -> NodePackages:
    """Install them."""
    return installed("drawings", *PACKAGES)


def read(paths: list[Path]) -> dict[Path, Drawn]:
    """Read drawings: `.mmd` and `.dot`."""
    found = readers()
    script = found.place / SCRIPT.name  # packages are looked for beside it
    shutil.copyfile(SCRIPT, script)
    words = [found.node, str(script)]
    asked = json.dumps([str(path) for path in paths])
    done = subprocess.run(words, input=asked, capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 0, done.stderr[-4000:]
    seen: dict[str, Any] = json.loads(done.stdout)
    return {
        path: Drawn(each["nodes"], each["boxes"], [(one, other) for one, other in each["edges"]])
        for path, each in ((path, seen[str(path)]) for path in paths)
    }
