"""List prices of models, in dollars per million tokens, from LiteLLM's price file.

The file is read from where LiteLLM is installed, without importing LiteLLM, which would take seconds. A model that it does not
know has no price: unknown, never zero.
"""

from __future__ import annotations

import json
import logging
from dataclasses import dataclass
from functools import cache
from typing import Any

_FILE = "model_prices_and_context_window_backup.json"


@dataclass(frozen=True)
class Price:
    """Dollars per million tokens, and the longest prompt and answer in tokens, where known."""

    per_million_in: float
    per_million_out: float
    context: int | None = None
    longest_answer: int | None = None


@cache
def listed_price(model_id: str) -> Price | None:
    """The price of `provider/model`, or None where it is unknown."""
    table = _table()
    provider, _, name = model_id.partition("/")
    entry = table.get(model_id)
    if entry is None:
        entry = table.get(name)
        if entry is not None and entry.get("litellm_provider") != provider:
            entry = None
    if not isinstance(entry, dict):
        return None
    price_in, price_out = entry.get("input_cost_per_token"), entry.get("output_cost_per_token")
    if not isinstance(price_in, int | float) or not isinstance(price_out, int | float):
        return None
    context, longest = entry.get("max_input_tokens"), entry.get("max_output_tokens")
    return Price(
        price_in * 1e6,
        price_out * 1e6,
        context if isinstance(context, int) else None,
        longest if isinstance(longest, int) else None,
    )


@cache
def _table() -> dict[str, Any]:
    from importlib.util import find_spec
    from pathlib import Path

    spec = find_spec("litellm")  # finds the folder; imports nothing
    for folder in (spec.submodule_search_locations or []) if spec is not None else []:
        path = Path(folder) / _FILE
        if path.is_file():
            logging.getLogger(__name__).debug("reading list prices from %s", path)
            try:
                table = json.loads(path.read_text(encoding="utf-8"))
            except (OSError, ValueError):
                return {}
            return table if isinstance(table, dict) else {}
    return {}
