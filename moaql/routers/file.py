"""Router files: JSON of the format `moaql-router-1`, read with every mistake named by its place, and written.

    {"format": "moaql-router-1", "kind": "logistic", "labels": ["easy", "hard"], "within": 0.02,
     "costs": {"easy": 0.0001, "hard": 0.004},
     "trained": {"eval": "tickets", "hash": "0f3a…", "items": 600, "date": "2026-11-21"},
     "features": "words-1", "models": {"easy": {"intercept": 0.3, "weights": [[17, -0.2], …]}, …}}

A `nearest` router has `"embedding": {"model", "base_url", "api_key_env", "price"}`, `"neighbours"`, `"vectors"` and `"scores"` in
place of the last two. docs/fitting.md explains the fields.
"""

from __future__ import annotations

import hashlib
import os
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from moaql.errors import UsageError
from moaql.routers.features import NAME
from moaql.routers.fields import Fields, Wrong
from moaql.routers.router import Embedding, Linear, Logistic, Nearest, Router, Trained

if TYPE_CHECKING:
    from collections.abc import Mapping

FORMAT = "moaql-router-1"


def router_path(path: str, folder: str) -> str:
    """Where a router file is, that a program in a folder names."""
    return os.path.join(folder, os.path.expanduser(path))


def read_router(path: str) -> Router:
    """The router in a file. It is read again only when the file has changed.

    Raises:
        UsageError: if there is no such file, or it holds no router; with the path, and the field that is wrong.
    """
    try:
        found = os.stat(path)
        return _read(path, found.st_mtime_ns, found.st_size)
    except FileNotFoundError:
        raise UsageError(
            f"there is no router file `{path}`", "Fit one: `moaql tune FILE --fit router -o OUT.moaql`."
        ) from None
    except OSError as error:
        raise UsageError(f"cannot read `{path}`: {(error.strerror or str(error)).lower()}", "Check the path.") from None


@lru_cache(maxsize=32)
def _read(path: str, changed: int, size: int) -> Router:
    del changed, size
    import json

    with open(path, "rb") as file:
        data = file.read()
    try:
        document = json.loads(data)
        return _router(Fields(document), hashlib.sha256(data).hexdigest()[:12])
    except Wrong as error:
        raise UsageError(f"`{path}` is no router: {error}", _HELP) from None
    except (ValueError, RecursionError):
        raise UsageError(f"`{path}` is no router: it is not JSON", _HELP) from None


_HELP = "Fit it again: `moaql tune FILE --fit router -o OUT.moaql`."


def _router(given: Fields, digest: str) -> Router:
    form = given.text("format")
    if form != FORMAT:
        raise Wrong(f"its format is `{form}`, and `{FORMAT}` is understood")
    labels = given.texts("labels")
    kind = given.text("kind")
    if kind not in ("logistic", "nearest"):
        raise Wrong(f"its `kind` is `{kind}`, and `logistic` and `nearest` are understood")
    costs, trained = given.inside("costs"), given.inside("trained")
    return Router(
        labels,
        {label: costs.number(label, low=0) for label in labels},
        given.number("within", low=0, high=1),
        _logistic(given, labels) if kind == "logistic" else _nearest(given, labels),
        Trained(trained.text("eval"), trained.text("hash"), trained.whole("items"), trained.text("date")),
        digest,
    )


def _logistic(given: Fields, labels: tuple[str, ...]) -> Logistic:
    named = given.text("features")
    if named != NAME:
        raise Wrong(f"its `features` are `{named}`, and `{NAME}` are understood")
    models = given.inside("models")
    found = {}
    for label in labels:
        model = models.inside(label)
        found[label] = Linear(model.number("intercept"), dict(model.places("weights")))
    return Logistic(found)


def _nearest(given: Fields, labels: tuple[str, ...]) -> Nearest:
    stated = given.inside("embedding")
    key = stated.text("api_key_env") if stated.has("api_key_env") else None
    price = stated.number("price", low=0) if stated.has("price") else None
    embedding = Embedding(stated.text("model"), stated.text("base_url"), key, price)
    vectors = given.rows("vectors")
    scores = given.inside("scores")
    by_label = {label: scores.row(label) for label in labels}
    for label, row in by_label.items():
        if len(row) != len(vectors):
            raise Wrong(f"`scores.{label}` has {len(row)} numbers for {len(vectors)} vectors")
    return Nearest(embedding, given.whole("neighbours"), vectors, by_label)


def router_text(router: Router) -> str:
    """A router as the text of its file. Weights keep four digits behind the point, vectors too."""
    import json

    kind = router.kind
    document: dict[str, Any] = {
        "format": FORMAT,
        "kind": "logistic" if isinstance(kind, Logistic) else "nearest",
        "labels": list(router.labels),
        "within": router.within,
        "costs": {label: float(f"{cost:.6g}") for label, cost in router.costs.items()},
        "trained": vars(router.trained),
    }
    document |= _logistic_out(kind) if isinstance(kind, Logistic) else _nearest_out(kind)
    return json.dumps(document, ensure_ascii=False, separators=(",", ":")) + "\n"


def _logistic_out(kind: Logistic) -> dict[str, Any]:
    models = {
        label: {"intercept": round(model.intercept, 4), "weights": _rounded(model.weights)}
        for label, model in kind.models.items()
    }
    return {"features": NAME, "models": models}


def _rounded(weights: Mapping[int, float]) -> list[list[float]]:
    pairs = ((place, round(weight, 4)) for place, weight in sorted(weights.items()))
    return [[place, weight] for place, weight in pairs if weight]


def _nearest_out(kind: Nearest) -> dict[str, Any]:
    return {
        "embedding": vars(kind.embedding),
        "neighbours": kind.neighbours,
        "vectors": [[round(value, 4) for value in row] for row in kind.vectors],
        "scores": {label: list(row) for label, row in kind.scores.items()},
    }
