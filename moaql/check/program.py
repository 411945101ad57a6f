"""A checked program: what its names mean.

Frozen records that the graph is built from. A pipeline stays a tree, with the unit that its names are resolved in.
"""

from __future__ import annotations

import os
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from moaql.diagnostics import Diagnostic, has_errors
from moaql.records import Entity, Record

if TYPE_CHECKING:
    from moaql.check.scope import Unit
    from moaql.language import nodes as n
    from moaql.source import Source


class Model(Record, apart=("name", "price_in", "price_out", "context", "folder")):
    """A model as a program names it.

    Attributes:
        name: The name in the program, or the id where it was written as a string.
        id: `provider/model-id`.
        settings: Sampling settings that every call of it sends, as (name, value) pairs in order of name.
        connection: `base_url`, `api_key_env` and what else says how it is reached, likewise.
        price_in: Dollars per million prompt tokens, as the program states it.
        price_out: Dollars per million completion tokens, as the program states it.
        context: Longest prompt and answer together, in tokens, as the program states it.
        alternatives: Models to ask in turn when this one fails.
        folder: Where the files of its connection are looked for: the folder of the program that names them.
    """

    name: str
    id: str
    settings: tuple[tuple[str, Any], ...] = ()
    connection: tuple[tuple[str, Any], ...] = ()
    price_in: float | None = None
    price_out: float | None = None
    context: int | None = None
    alternatives: tuple[Model, ...] = ()
    folder: str = ""


def connection_of(model: Model) -> tuple[tuple[str, Any], ...]:
    """How a model is reached, with the files that its program names as absolute paths."""
    if not any(name in ("file", "prices") for name, _ in model.connection):
        return model.connection
    return _with_absolute_paths(model.connection, os.path.join(os.getcwd(), model.folder))


@lru_cache(maxsize=256)  # it is asked for with every call
def _with_absolute_paths(connection: tuple[tuple[str, Any], ...], folder: str) -> tuple[tuple[str, Any], ...]:
    return tuple(
        (name, os.path.abspath(os.path.join(folder, value)) if name in ("file", "prices") and value else value)
        for name, value in connection
    )


class Topology(Entity):
    """A named pipeline and the file in which its names mean something."""

    name: str
    body: n.Pipeline
    unit: Unit


class EvalSet(Record):
    """An eval set as a program names it: the path is relative to the program's folder.

    Attributes:
        folder: What paths in its settings are relative to, where that is known.
    """

    name: str
    path: str
    settings: tuple[tuple[str, Any], ...] = ()
    folder: str = ""


class Program(Entity):
    """One checked file.

    Attributes:
        source: Its text.
        unit: Its names.
        topologies: The topologies that it defines itself, in order; a bare pipeline is called `main`.
        evals: Its eval sets.
        searches: Its searches.
        diagnostics: Errors and warnings, in order of place; errors of imported files are among them.
    """

    source: Source
    unit: Unit
    topologies: dict[str, Topology]
    evals: dict[str, EvalSet]
    searches: dict[str, n.SearchStatement]
    diagnostics: tuple[Diagnostic, ...]

    @property
    def failed(self) -> bool:
        """Whether it has errors."""
        return has_errors(self.diagnostics)

    @property
    def blocking(self) -> tuple[Diagnostic, ...]:
        """The errors that stop its topologies from being used; a price that only a search needs does not."""
        return tuple(each for each in self.diagnostics if each.severity == "error" and each.code != "E408")
