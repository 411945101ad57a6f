"""`route with="router.json"`: the gate, and before it the call for an embedding where the router needs one.

The file is read when the graph is built, because it says which calls are made. One that is not there yet makes a gate all the same,
so that a program can be drawn and fitted; it cannot run.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from moaql.check.program import Model
from moaql.check.routes import folder_of
from moaql.errors import UsageError
from moaql.routers.file import read_router, router_path
from moaql.stages.base import Arguments, Prompt, Ref

if TYPE_CHECKING:
    from moaql.check.scope import Unit
    from moaql.graph.build import Builder
    from moaql.routers.router import Embedding

EMBED = "embed"
"""The purpose of a call that gives a vector."""
EMBEDDED = Prompt((("user", "{question}"),))


def router_gate(builder: Builder, file: str, ways: tuple[str, ...], unit: Unit) -> Ref:
    """The gate that a router decides.

    Args:
        builder: Of the graph.
        file: The router's path, as the program names it.
        ways: What the gate may say.
        unit: The file that names it.
    """
    folder = folder_of(unit)
    path = router_path(file, folder)
    try:
        router = read_router(path) if os.path.exists(path) else None
    except UsageError:
        router = None  # the checker has reported it, and a run says so again
    if router is None:
        return builder.gate((("router", file),), ways, (), folder)
    condition = (("hash", router.hash), ("router", file))
    if router.embedding is None:
        return builder.gate(condition, ways, (), folder)
    vector = builder.call(EMBED, embedding_model(router.embedding), EMBEDDED, (), Arguments({}, {}))
    return builder.gate(condition, ways, (("embedding", vector),), folder)


def embedding_model(embedding: Embedding) -> Model:
    """The model that gives vectors, as calls name it."""
    connection = (("api_key_env", embedding.api_key_env), ("base_url", embedding.base_url))
    return Model(
        embedding.model,
        f"embeddings/{embedding.model}",
        connection=connection,
        price_in=embedding.price,
        price_out=None if embedding.price is None else 0.0,
    )
