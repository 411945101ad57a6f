"""Eval sets as users write them: which field is what, what is accepted, and what is refused with file, line and field."""

import gzip
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from pyarrow import parquet

from moaql.datasets import choices, items
from moaql.datasets.base import Row
from moaql.datasets.items import EvalItem, load_items
from moaql.errors import UsageError

RECORDED = Path(__file__).resolve().parents[2].parent / "shared" / "data" / "recorded"
Write = Callable[..., str]


@pytest.fixture
def write(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Write:
    """Writes rows as JSON lines, or a text, into the folder where the test runs."""
    monkeypatch.chdir(tmp_path)

    def put(*rows: Any, name: str = "e.jsonl") -> str:
        lines = [each if isinstance(each, str) else json.dumps(each) for each in rows]
        (tmp_path / name).write_text("\n".join(lines) + "\n", encoding="utf-8")
        return name

    return put


def refused(path: str, **settings: Any) -> str:
    """What is said of an eval set that is not as it should be; there is always a next step."""
    with pytest.raises(UsageError) as caught:
        load_items(path, **settings)
    assert caught.value.next_step
    return caught.value.message


def test_the_usual_fields(write: Write) -> None:
    path = write({"id": 7, "question": "2 + 2?", "answer": "4", "level": 1})
    assert load_items(path) == (
        EvalItem(
            "7", "2 + 2?", "4", {"id": 7, "question": "2 + 2?", "answer": "4", "level": 1, "target": "4"}, path, 1
        ),
    )


def test_fields_by_name(write: Write) -> None:
    row = {"key": "a", "stem": "2 + 2?", "gold": 4, "level": 1, "topic": "sums", "category": "maths"}
    (item,) = load_items(write(row), input="stem", target="gold", id="key", fields=("topic",))
    assert (item.id, item.question, item.target) == ("a", "2 + 2?", 4)
    assert item.fields == {"topic": "sums", "category": "maths", "target": 4}


def test_an_item_without_an_id_is_called_by_its_line(write: Write) -> None:
    found = load_items(write({"input": "x"}, "", {"input": "y"}))
    assert [(each.id, each.line, each.named, each.key) for each in found] == [
        ("1", 1, False, "x"),
        ("3", 3, False, "y"),
    ]
    assert [each.target for each in found] == [None, None]


@pytest.mark.parametrize(
    ("target", "text", "texts"),
    [
        ("Lima", "Lima", ("Lima",)),
        ("", "", ("",)),
        (1.0, "1", ("1",)),
        (5e-1, "0.5", ("0.5",)),
        (-12, "-12", ("-12",)),
        (1e21, "1" + "0" * 21, ("1" + "0" * 21,)),
        (True, "true", ("true",)),
        (["a", 1.0, False], '["a", 1, false]', ("a", "1", "false")),
        ({"b": 1, "a": "é"}, '{"a": "é", "b": 1}', ('{"a": "é", "b": 1}',)),
    ],
)
def test_a_target_keeps_its_type_and_has_a_text(write: Write, target: Any, text: str, texts: tuple[str, ...]) -> None:
    (item,) = load_items(write({"input": "x", "target": target}))
    assert item.target == target
    assert type(item.target) is type(target)
    assert (item.text, item.texts) == (text, texts)


def test_a_set_without_targets_has_no_texts(write: Write) -> None:
    (item,) = load_items(write({"input": "x", "target": None}))
    assert (item.target, item.text, item.texts) == (None, "", ())


@pytest.mark.parametrize("written", ["4", " 1,000 ", "-0.5", "1e3", ".5", "+7"])
def test_numbers_of_which_some_are_in_quotes_are_all_texts(write: Write, written: str) -> None:
    found = load_items(write({"input": "x", "target": written}, {"input": "y", "target": 2.0}))
    assert [each.target for each in found] == [written, "2"]
    assert found[1].fields["target"] == "2"
    assert {each.note for each in found} == {
        "some targets are numbers in quotes (line 1), some plain (line 2): all are texts here"
    }


@pytest.mark.parametrize(
    ("targets", "message"),
    [
        (["Lima", 2], "e.jsonl:2: the target is a number, and that of line 1 is a text"),
        (["1", 2, 3, "Lima"], "e.jsonl:4: the target is a text, and that of line 2 is a number"),
        ([1, 2, True], "e.jsonl:3: the target is true or false, and that of line 1 is a number"),
        ([[1], "a"], "e.jsonl:2: the target is a text, and that of line 1 is a list"),
        (["a", {"b": 1}], "e.jsonl:2: the target is an object, and that of line 1 is a text"),
    ],
)
def test_targets_of_several_types_are_named_with_two_lines(write: Write, targets: list[Any], message: str) -> None:
    assert refused(write(*({"input": "x", "target": each} for each in targets))) == message


@pytest.mark.parametrize("written", ["NaN", "Infinity", "-Infinity", "1e999", "[1, NaN]", '{"a": [Infinity]}'])
def test_targets_are_finite(write: Write, written: str) -> None:
    path = write({"input": "x", "target": 1}, f'{{"input": "y", "target": {written}}}')
    assert refused(path) == "e.jsonl:2: the target in `target` is NaN or infinite"


GOOD = {"id": "a", "input": "x", "target": "y", "topic": "t"}


@pytest.mark.parametrize(
    ("row", "settings", "message"),
    [
        ({"id": "b", "question": "x", "target": "y"}, {}, "e.jsonl:2: no field `input`"),
        ({"id": "b", "input": 7, "target": "y"}, {}, "e.jsonl:2: field `input` holds no text"),
        ({"id": "b", "input": None, "target": "y"}, {}, "e.jsonl:2: field `input` holds no text"),
        ({"id": "b", "input": " \n", "target": "y"}, {}, "e.jsonl:2: the question is empty"),
        ({"id": "b", "input": "x", "answer": "y"}, {}, "e.jsonl:2: no field `target`"),
        ({"id": "b", "input": "x", "target": None}, {}, "e.jsonl:2: the target in `target` is empty"),
        ({"id": "a", "input": "x", "target": "y"}, {}, "e.jsonl:2: the id `a` is that of line 1 too"),
        ({"input": "x", "target": "y"}, {}, "e.jsonl:2: no id in the field `id`"),
        ({"id": "", "input": "x", "target": "y"}, {}, "e.jsonl:2: no id in the field `id`"),
        ({"id": 1.5, "input": "x", "target": "y"}, {}, "e.jsonl:2: the id in `id` is no text and no whole number"),
        ({"id": True, "input": "x", "target": "y"}, {}, "e.jsonl:2: the id in `id` is no text and no whole number"),
        ({"id": "b", "input": "x", "target": "y"}, {"fields": ("topic",)}, "e.jsonl:2: no field `topic`"),
        (GOOD, {"input": "stem"}, "e.jsonl:1: no field `stem`"),
        (GOOD, {"target": "gold"}, "e.jsonl:1: no field `gold`"),
        (GOOD, {"id": "key"}, "e.jsonl:1: no id in the field `key`"),
        (GOOD, {"limit": 0}, "a limit of 0 leaves no item"),
        (GOOD, {"split": "test"}, "e.jsonl:1: no field `split`, so that no part can be chosen by name"),
    ],
)
def test_a_row_that_is_not_as_the_others(write: Write, row: Any, settings: dict[str, Any], message: str) -> None:
    assert refused(write(GOOD, row), **settings) == message


def test_line_700_is_named(write: Write) -> None:
    rows: list[dict[str, Any]] = [{"input": f"question {index}", "target": index} for index in range(1000)]
    del rows[699]["target"]
    assert refused(write(*rows)) == "e.jsonl:700: no field `target`"


def test_a_target_that_the_first_row_lacks(write: Write) -> None:
    path = write({"input": "x"}, {"input": "y", "label": "z"})
    assert refused(path) == "e.jsonl:2: there is a target in `label`, and line 1 has none"


def test_an_empty_cell_is_no_target(write: Write) -> None:
    path = write("input,target,note\nx,1,\ny,,", name="e.csv")
    assert refused(path) == "e.csv:3: the target in `target` is empty"
    assert load_items(path, limit=1)[0].fields["note"] == ""


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("e.jsonl", "\n\n"),
        ("e.csv", "input,target\n"),
        ("e.json", "[]"),
        ("e.yaml", "tests: []"),
        ("e.yaml", "# nothing"),
    ],
)
def test_an_empty_set(write: Write, name: str, text: str) -> None:
    assert refused(write(text, name=name)) == f"`{name}` is empty: it holds no item"


def test_an_empty_table_and_a_missing_file(write: Write, tmp_path: Path) -> None:
    parquet.write_table(pa.table({"input": pa.array([], pa.string())}), tmp_path / "e.parquet")
    assert refused(str(tmp_path / "e.parquet")).endswith("is empty: it holds no item")
    assert refused("none.jsonl") == "cannot read `none.jsonl`: no such file or directory"


def test_a_limit_reads_no_further(write: Write) -> None:
    path = write({"input": "x"}, {"input": "y"}, "no JSON")
    assert [each.question for each in load_items(path, limit=2)] == ["x", "y"]
    assert refused(path).startswith("e.jsonl:3: this line is not JSON")


def test_rows_are_read_once_and_one_at_a_time(write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    """A million rows are never there twice: of those outside the part nothing is kept."""
    read, alive = 0, 0

    class Fields(dict[str, Any]):
        def __init__(self, *values: Any) -> None:
            nonlocal alive, read
            super().__init__(*values)
            alive, read = alive + 1, read + 1
            assert alive <= 3

        def __del__(self) -> None:
            nonlocal alive
            alive -= 1

    def rows(path: str, split: str | None = None) -> Any:
        for number in range(1, 5001):
            yield Row(
                path, number, Fields({"input": f"question {number}", "split": "test" if number == 4000 else "train"})
            )

    monkeypatch.setattr(items, "read_rows", rows)
    assert [each.line for each in load_items("e.jsonl", split="test")] == [4000]
    assert read == 5000


def test_a_split_by_name(write: Write) -> None:
    rows = [
        {"id": f"{split}{index}", "input": "x", "split": split} for index in range(20) for split in ("train", "test")
    ]
    path = write(*rows)
    assert {each.fields["split"] for each in load_items(path, split="test")} == {"test"}
    assert len(load_items(path, split="test", limit=3)) == 3
    assert 0 < len(load_items(path, split="test 50%")) < 20
    assert refused(path, split="dev") == "no item of `e.jsonl` is in the split `dev`"


def test_ids_may_be_equal_in_two_splits_but_not_in_one(write: Write) -> None:
    rows = [{"id": 0, "input": "x", "split": "train"}, {"id": 0, "input": "x", "split": "test"}]
    assert len(load_items(write(*rows), split="test")) == 1
    assert refused(write(*rows, rows[1]), split="test") == "e.jsonl:3: the id `0` is that of line 2 too"


@pytest.mark.parametrize("named", [True, False], ids=["by id", "by question"])
def test_a_share_is_the_same_whatever_the_order(write: Write, named: bool) -> None:
    rows = [{**({"id": f"q{index}"} if named else {}), "input": f"question {index}"} for index in range(300)]
    part, rest = (load_items(write(*rows), split=split, seed=3) for split in ("40%", "40%-100%"))
    assert len(part) + len(rest) == 300
    assert len(part) == pytest.approx(120, abs=35)
    again = load_items(write(*rows[::-1], {**rows[0], "id": "new", "input": "new"}), split="40%", seed=3)
    assert {each.question for each in part} == {each.question for each in again} - {"new"}
    assert part != load_items(write(*rows), split="40%", seed=4)


def test_a_share_without_items(write: Write) -> None:
    assert refused(write({"input": "x"}), split="0.000001%") == "no item of `e.jsonl` is in the split `0.000001%`"


def test_a_split_of_a_folder(tmp_path: Path) -> None:
    for split in ("train", "test"):
        table = pa.table({"question": [split, f"{split} too"], "answer": [1, 2]})
        parquet.write_table(table, tmp_path / f"{split}-00000-of-00001.parquet")
    found = load_items(str(tmp_path), split="test")
    assert [(each.id, each.question, each.target) for each in found] == [("1", "test", 1), ("2", "test too", 2)]
    assert "has the splits" in refused(str(tmp_path))
    assert "has the splits" in refused(str(tmp_path), split="40%")


def test_the_prompt_of_a_promptfoo_file_is_asked_where_no_var_is(write: Write) -> None:
    test = {"vars": {"country": "Peru"}, "assert": [{"type": "equals", "value": "Lima"}]}
    config = {"prompts": ["Capital of {{country}}?"], "tests": [test]}
    (item,) = load_items(write(config, name="p.json"))
    assert (item.question, item.target, item.fields["country"]) == ("Capital of Peru?", "Lima", "Peru")
    (item,) = load_items(write(config, name="p.yaml"), input="country")
    assert item.question == "Peru"


def test_recorded_answers_are_no_field(write: Write) -> None:
    row = {"id": "a", "question": "x", "target": "y", "category": "c", "responses": {"m": [{"text": "secret"}]}}
    (item,) = load_items(write(row))
    assert item.fields == {"id": "a", "question": "x", "target": "y", "category": "c"}
    assert "secret" not in repr(item)


def test_choices_are_shown_with_the_question(write: Write) -> None:
    row = {"id": "a", "question": "A prime?\n", "target": "B", "choices": ["9", "11"]}
    (item,) = load_items(write(row))
    assert item.question == "A prime?\n\nA. 9\nB. 11"
    assert item.fields["question"] == "A prime?\n"
    assert item.id == "a"


@pytest.mark.parametrize(
    ("question", "shown"),
    [
        ("Prime?\nA. 9\nB. 11", True),
        ("Prime? (A) 9 (B) 11", True),
        ("Prime? A: 9, B: 11", True),
        ("Prime?\n9\n11", True),
        ("Is 9 or 11 a prime?", False),
        ("Prime?\nA. 9", False),
        ("Prime?\nB. 11\nA. 9", False),
    ],
)
def test_choices_that_are_shown_already(question: str, shown: bool) -> None:
    assert (choices.with_choices(question, ("9", "11")) == question) is shown


@pytest.mark.parametrize("value", [None, "AB", [], ["one"], [True, False], [["a"], ["b"]], list(map(str, range(27)))])
def test_what_is_no_list_of_choices(value: Any) -> None:
    assert choices.choices_of(value) == ()
    assert choices.choices_of(["9", 11, 1.5]) == ("9", "11", "1.5")


@pytest.mark.skipif(not RECORDED.is_dir(), reason="the recorded answers of real models are not there")
@pytest.mark.parametrize(("family", "count"), [("gsm8k", 660), ("math_l5", 361), ("crux", 400), ("mmlu_pro", 1200)])
def test_recorded_files_of_real_models(family: str, count: int) -> None:
    path = RECORDED / f"{family}.dev.jsonl.gz"
    found = load_items(str(path))
    assert len(found) == count
    assert all(isinstance(each.target, str) and "responses" not in each.fields for each in found)
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        first = json.loads(next(lines))
    assert (found[0].id, found[0].target, found[0].fields["question"]) == (
        first["id"],
        first["target"],
        first["question"],
    )
    if "choices" in first:
        assert all(each.question.startswith(each.fields["question"].rstrip()) for each in found)
        assert all(f"\n{each.target}. " in each.question for each in found)
