"""The files that a program needs to be served elsewhere: itself, what it imports, models of the user's own files, routers, data."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from moaql.check.program import connection_of
from moaql.errors import UsageError
from moaql.exporting.code.models import models_in
from moaql.graph.build import build
from moaql.graph.nodes import Gate
from moaql.language import nodes as n
from moaql.routers.file import router_path
from moaql.run.session import limits_here

if TYPE_CHECKING:
    from collections.abc import Iterator

    from moaql.check.program import Program
    from moaql.check.scope import Unit
    from moaql.graph.nodes import Graph

PROGRAM = "program"
"""The folder that holds them."""
_TEXT = "program.moaql"
"""What a program without a file is called."""


def sources_of(graph: Graph, program: Program) -> tuple[str, dict[str, str]]:
    """The files by path, and the path of the program among them.

    Args:
        graph: The topology that will be served.
        program: Is loaded whole by the server, with all that its topologies need.

    Raises:
        UsageError: if one cannot be read, is no text, or is named by an absolute path.
    """
    main = program.source.path
    if main is None:
        return f"{PROGRAM}/{_TEXT}", {f"{PROGRAM}/{_TEXT}": program.source.text}
    paths = {os.path.abspath(main): program.source.text}
    for unit in _imports(program.unit):
        paths.setdefault(os.path.abspath(unit.source.path or ""), unit.source.text)
    for folder, named in {*_data(graph), *_data_of_all(program)}:
        path = os.path.abspath(os.path.join(folder, named))
        _refuse_absolute(named)
        paths.setdefault(path, _text(path))
    own = {os.path.abspath(unit.source.path or ""): unit.source.text for unit in _user_units(program.unit)}
    root = os.path.commonpath([os.path.dirname(path) for path in paths])
    below = {path: f"{PROGRAM}/{os.path.relpath(path, root).replace(os.sep, '/')}" for path in paths}
    files = {below[path]: text for path, text in paths.items()}
    user: list[str] = []
    for path, text in own.items():
        name = below.get(path) or f"models/{len(user) + 1}-{os.path.basename(path)}"
        files.setdefault(name, text)
        user.append(name)
    settings = _settings(user, os.path.dirname(os.path.abspath(main)))
    return below[os.path.abspath(main)], files | ({"moaql.toml": settings} if settings else {})


def _imports(unit: Unit) -> Iterator[Unit]:
    """The units of the files that one imports, and that those import."""
    seen: set[int] = set()
    waiting = [unit]
    while waiting:
        one = waiting.pop()
        if id(one) in seen:
            continue
        seen.add(id(one))
        for statement in one.module.statements:
            if isinstance(statement, n.ImportStatement):
                _refuse_absolute(str(statement.path.value))
        waiting += [each.unit for each in one.imported.values()]
        yield one


def _user_units(unit: Unit) -> list[Unit]:
    """The user's own model files, those that define a model which the program uses."""
    found: dict[int, Unit] = {}
    for each in _imports(unit):
        models = each.user_models()
        for name in sorted(each.used & models.keys() - each.own.keys() - each.imported.keys()):
            found[id(models[name].unit)] = models[name].unit
    return list(found.values())


def _data(graph: Graph) -> Iterator[tuple[str, str]]:
    """Files that a topology names, each with the folder that its path is relative to."""
    for node in graph.nodes.values():
        if isinstance(node, Gate) and "router" in dict(node.condition):
            named = str(dict(node.condition)["router"])
            _refuse_absolute(named)
            yield os.path.dirname(router_path(named, node.folder)), os.path.basename(named)
    for model in models_in(graph):
        stated = dict(model.connection)
        for name, path in connection_of(model):
            if name in ("file", "prices") and path:
                _refuse_absolute(str(stated[name]))
                yield os.path.dirname(str(path)), os.path.basename(str(path))


def _data_of_all(program: Program) -> Iterator[tuple[str, str]]:
    for topology in program.topologies.values():
        graph, _ = build(topology)
        if graph is not None:
            yield from _data(graph)


def _refuse_absolute(named: str) -> None:
    if os.path.isabs(os.path.expanduser(named)):
        raise UsageError(
            f"`{named}` is an absolute path, which means nothing in a container", "Name it relative to the program."
        )


def _text(path: str) -> str:
    try:
        with open(path, encoding="utf-8") as file:
            return file.read()
    except OSError as error:
        raise UsageError(f"cannot read `{path}`: {(error.strerror or str(error)).lower()}", "Put it there.") from None
    except UnicodeDecodeError:
        raise UsageError(
            f"`{path}` is no text, so it cannot be written beside the program", "Use a text file."
        ) from None


def _settings(models: list[str], folder: str) -> str:
    """A `moaql.toml` with the model files, and with the limits that hold for the program; "" where there are none."""
    lines = [f"models = [{', '.join(map(_quoted, models))}]"] if models else []
    for name, limit in limits_here(folder).items():
        lines += ["", f"[limits.{_quoted(name)}]", f"concurrency = {limit.concurrency}"]
        lines += [f"per_minute = {limit.per_minute}"] if limit.per_minute is not None else []
    return "\n".join(lines).lstrip() + "\n" if lines else ""


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
