"""Reading files, and following their imports.

In: a path. Out: a `Unit` with the names that it sees. Nothing is raised: a missing file, a folder, a wrong encoding or a cycle of
imports is a diagnostic where it was asked for.
"""

from __future__ import annotations

import logging
import os
from functools import cache

from moaql.check.scope import ARTICLES, MAIN, Definition, Kind, Unit
from moaql.diagnostics import Diagnostic
from moaql.language import nodes as n
from moaql.language.parser import parse
from moaql.source import MAX_BYTES, Source, Span

MAX_IMPORT_DEPTH = 50
NOWHERE = Span(0, 0)
_ENDING = ".moaql"
_log = logging.getLogger(__name__)

_KINDS: dict[type, Kind] = {
    n.ModelStatement: "model",
    n.PromptStatement: "prompt",
    n.TopologyStatement: "topology",
    n.EvalStatement: "eval",
    n.SearchStatement: "search",
}


def read(path: str) -> Source | Diagnostic:
    """The text of a file, or why it cannot be had (E101: not there, E102: not text, E103: too large)."""
    _log.debug("reading %s", path)
    empty = Source("", path, path)
    try:
        if os.path.getsize(path) > MAX_BYTES and os.path.isfile(path):
            size = os.path.getsize(path) / 1e6
            return Diagnostic(
                "E103", f"the file has {size:.1f} MB; a program has at most {MAX_BYTES / 1e6:.0f} MB", empty, NOWHERE
            )
        with open(path, "rb") as file:
            data = file.read(MAX_BYTES + 1)
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        return Diagnostic("E101", f"cannot read `{path}`: {reason.lower()}", empty, NOWHERE)
    return decode(data, path)


def decode(data: bytes, name: str) -> Source | Diagnostic:
    """Bytes as text: UTF-8, with or without a byte order mark."""
    if len(data) > MAX_BYTES:
        return Diagnostic("E103", f"the text is longer than {MAX_BYTES / 1e6:.0f} MB", Source("", name, name), NOWHERE)
    try:
        return Source(data.decode("utf-8-sig"), name, name)
    except UnicodeDecodeError as error:
        readable = Source(data[: error.start].decode("utf-8-sig", "ignore") + "\ufffd", name, name)
        at = len(readable.text) - 1
        message = f"byte 0x{data[error.start]:02x} is not UTF-8"
        return Diagnostic("E102", message, readable, Span(at, at + 1), "save the file as UTF-8")


class Files:
    """The files of one run, each read once."""

    def __init__(self) -> None:
        self.units: dict[str, Unit] = {}
        self._stack: list[str] = []

    def load(self, path: str) -> Unit:
        """The unit of a file; one that cannot be read is empty and says why."""
        key = _identity(path)
        if key not in self.units:
            text = read(path)
            if isinstance(text, Diagnostic):
                self.units[key] = Unit(text.source, n.Module(text.source, ()), [text], has_errors=True)
            else:
                self.add(text, key)
        return self.units[key]

    def add(self, source: Source, key: str) -> Unit:
        """The unit of a text."""
        parsed = parse(source)
        unit = Unit(source, parsed.module, list(parsed.diagnostics), parsed.lost, has_errors=parsed.failed)
        folder = os.path.dirname(os.path.abspath(source.path or ""))
        unit.user_models = lambda: self._user_models(folder, unit)
        self.units[key] = unit
        _define(unit)
        self._stack.append(key)
        for statement in unit.module.statements:
            if isinstance(statement, n.ImportStatement):
                self._import(unit, statement, folder)
        self._stack.pop()
        return unit

    def _import(self, unit: Unit, statement: n.ImportStatement, folder: str) -> None:
        path = os.path.join(folder, str(statement.path.value))
        shown = os.path.normpath(os.path.join(os.path.dirname(unit.source.name), str(statement.path.value)))
        key = _identity(path)
        span = statement.path.span
        if key in self._stack:
            cycle = [os.path.basename(each) for each in [*self._stack[self._stack.index(key) :], key]]
            unit.report("E211", f"files import each other: {' → '.join(cycle)}", span)
            return
        if len(self._stack) >= MAX_IMPORT_DEPTH:
            unit.report("E212", f"more than {MAX_IMPORT_DEPTH} files import one another in a row", span)
            return
        if key not in self.units:
            text = read(path)
            if isinstance(text, Diagnostic):
                self._cannot_import(unit, statement, text, folder)
                return
            self.add(Source(text.text, shown, path), key)
        other = self.units[key]
        _bring_in(unit, other, statement)

    def _cannot_import(self, unit: Unit, statement: n.ImportStatement, reason: Diagnostic, folder: str) -> None:
        from moaql.diagnostics import suggest

        name = str(statement.path.value)
        if reason.code != "E101":
            unit.report("E210", f"cannot import `{name}`: {reason.message}", statement.path.span)
            unit.lost.add(f"{statement.alias.text}.*" if statement.alias is not None else "*")
            return
        if f"{name}{_ENDING}" in _programs_below(folder):
            unit.report(
                "E210",
                f"cannot import `{name}`: there is no such file",
                statement.path.span,
                f"did you mean `{name}{_ENDING}`?",
            )
            return
        close = suggest(name.removesuffix(_ENDING), [each.removesuffix(_ENDING) for each in _programs_below(folder)])
        help = close.replace("`?", f"{_ENDING}`?").replace("` or", f"{_ENDING}` or")
        unit.report("E210", f"cannot import `{name}`: there is no such file", statement.path.span, help)
        unit.lost.add(f"{statement.alias.text}.*" if statement.alias is not None else "*")

    def _user_models(self, folder: str, asking: Unit) -> dict[str, Definition]:
        models: dict[str, Definition] = {}
        for path in user_model_files(folder):
            key = _identity(path)
            if key in self._stack or self.units.get(key) is asking:
                continue
            unit = self.units[key] if key in self.units else self.load(path)
            for name, each in unit.own.items():
                if each.kind == "model":
                    models.setdefault(name, each)
        return models


def _identity(path: str) -> str:
    """One name for a file, however it was reached."""
    try:
        return os.path.realpath(path)
    except (OSError, ValueError):  # a NUL in the name, a loop of links: reading it says what is wrong
        return path


def _programs_below(folder: str) -> list[str]:
    try:
        return [entry for entry in os.listdir(folder or ".") if entry.endswith(_ENDING)]
    except OSError:
        return []


@cache
def user_model_files(folder: str) -> tuple[str, ...]:
    """The user's own model files, nearest first: those that a `moaql.toml` above names, then the one in the home folder.

    `moaql.toml` holds `models = "path.moaql"` or a list of paths, relative to itself.
    """
    found: list[str] = []
    here = folder
    while True:
        config = os.path.join(here, "moaql.toml")
        if os.path.isfile(config):
            found += [os.path.join(here, path) for path in _models_of(config)]
            break
        here, child = os.path.dirname(here), here
        if here == child:
            break
    base = os.environ.get("XDG_CONFIG_HOME") or os.path.join(os.path.expanduser("~"), ".config")
    home = os.path.join(base, "moaql", "models.moaql")
    return (*found, home) if os.path.isfile(home) else tuple(found)


def _models_of(config: str) -> list[str]:
    import tomllib

    from moaql.errors import UsageError

    try:
        with open(config, "rb") as file:
            named = tomllib.load(file).get("models", [])
    except (OSError, tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise UsageError(
            f"cannot read `{config}`: {error}", 'It should hold a line such as `models = "models.moaql"`.'
        ) from None
    paths = [named] if isinstance(named, str) else named
    if not isinstance(paths, list) or not all(isinstance(path, str) for path in paths):
        raise UsageError(f"`models` in `{config}` is not a path or a list of paths", 'Write `models = "models.moaql"`.')
    return paths


def _define(unit: Unit) -> None:
    from moaql.stages import STAGES

    for statement in unit.module.statements:
        kind = _KINDS.get(type(statement))
        if kind is None:
            continue
        name_node: n.Name | None = getattr(statement, "name", None)
        name = name_node.text if name_node is not None else MAIN
        span = name_node.span if name_node is not None else statement.span
        earlier = unit.own.get(name)
        if earlier is not None:
            line, _ = unit.source.place(earlier.span.start)
            what = "a second pipeline without a name" if name_node is None else f"`{name}` is defined twice"
            if name_node is None and earlier.kind != "topology":
                what = f"a pipeline without a name is called `main`, and so is {ARTICLES[earlier.kind]}"
            help = (
                f"the first is in line {line}; write `topology NAME = …`"
                if name_node is None
                else f"the first is in line {line}"
            )
            unit.report("E201", what, span, help)
            continue
        if kind in ("model", "topology") and name in STAGES.built_in:
            unit.report("E202", f"`{name}` is a stage, so it cannot name {'a ' + kind}", span, "choose another name")
        unit.own[name] = Definition(kind, name, statement, unit)


def _bring_in(unit: Unit, other: Unit, statement: n.ImportStatement) -> None:
    prefix = f"{statement.alias.text}." if statement.alias is not None else ""
    unit.lost |= {prefix + name for name in other.lost}
    for name, each in other.own.items():
        if each.kind == "search" or (name == MAIN and not prefix):
            continue
        seen = prefix + name
        earlier = unit.own.get(seen) or unit.imported.get(seen)
        if earlier is not None and earlier is not each:
            where = f"`{earlier.unit.source.name}`" if earlier.unit is not unit else "this file"
            help = f"it is defined in {where} too; write `import {statement.path.text} as NAME`"
            unit.report("E201", f"the import brings a second `{seen}`", statement.path.span, help)
            continue
        unit.imported[seen] = each
