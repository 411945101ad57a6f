"""Three or more equal proposer layers before an aggregator.

In the paper of Mixture-of-Agents the aggregator is the last layer: its three layers of six proposers are `(layer …)x2 -> agg`, 13
calls. Archon's `MoA.json` counts differently and makes 19. If four layers are meant, say so with an ignore comment.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from moaql.diagnostics import Diagnostic
from moaql.language import nodes as n

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from moaql.check.rules import Checked

CODE = "W509"
TITLE = "one layer more than Mixture-of-Agents has"
BAD = """model a = "sim/a"
model b = "sim/b"
model c = "sim/c"
(layer [a, b])x3 -> agg c
"""
GOOD = """model a = "sim/a"
model b = "sim/b"
model c = "sim/c"
(layer [a, b])x2 -> agg c
"""


def check(checked: Checked) -> Iterator[Diagnostic]:
    """Find pipelines that end in equal layers and an aggregator."""
    for topology in checked.ends:
        steps = topology.body.steps
        last = steps[-1] if steps else None
        if not (isinstance(last, n.Stage) and last.name.text in ("agg", "seq")) or topology.unit is not checked.unit:
            continue
        layers = _layers(steps[:-1])
        if len(layers) >= 3 and all(each == layers[0] for each in layers) and _proposers(layers[0]) > 1:
            message = f"{len(layers)} proposer layers and an aggregator make {len(layers) + 1} layers"
            help = "the three layers of the MoA paper are `(layer …)x2 -> agg`: the aggregator is one of them"
            yield Diagnostic(CODE, message, checked.unit.source, steps[0].span, help)


def _layers(steps: Sequence[n.Step]) -> list[n.Stage]:
    """The steps written out, or nothing where one is no layer."""
    layers: list[n.Stage] = []
    for step in steps:
        if isinstance(step, n.Group):
            times = step.repeat.count if step.repeat is not None else 1
            inner = _layers(step.body.steps)
            if not isinstance(times, int) or not inner:
                return []
            layers += inner * min(times, 4)
        elif isinstance(step, n.Stage) and step.name.text == "layer":
            layers.append(step)
        else:
            return []
    return layers


def _proposers(layer: n.Stage) -> int:
    values = [item.value for item in layer.operands] + [
        each.value for each in layer.settings if each.name.text == "proposers"
    ]
    return sum(len(value.items) for value in values if isinstance(value, n.ListValue))
