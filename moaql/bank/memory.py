"""A bank that is gone when the process is: for tests, and for runs that shall leave nothing behind."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from moaql.bank.base import EVERYTHING, Bank, Entry, ModelCount, Selection
from moaql.bank.forms import kept

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence


class MemoryBank(Bank):
    """Entries in a dictionary. It lives in one process, and forgets."""

    def __init__(self) -> None:
        self._entries: dict[bytes, Entry] = {}

    @property
    def where(self) -> str:
        """`:memory:`."""
        return ":memory:"

    async def find(self, key: bytes) -> Entry | None:
        """The entry of a key, or None."""
        return self._entries.get(key)

    async def store(self, key: bytes, entry: Entry) -> None:
        """Keep an entry, unless the key is there already."""
        if key not in self._entries:
            self._entries[key] = kept(entry)

    async def count(self, selection: Selection = EVERYTHING) -> Sequence[ModelCount]:
        """What it holds of the entries that are meant, by model."""
        models = defaultdict(list)
        for _, entry in self._meant(selection):
            models[entry.request.id].append(entry)
        return [_count(model, models[model]) for model in sorted(models)]

    async def entries(self, selection: Selection = EVERYTHING) -> AsyncIterator[tuple[bytes, Entry]]:
        """The entries that are meant, oldest first; those of one date in the order in which they came."""
        for pair in sorted(self._meant(selection), key=lambda pair: pair[1].date):
            yield pair

    async def prune(self, selection: Selection) -> int:
        """Delete the entries that are meant; how many they were."""
        meant = self._meant(selection)
        for key, _ in meant:
            del self._entries[key]
        return len(meant)

    async def size(self) -> int | None:
        """None: it is kept nowhere."""
        return None

    async def close(self) -> None:
        """Nothing is left to do."""

    def _meant(self, selection: Selection) -> list[tuple[bytes, Entry]]:
        return [pair for pair in self._entries.items() if _is_meant(pair[1], selection)]


def _is_meant(entry: Entry, selection: Selection) -> bool:
    return (
        (not selection.models or entry.request.id in selection.models)
        and (selection.before is None or entry.date < selection.before)
        and (selection.after is None or entry.date >= selection.after)
    )


def _count(model: str, entries: Sequence[Entry]) -> ModelCount:
    return ModelCount(
        model,
        len(entries),
        sum(entry.response.prompt_tokens or 0 for entry in entries),
        sum(entry.response.completion_tokens or 0 for entry in entries),
        sum(entry.cost for entry in entries if entry.cost is not None),
        sum(entry.cost is None for entry in entries),
        min(entry.date for entry in entries),
        max(entry.date for entry in entries),
    )
