"""The eval sets of a program as tests of promptfoo, and their metrics as its asserts."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from moaql.evaluation.task import open_task
from moaql.exporting.code.sources import copy
from moaql.metrics import METRICS

if TYPE_CHECKING:
    from moaql.check.program import Program
    from moaql.evaluation.task import Task

COPIED = ("choice", "contains", "exact", "f1", "literal", "number", "regex", "rouge")
"""Metrics that are functions of a text alone: their asserts are copies of them, and give the same scores."""
_SPELLED = ("moaql.metrics.base", "_text")
_NOT_NAN = (("target == target", 'repr(target) != "nan"'),)
"""The same, for those who do not know that NaN equals nothing."""
_SAMPLE = [{"vars": {"question": "What is 17 * 23?"}, "assert": [{"type": "contains", "value": "391"}]}]
_ASSERT = '''


# {dashes}
# The assert.

_METRIC = {name}()


def get_assert(output, context):
    """The score of an answer; it passes where that is 0.5 or more."""
    given = context["config"]
    item = Judged(given["question"], given["target"], given["fields"], given["id"])
    score = asyncio.run(_METRIC.score(output, item))
    return {{"pass": score.value >= 0.5, "score": score.value, "reason": score.feedback}}
'''


def tests_of(program: Program) -> tuple[dict[str, str], list[str]]:
    """The tests of each eval set, and the asserts that they name; one sample where the program has no eval set.

    Args:
        program: Whose eval sets are read.

    Returns:
        Texts by path, and the names of the sets whose metric has no assert.

    Raises:
        UsageError: if an eval set cannot be read.
    """
    files: dict[str, str] = {}
    unscored: list[str] = []
    for name in program.evals:
        task = open_task(program, name)
        asserts = task.metric_name in COPIED
        if asserts:
            files[f"metrics/{task.metric_name}.py"] = _metric(task.metric_name)
        else:
            unscored.append(f"{name} (`{task.metric_name}`)")
        files[f"tests/{name}.json"] = _as_json(_tests(task))
    return files or {"tests/sample.json": _as_json(_SAMPLE)}, unscored


def _tests(task: Task) -> list[dict[str, Any]]:
    tests = []
    for item in task.items:
        given = {"question": item.question, "target": item.target, "fields": dict(item.fields), "id": item.id}
        test: dict[str, Any] = {
            "description": f"{task.name}: {item.id}",
            "vars": {**item.fields, "question": item.question},
            "options": {"disableVarExpansion": True},
        }
        if task.metric_name in COPIED:
            place = f"file://metrics/{task.metric_name}.py"
            test["assert"] = [{"type": "python", "value": place, "config": given}]
        tests.append(test)
    return tests


def _metric(name: str) -> str:
    """A metric as a stand-alone assert."""
    metric = type(METRICS.find(name)()) if METRICS.find(name) is not None else None  # type: ignore[misc]
    assert metric is not None
    copied = copy([(metric.__module__, metric.__name__), ("moaql.metrics.base", "Judged")], {}, {_SPELLED: _NOT_NAN})
    modules = sorted({module for module, each in copied.imports if not each} | {"asyncio", "sys"})
    names: dict[str, list[str]] = {}
    for module, each in sorted({*copied.imports, ("types", "ModuleType")}):
        if each and module != "__future__":
            names.setdefault(module, []).append(each)
    lines = [
        f'"""`metric={name}` of moaql as an assert of promptfoo, written by `moaql export`. It needs Python 3.11."""',
        "",
        "from __future__ import annotations",
        "",
        *(f"import {module}" for module in modules),
        *(f"from {module} import {', '.join(each)}" for module, each in names.items()),
        "",
        "sys.modules.setdefault(__name__, ModuleType(__name__))  # dataclasses look there, and promptfoo does not register it",
    ]
    return "\n".join(lines) + "\n\n\n" + copied.text() + _ASSERT.format(dashes="-" * 100, name=metric.__name__)


def _as_json(document: Any) -> str:
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"
