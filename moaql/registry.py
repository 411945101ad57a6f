"""Names to implementations, for everything that is "one new file": stages, providers, metrics, rules, targets.

The name a user types is the name of the file. Listing reads the folder and imports nothing; a module is imported when its
name is asked for; installed third-party packages (entry points) are looked at only when a name is not in the folder.
"""

from __future__ import annotations

import importlib
import os
from functools import cache, cached_property
from typing import Any, Generic, TypeVar

T = TypeVar("T")


class Registry(Generic[T]):
    """The implementations in one package folder, and those that other packages add by an entry point.

    Args:
        package: The package whose modules are the entries, such as `moaql.stages`.
        attribute: What each module calls its implementation, such as `STAGE`.
        not_entries: Modules of the folder that are no entries.
    """

    def __init__(self, package: str, attribute: str, not_entries: frozenset[str] = frozenset({"base"})) -> None:
        self.package = package
        self.attribute = attribute
        self._not_entries = not_entries
        self._loaded: dict[str, T] = {}

    @cached_property
    def built_in(self) -> tuple[str, ...]:
        """The names in the folder, sorted. Nothing is imported."""
        folder = importlib.import_module(self.package).__path__[0]
        names = {entry.split(".")[0] for entry in os.listdir(folder) if entry.endswith((".py", ".pyc"))}
        return tuple(sorted(name for name in names - self._not_entries if not name.startswith("_")))

    def names(self) -> tuple[str, ...]:
        """All names, third-party ones included, sorted."""
        return tuple(sorted({*self.built_in, *_entry_points(self.package)}))

    def find(self, name: str) -> T | None:
        """The implementation called `name`, or None."""
        if name in self._loaded:
            return self._loaded[name]
        found: Any = None
        if name in self.built_in:
            found = getattr(importlib.import_module(f"{self.package}.{name}"), self.attribute)
        elif (entry := _entry_points(self.package).get(name)) is not None:
            found = entry.load()
        if found is not None:
            self._loaded[name] = found
        return found  # type: ignore[no-any-return]


@cache
def _entry_points(group: str) -> dict[str, Any]:
    # importlib.metadata takes longer to import than a program takes to check, hence only on a miss.
    from importlib.metadata import entry_points

    return {entry.name: entry for entry in entry_points(group=group)}
