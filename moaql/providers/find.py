"""Which provider answers for a model id."""

from __future__ import annotations

import json
import re
from difflib import get_close_matches
from functools import cache
from typing import TYPE_CHECKING

from moaql.errors import UsageError
from moaql.providers import PROVIDERS
from moaql.providers.endpoints import ENDPOINTS

if TYPE_CHECKING:
    from moaql.providers.base import Pairs, Provider


def find_provider(model_id: str, connection: Pairs = ()) -> Provider:
    """The provider of a model.

    In this order: one with a file, or an installed entry point, of that name; a known endpoint, or a `base_url`, that speaks
    OpenAI's protocol; what LiteLLM knows.

    Args:
        model_id: `provider/model`.
        connection: How the model is reached, as (name, value) pairs.

    Raises:
        UsageError: if nobody answers for it.
    """
    name = model_id.partition("/")[0]
    own = PROVIDERS.find(name)
    if own is not None:
        return own
    if name in ENDPOINTS or dict(connection).get("base_url"):
        return _of("openai")
    if name in litellm_providers():
        return _of("litellm")
    near = get_close_matches(name, sorted({*PROVIDERS.names(), *ENDPOINTS, *litellm_providers()}), 1)
    advice = "give the model statement the `base_url` of a server that speaks OpenAI's protocol."
    raise UsageError(
        f"no provider is called `{name}` (in `{model_id}`)",
        f"Did you mean `{near[0]}`? Or {advice}" if near else f"{advice[0].upper()}{advice[1:]}",
    )


def _of(name: str) -> Provider:
    found = PROVIDERS.find(name)
    assert found is not None
    return found


@cache
def litellm_providers() -> frozenset[str]:
    """The providers that LiteLLM knows, read from its files: importing it takes seconds. Empty where it is not installed."""
    from importlib.util import find_spec
    from pathlib import Path

    spec = find_spec("litellm")
    if spec is None or not spec.submodule_search_locations:
        return frozenset()
    folder = Path(spec.submodule_search_locations[0])
    names: set[str] = set()
    try:
        types = (folder / "types" / "utils.py").read_text(encoding="utf-8")
        listed = re.search(r"^class LlmProviders\(.*?(?=^\S)", types, re.MULTILINE | re.DOTALL)
        names |= set(re.findall(r'^ +[A-Z0-9_]+ = "([^"]+)"', listed[0], re.MULTILINE)) if listed else set()
        names |= set(json.loads((folder / "llms" / "openai_like" / "providers.json").read_text(encoding="utf-8")))
    except (OSError, ValueError):
        pass  # another version keeps them elsewhere: what was read counts
    return frozenset(names)
