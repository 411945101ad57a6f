"""What stages are called where they are written."""

from __future__ import annotations

from typing import TYPE_CHECKING

from moaql.exporting.code.names import Names
from moaql.exporting.code.stages import scope_of
from moaql.graph.nodes import Call, Gate

if TYPE_CHECKING:
    from moaql.exporting.code.stages import Stage, Stages
    from moaql.graph.nodes import Graph

_PURPOSES = {
    "rank": "verdicts",
    "criticise": "reviews",
    "verify": "verdicts",
    "score": "ratings",
    "grade": "results",
    "write tests": "texts",
    "classify": "label",
    "judge": "ratings",
    "embed": "vector",
}


def method_names(stages: Stages, graph: Graph) -> list[str]:
    """The name of each stage's method, in the order of the stages."""
    names = Names({"run", "outputs"})
    return [names.take(_wanted(stage, graph)) for stage in stages.stages]


def _wanted(stage: Stage, graph: Graph) -> str:
    node = stage.last
    if not isinstance(node, Call):
        plain = node.id.removesuffix("/attach")
        return f"{plain}_decides" if isinstance(node, Gate) else plain
    purpose = _PURPOSES.get(node.purpose.removesuffix(" instead"), "")
    scope = scope_of(node.id)
    if not scope or (len(stage.nodes) == 1 and _is_bare(node, graph)):
        scope = f"{scope}/{node.model.name}"
    return f"{scope}_{purpose}" if purpose else scope


def _is_bare(call: Call, graph: Graph) -> bool:
    """Whether a model is asked by itself, so that its scope is that of the branch or topology around it."""
    scope = scope_of(call.id)
    return any(id == scope or id.startswith(f"{scope}/") for id in graph.nodes if scope_of(id) != scope) and not any(
        scope.endswith(each) for each in ("agg", "seq")
    )
