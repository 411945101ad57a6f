"""A Hugging Face data set in a folder: as `save_to_disk` writes it, or as it is cloned or downloaded from the hub.

Nothing is fetched, and the package `datasets` is not needed: the tables are read through pyarrow. The splits are told by the
names of files and folders: `test/data-00000-of-00001.arrow`, `data/test-00000-of-00001.parquet`, `test.parquet`,
`test/0000.parquet`.
"""

from __future__ import annotations

import json
import os
import re
from typing import TYPE_CHECKING, Any

from moaql.datasets._arrow import arrow_rows, feature_classes, parquet_rows
from moaql.datasets.base import Row
from moaql.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from moaql.datasets.base import DataFile

_SHARD = re.compile(r"(?P<name>.+?)[-_]\d{5}-of-\d{5}(?:-[0-9a-f]+)?")
_PLACES = ("", "data")
"""Folders that are no name of a split."""


def read(file: DataFile) -> Iterator[Row]:
    """The rows of one split, numbered through its files; each has the split's name in the field `split`.

    Raises:
        UsageError: if the folder holds no data set or several, the split is not there, or there are several and none is named.
        MissingPackage: if pyarrow is not installed.
    """
    split, tables = _chosen(_splits(file.path), file)
    names = _classes(file.path, tables)
    number = 0
    for path in tables:
        for fields in arrow_rows(path, names) if path.endswith(".arrow") else parquet_rows(path, names):
            number += 1
            yield Row(file.path, number, {**fields, "split": split} if split else fields)


def _chosen(splits: dict[str, list[str]], file: DataFile) -> tuple[str, list[str]]:
    """The split that is wanted, and its files."""
    if not splits:
        raise UsageError(
            f"`{file.path}` is a folder without a data set",
            "It should hold files that end in .parquet or .arrow, as `save_to_disk` writes them; or give one file.",
        )
    known = ", ".join(f"`{name}`" for name in splits)
    if file.split is None or (file.split not in splits and list(splits) == [""]):
        if len(splits) > 1:
            raise UsageError(f"`{file.path}` has the splits {known}", 'Say which: `split="test"`.')
        return next(iter(splits.items()))
    if file.split not in splits:
        raise UsageError(f"`{file.path}` has no split `{file.split}`", f"It has {known}.")
    return file.split, splits[file.split]


def _splits(folder: str) -> dict[str, list[str]]:
    """Files by name of the split, in order; "" where none is named.

    Raises:
        UsageError: if several folders have a split of one name: they are several data sets.
    """
    found: dict[str, list[str]] = {}
    for place, folders, files in os.walk(folder, onerror=_raise):
        folders[:] = sorted(name for name in folders if not name.startswith((".", "_")))
        inside = os.path.relpath(place, folder)
        for name in sorted(files):
            if name.endswith((".arrow", ".parquet")) and not name.startswith((".", "cache-")):
                split = _split_of(name.rsplit(".", 1)[0], "" if inside == "." else inside, place)
                found.setdefault(split, []).append(os.path.join(place, name))
    for split, tables in found.items():
        places = sorted({os.path.dirname(table) for table in tables})
        if len(places) > 1:
            raise UsageError(
                f"`{folder}` holds several data sets with {f'a split `{split}`' if split else 'data'}",
                f"Give the folder of one, such as `{places[0]}`.",
            )
    return {split: found[split] for split in sorted(found)}


def _raise(error: OSError) -> None:
    raise error


def _split_of(stem: str, inside: str, place: str) -> str:
    """The split that a file belongs to."""
    shard = _SHARD.fullmatch(stem)
    name = shard["name"] if shard is not None else stem
    if name != "data" and not name.isdigit():
        return name
    last = inside.replace(os.sep, "/").rsplit("/", 1)[-1]
    if last not in _PLACES:
        return last
    return str(_json(os.path.join(place, "state.json")).get("_split") or "")


def _classes(folder: str, tables: list[str]) -> dict[str, list[str]]:
    """Names of classes by column, from `dataset_info.json` beside the tables or at the top."""
    for place in (os.path.dirname(tables[0]), folder):
        described = _json(os.path.join(place, "dataset_info.json"))
        if classes := feature_classes(described.get("features")):
            return classes
    return {}


def _json(path: str) -> dict[str, Any]:
    """A description beside the tables; empty where it is not there, since the tables can be read without it."""
    try:
        with open(path, encoding="utf-8") as file:
            found = json.load(file)
    except FileNotFoundError:
        return {}
    except ValueError as error:
        raise UsageError(f"`{path}` is not JSON: {error}", "Write or copy the data set again.") from None
    return found if isinstance(found, dict) else {}
