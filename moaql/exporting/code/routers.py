"""Fitted routers as constants: what their file says, as far as a choice depends on it.

The data is part of the program, so that one file is enough whatever runtime it is for; it stands behind everything else.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from moaql.routers.file import read_router, router_path
from moaql.routers.router import Logistic

if TYPE_CHECKING:
    from moaql.graph.nodes import Gate
    from moaql.routers.router import Router


def router_of(gate: Gate) -> Router:
    """The router that decides a gate.

    Raises:
        UsageError: if its file is not there, or holds no router.
    """
    return read_router(router_path(str(dict(gate.condition)["router"]), gate.folder))


def router_text(name: str, router: Router) -> str:
    """The constant of a router: JSON, with one line for each label or vector."""
    kind = router.kind
    parts = {"within": json.dumps(router.within), "costs": _json(dict(router.costs))}
    if isinstance(kind, Logistic):
        models = {
            label: _json({"intercept": model.intercept, "weights": list(model.weights.items())})
            for label, model in kind.models.items()
        }
        parts["models"] = _object(models)
    else:
        parts["neighbours"] = json.dumps(kind.neighbours)
        parts["scores"] = _object({label: _json(row) for label, row in kind.scores.items()})
        parts["vectors"] = "[\n" + ",\n".join(_json(row) for row in kind.vectors) + "\n]"
    return f'{name} = json.loads(r"""\n{_object(parts)}\n""")'


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def _object(entries: dict[str, str]) -> str:
    return "{\n" + ",\n".join(f"{_json(name)}: {text}" for name, text in entries.items()) + "\n}"
