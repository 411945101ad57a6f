"""Python literals, as an answer to "what does this return"."""

from __future__ import annotations

import ast
import re
import warnings
from typing import Any

from moaql.answers.marked import json_field, marked

_CODE = re.compile(r"```\w*\n?(.*?)```|`([^`]+)`", re.DOTALL)
_WRAPPED = re.compile(r"(?:\\text(?:tt)?\s*\{(.*)\}|\$(.*)\$|\\\((.*)\\\))", re.DOTALL)
_QUOTED = re.compile(r"'.*'|\".*\"", re.DOTALL)


def literal(text: str) -> str | None:
    """The Python literal that a text gives as its answer.

    Args:
        text: A model's text.

    Returns:
        A string without its quotes and with line breaks spelled `\\n`; anything else as `repr` spells it, with the keys of
        dictionaries and the members of sets sorted. What is marked and no literal stays as it is. None where no answer is
        marked and the text is no literal.
    """
    found = json_field(text, empty=True)
    if found is None:
        found = marked(text)
    if found is None:
        return _canonical(_bare(text))
    bare = _bare(found)
    spelled = _canonical(bare)
    if spelled is not None:
        return spelled
    if _QUOTED.fullmatch(bare):
        # A string with a line break or its own quotes in it, or any literal in quotes that it does not need.
        return _canonical(bare[1:-1]) or bare[1:-1].replace("\n", "\\n")
    return found.replace("\n", "\\n")


def _bare(text: str) -> str:
    text = text.strip()
    for pattern in (_CODE, _WRAPPED):
        match = pattern.fullmatch(text)
        if match is not None:
            text = next(part for part in match.groups() if part is not None).strip()
    return text


def _canonical(written: str) -> str | None:
    try:
        with warnings.catch_warnings():
            # A string with an escape that Python does not know is read all the same.
            warnings.simplefilter("ignore")
            value = ast.literal_eval(written)
            if isinstance(value, str) and value != written and (inner := _canonical(value.strip())) is not None:
                return inner
        return value.replace("\n", "\\n") if isinstance(value, str) else _spell(value)
    except (ValueError, TypeError, SyntaxError, MemoryError, RecursionError):
        return None


def _spell(value: Any) -> str:
    """As `repr`, but equal dictionaries and equal sets are spelled alike."""
    if isinstance(value, dict):
        return "{" + ", ".join(sorted(f"{_spell(key)}: {_spell(item)}" for key, item in value.items())) + "}"
    if isinstance(value, set) and value:
        return "{" + ", ".join(sorted(map(_spell, value))) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(_spell, value)) + "]"
    if isinstance(value, tuple):
        return "(" + ", ".join(map(_spell, value)) + ("," if len(value) == 1 else "") + ")"
    return repr(value)
