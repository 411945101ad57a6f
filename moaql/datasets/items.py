"""Eval sets: the rows of a file as questions with their right answers."""

from __future__ import annotations

import os
from contextlib import closing
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from moaql.datasets import read_rows
from moaql.datasets.base import listed
from moaql.datasets.choices import choices_of, with_choices
from moaql.datasets.splits import read_selection
from moaql.datasets.targets import Types, is_finite, target_text, target_texts
from moaql.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from moaql.datasets.base import Row
    from moaql.datasets.splits import Selection

INPUTS = ("input", "question", "prompt")
TARGETS = ("target", "answer", "expected", "label")
RESPONSES = "responses"
"""The recorded answers of a recorded file: they are no field of the item, so that no prompt can show them."""
_KEPT = ("category", "choices")
"""Fields that mean something to moaql itself, and are kept whichever others are asked for."""


@dataclass(frozen=True, slots=True)
class EvalItem:
    """One item of an eval set.

    Attributes:
        id: Of the item; its line where the file gives none.
        question: As it is asked, with its choices.
        target: The right answer, of the type that it has in the file; None where the set has no targets.
        fields: Fields of the row. `target` is always the target; where choices were added, `question` is the text without them.
        file: Path of the file.
        line: Where it begins, from 1; the row, in files without lines.
        named: Whether the file gives the id.
        note: What has to be said of how the set was read, the same for all items; mostly "".
    """

    id: str
    question: str
    target: Any = None
    fields: Mapping[str, Any] = field(default_factory=dict)
    file: str = ""
    line: int = 0
    named: bool = True
    note: str = ""

    @property
    def text(self) -> str:
        """The target as text; see `targets.target_text`."""
        return target_text(self.target)

    @property
    def texts(self) -> tuple[str, ...]:
        """The elements of a target that is a list, as texts; otherwise the one text, or none."""
        return target_texts(self.target)

    @property
    def key(self) -> str:
        """What decides about its part in a split: its id; without one its question, as its line changes with the file's order."""
        return self.id if self.named else self.question


@dataclass(frozen=True, slots=True)
class _Columns:
    """Which fields hold what. The first row decides, so that a row that lacks one is not read from another field in silence."""

    input: str | None
    target: str | None
    id: str | None
    fields: tuple[str, ...]
    first: int

    def item(self, row: Row) -> EvalItem:
        """The item of a row."""
        question = row.text(self.input, INPUTS)
        if not question.strip():
            raise UsageError(f"{row.place}: the question is empty", "Remove it, or fill it.")
        target = self._target(row)
        fields = self._fields(row)
        shown = with_choices(question, choices_of(row.fields.get("choices")))
        if shown != question:
            fields["question"] = question
        if target is not None:
            fields["target"] = target
        id = self.id_of(row)
        return EvalItem(id or str(row.line), shown, target, fields, row.file, row.line, named=id is not None)

    def id_of(self, row: Row) -> str | None:
        """The id of a row; None where the set has none."""
        if self.id is None:
            return None
        value = row.fields.get(self.id)
        if value is None or value == "":
            raise UsageError(f"{row.place}: no id in the field `{self.id}`", "Give every item an id, or none.")
        if isinstance(value, bool) or not isinstance(value, (str, int)):
            raise UsageError(f"{row.place}: the id in `{self.id}` is no text and no whole number", "Change the id.")
        return str(value)

    def _target(self, row: Row) -> Any:
        if self.target is None:
            name = next((each for each in TARGETS if _target_in(row, each) is not None), None)
            if name is not None:
                raise UsageError(
                    f"{row.place}: there is a target in `{name}`, and line {self.first} has none",
                    "Give every item a target, in the same field.",
                )
            return None
        value = _target_in(row, self.target)
        if value is None:
            there = "the target in" if self.target in row.fields else "no field"
            empty = " is empty" if self.target in row.fields else ""
            raise UsageError(
                f"{row.place}: {there} `{self.target}`{empty}",
                f"It has {listed(row.fields)}. Give every item a target, or name the field: `target=…`.",
            )
        if not is_finite(value):
            raise UsageError(f"{row.place}: the target in `{self.target}` is NaN or infinite", "Give a finite number.")
        return value

    def _fields(self, row: Row) -> dict[str, Any]:
        if not self.fields:
            return {name: value for name, value in row.fields.items() if name != RESPONSES}
        for name in self.fields:
            if name not in row.fields:
                raise UsageError(f"{row.place}: no field `{name}`", f"It has {listed(row.fields)}.")
        return {name: row.fields[name] for name in (*self.fields, *_KEPT) if name in row.fields}


def load_items(
    path: str,
    *,
    input: str | None = None,
    target: str | None = None,
    id: str | None = None,
    fields: Sequence[str] = (),
    limit: int | None = None,
    split: str | None = None,
    seed: int = 0,
) -> tuple[EvalItem, ...]:
    """The items of an eval set, in the order of the file, which is read once, row by row.

    Args:
        path: Of the file or folder; `docs/datasets.md` lists the formats.
        input: Field of the question; else the first of `input`, `question`, `prompt` in the first row.
        target: Field of the right answer; else the first of `target`, `answer`, `expected`, `label`. A set may have none.
        id: Field of the id; else `id`, and without one the line.
        fields: Fields to keep; all but the recorded answers where none is named.
        limit: Use the first so many of the items chosen.
        split: Part of the set, as `splits.read_selection` reads it.
        seed: Of the draw of a share.

    Raises:
        UsageError: if the set cannot be read, is empty, or an item is not as it should be; with file and line.
        MissingPackage: if the format needs a package that is not installed.
    """
    if limit is not None and limit < 1:
        raise UsageError(f"a limit of {limit} leaves no item", "Give 1 or more.")
    selection = read_selection(split)
    found: list[EvalItem] = []
    types = Types()
    rows = read_rows(path, selection.name if os.path.isdir(path) else None)
    with closing(rows):  # type: ignore[type-var]
        for item in _chosen(rows, (input, target, id, tuple(fields)), selection, seed, path):
            if item.target is not None:
                types.add(item.target, item.line)
            found.append(item)
            if limit is not None and len(found) >= limit:
                break
    if not found:
        raise UsageError(f"no item of `{path}` is in the split `{split}`", "Choose a greater share.")
    note = types.note(path)
    return tuple(_as_text(item, note) for item in found) if note else tuple(found)


def _chosen(
    rows: Iterator[Row],
    names: tuple[str | None, str | None, str | None, tuple[str, ...]],
    selection: Selection,
    seed: int,
    path: str,
) -> Iterator[EvalItem]:
    """The items of the chosen part, one after another."""
    columns: _Columns | None = None
    lines: dict[str, int] = {}
    splits: dict[str, None] = {}
    passed = False
    for row in rows:
        if columns is None:
            columns = _columns(row, names)
        if not selection.names(row.fields):
            _note_split(row, splits)
            continue
        passed = True
        item = columns.item(row)
        if item.named and lines.setdefault(item.id, row.line) != row.line:
            raise UsageError(
                f"{row.place}: the id `{item.id}` is that of line {lines[item.id]} too", "Give every item its own id."
            )
        if selection.takes(item.key, seed):
            yield item
    if columns is None:
        raise UsageError(f"`{path}` is empty: it holds no item", 'Write items such as {"input": "…", "target": "…"}.')
    if not passed:
        known = ", ".join(f"`{each}`" for each in splits)
        raise UsageError(f"no item of `{path}` is in the split `{selection.name}`", f"Splits in it are {known}.")


def _note_split(row: Row, splits: dict[str, None]) -> None:
    if "split" not in row.fields:
        raise UsageError(
            f"{row.place}: no field `split`, so that no part can be chosen by name",
            'Add the field, or draw a part: `split="40%"`.',
        )
    if len(splits) < 8:
        splits[str(row.fields["split"])] = None


def _columns(row: Row, names: tuple[str | None, str | None, str | None, tuple[str, ...]]) -> _Columns:
    input, target, id, fields = names
    if input is None:
        input = next((each for each in INPUTS if each in row.fields), None)
    if target is None:
        target = next((each for each in TARGETS if _target_in(row, each) is not None), None)
    if id is None and _cell(row, "id") is not None:
        id = "id"
    return _Columns(input, target, id, fields, row.line)


def _cell(row: Row, name: str) -> Any:
    """What a field says; None for an empty cell."""
    value = row.fields.get(name)
    return None if row.cells and value == "" else value


_target_in = _cell


def _as_text(item: EvalItem, note: str) -> EvalItem:
    """The item with its number as a text."""
    return replace(item, target=item.text, fields={**item.fields, "target": item.text}, note=note)
