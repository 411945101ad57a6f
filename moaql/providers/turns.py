"""Messages for protocols that keep the system message apart and want the speakers to take turns."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable


def apart(messages: Iterable[tuple[str, str]]) -> tuple[str, list[tuple[str, list[str]]]]:
    """System text, and turns as (role, texts): messages of one speaker in a row are one turn.

    Where there are system messages only, they are the user's turn: these protocols want one.

    Args:
        messages: (role, text) pairs.
    """
    system: list[str] = []
    turns: list[tuple[str, list[str]]] = []
    for role, content in messages:
        if role == "system":
            system.append(content)
        elif turns and turns[-1][0] == role:
            turns[-1][1].append(content)
        else:
            turns.append((role, [content]))
    if not turns:
        return "", [("user", system)]
    return "\n\n".join(system), turns
