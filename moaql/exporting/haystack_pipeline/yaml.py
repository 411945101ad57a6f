"""A document as YAML that reads well. It holds JSON's values only, so a few lines write it, and no package is needed."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

_PLAIN = re.compile(r"[A-Za-z_][A-Za-z0-9_]*(\.[A-Za-z_][A-Za-z0-9_]*)*")
_OTHERWISE = {"y", "n", "yes", "no", "true", "false", "on", "off", "null"}
"""Words that are no texts to a reader of YAML 1.1."""
_LONG = 110


def yaml_text(document: Mapping[str, Any]) -> str:
    """The document: what is short and holds no map stands in place, all else on lines of its own.

    Args:
        document: Maps, lists, texts, numbers, and True and False.
    """
    return "\n".join(_lines(document, "")) + "\n"


def _lines(document: Mapping[str, Any], indent: str) -> list[str]:
    lines: list[str] = []
    for name, value in document.items():
        held = list(value.values()) if isinstance(value, dict) else value if isinstance(value, list) else []
        line = f"{indent}{_in_place(name)}: {_in_place(value)}"
        if not held or (len(line) <= _LONG and not any(isinstance(each, dict) for each in held)):
            lines.append(line)
        elif isinstance(value, dict):
            lines += [f"{indent}{_in_place(name)}:", *_lines(value, f"{indent}  ")]
        else:
            lines += [f"{indent}{_in_place(name)}:", *(f"{indent}  - {_in_place(each)}" for each in held)]
    return lines


def _in_place(value: Any) -> str:
    if isinstance(value, dict):
        return "{" + ", ".join(f"{_in_place(name)}: {_in_place(each)}" for name, each in value.items()) + "}"
    if isinstance(value, list):
        return f"[{', '.join(map(_in_place, value))}]"
    if not isinstance(value, str):
        return json.dumps(value)
    if _PLAIN.fullmatch(value) and value.lower() not in _OTHERWISE:
        return value
    return "".join(c if c.isprintable() else _escaped(c) for c in json.dumps(value, ensure_ascii=False))


def _escaped(character: str) -> str:
    number = ord(character)
    return f"\\u{number:04x}" if number < 0x10000 else f"\\U{number:08x}"
