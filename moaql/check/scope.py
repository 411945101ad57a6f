"""Files and the names that they define and see.

A `Unit` is one file; a `Definition` is one named thing in it. The names that a file sees are its own, those that it imports, and,
for models that nobody defines, those of the user's own model files.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from moaql.diagnostics import Diagnostic, suggest
from moaql.records import Entity

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from moaql.language import nodes as n
    from moaql.language.nodes import Module
    from moaql.source import Source, Span

Kind = Literal["model", "prompt", "topology", "eval", "search"]
MAIN = "main"
"""The name of a program's bare pipeline."""


class Definition(Entity):
    """A statement that gives a name to something."""

    kind: Kind
    name: str
    statement: n.Statement
    unit: Unit

    @property
    def span(self) -> Span:
        """Where the name stands."""
        name = getattr(self.statement, "name", None)
        return name.span if name is not None else self.statement.span


class Unit:
    """One file while it is checked: its tree, what is wrong in it, and the names that it sees.

    Attributes:
        source: Its text.
        module: Its tree.
        diagnostics: What is wrong in it, so far.
        lost: Names that broken statements or imports would have defined.
        own: What it defines.
        imported: What it imports.
        used: The names that something refers to.
        user_models: The models of the user's own files, read when a name is not found.
        has_errors: Whether a statement could not be read.
    """

    def __init__(
        self,
        source: Source,
        module: Module,
        diagnostics: list[Diagnostic],
        lost: Iterable[str] = (),
        *,
        has_errors: bool = False,
    ) -> None:
        self.source = source
        self.module = module
        self.diagnostics = diagnostics
        self.lost = set(lost)
        self.own: dict[str, Definition] = {}
        self.imported: dict[str, Definition] = {}
        self.used: set[str] = set()
        self.user_models: Callable[[], dict[str, Definition]] = dict
        self.has_errors = has_errors

    def report(self, code: str, message: str, span: Span, help: str = "", fix: str | None = None) -> None:
        """Record one mistake."""
        self.diagnostics.append(Diagnostic(code, message, self.source, span, help, fix))

    def find(self, name: str) -> Definition | None:
        """What a name means here, or None."""
        found = self.own.get(name) or self.imported.get(name)
        if found is None and not self.is_lost(name):
            found = self.user_models().get(name)
        if found is not None:
            self.used.add(name)
        return found

    def is_lost(self, name: str) -> bool:
        """Whether a broken statement, or an import that failed, would have defined the name."""
        return name in self.lost or "*" in self.lost or f"{name.split('.', maxsplit=1)[0]}.*" in self.lost

    def names(self, *kinds: Kind) -> list[str]:
        """The names of these kinds that are seen here, sorted."""
        seen = {**self.imported, **self.own}
        names = [name for name, each in seen.items() if each.kind in kinds]
        if "model" in kinds:
            names += self.user_models()
        return sorted({name for name in names if name != MAIN})

    def suggestion(self, word: str, kinds: Iterable[Kind], more: Iterable[str] = ()) -> str:
        """`did you mean …?` over the names of these kinds and `more`."""
        return suggest(word, [*self.names(*kinds), *more])


ARTICLES = {
    "model": "a model",
    "prompt": "a prompt",
    "topology": "a topology",
    "eval": "an eval set",
    "search": "a search",
}
"""Each kind with its article."""
