"""Models as a stand-alone program sees them: an address, a protocol, the names of keys, a price."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from moaql.check.program import connection_of
from moaql.errors import MoaqlError
from moaql.graph.plan import price_of
from moaql.providers import PROVIDERS
from moaql.providers.base import Request
from moaql.providers.endpoints import ENDPOINTS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from moaql.check.program import Model
    from moaql.graph.nodes import Graph

GOOGLE = "https://generativelanguage.googleapis.com/v1beta/openai/chat/completions"
"""Where Google takes chat completions of OpenAI's protocol."""


@dataclass(frozen=True)
class Reached:
    """How a model is reached.

    Attributes:
        url: Where requests go; "" where nothing is known.
        protocol: `openai`, `anthropic` or `embeddings`.
        keys: Environment variables that may hold its key.
        price: Dollars per million tokens in and out; None where it is unknown.
        limit: What its provider calls the longest answer.
        seed: What its provider calls the seed.
        lost: What cannot be carried over, or "".
    """

    url: str
    protocol: str = "openai"
    keys: tuple[str, ...] = ()
    price: tuple[float, float] | None = None
    limit: str = "max_tokens"
    seed: str = "seed"
    lost: str = ""


def models_in(graph: Graph) -> Iterator[Model]:
    """All models that may be asked, alternatives included; some more than once."""
    for call in graph.calls:
        yield call.model
        yield from call.model.alternatives


def reached(model: Model) -> Reached:
    """How a model is reached without moaql."""
    provider, _, name = model.id.partition("/")
    keys, price = _keys(model), _price(model)
    if provider == "gemini":
        lost = "is asked by OpenAI's protocol at Google's address for it, so its requests have another form"
        return Reached(GOOGLE, keys=keys, price=price, lost=f"`{model.id}` {lost}")
    if provider in ("anthropic", "embeddings") or provider in ENDPOINTS or dict(model.connection).get("base_url"):
        protocol = provider if provider in ("anthropic", "embeddings") else "openai"
        of_its_own = protocol == "openai" and provider not in ENDPOINTS and PROVIDERS.find(provider) is not None
        if provider in ("sim", "recorded") or of_its_own:
            return Reached("", price=price, lost=_elsewhere(model))
        wire = PROVIDERS.find(protocol)
        settings = (("max_tokens", 1), ("seed", 1))
        request = Request(provider, name, (("user", ""),), settings, 0, connection_of(model))
        body = wire.body(request, False)  # type: ignore[union-attr]
        limit = next((each for each in ("max_tokens", "max_completion_tokens") if each in body), "max_tokens")
        seed = next((each for each in ("seed", "random_seed") if each in body), "seed")
        return Reached(wire.url(request, False), protocol, keys, price, limit, seed)  # type: ignore[union-attr]
    return Reached("", price=price, lost=_elsewhere(model))


def _elsewhere(model: Model) -> str:
    provider = model.id.partition("/")[0]
    if provider == "sim":
        return f"`{model.id}` is simulated by moaql: give it the `url` of a real model, or of `moaql sim serve`"
    if provider == "recorded":
        return f"`{model.id}` answers from a recording: give it the `url` of a real model"
    return f"`{model.id}` is asked by a protocol that is not carried over: give it the `url` of a server of OpenAI's protocol"


def _price(model: Model) -> tuple[float, float] | None:
    try:
        return price_of(model)
    except MoaqlError:  # a recording that is not here has no price
        return None


def _keys(model: Model) -> tuple[str, ...]:
    """The variables that may hold its key, as `moaql.providers.endpoints.key_variable` looks for them."""
    connection = dict(model.connection)
    if "api_key_env" in connection:
        named = connection["api_key_env"]
        return (str(named),) if named is not None else ()
    endpoint = ENDPOINTS.get(model.id.partition("/")[0])
    if endpoint is None or not endpoint.key_variable:
        return ()
    url = connection.get("base_url")
    if url is not None and urlsplit(str(url)).netloc != urlsplit(endpoint.base_url).netloc:
        return ()  # the key of a provider is not for another address
    return (endpoint.key_variable, *endpoint.other_variables)
