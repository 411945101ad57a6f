"""Archon's JSON (Saad-Falcon et al. 2024, arXiv 2409.15254), in all shapes of its repository.

Archon ignores keys that it does not know, and throws the first of two generator layers away after paying it. Both are said.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Any

from moaql.diagnostics import suggest
from moaql.errors import UsageError
from moaql.importing.base import Imported
from moaql.importing.writing import Draft, as_json, bound, looks_like, number, quoted, whole

_PROVIDERS = {
    "Together_API": "together_ai",
    "OpenAI_API": "openai",
    "Groq_API": "groq",
    "Anthropic_API": "anthropic",
    "Google_API": "gemini",
    "Bedrock_API": "bedrock",
    "vLLM": "hosted_vllm",
    "tgi": "hosted_vllm",
}
_COMMON = {"type", "model", "model_type", "temperature", "max_tokens", "no_system", "samples"}
_KNOWN = {
    "generator": _COMMON,
    "fuser": _COMMON | {"length_control"},
    "ranker": _COMMON | {"top_k", "ranker_batch_size"},
    "critic": _COMMON,
    "verifier": _COMMON | {"first_k", "first_pass"},
    "unit_test_generator": _COMMON | {"unit_test_cap"},
    "unit_test_evaluator": _COMMON | {"remove_unit_tests_from_prompt", "top_k", "first_k", "first_pass"},
}
_LOST = {"length_control", "first_k", "first_pass", "ranker_batch_size"}
_COUNTS = {"samples", "top_k", "unit_test_cap"}
_MOST_TESTS = 100
_READERS = ("fuser", "ranker", "verifier")
Component = dict[str, Any]


@dataclass(frozen=True)
class Archon:
    """Archon's configuration."""

    name: str = "archon"

    def matches(self, text: str) -> bool:
        """Whether it has layers."""
        return looks_like(text, "layers")

    def read(self, text: str, source: str) -> Imported:
        """One topology."""
        document = as_json(text, source)
        return _Reader(Draft(source, "a configuration of Archon"), source).read(document)


class _Reader:
    def __init__(self, draft: Draft, source: str) -> None:
        self._draft = draft
        self._source = source

    def read(self, document: dict[str, Any]) -> Imported:
        draft = self._draft
        draft.lose("Archon has prompts of its own; these stages have moaql's, which fence the candidates.")
        if document.get("custom"):
            draft.lose("`custom` is not carried over.")
        layers = self._in_order(
            [self._layer(each, place) for place, each in enumerate(_list(document.get("layers")), 1)]
        )
        if not layers:
            raise UsageError(f"`{self._source}` has no layer", "Give a configuration with `layers`.")
        if layers[0][0]["type"] != "generator":
            raise UsageError(f"`{self._source}` generates no answer", "Give a configuration with generators.")
        bound(sum(_samples(each) for layer in layers for each in layer), self._source)
        stages = [stage for layer in layers for stage in self._stages(layer)]
        last = layers[-1]
        if last[0]["type"] in ("generator", "fuser") and sum(map(_samples, last)) > 1:
            draft.lose(
                "Several candidates are left at the end: Archon picks one at random, moaql answers with the first."
            )
        return draft.done(" -> ".join(stages), str(document.get("name") or "archon"))

    # Layers

    def _layer(self, layer: Any, place: int) -> list[Component]:
        if isinstance(layer, dict) and "models" in layer:
            layer = layer["models"]
        elif isinstance(layer, dict):
            self._draft.lose(f"Layer {place} is a component, not a list of them; Archon itself fails on it.")
            layer = [layer]
        components = [_component(each, place) for each in _list(layer)]
        for each in components:
            self._check(each, place)
        kinds = {each["type"] for each in components}
        if not components or len(kinds) > 1:
            raise UsageError(
                f"layer {place} of `{self._source}` has components of {len(kinds)} types", "Archon takes one."
            )
        return components

    def _check(self, component: Component, place: int) -> None:
        kind = component.get("type")
        if not isinstance(kind, str) or kind not in _KNOWN:
            help = suggest(str(kind)[:40], _KNOWN) or f"There are {', '.join(_KNOWN)}."
            raise UsageError(f"layer {place} of `{self._source}` has a component of type `{str(kind)[:40]}`", help)
        if not isinstance(component.get("model"), str):
            raise UsageError(f"a {kind} in layer {place} of `{self._source}` names no `model`", "Give it one.")
        for key in _COUNTS & _KNOWN[kind]:
            if component.get(key) is not None:
                whole(component[key], f"`{key}` of a {kind} in layer {place}")
        for key in component:
            if key in _LOST and component[key]:
                self._draft.lose(f"`{key}` of a {kind} is not carried over.")
            elif key not in _KNOWN[kind]:
                near = suggest(key, _KNOWN[kind]).removesuffix("?")
                meant = f", which may mean {near.removeprefix('did you mean ')}" if near else ""
                self._draft.lose(f"`{key}` of a {kind} is ignored by Archon{meant}; it is left out.")

    def _in_order(self, layers: list[list[Component]]) -> list[list[Component]]:
        """Layers as they act: what Archon pays and throws away is left out, tests stand behind the answers that they are for."""
        kinds = [layer[0]["type"] for layer in layers]
        if (begin := next((kind for kind in kinds if kind != "unit_test_generator"), "generator")) != "generator":
            raise UsageError(
                f"`{self._source}` begins with a {begin}, which has nothing to read", "Begin with generators."
            )
        kept: list[list[Component]] = []
        for place, layer in enumerate(layers, 1):
            if layer[0]["type"] == "generator" and any(each[0]["type"] != "unit_test_generator" for each in kept):
                calls = sum(_samples(each) for before in kept for each in before)
                self._draft.lose(
                    f"Layer {place} generates anew, so Archon pays what stands before it ({calls} calls at least) and throws it "
                    "away; it is left out here."
                )
                kept = [each for each in kept if each[0]["type"] == "unit_test_generator"]
            kept.append(layer)
        self._warn(kept)
        if len(kept) > 1 and kept[0][0]["type"] == "unit_test_generator" and kept[1][0]["type"] == "generator":
            self._draft.lose("The tests are written behind the answers here, not before them.")
            kept[0], kept[1] = kept[1], kept[0]
        return kept

    def _warn(self, layers: list[list[Component]]) -> None:
        """Of what Archon shows to others than moaql does, and of what nobody reads."""
        kinds = [layer[0]["type"] for layer in layers]
        stale = written = unread = False
        left = 0
        for layer, kind in zip(layers, kinds, strict=True):
            if kind == "ranker" and left == 1:
                self._draft.lose("A ranker of one candidate has nothing to rank, and is not asked here.")
            left = _left(layer, left)
            if kind in _READERS:
                if stale:
                    self._draft.lose(
                        "Archon shows critiques of earlier answers to stages behind a fuser; here they end with the answers."
                    )
                unread = False
            if kind == "critic":
                if unread or len(layer) > 1:
                    self._draft.lose(
                        "Archon shows the critiques of one critic only, or fails; here those of all are read."
                    )
                unread, stale = True, False
            elif kind == "fuser" and "critic" in kinds[: kinds.index(kind) + 1]:
                stale = True
            if kind == "unit_test_generator":
                written = True
            elif written and kind != "unit_test_evaluator":
                self._draft.lose(
                    "Archon puts the tests behind the question for all later stages; here only `grade` reads them."
                )
        if unread:
            self._draft.lose("Nobody reads the critiques at the end.")
        if written and "unit_test_evaluator" not in kinds:
            self._draft.lose("Nobody grades by the tests, so nobody reads them here.")

    # Stages

    def _stages(self, layer: list[Component]) -> list[str]:
        kind = layer[0]["type"]
        if kind == "generator" or (kind == "fuser" and sum(map(_samples, layer)) > 1):
            return [self._answers(layer)]
        if len(layer) > 1 and kind not in ("critic",):
            self._draft.lose(f"Of {len(layer)} {kind}s in one layer the first is carried over.")
        return [self._judge(kind, each) for each in (layer if kind == "critic" else layer[:1])]

    def _answers(self, layer: list[Component]) -> str:
        settings = [_settings(each) for each in layer]
        shared = settings[0] if all(each == settings[0] for each in settings) else {}
        names = [self._model(each, {} if shared else own) for each, own in zip(layer, settings, strict=True)]
        counts: Counter[str] = Counter()
        for name, each in zip(names, layer, strict=True):
            counts[name] += _samples(each)
        words = "".join(f" {name}={value}" for name, value in shared.items())
        if len(set(counts.values())) == 1 and next(iter(counts.values())) > 1:
            return f"layer [{', '.join(counts)}]x{next(iter(counts.values()))}{words}"
        listed = ", ".join(name if count == 1 else f"{name} x{count}" for name, count in counts.items())
        return f"layer [{listed}]{words}"

    def _judge(self, kind: str, component: Component) -> str:
        name = self._model(component, {})
        words = "".join(f" {key}={value}" for key, value in _settings(component).items())
        if kind == "fuser":
            return f"agg {name}{words}"
        if kind == "ranker":
            top = _count(component, "top_k", 1)
            return f"best {name}{words}" if top == 1 else f"rank {name} top={top}{words}"
        if kind == "critic":
            return f"critic {name}{words}"
        if kind == "verifier":
            self._draft.lose("Archon's verifier makes two calls for each candidate; `verify` makes one.")
            return f"verify {name}{words}"
        if kind == "unit_test_generator":
            return f"unit_tests {name} n={self._tests(component)}{words}"
        kept = _count(component, "top_k", 0)
        best = f" -> rank by=score top={kept}" if kept > 1 else " -> best by=score" if kept else ""
        return f"grade {name}{words}{best}"

    def _tests(self, component: Component) -> int:
        wanted = _count(component, "unit_test_cap", 5)
        if wanted > _MOST_TESTS:
            self._draft.lose(f"Of {wanted} tests at most {_MOST_TESTS} are asked for here.")
        return min(_MOST_TESTS, wanted)

    def _model(self, component: Component, settings: dict[str, str]) -> str:
        kind = str(component.get("model_type") or "Together_API")
        provider = _PROVIDERS.get(kind)
        if provider is None:
            raise UsageError(f"`{kind}` is no `model_type` of Archon", f"There are {', '.join(_PROVIDERS)}.")
        if provider == "hosted_vllm":
            self._draft.lose(
                "Models of vLLM and tgi are looked for at http://localhost:8000/v1: state another `base_url`."
            )
        return self._draft.model(f"{provider}/{component['model']}", settings)


def _settings(component: Component) -> dict[str, str]:
    return {
        name: number(component[name], f"`{name}` of a {component['type']}")
        for name in ("temperature", "max_tokens")
        if component.get(name) is not None
    }


def _samples(component: Component) -> int:
    return _count(component, "samples", 1) if component["type"] in ("generator", "fuser") else 1


def _count(component: Component, key: str, otherwise: int) -> int:
    """A count, which `_check` found to be one."""
    stated = component.get(key)
    return otherwise if stated is None else int(stated)


def _left(layer: list[Component], candidates: int) -> int:
    """How many candidates there are behind a layer, at most."""
    kind = layer[0]["type"]
    if kind in ("generator", "fuser"):
        return sum(map(_samples, layer))
    if kind not in ("ranker", "unit_test_evaluator"):
        return candidates
    return min(candidates, _count(layer[0], "top_k", candidates))


def _component(value: Any, place: int) -> Component:
    if not isinstance(value, dict):
        raise UsageError(
            f"layer {place} holds something that is no component", "Correct the file, and import it again."
        )
    return value


def _list(value: Any) -> list[Any]:
    if not isinstance(value, list):
        raise UsageError(
            f"{quoted(str(value)[:40])} stands where a list is expected", "Correct the file, and import it again."
        )
    return value


FORMAT = Archon()
