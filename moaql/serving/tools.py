"""The tools that a chat request offers to a model."""

from __future__ import annotations

import math
from typing import Any

from moaql.serving.failures import wrong

DEEPEST = 64
"""Levels of a JSON value that is passed on."""
CHOICES = ("none", "auto", "required")


def read_tools(body: dict[str, Any]) -> dict[str, Any]:
    """The settings that concern tools; empty where the request gives none.

    Raises:
        Failure: with status 400, if they make no sense.
    """
    tools, choice, parallel = body.get("tools"), body.get("tool_choice"), body.get("parallel_tool_calls")
    if parallel is not None and not isinstance(parallel, bool):
        raise wrong("`parallel_tool_calls` is true or false", "parallel_tool_calls")
    if choice is not None and choice not in CHOICES and not _named(choice):
        raise wrong(
            f'`tool_choice` is {", ".join(CHOICES)}, or {{"type": "function", "function": {{"name": …}}}}',
            "tool_choice",
        )
    if not tools:
        if tools is not None and tools != []:
            raise wrong("`tools` is a list of functions", "tools")
        if choice not in (None, "none", "auto"):
            raise wrong("`tool_choice` is given, and no `tools`", "tool_choice")
        return {}
    if not isinstance(tools, list) or not all(_named(tool) for tool in tools):
        raise wrong('`tools` is a list of functions: {"type": "function", "function": {"name": …}}', "tools")
    given = {"tools": tools, "tool_choice": choice, "parallel_tool_calls": parallel}
    return {name: plain_json(value, name) for name, value in given.items() if value is not None}


def _named(tool: Any) -> bool:
    function = tool.get("function") if isinstance(tool, dict) and tool.get("type") == "function" else None
    name = function.get("name") if isinstance(function, dict) else None
    return isinstance(name, str) and bool(name)


def plain_json(value: Any, name: str) -> Any:
    """The value, if it can be sent on.

    Raises:
        Failure: with status 400, if it is nested too deeply or holds a number that JSON does not have.
    """
    level = [value]
    for _ in range(DEEPEST):
        if any(isinstance(each, float) and not math.isfinite(each) for each in level):
            raise wrong(f"`{name}` holds a number that is too large", name)
        level = [
            inner
            for each in level
            if isinstance(each, dict | list)
            for inner in (each.values() if isinstance(each, dict) else each)
        ]
        if not level:
            return value
    raise wrong(f"`{name}` is nested more than {DEEPEST} levels deep", name)
