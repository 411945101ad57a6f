"""Copies functions, classes and constants out of modules, with all that they use: so that an export reads answers as moaql does.

A module is taken apart into its top-level definitions. What a definition names of its own module, or imports from another one of
moaql, comes along; what it imports from elsewhere becomes an import of the copy.
"""

from __future__ import annotations

import ast
import importlib
import importlib.util
import os
import re
from dataclasses import dataclass, field
from functools import cache

from moaql.errors import MoaqlError

_NOTE = re.compile(r"[ \t]*#[ \t]*(?:noqa|type: ignore|fmt:|ruff:)[^\n]*")
Where = tuple[str, str]
"""Module and name."""
Edits = tuple[tuple[str, str], ...]
"""Texts in a definition, each with what stands in its place."""


@dataclass(frozen=True)
class Definition:
    """One top-level statement.

    Attributes:
        text: As it is written, with the comment above it and the string below it.
        line: Where it stands.
        uses: Names that occur in it.
    """

    text: str
    line: int
    uses: frozenset[str]


@dataclass
class Copied:
    """What was copied.

    Attributes:
        parts: Definitions by module, modules in the order in which they need one another.
        imports: Modules that are imported as they are, and names that are imported from modules.
        names: Top-level names that are taken.
    """

    parts: dict[str, list[Definition]] = field(default_factory=dict)
    imports: set[tuple[str, str]] = field(default_factory=set)
    names: dict[str, str] = field(default_factory=dict)

    def text(self, modules: set[str] | None = None, *, without: set[str] | None = None) -> str:
        """The definitions of some modules, or of all but some."""
        chosen = [
            module
            for module in self.parts
            if (modules is None or module in modules) and module not in (without or set())
        ]
        text, before = "", ""
        for module in chosen:
            for part in sorted(self.parts[module], key=lambda part: part.line):
                close = bool(before) and _is_constant(before) and _is_constant(part.text)
                text += ("\n" if close else "\n\n\n") * bool(before) + part.text
                before = part.text
        return text


def method_of(where: Where, name: str) -> str:
    """The text of a method, with the blank line before it, for an edit that leaves it out."""
    text = _taken_apart(where[0])[0][where[1]].text
    lines = text.splitlines(keepends=True)
    (found,) = ast.parse(text).body
    methods = [each for each in getattr(found, "body", ()) if getattr(each, "name", "") == name]
    return "".join(lines[methods[0].lineno - 2 : methods[0].end_lineno])


def _is_constant(text: str) -> bool:
    lines = [line for line in text.splitlines() if not line.startswith("#")]
    return not lines[0].startswith(("def ", "async def ", "class ", "@"))


def copy(roots: list[Where], replaced: dict[Where, Where], edited: dict[Where, Edits]) -> Copied:
    """Copy definitions, and all that they use.

    Args:
        roots: What is wanted.
        replaced: What is copied in the place of something else.
        edited: What stands in the place of texts in a definition.

    Raises:
        MoaqlError: if moaql was installed without its sources.
    """
    return _Copier(replaced, edited).copy(roots)


def library_names(packages: tuple[str, ...]) -> set[str]:
    """All names that copies from these packages may take: what is defined there, and what is imported."""
    names: set[str] = set()
    for package in packages:
        (folder,) = importlib.import_module(package).__path__
        for module in (file.removesuffix(".py") for file in os.listdir(folder) if file.endswith(".py")):
            definitions, imported = _taken_apart(f"{package}.{module}" if module != "__init__" else package)
            names |= {*definitions, *(name.partition(".")[0] for name in imported)}
    return names


class _Copier:
    def __init__(self, replaced: dict[Where, Where], edited: dict[Where, Edits]) -> None:
        self._replaced = replaced
        self._edited = edited
        self._seen: set[Where] = set()
        self._copied = Copied()

    def copy(self, roots: list[Where]) -> Copied:
        for root in roots:
            self._visit(root)
        modules: list[str] = []
        for module in self._copied.parts:
            _below(module, modules, set())
        self._copied.parts = {module: self._copied.parts[module] for module in modules if module in self._copied.parts}
        return _without_clashes(self._copied)

    def _visit(self, where: Where) -> None:
        where = self._replaced.get(where, where)
        if where in self._seen:
            return
        self._seen.add(where)
        module, name = where
        definitions, imported = _taken_apart(module)
        if name not in definitions:
            raise MoaqlError(f"`{module}` defines no `{name}`", "This is a fault of moaql: please report it.")
        found = definitions[name]
        for old, new in self._edited.get(where, ()):
            found = _edited(found, old, new)
        for used in sorted(found.uses):
            if used in imported:
                source, original = imported[used]
                if source.startswith("moaql."):
                    self._visit((source, original))
                    if used != original:
                        self._keep(module, Definition(f"{used} = {original}", -1, frozenset((original,))))
                else:
                    self._copied.imports.add((source, original))
            elif used in definitions and used != name:
                self._visit((module, used))
        self._keep(module, found)

    def _keep(self, module: str, found: Definition) -> None:
        parts = self._copied.parts.setdefault(module, [])
        if found not in parts:
            parts.append(found)


def _edited(definition: Definition, old: str, new: str) -> Definition:
    if old not in definition.text:
        raise MoaqlError(
            f"a definition has changed: it does not say `{old}`", "This is a fault of moaql: please report it."
        )
    text = definition.text.replace(old, new)
    return Definition(text, definition.line, _names_in(ast.parse(text)))


def _below(module: str, done: list[str], begun: set[str]) -> None:
    """List a module behind those that it imports: constants need what they name."""
    if module in begun or module in done or not module.startswith("moaql."):
        return
    begun.add(module)
    for source, _ in _taken_apart(module)[1].values():
        _below(source, done, begun)
    done.append(module)


@cache
def _taken_apart(module: str) -> tuple[dict[str, Definition], dict[str, Where]]:
    """Definitions by name; and what is imported under which name, from where (no name for a whole module)."""
    text = _source(module)
    lines, tree = text.splitlines(), ast.parse(text)
    definitions: dict[str, Definition] = {}
    imported: dict[str, Where] = {}
    for position, node in enumerate(tree.body):
        if isinstance(node, ast.If):  # `if TYPE_CHECKING:`
            for inner in node.body:
                imported.update(_imports(inner))
        elif isinstance(node, ast.Import | ast.ImportFrom):
            imported.update(_imports(node))
        else:
            behind = tree.body[position + 1] if position + 1 < len(tree.body) else None
            for name in _defined(node):
                definitions[name] = _definition(node, behind, lines)
    return definitions, imported


def _source(module: str) -> str:
    spec = importlib.util.find_spec(module)
    source = spec.loader.get_source(module) if spec is not None and hasattr(spec.loader, "get_source") else None  # type: ignore[union-attr]
    if source is None:
        raise MoaqlError(
            f"the source of `{module}` is not installed", "Install moaql from its wheel or its repository."
        )
    return str(source)


def _imports(node: ast.stmt) -> dict[str, Where]:
    if isinstance(node, ast.Import):
        return {alias.asname or alias.name: (alias.name, "") for alias in node.names}
    if isinstance(node, ast.ImportFrom) and node.module:
        return {alias.asname or alias.name: (node.module, alias.name) for alias in node.names}
    return {}


def _defined(node: ast.stmt) -> list[str]:
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        return [node.name]
    targets = node.targets if isinstance(node, ast.Assign) else [node.target] if isinstance(node, ast.AnnAssign) else []
    return [target.id for target in targets if isinstance(target, ast.Name)]


def _definition(node: ast.stmt, behind: ast.stmt | None, lines: list[str]) -> Definition:
    decorators = getattr(node, "decorator_list", [])
    first = min([node.lineno, *(each.lineno for each in decorators)]) - 1
    while first > 0 and lines[first - 1].startswith("#"):
        first -= 1
    last = node.end_lineno or node.lineno
    explained = isinstance(behind, ast.Expr) and isinstance(behind.value, ast.Constant)
    if explained and not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        last = behind.end_lineno or last  # type: ignore[union-attr]
    text = _NOTE.sub("", "\n".join(lines[first:last]))
    return Definition(text, first, _names_in(node))


def _names_in(node: ast.AST) -> frozenset[str]:
    names: set[str] = set()
    for each in ast.walk(node):
        if isinstance(each, ast.Name):
            names.add(each.id)
    if isinstance(node, ast.AnnAssign) and "TypeAlias" in names and isinstance(node.value, ast.Constant):
        names |= _names_in(ast.parse(str(node.value.value), mode="eval"))  # an alias that is written as a text
    return frozenset(names)


def _without_clashes(copied: Copied) -> Copied:
    """Names that several modules use get the name of their module behind them."""
    owners: dict[str, list[str]] = {}
    for module in copied.parts:
        for name in _defined_in(copied.parts[module]):
            owners.setdefault(name, []).append(module)
    for name, modules in owners.items():
        copied.names[name] = modules[0]
        for module in modules[1:]:
            new = _elsewhere(name, module.rpartition(".")[2])
            pattern = re.compile(rf"(?<![\w.]){name}\b")
            copied.parts[module] = [
                Definition(pattern.sub(new, part.text), part.line, part.uses) for part in copied.parts[module]
            ]
            copied.names[new] = module
    return copied


def _elsewhere(name: str, module: str) -> str:
    """`_ALIKE_IN_REVIEWS`, `_plain_in_numbers`."""
    return f"{name}_IN_{module.upper()}" if name.isupper() else f"{name}_in_{module}"


def _defined_in(parts: list[Definition]) -> list[str]:
    return [name for part in parts for node in ast.parse(part.text).body for name in _defined(node)]
