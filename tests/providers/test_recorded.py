"""Recorded answers: exact texts for plain questions, and a clear error for everything else."""

import asyncio
import gzip
import json
import time
from pathlib import Path

import pytest

from moaql.errors import NotRecorded, UnknownModel, UsageError
from moaql.providers.base import Item, Request, Response
from moaql.providers.find import find_provider
from moaql.providers.recorded import recorded_price

REAL = Path(__file__).resolve().parents[3] / "shared" / "data" / "recorded"
ROWS = [
    {
        "id": "q1",
        "question": "What is 6 × 7?",
        "target": "42",
        "prompt_tokens": 9,
        "responses": {
            "gpt-4o": [
                {"text": "It is 42.", "completion_tokens": 4, "latency_s": 1.5, "cost": 0.001},
                {"text": "Six times seven is certainly forty-two.", "prompt_tokens": 11, "completion_tokens": 8},
            ],
            "small": [{"text": "41", "completion_tokens": 1}],
        },
    },
    {"id": 2, "question": "What is 1 + 1?", "target": "2", "responses": {"gpt-4o": [{"text": "2"}]}},
]


@pytest.fixture
def file(tmp_path: Path) -> str:
    path = tmp_path / "runs.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in ROWS), encoding="utf-8")
    return str(path)


def ask(
    file: str | None, *messages, model: str = "gpt-4o", sample: int = 0, item: Item | None = None, pieces=None
) -> Response:
    connection = (("file", file),) if file else ()
    said = messages or (("user", "What is 6 × 7?"),)
    request = Request("recorded", model, said, (), sample, connection, item)
    provider = find_provider(request.id, connection)
    assert not provider.banked
    return asyncio.run(provider.answer(request, None, pieces.append if pieces is not None else None))


def test_what_was_answered_is_answered_again(file: str) -> None:
    assert ask(file) == Response("It is 42.", "", 9, 4, "stop", "gpt-4o", None, 1.5)
    assert ask(file, sample=1) == Response(
        "Six times seven is certainly forty-two.", "", 11, 8, "stop", "gpt-4o", None, 0.0
    )
    assert ask(file, ("user", "What is 1 + 1?")).text == "2"


def test_it_may_be_streamed(file: str) -> None:
    pieces: list[str] = []
    assert ask(file, pieces=pieces).text == "".join(pieces) == "It is 42."


def test_a_packed_file(file: str, tmp_path: Path) -> None:
    packed = tmp_path / "runs.jsonl.gz"
    packed.write_bytes(gzip.compress(Path(file).read_bytes()))
    assert ask(str(packed)).text == "It is 42."


def test_a_row_is_found_by_the_items_id_or_by_the_question(file: str) -> None:
    asked = "Two and two of one?"
    assert ask(file, ("user", asked), item=Item(asked, "2")).text == "2"
    assert ask(file, item=Item("What is 6 × 7?", "of another file")).text == "It is 42."
    assert ask(file, item=Item("What is 6 × 7?", "2")).text == "It is 42.", (
        "a question that is asked as it stands there wins"
    )


def test_a_system_message_is_no_other_question(file: str) -> None:
    assert ask(file, ("system", "Be brief."), ("user", "What is 6 × 7?")).text == "It is 42."


def test_a_changed_file_is_read_again(file: str) -> None:
    ask(file)
    Path(file).write_text(
        json.dumps({"question": "What is 6 × 7?", "responses": {"gpt-4o": [{"text": "changed"}]}}), encoding="utf-8"
    )
    assert ask(file).text == "changed"


@pytest.mark.parametrize(
    "messages",
    [
        (("user", "What is 6 × 7?\n\n1. It is 42."),),
        (("user", "What is 6 × 7?"), ("user", "Judge it.")),
        (("user", "What is 6 × 7?"), ("assistant", "42"), ("user", "What is 6 × 7?")),
        (("system", 'Merge: <candidate number="1">\n42\n</candidate>'), ("user", "What is 6 × 7?")),
        (("system", "Merge:\n1. Six times seven is certainly forty-two."), ("user", "What is 6 × 7?")),
        (("system", "What is 6 × 7?"),),
    ],
)
def test_a_prompt_that_shows_more_than_the_question(file: str, messages: tuple) -> None:
    with pytest.raises(NotRecorded, match="shows more than the question") as caught:
        ask(file, *messages, item=Item("What is 6 × 7?", "q1"))
    assert "stages that select" in caught.value.next_step


def test_what_is_not_there(file: str) -> None:
    with pytest.raises(UsageError, match=r"holds 2 samples of `gpt-4o` at most, and sample 3 is asked for") as caught:
        ask(file, sample=2)
    assert "at most x2" in caught.value.next_step
    with pytest.raises(NotRecorded, match="holds no answer of `small` for this question"):
        ask(file, ("user", "What is 1 + 1?"), model="small")
    with pytest.raises(NotRecorded, match="does not hold this question"):
        ask(file, ("user", "Why?"), item=Item("Why?"))
    with pytest.raises(UnknownModel, match="no answers of `gpt-4`") as other:
        ask(file, model="gpt-4")
    assert "`gpt-4o`" in other.value.next_step
    with pytest.raises(UnknownModel) as other:
        ask(file, model="zzz")
    assert other.value.next_step == "It has `gpt-4o`, `small`."


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (None, "cannot read"),
        ('{"question": "Why?"}', "runs.jsonl:1: no `responses`"),
        ('{"question": "Why?", "responses": {"a": ["b"]}}', "the responses of `a` are no list of samples"),
        ('{"responses": {}}', "no field `question`"),
        ("no JSON", "not JSON"),
    ],
)
def test_files_that_are_no_recording(tmp_path: Path, text: str | None, words: str) -> None:
    path = tmp_path / "runs.jsonl"
    if text is not None:
        path.write_text(text, encoding="utf-8")
    with pytest.raises(UsageError, match=words):
        ask(str(path))


def test_the_file_must_be_named() -> None:
    with pytest.raises(UsageError, match="needs the file that it is recorded in"):
        ask(None)


def test_prices_of_recorded_models(tmp_path: Path) -> None:
    path = tmp_path / "prices.json"
    path.write_text('{"gpt-4o": {"input": 2.5, "output": 10}, "odd": {"input": "1"}}', encoding="utf-8")
    connection = (("prices", str(path)),)
    assert recorded_price("recorded/gpt-4o", connection) == (2.5, 10.0)
    assert recorded_price("recorded/odd", connection) is None
    assert recorded_price("recorded/other", connection) is None
    assert recorded_price("recorded/gpt-4o", ()) is None
    with pytest.raises(UsageError, match="cannot read"):
        recorded_price("recorded/gpt-4o", (("prices", str(tmp_path / "none.json")),))
    path.write_text("[1, 2, 3]", encoding="utf-8")
    with pytest.raises(UsageError, match="no JSON file of prices"):
        recorded_price("recorded/gpt-4o", connection)


@pytest.mark.skipif(not REAL.is_dir(), reason="the recorded answers of real models are not beside this checkout")
def test_answers_of_real_models() -> None:
    file = str(REAL / "gsm8k.dev.jsonl.gz")
    with gzip.open(file, "rt", encoding="utf-8") as lines:
        rows = [json.loads(line) for line in lines]
    provider = find_provider("recorded/x")
    wanted = [
        (
            Request(
                "recorded",
                name,
                (("user", row["question"]),),
                (),
                0,
                (("file", file),),
                Item(row["question"], row["id"]),
            ),
            samples[0],
        )
        for row in rows
        for name, samples in row["responses"].items()
    ]

    async def run() -> list[Response]:
        return [await provider.answer(request, None) for request, _ in wanted]

    started = time.perf_counter()
    answers = asyncio.run(run())
    assert time.perf_counter() - started < 20
    assert [answer.text for answer in answers] == [sample["text"] for _, sample in wanted]
    assert [answer.completion_tokens for answer in answers] == [sample["completion_tokens"] for _, sample in wanted]
    assert recorded_price("recorded/Athene-70B", (("prices", str(REAL / "prices.json")),)) == (0.9, 0.9)
