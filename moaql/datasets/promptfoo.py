"""promptfoo's tests: `vars` are the fields, a plain `assert` gives the target.

The format is that of https://www.promptfoo.dev/docs/configuration/reference/; of its templates, only plain `{{name}}` is read.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from moaql.datasets.base import Row
from moaql.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from moaql.datasets.base import DataFile

TARGETS = ("equals", "contains", "icontains", "regex")
"""Asserts whose value is a target."""
_PLACEHOLDER = re.compile(r"\{\{\s*([A-Za-z_]\w*)\s*\}\}")
_TEMPLATE = ("{{", "{%", "{#")


@dataclass(frozen=True)
class Config:
    """What a configuration says about all its tests.

    Attributes:
        path: Of the file.
        prompt: The prompt, where there is exactly one and it is a text; else "".
        vars: Fields of every test.
        asserts: Asserts of every test.
        options: Options of every test.
    """

    path: str
    prompt: str = ""
    vars: Mapping[str, Any] = field(default_factory=dict)
    asserts: tuple[Any, ...] = ()
    options: Mapping[str, Any] = field(default_factory=dict)

    @classmethod
    def of(cls, path: str, settings: Mapping[str, Any]) -> Config:
        """The same from the file's top level.

        Raises:
            UsageError: if its `defaultTest` is in another file.
        """
        default = settings.get("defaultTest")
        if isinstance(default, str):
            raise UsageError(f"`{path}` names another file as its `defaultTest`", "Write it into this file.")
        default = default if isinstance(default, dict) else {}
        shared, asserts, options = default.get("vars"), default.get("assert"), default.get("options")
        return cls(
            path,
            _only_prompt(settings.get("prompts")),
            shared if isinstance(shared, dict) else {},
            tuple(asserts) if isinstance(asserts, list) else (),
            options if isinstance(options, dict) else {},
        )


def read(file: DataFile) -> Iterator[Row]:
    """The tests of a YAML file: a list of them, or a configuration with `tests`."""
    from moaql.datasets._yaml import load

    with file.open_text() as text:
        settings, tests = load(text.read(), file.path)
    yield from rows(Config.of(file.path, settings), tests)


def rows(config: Config, tests: Any) -> Iterator[Row]:
    """Tests as rows.

    Args:
        config: What holds for all of them.
        tests: Pairs of line and test.

    Returns:
        Rows whose fields are the test's `vars`; `prompt`, the file's only prompt with the `vars` filled in, unless a var has that
        name; `target` and `assert`, the value and the type of the only assert that compares with a value; and `description`.

    Raises:
        UsageError: if a test is none, or names files.
    """
    if isinstance(tests, str) or (isinstance(tests, list) and any(isinstance(each, str) for _, each in tests)):
        raise UsageError(f"`{config.path}` names other files as its `tests`", "Give the file that holds the tests.")
    if not isinstance(tests, list):
        raise UsageError(f"{config.path}:1: `tests` is no list", "Write `tests: [{vars: {…}, assert: […]}]`.")
    for line, test in tests:
        yield Row(config.path, line, _fields(test, config, f"{config.path}:{line}"))


def _fields(test: Any, config: Config, place: str) -> dict[str, Any]:
    own = test.get("vars", {}) if isinstance(test, dict) else None
    if not isinstance(own, dict) or not (own or config.vars):
        raise UsageError(f"{place}: this test has no `vars`", "Write `vars: {question: …}`.")
    vars = {str(name): value for name, value in {**config.vars, **own}.items()}
    own_options = test.get("options")
    options = {**config.options, **(own_options if isinstance(own_options, dict) else {})}
    for name, value in vars.items():
        if isinstance(value, str) and value.startswith("file://"):
            raise UsageError(f"{place}: `{name}` names a file", "Write its text into the test.")
        if isinstance(value, list) and options.get("disableVarExpansion") is not True:
            raise UsageError(
                f"{place}: `{name}` is a list, which stands for several tests in promptfoo",
                "Write a test for each value, or set `options: {disableVarExpansion: true}`.",
            )
    asserts = test.get("assert", [])
    if not isinstance(asserts, list):
        raise UsageError(f"{place}: `assert` is no list", "Write `assert: [{type: equals, value: …}]`.")
    shared = () if options.get("disableDefaultAsserts") is True else config.asserts
    found = _target([*shared, *asserts], vars)
    prompt = fill(config.prompt, vars) if config.prompt else None
    described = test.get("description")
    return {
        **({} if prompt is None else {"prompt": prompt}),
        **({} if described is None else {"description": described}),
        **({} if found is None else {"assert": found[0], "target": found[1]}),
        **vars,
    }


def _target(asserts: Iterable[Any], vars: Mapping[str, Any]) -> tuple[str, Any] | None:
    """Type and value of the only assert that compares with a value; None where there are none or several."""
    found = [each for each in asserts if isinstance(each, dict) and each.get("type") in TARGETS and "value" in each]
    if len(found) != 1:
        return None
    kind, value = found[0]["type"], found[0]["value"]
    if isinstance(value, str):
        if value.startswith("file://"):
            return None
        # A regular expression may hold `{{` of its own; it is a template only where a var is meant.
        value = fill(value, vars) if kind != "regex" or _PLACEHOLDER.search(value) else value
    return None if value is None else (kind, value)


def fill(template: str, vars: Mapping[str, Any]) -> str | None:
    """A template with its `{{name}}` filled in; None where it says more than that, or names what is not there."""
    names = _PLACEHOLDER.findall(template)
    rest = _PLACEHOLDER.sub("", template)
    if any(sign in rest for sign in _TEMPLATE) or any(name not in vars for name in names):
        return None
    return _PLACEHOLDER.sub(lambda match: _shown(vars[match[1]]), template)


def _shown(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _only_prompt(prompts: Any) -> str:
    """The one prompt of a file, if it is a template that stands there."""
    prompts = [prompts] if isinstance(prompts, str) else prompts
    if not isinstance(prompts, list) or len(prompts) != 1:
        return ""
    prompt = prompts[0].get("raw") if isinstance(prompts[0], dict) else prompts[0]
    if not isinstance(prompt, str) or prompt.startswith("file://") or _PLACEHOLDER.search(prompt) is None:
        return ""
    # A list of chat messages is more than a question.
    return "" if prompt.lstrip().startswith("[{") or prompt.lstrip().startswith("- role") else prompt
