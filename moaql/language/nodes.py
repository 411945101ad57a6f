"""The tree of a program: what was written, with every place, before any name is resolved.

Each node is immutable and knows its span. Two trees are equal when they say the same, wherever it stands: spans do not take
part in comparison.
"""

from __future__ import annotations

from typing import Literal as OneOf
from typing import TypeAlias

from moaql.records import Record
from moaql.source import Source, Span

LiteralKind = OneOf["number", "percent", "money", "duration", "size", "string", "boolean", "none"]


class Node(Record, apart=("span",)):
    """Base of all nodes: something with a place."""

    span: Span


# Values


class Name(Node):
    """A word that names something."""

    text: str


class Literal(Node, apart=("text",)):
    """A constant. Percentages and fractions are numbers, money is dollars, durations are seconds, sizes are tokens."""

    kind: LiteralKind
    value: float | int | str | bool | None
    text: str


class Repeat(Node):
    """`x3` or `x?(1..3)`."""

    count: int | Hole


class Item(Node):
    """An entry of a list or a positional value, perhaps repeated."""

    value: Value | Group
    repeat: Repeat | None = None


class ListValue(Node):
    """`[a, b x2]`."""

    items: tuple[Item, ...]


class Entry(Node):
    """`key: value` of a map."""

    key: str
    value: Value


class MapValue(Node):
    """`{gpt4o: 2.1, qwen: 0.7}`."""

    entries: tuple[Entry, ...]


class Fitted(Node):
    """A bare `?`: a value that tuning fits."""


class Choice(Node):
    """`?(a | b | skip)`. A lone name is a one-step pipeline here; what it means depends on where the hole stands."""

    alternatives: tuple[Pipeline | Item, ...]


class Range(Node):
    """`?(1..4)`, `?(0.001..1 log)`, `?(128..1024 by 128)`."""

    low: Literal
    high: Literal
    step: Literal | None = None
    log: bool = False


class Subset(Node):
    """`?(1..3 of [a, b, c])`."""

    low: Literal
    high: Literal
    items: ListValue


Hole: TypeAlias = Choice | Range | Subset
Value: TypeAlias = Name | Literal | ListValue | MapValue | Fitted | Choice | Range | Subset


# Pipelines


class Setting(Node):
    """`name=value`."""

    name: Name
    value: Value
    repeat: Repeat | None = None


class Stage(Node):
    """A stage, or a model or topology used as one: `NAME value* (NAME "=" value)*`."""

    name: Name
    operands: tuple[Item, ...] = ()
    settings: tuple[Setting, ...] = ()
    repeat: Repeat | None = None

    @property
    def is_bare(self) -> bool:
        """Whether it is a name and nothing else."""
        return not self.operands and not self.settings and self.repeat is None


class Group(Node):
    """`( pipeline ) xN`: the pipeline N times in a row."""

    body: Pipeline
    repeat: Repeat | None = None


class When(Node):
    """`when CONDITION { … } else { … }`."""

    condition: Condition
    then: Pipeline
    otherwise: Pipeline | None = None


class Case(Node, apart=("label_span",)):
    """`case LABEL { … }`."""

    label: str
    label_span: Span
    body: Pipeline


class Route(Node):
    """`route CLASSIFIER { case LABEL { … } … else { … } }`."""

    operands: tuple[Item, ...]
    settings: tuple[Setting, ...]
    cases: tuple[Case, ...]
    otherwise: Pipeline | None = None


class Until(Node):
    """`until CONDITION max N { … }`."""

    condition: Condition
    limit: Literal | Choice | Range | Subset
    body: Pipeline


class HoleStep(Node):
    """A hole that stands for a step."""

    hole: Hole
    repeat: Repeat | None = None


class Skip(Node):
    """`skip`, the empty pipeline."""


Step: TypeAlias = Stage | Group | When | Route | Until | HoleStep | Skip


class Pipeline(Node):
    """Steps from left to right."""

    steps: tuple[Step, ...]


# Conditions


class Comparison(Node):
    """`agreement by=number >= 2/3`."""

    signal: Name
    settings: tuple[Setting, ...]
    operator: str
    value: Name | Literal | Choice | Range | Subset


class Logic(Node):
    """`and` or `or` between two or more conditions."""

    operator: OneOf["and", "or"]
    parts: tuple[Condition, ...]


class Negation(Node):
    """`not CONDITION`."""

    part: Condition


Condition: TypeAlias = Comparison | Logic | Negation


# Statements


class ImportStatement(Node):
    """`import "file.moaql" as ns`."""

    path: Literal
    alias: Name | None = None


class ModelStatement(Node):
    """`model NAME = SOURCE (or SOURCE)* settings`; a source is an id (string) or another model's name."""

    name: Name
    sources: tuple[Name | Literal, ...]
    settings: tuple[Setting, ...] = ()


class Message(Node):
    """`system "…"`."""

    role: Name
    text: Literal


class PromptStatement(Node):
    """`prompt NAME { system "…" user "…" }`."""

    name: Name
    messages: tuple[Message, ...]


class TopologyStatement(Node):
    """`topology NAME = pipeline`; a bare pipeline has no name and is the program's `main`."""

    name: Name | None
    body: Pipeline


class EvalStatement(Node):
    """`eval NAME = "path" settings`."""

    name: Name
    path: Literal
    settings: tuple[Setting, ...] = ()


class Goal(Node):
    """`maximize quality`, `minimize cost`, `maximize quality per dollar`."""

    direction: OneOf["maximize", "minimize"]
    measure: Name
    per: Name | None = None


class Limit(Node):
    """`cost <= $0.01` in a `where`."""

    measure: Name
    operator: str
    value: Literal


class SearchStatement(Node):
    """`search NAME { … }`. The items of each kind stand in the order in which they were written."""

    name: Name
    topologies: tuple[Pipeline, ...]
    evals: tuple[Name, ...]
    goals: tuple[Goal, ...]
    limits: tuple[Limit, ...]
    settings: tuple[Setting, ...]


Statement: TypeAlias = (
    ImportStatement | ModelStatement | PromptStatement | TopologyStatement | EvalStatement | SearchStatement
)


class Module(Record, apart=("source",)):
    """One file's tree."""

    source: Source
    statements: tuple[Statement, ...]


def lone_name(alternative: Pipeline | Item) -> Name | None:
    """The name that an alternative of a hole consists of, or None where it is more than a name."""
    if isinstance(alternative, Item):
        value = alternative.value
        return value if isinstance(value, Name) and alternative.repeat is None else None
    if len(alternative.steps) != 1:
        return None
    step = alternative.steps[0]
    return step.name if isinstance(step, Stage) and step.is_bare else None
