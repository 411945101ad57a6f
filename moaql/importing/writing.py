"""Writes programs: names, model statements, comments, and the format that everybody writes."""

from __future__ import annotations

import json
import math
import re
import textwrap
from decimal import Decimal
from typing import Any

from moaql.check.checker import check_source
from moaql.errors import UsageError
from moaql.graph.build import build
from moaql.graph.size import MAX_CALLS
from moaql.importing.base import Imported
from moaql.language.formatter import format_source
from moaql.language.grammar import RESERVED
from moaql.source import Source
from moaql.stages import STAGES

_WIDTH = 110
_MOST = 1e12
"""No setting and no count is greater."""
_TOO_LARGE = "Lower its samples, rounds or models there, and import it again."


class Draft:
    """A program while it is written.

    Args:
        source: Where it is from.
        what: What it is, such as `Archon's configuration`.
    """

    def __init__(self, source: str, what: str) -> None:
        self._source = source
        name = " ".join(source.replace("\\", "/").rpartition("/")[2].split())
        self._head = f"From {name}, {what}."
        self._losses: dict[str, None] = {}
        self._models: dict[tuple[Any, ...], str] = {}
        self._statements: list[str] = []
        self._taken: set[str] = set()

    def lose(self, sentence: str) -> None:
        """Say what could not be carried over; once, however often it is said."""
        self._losses[sentence] = None

    def name(self, wanted: str) -> str:
        """A name of the language that is like the wanted one, and is not taken."""
        last = wanted.rpartition("/")[2]
        name = re.sub(r"[.\-]{2,}", "-", re.sub(r"[^A-Za-z0-9_.\-]+", "-", last)).strip("-.").lower() or "model"
        if name[0].isdigit():
            name = f"m{name}"
        if name in RESERVED or name in STAGES.names() or re.fullmatch(r"x\d*", name) or name == "default":
            name += "_model"
        found, number = name, 1
        while found in self._taken:
            number += 1
            found = f"{name}_{number}"
        self._taken.add(found)
        return found

    def model(self, id: str, settings: dict[str, Any] | None = None, wanted: str = "") -> str:
        """The name of a model, with its statement written when it is first used."""
        given = settings or {}
        key = (id, tuple(sorted((name, str(value)) for name, value in given.items())))
        if key not in self._models:
            self._models[key] = self.name(wanted or id)
            words = "".join(f" {name}={value}" for name, value in given.items())
            self._statements.append(f"model {self._models[key]} = {quoted(id)}{words}")
        return self._models[key]

    def add(self, statement: str) -> None:
        """A statement as it is."""
        self._statements.append(statement)

    def done(self, pipeline: str = "", name: str = "") -> Imported:
        """The program, with a topology of that pipeline and name where there is one.

        Raises:
            UsageError: if no program can say it, or if it would make more calls than can be meant.
        """
        lines = [f"# {self._head}", *(line for loss in self._losses for line in _comment(loss)), ""]
        lines += self._statements
        if pipeline:
            lines += ["", f"topology {self.name(name)} = {pipeline}"]
        try:
            text = "\n".join(lines) + "\n"
            text.encode()
            checked = check_source(Source(text))
        except UnicodeEncodeError:
            raise self._unsaid("it holds half a character") from None
        if checked.blocking:
            raise self._unsaid(checked.blocking[0].message)
        for topology in checked.topologies.values() if pipeline else ():
            _, faults = build(topology)
            if faults:
                raise UsageError(f"`{self._source}` is too large ({faults[0].code}): {faults[0].message}", _TOO_LARGE)
        return Imported(format_source(Source(text)), tuple(self._losses))

    def _unsaid(self, why: str) -> UsageError:
        return UsageError(f"`{self._source}` says what no program can say: {why}", "Correct it, and import it again.")


def quoted(text: str) -> str:
    """A text as the language writes it."""
    return json.dumps(text, ensure_ascii=False)


def number(value: Any, what: str = "") -> str:
    """A number as the language writes it, which knows no exponents.

    Args:
        value: What stands there.
        what: Where it stands, for the message.

    Raises:
        UsageError: if it is none, or one that nobody means.
    """
    where = f", as {what}" if what else ""
    if isinstance(value, bool) or not isinstance(value, int | float):
        shown = repr(value)[:40] if isinstance(value, str | bool | None) else f"a {type(value).__name__}"
        raise UsageError(f"{shown} stands where a number is expected{where}", "Correct the file, and import it again.")
    if not math.isfinite(value) or abs(value) > _MOST:
        raise UsageError(f"a number in the file is out of all bounds{where}", "Correct the file, and import it again.")
    return str(value) if isinstance(value, int) else format(Decimal(f"{value:.10g}"), "f")


def whole(value: Any, what: str) -> int:
    """A whole number of 1 or more; `2.0` is one.

    Args:
        value: What stands there.
        what: Where it stands, for the message.

    Raises:
        UsageError: if it is none.
    """
    written = number(value, what)
    if value < 1 or value != int(value):
        help = "Correct it, or leave out what nobody is to be asked, and import it again."
        raise UsageError(f"{written} stands as {what}, where a whole number of 1 or more is expected", help)
    return int(value)


def bound(calls: int, source: str) -> None:
    """Refuse at once what would be refused after a long check of its models.

    Args:
        calls: That one question surely makes.
        source: Where they are stated.

    Raises:
        UsageError: if they are more than can be meant, as E405 says of a program.
    """
    if calls > MAX_CALLS:
        much = f"it would make {calls:,} calls for one question; at most {MAX_CALLS:,} can be meant"
        raise UsageError(f"`{source}` is too large (E405): {much}", _TOO_LARGE)


def as_json(text: str, source: str) -> dict[str, Any]:
    """The object that a text is.

    Raises:
        UsageError: if it is none.
    """
    try:
        found = json.loads(text)
    except ValueError as error:
        raise UsageError(f"`{source}` is not JSON: {error}", "Correct it, and import it again.") from None
    except RecursionError:
        raise UsageError(f"`{source}` is nested too deeply", "Give the configuration file itself.") from None
    if not isinstance(found, dict):
        raise UsageError(f"`{source}` holds no JSON object", "Give the configuration file itself.")
    return found


def looks_like(text: str, *keys: str) -> bool:
    """Whether a text is a JSON object that has all of these keys."""
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return False
    return isinstance(found, dict) and all(key in found for key in keys)


def _comment(sentence: str) -> list[str]:
    lines = textwrap.wrap(sentence, _WIDTH, break_long_words=False, break_on_hyphens=False)
    return [f"# - {lines[0]}", *(f"#   {line}" for line in lines[1:])]
