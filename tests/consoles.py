"""Commands with their output in Markdown files: ```console blocks, in which a line `$ command` is followed by what it prints."""

import os
import re
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
_BLOCK = re.compile(r"^```console\n(.*?)^```$", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True)
class Shown:
    """A command and the output that a page shows for it."""

    command: str
    output: str


def consoles(page: Path) -> list[Shown]:
    """All commands of a page, in order."""
    shown = []
    for block in _BLOCK.findall(page.read_text(encoding="utf-8")):
        for part in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
            command, _, output = part.partition("\n")
            shown.append(Shown(command, output))
    return shown


def run(command: str, bank: str, folder: Path = ROOT) -> str:
    """What a command prints, both streams together, in the root of the repository, with a bank that its page begins."""
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    environment = {**os.environ, "PATH": path, "NO_COLOR": "1", "COLUMNS": "100", "MOAQL_BANK": bank}
    done = subprocess.run(
        command,
        shell=True,
        cwd=folder,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    return "".join(f"{line.rstrip()}\n" for line in done.stdout.splitlines())


def rewrite(page: Path) -> None:
    """Put what the commands print now into the page."""

    def renew(match: re.Match[str]) -> str:
        parts = re.split(r"^\$ ", match[1], flags=re.MULTILINE)
        commands = [part.partition("\n")[0] for part in parts[1:]]
        shown = "".join(f"$ {command}\n{run(command, f'{folder}/bank.db')}" for command in commands)
        return "```console\n" + parts[0] + shown + "```"

    with tempfile.TemporaryDirectory() as folder:
        page.write_text(_BLOCK.sub(renew, page.read_text(encoding="utf-8")), encoding="utf-8")
