"""Every construct of the language, exported: the same requests, the same answers, also when models fail."""

from collections.abc import Iterator

import pytest
from exporting.constructs import PIPELINES, QUESTIONS, constructs
from exporting.programs import Told, compare
from exporting.recording import RecordingServer


@pytest.fixture(scope="module")
def server() -> Iterator[RecordingServer]:
    with RecordingServer() as running:
        running.failing = frozenset({"broken"})
        yield running


@pytest.fixture(scope="module")
def told(server: RecordingServer, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Told]:
    return compare(server, tmp_path_factory.mktemp("constructs"), constructs(server), QUESTIONS)


@pytest.mark.parametrize("name", PIPELINES)
def test_it_sends_what_moaql_sends(name: str, told: dict[str, Told], server: RecordingServer) -> None:
    own, exported = server.requests("moaql", name), server.requests("python", name)
    assert sum(own.values()) >= 3
    assert exported == own


@pytest.mark.parametrize("name", PIPELINES)
def test_it_answers_what_moaql_answers(name: str, told: dict[str, Told]) -> None:
    exported, own = told[name].exported, told[name].own
    assert [each["text"] for each in exported] == [text for text, _ in own]
    assert [each["cost"] for each in exported] == [None if paid is None else pytest.approx(paid) for _, paid in own]
