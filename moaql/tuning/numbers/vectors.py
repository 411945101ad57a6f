"""Vectors of questions: asked as a run asks for them, so that bank, budget and retries hold, and a run finds them banked."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from moaql.errors import BrokenOff
from moaql.graph.routed import embedding_model
from moaql.providers.base import Request
from moaql.providers.embeddings import vector_in
from moaql.run.batch import carry_all

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from moaql.routers.router import Embedding
    from moaql.tuning.numbers.sides import Asking

_DIGITS = 4
"""Digits that a router's file keeps: what is fitted is what will decide."""


@dataclass(frozen=True)
class Vectors:
    """Vectors of questions.

    Attributes:
        embedding: What gave them.
        array: One a row, of length 1, with as many digits as a router's file keeps.
        cost_per_item: List dollars; 0 where the price is unknown.
    """

    embedding: Embedding
    array: NDArray[Any]
    cost_per_item: float


async def vectors_of(embedding: Embedding, questions: Sequence[str], asking: Asking) -> Vectors:
    """The vectors of questions.

    Raises:
        ProviderError: if the endpoint is down, or its vectors have different lengths.
        BudgetReached, NotBanked, BankError: see `moaql.errors`.
    """
    import numpy as np

    model = embedding_model(embedding)
    price = None if embedding.price is None else (embedding.price, 0.0)
    provider, _, name = model.id.partition("/")
    found: dict[int, tuple[float, ...]] = {}
    costs: list[float] = []

    async def work(at: int) -> None:
        request = Request(provider, name, (("user", questions[at]),), connection=model.connection)
        answered = await asking.caller.ask(request, price)
        found[at] = vector_in(answered.response.text)
        costs.append(answered.cost or 0.0)

    await carry_all(range(len(questions)), work, asking.at_once)
    rows = [found[at] for at in range(len(questions))]
    if len({len(row) for row in rows}) > 1:
        raise BrokenOff(f"`{embedding.model}` gives vectors of different lengths", "Name another model.")
    array = np.array(rows)
    length = np.linalg.norm(array, axis=1, keepdims=True)
    return Vectors(embedding, (array / np.where(length > 0, length, 1)).round(_DIGITS), sum(costs) / len(costs))
