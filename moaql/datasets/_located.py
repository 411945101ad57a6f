"""JSON read element by element, so that each knows the line that it begins in."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from moaql.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator

_SPACE = re.compile(r"[ \t\n\r]*")


class Cursor:
    """A place in a JSON text.

    Args:
        text: The whole text.
        path: Of the file, for messages.

    Attributes:
        line: The line of the place, from 1.
    """

    def __init__(self, text: str, path: str) -> None:
        self.line = 1
        self._text = text
        self._path = path
        self._at = 0
        self._decoder = json.JSONDecoder()

    def peek(self) -> str:
        """The next character that is no white space; "" at the end."""
        match = _SPACE.match(self._text, self._at)
        assert match is not None  # it matches nothing, too
        self._move(match.end())
        return self._text[self._at : self._at + 1]

    def value(self) -> Any:
        """The next value.

        Raises:
            UsageError: if there is none.
        """
        self.peek()
        try:
            found, end = self._decoder.raw_decode(self._text, self._at)
        except json.JSONDecodeError as error:
            raise self.wrong(error.msg, error.lineno) from None
        except (ValueError, RecursionError) as error:
            raise self.wrong(str(error)) from None
        self._move(end)
        return found

    def elements(self) -> Iterator[tuple[int, Any]]:
        """The elements of the array that begins here, each with its line."""
        self._take("[")
        while self.peek() != "]":
            line = self.line
            yield line, self.value()
            if self.peek() != "]":
                self._take(",")
                if self.peek() == "]":
                    raise self.wrong("a comma before `]`")
        self._take("]")

    def members(self) -> Iterator[str]:
        """The names of the object that begins here; whoever takes a name takes its value before the next."""
        self._take("{")
        while self.peek() != "}":
            name = self.value()
            if not isinstance(name, str):
                raise self.wrong("a name in quotes is expected")
            self._take(":")
            self.peek()
            yield name
            if self.peek() != "}":
                self._take(",")
        self._take("}")

    def end(self) -> None:
        """Make sure that nothing follows."""
        if self.peek():
            raise self.wrong("something follows its end")

    def wrong(self, message: str, line: int | None = None) -> UsageError:
        """That the text is not JSON."""
        return UsageError(
            f"{self._path}:{self.line if line is None else line}: not JSON: {message}",
            "Write an array of objects, [{…}, {…}]; one object a line is a .jsonl file.",
        )

    def _take(self, sign: str) -> None:
        if self.peek() != sign:
            raise self.wrong(f"`{sign}` is expected")
        self._move(self._at + 1)

    def _move(self, to: int) -> None:
        self.line += self._text.count("\n", self._at, to)
        self._at = to
