"""`metric="python:path.py:function"`: a function of the user scores.

It is called as `function(answer, target, item)` and returns a number from 0 to 1, true or false, or a pair of one of these and
feedback. It may be `async`. It runs inside this process, with all its rights: it is the user's own code.
"""

from __future__ import annotations

import importlib.util
import inspect
import os
import sys
from contextlib import redirect_stdout
from typing import TYPE_CHECKING, Any

from moaql.errors import UsageError
from moaql.metrics.base import Asker, Judged, MetricFailed, Score, short

if TYPE_CHECKING:
    from collections.abc import Callable


class Function:
    """The score that a user's function gives.

    Args:
        function: What is called.
        name: `path.py:function`, for messages.
        path: Of the file that it stands in.
    """

    def __init__(self, function: Callable[..., Any], name: str, path: str) -> None:
        self._function, self._name, self._path = function, name, path

    async def score(self, answer: str, item: Judged, asker: Asker | None = None) -> Score:  # noqa: ARG002
        """Call the function.

        Raises:
            MetricFailed: if it fails on this item, or returns no score.
        """
        try:
            # What it prints is for people: standard output may be a document.
            with redirect_stdout(sys.stderr):
                returned = self._function(answer, item.target, item)
                if inspect.isawaitable(returned):
                    returned = await returned
        except (Exception, SystemExit) as error:
            raise MetricFailed(
                f"`{self._name}` failed on {item.place}: {_said(error, self._path)}",
                "Correct the function; the other items are scored.",
            ) from error
        return self._as_score(returned, item)

    def _as_score(self, returned: Any, item: Judged) -> Score:
        if isinstance(returned, Score):
            return returned
        pair = returned if isinstance(returned, tuple) and len(returned) == 2 else (returned, "")
        try:
            if isinstance(pair[0], str | bytes):
                raise TypeError
            return Score(float(pair[0]), str(pair[1]))
        except Exception:  # what `float` raises for a value of another library is that library's choice
            raise MetricFailed(
                f"`{self._name}` returned {short(repr(returned))} on {item.place}",
                "Return a number from 0 to 1, true or false, or a pair of it and feedback.",
            ) from None


def load(name: str, folder: str) -> Function:
    """The metric of a function in a file.

    Args:
        name: `path.py:function`.
        folder: What the path is relative to.

    Raises:
        UsageError: if there is no such file or function, or the file fails when it is loaded.
    """
    file, _, function = name.rpartition(":")
    if not file or not function.isidentifier():
        raise UsageError(f"`python:{name}` names no function", 'Write "python:path.py:function".')
    path = os.path.abspath(os.path.join(folder, os.path.expanduser(file)))
    if not os.path.isfile(path):
        raise UsageError(f"the metric's file `{file}` does not exist", f"It was looked for at `{path}`.")
    found = getattr(_module(path, file), function, None)
    if not callable(found):
        raise UsageError(f"`{file}` has no function `{function}`", "Check its name.")
    return Function(found, name, path)


def _module(path: str, file: str) -> Any:
    # The path is part of the name, so that files of one name in two folders do not meet.
    name = f"moaql_metric_{abs(hash(path))}"
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise UsageError(f"`{file}` is no Python file", "Its name ends with `.py`.")
    module = importlib.util.module_from_spec(spec)
    # Dataclasses look their module up while it is still being loaded.
    sys.modules[name] = module
    try:
        with redirect_stdout(sys.stderr):
            spec.loader.exec_module(module)
    except (Exception, SystemExit) as error:
        del sys.modules[name]
        raise UsageError(f"`{file}` cannot be loaded: {_said(error, path)}", "Correct the file.") from error
    return module


def _said(error: BaseException, path: str) -> str:
    """The error and the last line of the user's file that it passed."""
    if isinstance(error, SyntaxError):
        return f"{error.msg} (line {error.lineno})"
    line, trace = None, error.__traceback__
    while trace is not None:
        if trace.tb_frame.f_code.co_filename == path:
            line = trace.tb_lineno
        trace = trace.tb_next
    place = f" (line {line})" if line else ""
    text = short(str(error), 300)
    return f"{type(error).__name__}{': ' + text if text else ''}{place}"
