"""`sim/NAME`: simulated models. They need no key and no network, and their answers say that they are simulated."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from moaql.providers.base import OnText, Request, Response, Transport

_PIECE = 24


class Sim:
    """Answers in process; see `docs/simulated-models.md`."""

    banked = True

    async def answer(self, request: Request, transport: Transport, on_text: OnText | None = None) -> Response:
        """Answer at once. `latency` is what such a call is assumed to take.

        Raises:
            UnknownModel: if there is no such model.
            ContextTooLong: if the messages do not fit it.
            UsageError: if the world that `file` names cannot be read.
        """
        del transport  # nothing is sent
        from moaql.simulation.answer import answer

        response = answer(request)
        if on_text is not None:
            for start in range(0, len(response.text), _PIECE):
                on_text(response.text[start : start + _PIECE])
        return response


PROVIDER = Sim()
