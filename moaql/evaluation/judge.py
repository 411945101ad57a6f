"""The model that judges answers: asked through the same bank, budget and limits as the topology that it judges."""

from __future__ import annotations

from typing import TYPE_CHECKING

from moaql.answers.reasoning import split_reasoning
from moaql.check.program import connection_of
from moaql.errors import MissingKey, ProviderError
from moaql.graph.plan import price_of
from moaql.providers.base import Request

if TYPE_CHECKING:
    from moaql.check.program import Model
    from moaql.run.caller import Caller
    from moaql.run.question import Question


class JudgeModel:
    """Asks the judge of an eval set; where it fails, its alternatives in turn. A metric sees it as its `Asker`.

    Args:
        model: The judge.
        caller: Makes the calls.
        question: Of the item whose answer is judged.
    """

    def __init__(self, model: Model, caller: Caller, question: Question) -> None:
        self._models = (model, *model.alternatives)
        self._caller = caller
        self._question = question

    async def ask(self, messages: tuple[tuple[str, str], ...]) -> str:
        """What the judge says, without its reasoning.

        Raises:
            ProviderError: if all of them fail.
            BudgetReached, NotBanked, BankError, UsageError: see `Caller.ask`.
        """
        for model in self._models[:-1]:
            try:
                return await self._ask(model, messages)
            except (ProviderError, MissingKey):
                continue
        return await self._ask(self._models[-1], messages)

    async def _ask(self, model: Model, messages: tuple[tuple[str, str], ...]) -> str:
        provider, _, name = model.id.partition("/")
        settings = tuple(pair for pair in model.settings if pair[0] != "timeout")
        request = Request(provider, name, messages, settings, 0, connection_of(model), self._question.item)
        answered = await self._caller.ask(request, price_of(model), context=model.context)
        return split_reasoning(answered.response.text)[0]
