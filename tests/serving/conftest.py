"""Programs in a folder of their own."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from servers.faults import FaultServer
from serving.running import Running, serving


@pytest.fixture
def program(tmp_path: Path) -> Callable[..., Path]:
    """Write a program of an upstream server's models."""

    def write(upstream: FaultServer, pipeline: str, name: str = "p.moaql", **own: str) -> Path:
        path = tmp_path / name
        path.write_text(upstream.program(pipeline, **own), encoding="utf-8")
        return path

    return write


@pytest.fixture(scope="module")
def one_model() -> Iterator[FaultServer]:
    """An upstream server of one model, which says `fine`."""
    with FaultServer(a="fine") as upstream:
        yield upstream


@pytest.fixture(scope="module")
def plain(one_model: FaultServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """A server of that model, for all tests of a file that leave it as it was."""
    path = tmp_path_factory.mktemp("plain") / "p.moaql"
    path.write_text(one_model.program("a"), encoding="utf-8")
    with serving(path) as server:
        yield server
