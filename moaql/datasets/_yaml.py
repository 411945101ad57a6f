"""YAML with the line of each test, and with the plain types of YAML 1.2, which is what promptfoo itself reads."""

from __future__ import annotations

import re
from functools import cache
from typing import Any

from moaql.errors import MissingPackage, UsageError


def load(text: str, path: str) -> tuple[dict[str, Any], Any]:
    """A promptfoo file.

    Args:
        text: Of the file.
        path: Of the file, for messages.

    Returns:
        The settings beside the tests, and the tests as pairs of line (from 1) and value; whatever else stands for them as it is.

    Raises:
        UsageError: if it is not YAML, or holds no tests.
        MissingPackage: if PyYAML is not installed.
    """
    try:
        import yaml
    except ImportError:
        raise MissingPackage("PyYAML", f"Reading `{path}`") from None
    loader = _loader_class()(text)
    try:
        top = loader.get_single_node()
        if top is None:
            return {}, []
        if isinstance(top, yaml.SequenceNode):
            return {}, _located(loader, top)
        if not isinstance(top, yaml.MappingNode):
            raise UsageError(f"{path}:1: no list of tests", "Write `tests: [{vars: {…}, assert: […]}]`.")
        named = {key.value: value for key, value in top.value}
        tests = named.get("tests")
        if tests is None:
            raise UsageError(f"{path}:1: no `tests`", "Write `tests: [{vars: {…}, assert: […]}]`.")
        # `prompts` and `defaultTest` are all that is needed; providers may hold anything.
        settings = {
            name: loader.construct_object(named[name], deep=True)
            for name in ("prompts", "defaultTest")
            if name in named
        }
        if isinstance(tests, yaml.SequenceNode):
            return settings, _located(loader, tests)
        return settings, loader.construct_object(tests, deep=True)
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark is not None else 1
        raise UsageError(f"{path}:{line}: not YAML: {error.problem}", "Check the indentation and the quotes.") from None
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        reason = str(error).splitlines()[0] if str(error) else "it is nested too deeply"
        raise UsageError(f"{path}:1: not YAML: {reason}", "Check the indentation and the quotes.") from None
    finally:
        loader.dispose()


def _located(loader: Any, sequence: Any) -> list[tuple[int, Any]]:
    return [(node.start_mark.line + 1, loader.construct_object(node, deep=True)) for node in sequence.value]


@cache
def _loader_class() -> Any:
    """A safe loader that takes `yes`, `12:30` and `2024-01-01` for the texts that they are in YAML 1.2."""
    import yaml

    class Loader(yaml.SafeLoader):
        yaml_implicit_resolvers: dict[str, Any] = {}  # noqa: RUF012 - PyYAML's own way

    tags: tuple[tuple[str, str, str], ...] = (
        ("null", r"~|null|Null|NULL|", "~nN"),
        ("bool", r"true|True|TRUE|false|False|FALSE", "tTfF"),
        ("int", r"[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+", "-+0123456789"),
        ("float", r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?", "-+.0123456789"),
        ("float", r"[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)", "-+."),
        ("merge", r"<<", "<"),
    )
    for name, pattern, first in tags:
        keys = [*first, ""] if name == "null" else list(first)
        Loader.add_implicit_resolver(f"tag:yaml.org,2002:{name}", re.compile(rf"(?:{pattern})\Z"), keys)
    Loader.add_constructor("tag:yaml.org,2002:int", lambda _, node: _integer(node.value))
    return Loader


def _integer(written: str) -> int:
    # In YAML 1.1 a leading 0 means octal; here 0123 is 123.
    base = {"0o": 8, "0x": 16}.get(written[:2], 10)
    return int(written[2:] if base != 10 else written, base)
