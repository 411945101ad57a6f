"""What a bank is: every response that was paid for, under a key that says what was asked."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence

    from moaql.providers.base import Request, Response


@dataclass(frozen=True, slots=True)
class Entry:
    """One response that was paid for.

    Attributes:
        request: What was asked. Its `item` may say which question that was about; it takes no part in the key.
        response: What was said.
        cost: Dollars that it cost when it was made; None where the price was unknown.
        latency: Seconds that the call took.
        date: When it was stored, in seconds since 1970.
    """

    request: Request
    response: Response
    cost: float | None
    latency: float
    date: float


@dataclass(frozen=True)
class ModelCount:
    """What the bank holds of one model.

    Attributes:
        model: `provider/model`.
        entries: Responses.
        prompt_tokens: All together.
        completion_tokens: Likewise.
        cost: Dollars, of those whose price was known.
        unpriced: Responses whose price was unknown.
        first: Date of the oldest, in seconds since 1970.
        last: Date of the newest.
    """

    model: str
    entries: int
    prompt_tokens: int
    completion_tokens: int
    cost: float
    unpriced: int
    first: float
    last: float


@dataclass(frozen=True)
class Selection:
    """Which entries are meant. Empty fields mean all.

    Attributes:
        models: Ids such as `openai/gpt-4o`.
        before: Only those stored before this date, in seconds since 1970.
        after: Only those stored at or after it.
    """

    models: tuple[str, ...] = ()
    before: float | None = None
    after: float | None = None


EVERYTHING = Selection()


class Bank(Protocol):
    """Keeps entries. All methods raise `BankError` where the bank cannot be read or written.

    Of a request's item only question and id are kept, and of its connection not the name of the key's variable:
    `moaql.bank.forms.kept` says what is.
    """

    @property
    def where(self) -> str:
        """Where it is, as shown to the user; never with a password."""
        ...

    async def find(self, key: bytes) -> Entry | None:
        """The entry of a key (`moaql.bank.key.key_of(request)`), or None."""
        ...

    async def store(self, key: bytes, entry: Entry) -> None:
        """Keep an entry. It is durable when this returns. If the key is there already, the older entry stays."""
        ...

    async def count(self, selection: Selection = EVERYTHING) -> Sequence[ModelCount]:
        """What it holds of the entries that are meant, by model, in order of the models' ids."""
        ...

    def entries(self, selection: Selection = EVERYTHING) -> AsyncIterator[tuple[bytes, Entry]]:
        """The entries that are meant, oldest first, a few at a time."""
        ...

    async def prune(self, selection: Selection) -> int:
        """Delete the entries that are meant; how many they were."""
        ...

    async def size(self) -> int | None:
        """Bytes that it takes where it is kept; None where it is kept nowhere."""
        ...

    async def close(self) -> None:
        """Write what is left to write, and close. A bank that is closed already stays so."""
        ...
