"""The model table of LiteLLM's `config.yaml`: ids, addresses, names of keys, settings, prices, fallbacks; no topology."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from moaql.errors import MissingPackage, UsageError
from moaql.importing.base import Imported
from moaql.importing.writing import Draft, number, quoted

_SETTINGS = ("temperature", "max_tokens", "top_p", "seed")
_READ = {
    "model",
    "api_key",
    "api_base",
    "base_url",
    "timeout",
    "stop",
    "input_cost_per_token",
    "output_cost_per_token",
    *_SETTINGS,
}


@dataclass(frozen=True)
class LiteLLM:
    """A model table."""

    name: str = "litellm"

    def matches(self, text: str) -> bool:
        """Whether it has a model list."""
        return "model_list" in text

    def read(self, text: str, source: str) -> Imported:
        """Model statements."""
        document = _load(text, source)
        entries = document.get("model_list")
        if not isinstance(entries, list) or not entries:
            raise UsageError(f"`{source}` has no `model_list`", "Give the configuration of LiteLLM's proxy.")
        draft = Draft(source, "a model table of LiteLLM")
        table: dict[str, dict[str, Any]] = {}
        for entry in entries:
            name, parameters = _deployment(entry, source)
            if name in table:
                draft.lose(
                    f"`{name}` has several deployments, of which the first is carried over: nothing is balanced here."
                )
            table.setdefault(name, parameters)
        names = {name: draft.name(name) for name in table}
        _write(draft, table, names, _fallbacks(document, draft, source))
        return draft.done()


def _deployment(entry: Any, source: str) -> tuple[str, dict[str, Any]]:
    parameters = entry.get("litellm_params") if isinstance(entry, dict) else None
    if not isinstance(parameters, dict) or not isinstance(parameters.get("model"), str):
        raise UsageError(f"an entry of `model_list` in `{source}` names no model", "Give it `litellm_params.model`.")
    name = entry.get("model_name") or parameters["model"]
    if not isinstance(name, str | int | float):
        raise UsageError(f"a `model_name` in `{source}` is no name", "Correct it, and import it again.")
    return str(name), parameters


def _write(
    draft: Draft, table: dict[str, dict[str, Any]], names: dict[str, str], fallbacks: dict[str, list[str]]
) -> None:
    others = {name: [each for each in fallbacks.get(name, ()) if each in names and each != name] for name in table}
    alone = {name: draft.name(f"{names[name]}_alone") if others[name] else names[name] for name in table}
    for name, parameters in table.items():
        draft.add(f"model {alone[name]} = {quoted(_id(parameters['model']))}{_settings(name, parameters, draft)}")
    for name in table:
        for each in others[name]:
            if others[each]:
                draft.lose(f"`{each}`, a fallback of `{name}`, has no fallbacks of its own there.")
        if others[name]:
            draft.add(f"model {names[name]} = {' or '.join([alone[name], *(alone[each] for each in others[name])])}")


def _settings(name: str, parameters: dict[str, Any], draft: Draft) -> str:
    words = []
    for unknown in sorted(map(str, parameters.keys() - _READ)):
        draft.lose(f"`{unknown}` of `{name}` is not carried over.")
    address, key = parameters.get("api_base") or parameters.get("base_url") or None, parameters.get("api_key")
    if address is not None and not isinstance(address, str):
        raise UsageError(f"the address of `{name}` is no text", "Correct it, and import it again.")
    if address is not None and not address.startswith("os.environ/"):
        words.append(f"base_url={quoted(address)}")
    elif address is not None:
        draft.lose(f"The address of `{name}` stands in the environment: state it as `base_url`.")
    if isinstance(key, str) and key.startswith("os.environ/"):
        words.append(f"api_key_env={quoted(key.removeprefix('os.environ/'))}")
    elif key is not None:
        draft.lose(
            f"The key of `{name}` stands in the file and is not copied: put it into the environment, and name it by `api_key_env`."
        )
        words += ["api_key_env=none"] if address is not None else []
    elif address is not None:
        words.append("api_key_env=none")
    words += [f"{each}={number(parameters[each])}" for each in _SETTINGS if parameters.get(each) is not None]
    if parameters.get("stop") is not None:
        if not _is_stop(parameters["stop"]):
            raise UsageError(
                f"`stop` of `{name}` is neither a text nor a list of texts", "Correct it, and import it again."
            )
        words.append(f"stop={json.dumps(parameters['stop'], ensure_ascii=False)}")
    if parameters.get("timeout") is not None:
        words.append(f"timeout={number(parameters['timeout'])}s")
    for each, word in (("input_cost_per_token", "price_in"), ("output_cost_per_token", "price_out")):
        if parameters.get(each) is not None:
            words.append(f"{word}=${number(_real(parameters[each]) * 1e6)}")
    return "".join(f" {word}" for word in words)


def _is_stop(value: Any) -> bool:
    return isinstance(value, str) or (
        isinstance(value, list) and bool(value) and all(isinstance(x, str) for x in value)
    )


def _real(value: Any) -> float:
    """A number; YAML takes `1e-6` for a text."""
    try:
        return float(value if isinstance(value, str) else number(value))
    except ValueError:
        raise UsageError(
            f"`{value[:40]}` stands where a price is expected", "Correct it, and import it again."
        ) from None


def _id(model: str) -> str:
    """LiteLLM takes an id without a provider for OpenAI's."""
    return model if "/" in model else f"openai/{model}"


def _fallbacks(document: dict[str, Any], draft: Draft, source: str) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for part in ("litellm_settings", "router_settings"):
        settings = document.get(part)
        if not isinstance(settings, dict):
            continue
        listed = settings.get("fallbacks") or []
        for each in listed if isinstance(listed, list) else [listed]:
            if not isinstance(each, dict) or not all(_is_stop(others) for others in each.values()):
                raise UsageError(
                    f"`fallbacks` of `{source}` are no lists of names", "Correct them, and import it again."
                )
            found |= {str(name): [others] if isinstance(others, str) else others for name, others in each.items()}
        for key in sorted(map(str, settings.keys() - {"fallbacks", "custom_provider_map", "drop_params"})):
            draft.lose(f"`{key}` of `{part}` is not carried over.")
    return found


def _load(text: str, source: str) -> dict[str, Any]:
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        try:
            import yaml
        except ImportError:
            raise MissingPackage("PyYAML", f"Reading `{source}`") from None
        try:
            found = yaml.safe_load(text)
        except (yaml.YAMLError, ValueError, RecursionError):  # ValueError: `2024-13-45` is no date
            raise UsageError(f"`{source}` is not YAML", "Correct it, and import it again.") from None
    if not isinstance(found, dict):
        raise UsageError(f"`{source}` holds no settings", "Give the configuration of LiteLLM's proxy.")
    return found


FORMAT = LiteLLM()
