"""Lint: one file a rule, each for a mistake that people really make.

A rule's file defines `CODE`, `TITLE`, `BAD` and `GOOD` (programs that do and do not show it) and `check`; its docstring is what
`moaql explain` prints.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from moaql.records import Entity
from moaql.registry import Registry

if TYPE_CHECKING:
    from collections.abc import Iterator

    from moaql.check.pipelines import Walker
    from moaql.check.program import EvalSet, Topology
    from moaql.check.scope import Unit
    from moaql.check.state import State
    from moaql.diagnostics import Diagnostic
    from moaql.language import nodes as n


class Checked(Entity):
    """What the rules look at.

    Attributes:
        unit: The file.
        walker: Every use of a stage, in `walker.uses`.
        ends: Each pipeline of the file with what is known of its answer.
        evals: The file's eval sets.
        searches: Its searches.
    """

    unit: Unit
    walker: Walker
    ends: dict[Topology, State]
    evals: dict[str, EvalSet]
    searches: dict[str, n.SearchStatement]


class Rule(Protocol):
    """A function from a checked file to warnings."""

    def __call__(self, checked: Checked) -> Iterator[Diagnostic]:
        """The warnings of one rule."""
        ...


RULES: Registry[Rule] = Registry("moaql.check.rules", "check", frozenset())
"""All rules by name."""


def lint(checked: Checked) -> Iterator[Diagnostic]:
    """The warnings of all rules. A file that cannot be read in full is not linted: half of it would look unused."""
    if checked.unit.has_errors:
        return
    for name in RULES.built_in:
        rule = RULES.find(name)
        assert rule is not None
        yield from rule(checked)
