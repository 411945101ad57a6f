"""Names for what is written: no two alike, none that Python or the library has taken."""

from __future__ import annotations

import builtins
import keyword
import re


class Names:
    """Gives each thing a name of its own.

    Args:
        taken: Names that are used already.
    """

    def __init__(self, taken: set[str]) -> None:
        self._taken = {*taken, *keyword.kwlist, *dir(builtins), "self"}

    def take(self, wanted: str, *, upper: bool = False, capital: bool = False) -> str:
        """The wanted name as Python writes it, or one like it.

        Args:
            wanted: Any text.
            upper: Whether it is a constant.
            capital: Whether it is a class.
        """
        words = [word for word in re.split(r"[^A-Za-z0-9]+", wanted) if word] or ["stage"]
        name = "".join(word[0].upper() + word[1:] for word in words) if capital else "_".join(words).lower()
        name = name.upper() if upper else name
        name = f"_{name}" if name[0].isdigit() else name
        found, number = name, 1
        while found in self._taken:
            number += 1
            found = f"{name}_{number}"
        self._taken.add(found)
        return found
