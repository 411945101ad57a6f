"""What each format reads, and what it says of files that it cannot read."""

import gzip
import json
import sys
from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from pyarrow import ipc, parquet

from moaql.datasets import FORMATS, read_rows
from moaql.errors import MissingPackage, UsageError

Write = Callable[[str, str], str]


@pytest.fixture
def write(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Write:
    """Writes a file into the folder where the test runs."""
    monkeypatch.chdir(tmp_path)

    def put(name: str, text: str) -> str:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text.encode("utf-8"))
        return name

    return put


def rows(path: str, split: str | None = None) -> list[tuple[int, dict[str, Any]]]:
    return [(row.line, row.fields) for row in read_rows(path, split)]


def test_these_formats_exist() -> None:
    assert FORMATS.built_in == ("csv", "huggingface", "json", "jsonl", "parquet", "promptfoo")


@pytest.mark.parametrize(
    ("name", "text", "expected"),
    [
        ("a.jsonl", '{"input": "x"}\n\n  \n{"input": "y"}', [(1, {"input": "x"}), (4, {"input": "y"})]),
        ("a.ndjson", '\ufeff{"input": "x"}\r\n{"input": "y"}\r\n', [(1, {"input": "x"}), (2, {"input": "y"})]),
        ("a.csv", "\ufeffinput,note\n\"one,\r\ntwo\",\n\nthree,3\n", [(2, {"input": "one,\r\ntwo", "note": ""}), (5, {"input": "three", "note": "3"})]),
        ("a.csv", "input,target\nx\n", [(2, {"input": "x"})]),
        ("a.json", '[\n {"input": "x"},\n\n {"input":\n "y"}\n]\n', [(2, {"input": "x"}), (4, {"input": "y"})]),
        ("a.json", "[]", []),
        ("a.JSON", '\ufeff[{"a": 1}]', [(1, {"a": 1})]),
        ("a.json", "", []),
    ],
)  # fmt: skip
def test_rows_have_the_line_that_they_begin_in(write: Write, name: str, text: str, expected: object) -> None:
    assert rows(write(name, text)) == expected


def test_gz_is_unpacked(tmp_path: Path) -> None:
    path = tmp_path / "a.v2.csv.gz"
    path.write_bytes(gzip.compress(b"input\nx\n"))
    assert rows(str(path)) == [(2, {"input": "x"})]
    path.write_bytes(path.read_bytes()[:-9])
    with pytest.raises(UsageError, match="is damaged: its packed data breaks off"):
        rows(str(path))


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("a.jsonl", '{"a": 1}\n[1]\n', "a.jsonl:2: this line is no JSON object"),
        ("a.jsonl", '{"a": 1}\n{"a": \n', "a.jsonl:2: this line is not JSON"),
        ("a.csv", "a,b\n1,2\n1,2,3\n", "a.csv:3: more cells than the first line has names"),
        ("a.csv", "a,b\n1,2\n\"1,2\n3,4\n", "a.csv:3: unexpected end of data"),
        ("a.csv", "a,a\n1,2\n", "a.csv:1: two columns are called `a`"),
        ("a.csv", "a\n" + "x" * 200_000, "a.csv:2: a cell of more than 131,072 characters"),
        ("a.json", '[{"a": 1},\n {"a": }]', "a.json:2: not JSON: Expecting value"),
        ("a.json", '[{"a": 1}\n {"a": 2}]', "a.json:2: not JSON: `,` is expected"),
        ("a.json", '[{"a": 1},\n]', "a.json:2: not JSON: a comma before `]`"),
        ("a.json", '[{"a": 1}', "a.json:1: not JSON: `,` is expected"),
        ("a.json", '[{"a": 1}]\n[]', "a.json:2: not JSON: something follows its end"),
        ("a.json", '[\n1]', "a.json:2: this element is no object"),
        ("a.json", '"x"', "a.json:1: no array of objects"),
        ("a.json", '{"input": "x"}', "a.json:1: one object with no `tests`"),
        ("a.json", "[" * 100_000, "a.json:1: not JSON"),
        ("a.yaml", "tests:\n  - vars: {a: 1\n  - vars", "a.yaml:3: not YAML"),
        ("a.yaml", "tests: tests.csv", "`a.yaml` names other files as its `tests`"),
        ("a.yaml", "- file://more.yaml", "`a.yaml` names other files as its `tests`"),
        ("a.yaml", "defaultTest: file://d.yaml\ntests: [{vars: {q: x}}]", "`a.yaml` names another file as its `defaultTest`"),
        ("a.yaml", "prompts: [x]", "a.yaml:1: no `tests`"),
        ("a.yaml", "just text", "a.yaml:1: no list of tests"),
        ("a.yaml", "- vars: {q: x}\n- assert: []", "a.yaml:2: this test has no `vars`"),
        ("a.yaml", "- vars: {q: file://x.txt}", "a.yaml:1: `q` names a file"),
        ("a.yaml", "- vars: {q: [x, y]}", "a.yaml:1: `q` is a list, which stands for several tests"),
        ("a.yaml", "- vars: !!python/object/apply:os.system [id]", "a.yaml:1: not YAML"),
        ("a.txt", "x", "`a.txt` has no ending that says how to read it"),
        ("a", "x", "`a` has no ending that says how to read it"),
        ("a.parquet", "x", "`a.parquet` is no whole Parquet file"),
    ],
)  # fmt: skip
def test_what_cannot_be_read_is_told_with_its_place(write: Write, name: str, text: str, message: str) -> None:
    with pytest.raises(UsageError) as caught:
        rows(write(name, text))
    assert caught.value.message.startswith(message)
    assert caught.value.next_step


def test_missing_files_and_other_encodings(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no such file"):
        rows(str(tmp_path / "none.jsonl"))
    with pytest.raises(UsageError, match="no such file"):
        rows(str(tmp_path / "none.parquet"))
    (tmp_path / "a.csv").write_bytes("input\nx\n".encode("utf-16"))
    with pytest.raises(UsageError, match="is not UTF-8 text"):
        rows(str(tmp_path / "a.csv"))


CONFIG = {
    "prompts": ["Translate {{ text }} into {{language}}."],
    "providers": ["openai:gpt-4o"],
    "defaultTest": {"vars": {"language": "French"}, "assert": [{"type": "latency", "threshold": 9}]},
    "tests": [
        {"vars": {"text": "yes"}, "assert": [{"type": "equals", "value": "oui"}], "description": "short"},
        {"vars": {"text": "no", "language": "German"}, "assert": [{"type": "contains", "value": "{{text}}n"}]},
        {"vars": {"text": "ten"}, "assert": [{"type": "contains", "value": "d"}, {"type": "regex", "value": "ix$"}]},
    ],
}
EXPECTED = [
    {"prompt": "Translate yes into French.", "description": "short", "assert": "equals", "target": "oui", "language": "French", "text": "yes"},
    {"prompt": "Translate no into German.", "assert": "contains", "target": "non", "language": "German", "text": "no"},
    {"prompt": "Translate ten into French.", "language": "French", "text": "ten"},
]  # fmt: skip


@pytest.mark.parametrize("name", ["promptfooconfig.yaml", "promptfooconfig.json"])
def test_a_promptfoo_configuration(write: Write, name: str) -> None:
    assert [fields for _, fields in rows(write(name, json.dumps(CONFIG, indent=1)))] == EXPECTED


@pytest.mark.parametrize("name", ["tests.yml", "tests.json"])
def test_a_list_of_promptfoo_tests(write: Write, name: str) -> None:
    text = '[\n{"vars": {"q": "x"}, "assert": [{"type": "regex", "value": "a{{2}}"}]},\n{"vars": {"q": "y"}}]'
    assert rows(write(name, text)) == [(2, {"q": "x", "assert": "regex", "target": "a{{2}}"}), (3, {"q": "y"})]


def test_a_prompt_that_says_more_than_names_is_no_question(write: Write) -> None:
    config = {**CONFIG, "prompts": ["{% if text %}{{ text | upper }}{{language}}{% endif %}"]}
    assert all("prompt" not in fields for _, fields in rows(write("c.yaml", json.dumps(config))))


def test_plain_values_are_those_of_yaml_1_2(write: Write) -> None:
    text = "- vars: {a: yes, b: 12:30, c: 2024-01-01, d: 012, e: true, f: 1e3, g: ~, h: off, i: 0x1f}"
    ((_, fields),) = rows(write("a.yaml", text))
    assert fields == {
        "a": "yes", "b": "12:30", "c": "2024-01-01", "d": 12, "e": True, "f": 1000.0, "g": None, "h": "off", "i": 31,
    }  # fmt: skip
    assert type(fields["f"]) is float


def test_lists_may_be_values_where_the_test_says_so(write: Write) -> None:
    path = write("a.yaml", "- vars: {q: x, tags: [a, b]}\n  options: {disableVarExpansion: true}")
    assert rows(path) == [(1, {"q": "x", "tags": ["a", "b"]})]


def test_options_of_every_test_count(write: Write) -> None:
    text = (
        "defaultTest: {options: {disableVarExpansion: true}, assert: [{type: contains, value: a}]}\n"
        "tests:\n- vars: {q: x, tags: [a]}\n- vars: {q: y}\n"
        "  options: {disableDefaultAsserts: true}\n  assert: [{type: equals, value: b}]\n"
    )
    assert rows(write("a.yaml", text)) == [
        (3, {"q": "x", "tags": ["a"], "assert": "contains", "target": "a"}),
        (4, {"q": "y", "assert": "equals", "target": "b"}),
    ]


def test_parquet(tmp_path: Path) -> None:
    table = pa.table(
        {
            "input": ["x", "y"],
            "target": [1.5, None],
            "day": [date(2024, 1, 2), None],
            "at": [None, datetime(2024, 1, 2, 3, tzinfo=UTC)],
            "price": [Decimal("2.50"), Decimal("3.00")],
            "raw": [b"\xff", b"text"],
            "more": [{"a": [b"b"]}, None],
        }
    )
    parquet.write_table(table, tmp_path / "a.parquet")
    assert rows(str(tmp_path / "a.parquet")) == [
        (1, {"input": "x", "target": 1.5, "day": "2024-01-02", "price": 2.5, "more": {"a": ["b"]}}),
        (2, {"input": "y", "at": "2024-01-02T03:00:00+00:00", "price": 3, "raw": "text"}),
    ]


def test_parquet_without_pyarrow(write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(MissingPackage, match=r"Reading `a.parquet` needs the package `pyarrow`"):
        rows(write("a.parquet", ""))


def arrow(path: Path, table: pa.Table, *, indexed: bool = False) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with ipc.new_file(path, table.schema) if indexed else ipc.new_stream(path, table.schema) as writer:
        writer.write_table(table)


@pytest.mark.parametrize("indexed", [False, True])
def test_a_folder_that_datasets_saved(tmp_path: Path, indexed: bool) -> None:
    info = {"features": {"answer": {"names": ["A", "B"], "_type": "ClassLabel"}, "question": {"_type": "Value"}}}
    for split, shards in {"train": ["a"], "test": ["b", "c"]}.items():
        for index, text in enumerate(shards):
            table = pa.table({"question": [text], "answer": [index]})
            arrow(tmp_path / split / f"data-{index:05}-of-{len(shards):05}.arrow", table, indexed=indexed)
        (tmp_path / split / "dataset_info.json").write_text(json.dumps(info), encoding="utf-8")
        (tmp_path / split / "cache-1234.arrow").write_bytes(b"a cache of datasets")
    assert rows(str(tmp_path), "test") == [
        (1, {"question": "b", "answer": "A", "split": "test"}),
        (2, {"question": "c", "answer": "B", "split": "test"}),
    ]
    with pytest.raises(UsageError, match="has the splits `test`, `train`"):
        rows(str(tmp_path))
    with pytest.raises(UsageError, match="has no split `dev`"):
        rows(str(tmp_path), "dev")


def test_one_saved_split_knows_its_name(tmp_path: Path) -> None:
    arrow(tmp_path / "data-00000-of-00001.arrow", pa.table({"question": ["x"]}))
    assert rows(str(tmp_path)) == [(1, {"question": "x"})]
    (tmp_path / "state.json").write_text('{"_split": "test"}', encoding="utf-8")
    assert rows(str(tmp_path), "test") == rows(str(tmp_path)) == [(1, {"question": "x", "split": "test"})]


@pytest.mark.parametrize(
    "name", ["test-00000-of-00001.parquet", "data/test-00000-of-00001-0a1b2c.parquet", "test/0000.parquet", "main/test.parquet"]
)  # fmt: skip
def test_a_folder_from_the_hub(tmp_path: Path, name: str) -> None:
    features = {"info": {"features": {"label": {"names": ["bad", "good"], "_type": "ClassLabel"}}}}
    table = pa.table({"text": ["x", "y", "z"], "label": [1, 0, -1]})
    (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
    (tmp_path / "README.md").write_text("a card", encoding="utf-8")
    parquet.write_table(table.replace_schema_metadata({"huggingface": json.dumps(features)}), tmp_path / name)
    labels = [fields.get("label") for _, fields in rows(str(tmp_path), "test")]
    assert labels == ["good", "bad", None]


def test_folders_that_are_no_data_set_or_several(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="is a folder without a data set"):
        rows(str(tmp_path))
    for name in ("main", "other"):
        (tmp_path / name).mkdir()
        parquet.write_table(pa.table({"text": ["x"]}), tmp_path / name / "test-00000-of-00001.parquet")
    with pytest.raises(UsageError, match="holds several data sets with a split `test`"):
        rows(str(tmp_path), "test")


def test_a_table_that_breaks_off(tmp_path: Path) -> None:
    path = tmp_path / "data-00000-of-00001.arrow"
    arrow(path, pa.table({"question": ["x" * 1000]}))
    path.write_bytes(path.read_bytes()[:700])
    with pytest.raises(UsageError, match=r"data-00000-of-00001\.arrow|cannot read"):
        rows(str(tmp_path))
