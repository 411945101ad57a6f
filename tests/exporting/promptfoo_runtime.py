"""promptfoo, with a Node.js of its own: installed when a test first needs it, and kept."""

import json
import os
import platform
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from exporting.node_packages import installed

VERSION = "0.123.1"
LIBSQL = "0.5.29"
"""promptfoo needs its own database, whose program for this machine is an optional package; the other optional ones are large."""


@dataclass(frozen=True)
class Promptfoo:
    """Where it is installed."""

    python: str
    node: str
    entry: str

    def environment(self, folder: Path) -> dict[str, str]:
        """What keeps it from talking to anybody but the models."""
        off = (
            "DISABLE_TELEMETRY",
            "DISABLE_UPDATE",
            "DISABLE_REMOTE_GENERATION",
            "DISABLE_SHARING",
            "DISABLE_WAL_MODE",
        )
        return {
            **os.environ,
            **{f"PROMPTFOO_{name}": "1" for name in off},
            "PROMPTFOO_CONFIG_DIR": str(folder / "config"),
            "PROMPTFOO_PYTHON": self.python,
        }

    def run(self, folder: Path) -> list[dict[str, Any]]:
        """Evaluate what the configuration in a folder says; the results."""
        words = [
            self.node,
            self.entry,
            "eval",
            "-c",
            "promptfooconfig.yaml",
            "--no-cache",
            "--no-table",
            "-o",
            "out.json",
        ]
        done = subprocess.run(
            words, cwd=folder, capture_output=True, text=True, check=False, timeout=240, env=self.environment(folder)
        )
        assert (folder / "out.json").exists(), done.stdout[-3000:] + done.stderr[-3000:]
        found: list[dict[str, Any]] = json.loads((folder / "out.json").read_text())["results"]["results"]
        return found


def promptfoo() -> Promptfoo:
    """Promptfoo, with the Node that a Python package holds."""
    machine = {"x86_64": "x64", "aarch64": "arm64"}.get(platform.machine(), platform.machine())
    system = f"linux-{machine}-gnu" if platform.system() == "Linux" else f"darwin-{machine}"
    found = installed("promptfoo", f"promptfoo@{VERSION}", f"@libsql/{system}@{LIBSQL}")
    entry = found.place / "node_modules" / "promptfoo" / "dist" / "src" / "entrypoint.js"
    return Promptfoo(found.python, found.node, str(entry))
