"""The model table of LiteLLM's `config.yaml`: ids, addresses, names of keys, settings, prices, fallbacks; no topology."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from moaql.errors import MissingPackage, UsageError
from moaql.importing.base import Imported
from moaql.importing.writing import Draft, number, quoted

_PRICES = {"input_cost_per_token": "price_in", "output_cost_per_token": "price_out"}
_CHATS = {"chat", "responses"}
"""Modes of models that chat; others embed, draw, listen, speak or rank."""
_OWN = "moaql"
"""The provider that an export names its own handler by."""
_HARMLESS = {"api-version"}
"""What may stand in the query of an address: it is no key."""
_SECTIONS = ("litellm_settings", "router_settings")
_LONGEST = 80
"""Characters of a name in a comment."""
_SETTINGS = ("temperature", "max_tokens", "top_p", "seed")
_READ = {
    "model",
    "api_key",
    "api_base",
    "base_url",
    "timeout",
    "stop",
    *_PRICES,
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
        handled = _handled(document)
        table: dict[str, dict[str, Any]] = {}
        left: dict[str, str] = {}
        for entry in entries:
            name, parameters = _deployment(entry, source)
            if why := _why_not(name, parameters["model"], _information(entry, source), handled):
                left.setdefault(name, why)
                draft.lose(f"`{_shown(name)}` {why}: it is left out.")
                continue
            if name in table:
                draft.lose(
                    f"`{_shown(name)}` has several deployments, of which the first is carried over: nothing is balanced here."
                )
            else:
                _lose_rest(name, entry, draft)
                table[name] = parameters
        if not table:
            name, why = next(iter(left.items()))
            raise UsageError(
                f"`{source}` has no model that chats: `{_shown(name)}` {why}", "Give a table with chat models."
            )
        names = {name: draft.name(name) for name in table}
        _write(draft, table, names, _fallbacks(document, table, draft, source))
        for key in sorted(map(str, document.keys() - {"model_list", *_SECTIONS})):
            draft.lose(f"`{_shown(key)}` is not carried over.")
        return draft.done()


def _deployment(entry: Any, source: str) -> tuple[str, dict[str, Any]]:
    """Name and parameters; prices may stand in the information."""
    parameters = entry.get("litellm_params") if isinstance(entry, dict) else None
    if not isinstance(parameters, dict) or not isinstance(parameters.get("model"), str):
        raise UsageError(f"an entry of `model_list` in `{source}` names no model", "Give it `litellm_params.model`.")
    name = entry.get("model_name") or parameters["model"]
    if not isinstance(name, str | int | float):
        raise UsageError(f"a `model_name` in `{source}` is no name", "Correct it, and import it again.")
    stated = {key: value for key, value in _information(entry, source).items() if key in _PRICES}
    return str(name), stated | parameters


def _information(entry: dict[str, Any], source: str) -> dict[str, Any]:
    found = entry.get("model_info")
    if found is not None and not isinstance(found, dict):
        raise UsageError(f"a `model_info` in `{source}` is no table", "Correct it, and import it again.")
    return found or {}


def _why_not(name: str, model: str, information: dict[str, Any], handled: set[str]) -> str:
    """Why an entry is no model that can be asked; "" where it is one."""
    mode = information.get("mode")
    if model.partition("/")[0] in handled:
        return f"is answered by a handler in Python (`{_shown(model)}`)"
    if "*" in name or "*" in model:
        return "stands for any model that its pattern fits, where a `model` statement names one"
    if mode is not None and not (isinstance(mode, str) and mode in _CHATS):
        return f"does not chat (`mode: {_shown(mode) if isinstance(mode, str) else '?'}`)"
    return ""


def _handled(document: dict[str, Any]) -> set[str]:
    """The providers that are handlers of the proxy's owner."""
    settings = document.get("litellm_settings")
    listed = settings.get("custom_provider_map") if isinstance(settings, dict) else None
    found = [each.get("provider") for each in listed if isinstance(each, dict)] if isinstance(listed, list) else []
    return {_OWN, *(each for each in found if isinstance(each, str))}


def _lose_rest(name: str, entry: dict[str, Any], draft: Draft) -> None:
    """Of what an entry says beside its parameters."""
    information = entry.get("model_info") or {}
    if information.get("mode") == "responses":
        draft.lose(f"`{_shown(name)}` is asked for chat completions here, not for responses.")
    for key in sorted(map(str, information.keys() - {"mode", *_PRICES})):
        draft.lose(f"`{_shown(key)}` in the `model_info` of `{_shown(name)}` is not carried over.")
    for key in sorted(map(str, entry.keys() - {"model_name", "litellm_params", "model_info"})):
        draft.lose(f"`{_shown(key)}` of `{_shown(name)}` is not carried over.")


def _write(
    draft: Draft, table: dict[str, dict[str, Any]], names: dict[str, str], fallbacks: dict[str, list[str]]
) -> None:
    others = {name: fallbacks.get(name, []) for name in table}
    alone = {name: draft.name(f"{names[name]}_alone") if others[name] else names[name] for name in table}
    for name, parameters in table.items():
        draft.add(f"model {alone[name]} = {quoted(_id(parameters['model']))}{_settings(name, parameters, draft)}")
    for name in table:
        for each in others[name]:
            if others[each]:
                draft.lose(f"`{_shown(each)}`, a fallback of `{_shown(name)}`, has no fallbacks of its own there.")
        if others[name]:
            draft.add(f"model {names[name]} = {' or '.join([alone[name], *(alone[each] for each in others[name])])}")


def _settings(name: str, parameters: dict[str, Any], draft: Draft) -> str:
    words = []
    for unknown in sorted(map(str, parameters.keys() - _READ)):
        draft.lose(f"`{_shown(unknown)}` of `{_shown(name)}` is not carried over.")
    address, key = parameters.get("api_base") or parameters.get("base_url") or None, parameters.get("api_key")
    if address is not None and not isinstance(address, str):
        raise UsageError(f"the address of `{_shown(name)}` is no text", "Correct it, and import it again.")
    if address is not None and not address.startswith("os.environ/"):
        words.append(f"base_url={quoted(_address(name, address, draft))}")
    elif address is not None:
        draft.lose(f"The address of `{_shown(name)}` stands in the environment: state it as `base_url`.")
    if isinstance(key, str) and key.startswith("os.environ/"):
        words.append(f"api_key_env={quoted(key.removeprefix('os.environ/'))}")
    elif key is not None:
        draft.lose(
            f"The key of `{_shown(name)}` stands in the file and is not copied: put it into the environment, "
            "and name it by `api_key_env`."
        )
        words += ["api_key_env=none"] if address is not None else []
    elif address is not None:
        words.append("api_key_env=none")
    words += [f"{each}={number(parameters[each])}" for each in _SETTINGS if parameters.get(each) is not None]
    if parameters.get("stop") is not None:
        if not _is_stop(parameters["stop"]):
            raise UsageError(
                f"`stop` of `{_shown(name)}` is neither a text nor a list of texts", "Correct it, and import it again."
            )
        words.append(f"stop={json.dumps(parameters['stop'], ensure_ascii=False)}")
    if parameters.get("timeout") is not None:
        words.append(f"timeout={number(parameters['timeout'])}s")
    for each, word in _PRICES.items():
        if parameters.get(each) is not None:
            words.append(f"{word}=${number(_real(parameters[each]) * 1e6)}")
    return "".join(f" {word}" for word in words)


def _address(name: str, address: str, draft: Draft) -> str:
    """An address without what may be a key: it is copied nowhere, and stands in no message."""
    try:
        parts = urlsplit(address)
        place = parts.hostname
    except ValueError:
        parts, place = urlsplit(""), None
    if parts.scheme not in ("http", "https") or not place:
        raise UsageError(
            f"the address of `{_shown(name)}` is not an http(s) address", "Correct it, and import it again."
        )
    if "@" in parts.netloc:
        draft.lose(
            f"The user name or password in the address of `{_shown(name)}` is not copied: put the key into the environment, "
            "and name it by `api_key_env`."
        )
    asked = parse_qsl(parts.query, keep_blank_values=True)
    kept = [(key, value) for key, value in asked if key.lower() in _HARMLESS]
    if len(kept) < len(asked) or parts.fragment:
        draft.lose(
            f"The query of the address of `{_shown(name)}` may hold a key and is not copied: put that into the environment, "
            "and name it by `api_key_env`."
        )
    return urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path, urlencode(kept), ""))


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


def _fallbacks(
    document: dict[str, Any], table: dict[str, dict[str, Any]], draft: Draft, source: str
) -> dict[str, list[str]]:
    """The fallbacks of each model, models of the table only; what else the sections say is lost."""
    found: dict[str, list[str]] = {}
    for part in _SECTIONS:
        settings = document.get(part)
        if not isinstance(settings, dict):
            if settings is not None:
                draft.lose(f"`{part}` is no table of settings, and is left out.")
            continue
        listed = settings.get("fallbacks") or []
        for each in listed if isinstance(listed, list) else [listed]:
            if not isinstance(each, dict) or not all(_is_stop(others) for others in each.values()):
                raise UsageError(
                    f"`fallbacks` of `{source}` are no lists of names", "Correct them, and import it again."
                )
            found |= {str(name): [others] if isinstance(others, str) else others for name, others in each.items()}
        for key in sorted(map(str, settings.keys() - {"fallbacks"})):
            draft.lose(f"`{_shown(key)}` of `{part}` is not carried over.")
    for name in sorted(found.keys() - table.keys()):
        draft.lose(f"The fallbacks of `{_shown(name)}` are left out: no model here is called so.")
    return {name: _known(name, others, table, draft) for name, others in found.items() if name in table}


def _known(name: str, others: list[str], table: dict[str, dict[str, Any]], draft: Draft) -> list[str]:
    for each in others:
        if each == name:
            draft.lose(f"`{_shown(name)}`, a fallback of itself, is left out there.")
        elif each not in table:
            draft.lose(f"`{_shown(each)}`, a fallback of `{_shown(name)}`, is left out: no model here is called so.")
    return [each for each in dict.fromkeys(others) if each in table and each != name]


def _shown(name: str) -> str:
    """A name in a comment, where it is short."""
    return name if len(name) <= _LONGEST else f"{name[:_LONGEST]}…"


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
