"""The three kinds of nodes that everything is made of, and the graph of them.

Executor, planner, search, exporters and drawings understand these and nothing else.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeAlias

from moaql.check.program import Model
from moaql.stages.base import Bounds, Flow, Inputs, Prompt

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

Pairs: TypeAlias = tuple[tuple[str, Any], ...]


@dataclass(frozen=True)
class Call:
    """One call of a model. Its output is one candidate.

    Attributes:
        id: Readable and stable, such as `layer1/qwen#2`.
        purpose: `propose`, `aggregate`, `rank`, …
        model: Whom to ask, without its settings. Its alternatives hold all the settings that they are asked with.
        prompt: Message templates.
        settings: What is sent besides the messages, model and stage together, sorted by name.
        sample: Index of the sample, from 0; equal calls differ in nothing else.
        inputs: What the templates show: role `candidates`.
        values: Constants that the templates show, such as `labels`.
        reads: How candidates are shown and cut answers treated: `anonymous`, `shuffle`, `truncated`.
    """

    id: str
    purpose: str
    model: Model
    prompt: Prompt
    settings: Pairs = ()
    sample: int = 0
    inputs: Inputs = ()
    values: Pairs = ()
    reads: Pairs = ()


@dataclass(frozen=True)
class Reduce:
    """A pure function of candidates.

    Attributes:
        id: Readable and stable, such as `vote`.
        operation: `vote`, `rank`, `select`, `attach`, `pass`, `cluster`, `distinct`, `shuffle`, `quorum`, and the lazy ones:
            `choose` runs only the branch that its gate names, `fallback` the second input only when the first is lost.
        parameters: Sorted by name.
        inputs: What it reads, by role.
        yields: Least and greatest number of candidates that come out.
    """

    id: str
    operation: str
    parameters: Pairs = ()
    inputs: Inputs = ()
    yields: Bounds = Bounds(1, 1)


@dataclass(frozen=True)
class Gate:
    """A decision: its output is one of its labels, and a `choose` behind it runs only that branch.

    Attributes:
        id: Readable and stable, such as `when`.
        condition: `{"all": […]}`, `{"any": […]}`, `{"not": …}`, `{"compare": signal, …}`, `{"label": …}`, `{"field": …}`,
            `{"router": …}`, as nested pairs.
        labels: What it may say.
        inputs: The candidates, judgements, label or embedding that it looks at.
        folder: Where the file of its router is looked for: the folder of the program that names it.
    """

    id: str
    condition: Pairs
    labels: tuple[str, ...]
    inputs: Inputs = ()
    folder: str = field(default="", compare=False)


Node: TypeAlias = Call | Reduce | Gate
IF = "if "
"""What stands before its label in the role of a branch that a `choose` reads."""


@dataclass(frozen=True, eq=False)
class Graph:
    """A topology as a DAG. Each node stands behind the nodes that it reads.

    Attributes:
        name: Name of the topology.
        nodes: By id, in topological order.
        outputs: The candidates that are its answer; a runner returns the first.
    """

    name: str
    nodes: Mapping[str, Node]
    outputs: Flow

    @property
    def calls(self) -> Iterator[Call]:
        """Its calls, in order."""
        return (node for node in self.nodes.values() if isinstance(node, Call))
