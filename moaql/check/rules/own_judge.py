"""An aggregator or judge that is one of the proposers.

Models prefer their own texts, so a model that merges, ranks or scores its own candidates is not a neutral reader. Self-MoA, where
one model is everything, is another matter and is not reported.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from moaql.check.pipelines import models_of
from moaql.diagnostics import Diagnostic

if TYPE_CHECKING:
    from collections.abc import Iterator

    from moaql.check.rules import Checked

CODE = "W502"
TITLE = "the aggregator is one of its own proposers"
BAD = """model a = "sim/a"
model b = "sim/b"
layer [a, b] -> agg b
"""
GOOD = """model a = "sim/a"
model b = "sim/b"
model c = "sim/c"
layer [a, b] -> agg c
"""


def check(checked: Checked) -> Iterator[Diagnostic]:
    """Find stages with a judge that wrote some of the candidates, while others wrote the rest."""
    for use in checked.walker.uses:
        if "candidates" not in use.bound.stage.needs or len(use.before.writers) < 2 or use.alternative:
            continue
        for model in models_of(use.bound.values.get("model")):
            if model.id in use.before.writers:
                message = f"`{model.name}` judges its own candidates among those of others"
                yield Diagnostic(
                    CODE,
                    message,
                    use.bound.unit.source,
                    use.bound.node.span,
                    "let a model that proposed nothing do this",
                )
