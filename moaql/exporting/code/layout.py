"""Long lines of Python, broken as `ruff format` breaks them, and texts in the quotes that it prefers.

Only what the exporter writes is known: statements that end with brackets, and in them calls, lists, and comprehensions.
"""

from __future__ import annotations

import re

WIDTH = 120
_STRING = re.compile(r"""[rf]?("(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')""")
_OPENING, _CLOSING = "([{", ")]}"


def quoted(text: str) -> str:
    """A text as a literal: in double quotes, unless single ones need fewer backslashes."""
    inner = repr(f'{text}"')[1:-2]  # a text with a double quote comes in single ones
    if text.count('"') > text.count("'"):
        return f"'{inner}'"
    return '"' + inner.replace("\\'", "'").replace('"', '\\"') + '"'


def laid_out(code: str, indent: str = "") -> list[str]:
    """The lines of a statement, or of an entry of brackets.

    Args:
        code: On one line.
        indent: Before each line.
    """
    suffix = code[len(code.rstrip(",:")) :]
    body = code.removesuffix(suffix)
    spans = _brackets(body)
    if len(indent) + len(code) <= WIDTH or not spans or spans[-1][1] != len(body) - 1:
        return [indent + code]
    opening, closing = spans[-1]
    if body[opening] == "[" and (
        body[opening - 1 : opening].isalnum() or body[opening - 1 : opening] in ("_", "]", ")")
    ):
        return [indent + code]  # `seen[0]` stays as it is
    head, inner, tail = body[: opening + 1], body[opening + 1 : closing], body[closing:] + suffix
    deeper = f"{indent}    "
    parts = _apart(inner, ",")
    fits = len(deeper) + len(inner) <= WIDTH
    clauses = [part for each in _apart(inner, " for ") for part in _apart(each, " if ")]
    if len(clauses) > 1:
        rows = [inner] if fits else [part.strip() for part in clauses]
        return [indent + head, *(line for row in rows for line in laid_out(row, deeper)), indent + tail]
    is_call = head[-1] == "(" and (head[-2:-1].isalnum() or head[-2:-1] in ("_", "]", ")"))
    if is_call and fits:
        return [indent + head, deeper + inner, indent + tail]
    lines = [line for part in parts for line in laid_out(f"{part.strip()},", deeper)]
    return [indent + head, *lines, indent + tail]


def _brackets(code: str) -> list[tuple[int, int]]:
    """Where the outermost brackets open and close."""
    spans: list[tuple[int, int]] = []
    depth = start = 0
    for place, sign in _signs(code):
        if sign in _OPENING:
            start = place if depth == 0 else start
            depth += 1
        elif sign in _CLOSING:
            depth -= 1
            if depth == 0:
                spans.append((start, place))
    return spans


def _apart(code: str, at: str) -> list[str]:
    """The code cut at a text outside of all brackets; a word stays with what follows it, a comma goes."""
    depth, start = 0, 0
    parts: list[str] = []
    for place, sign in _signs(code):
        depth += (sign in _OPENING) - (sign in _CLOSING)
        if depth == 0 and code.startswith(at, place) and (at == "," or place > start):
            parts.append(code[start:place])
            start = place + (1 if at == "," else 0)
    rest = code[start:]
    return [*parts, rest] if rest.strip() else parts


def _signs(code: str) -> list[tuple[int, str]]:
    """The characters outside of strings, with their places."""
    inside = {place for found in _STRING.finditer(code) for place in range(*found.span())}
    return [(place, sign) for place, sign in enumerate(code) if place not in inside]
