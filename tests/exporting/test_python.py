"""The exported Python file asks what moaql asks, and answers what moaql answers."""

from collections.abc import Iterator

import pytest
from exporting.programs import GALLERY, KEY, QUESTIONS, Told, compare
from exporting.programs import gallery as programs_of_the_gallery
from exporting.recording import RecordingServer


@pytest.fixture(scope="module")
def server() -> Iterator[RecordingServer]:
    with RecordingServer() as running:
        yield running


@pytest.fixture(scope="module")
def gallery(server: RecordingServer, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Told]:
    programs = programs_of_the_gallery(server)
    return compare(server, tmp_path_factory.mktemp("gallery"), programs, [{"text": each} for each in QUESTIONS])


@pytest.mark.parametrize("name", GALLERY)
def test_it_sends_what_moaql_sends(name: str, gallery: dict[str, Told], server: RecordingServer) -> None:
    own, exported = server.requests("moaql", name), server.requests("python", name)
    assert sum(own.values()) >= len(QUESTIONS)
    assert exported == own


@pytest.mark.parametrize("name", GALLERY)
def test_it_answers_what_moaql_answers_at_the_same_price(name: str, gallery: dict[str, Told]) -> None:
    for key, told in gallery.items():
        if key.partition("::")[0] == name:
            assert told.losses == []
            assert [each["text"] for each in told.exported] == [text for text, _ in told.own]
            assert [each["cost"] for each in told.exported] == [pytest.approx(paid) for _, paid in told.own]


def test_no_key_is_written(gallery: dict[str, Told], server: RecordingServer) -> None:
    assert all("GALLERY_KEY" in told.text and KEY not in told.text for told in gallery.values())
    assert {each.get("authorization", each.get("x-api-key")) for each in server.headers} == {f"Bearer {KEY}", KEY}
