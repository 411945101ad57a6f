"""`promptfoo`: a provider that runs the topology, and a configuration that compares it with its single models."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from moaql.exporting.base import Loss, once_each
from moaql.exporting.code.layout import laid_out, quoted
from moaql.exporting.code.models import reached
from moaql.exporting.code.program import write_program
from moaql.exporting.defined import answering, defined_models
from moaql.exporting.promptfoo_eval.tests import tests_of
from moaql.exporting.targets.python import TARGET as PYTHON

if TYPE_CHECKING:
    from moaql.check.program import Model, Program
    from moaql.graph.nodes import Graph

_PROVIDER = '''"""The topology `TOPOLOGY` and its models as providers of promptfoo. It needs topology.py beside it, and httpx."""

import asyncio
import importlib.util
import json
import sys
from pathlib import Path
from typing import Any

_place = Path(__file__).with_name("topology.py")
_spec = importlib.util.spec_from_file_location("moaql_topology", _place)
topology = sys.modules["moaql_topology"] = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(topology)

MODELS: dict[str, Any] = MODELS_BY_NAME


def call_api(prompt, options, context):
    """Answer one prompt with the topology; the variables of the test are the fields of the question."""
    question = _question(prompt, (context or {}).get("vars", {}))
    return _told(topology.answer(question, seed=options.get("config", {}).get("seed", 0)))


def call_model(prompt, options, context):
    """Answer one prompt with a single model: `model` of the configuration, with its `settings`; those `instead` where it fails."""
    return _told(topology.answered(_Single(options["config"]), _question(prompt, {}), 0, None))


def _question(prompt, fields):
    """A prompt is a text, or a list of messages as JSON, the last one the user's."""
    try:
        messages = json.loads(prompt)
        turns = [(each["role"], each["content"]) for each in messages]
    except (ValueError, TypeError, KeyError):
        return topology.Question(prompt, fields=fields)
    system = "\\n\\n".join(text for role, text in turns if role == "system")
    *history, (_, text) = [turn for turn in turns if turn[0] != "system"]
    return topology.Question(text, system, tuple(history), fields)


class _Single:
    """A topology of one call."""

    def __init__(self, config):
        self.config = config

    def __call__(self, run):
        self.run = run
        return self

    async def outputs(self):
        instead = [(MODELS[each["model"]], each.get("settings", {})) for each in self.config.get("instead", ())]
        settings = self.config.get("settings", {})
        return [await self.run.ask(MODELS[self.config["model"]], _messages, instead=instead, **settings)]


def _messages(question, seen):
    system = [("system", question.system)] if question.system else []
    return [*system, *question.history, ("user", question.text)]


def _told(answering):
    try:
        answer = asyncio.run(answering)
    except (topology.NoAnswer, topology.NoKey, KeyError) as error:
        return {"error": str(error.args[0])}
    usage = {"prompt": answer.prompt_tokens, "completion": answer.completion_tokens, "numRequests": answer.calls}
    usage["total"] = answer.prompt_tokens + answer.completion_tokens
    told = {"output": answer.text, "tokenUsage": usage, "latencyMs": round(answer.seconds * 1000)}
    return told if answer.cost is None else {**told, "cost": answer.cost}
'''
_WORKERS = 4
"""promptfoo asks so many questions at once, and a worker answers one at a time."""
_TIMEOUT = 600_000
"""Milliseconds that a question may take: an ensemble asks models one behind the other."""


@dataclass(frozen=True)
class Promptfoo:
    """A provider and a configuration."""

    name: str = "promptfoo"

    def files(self, graph: Graph, program: Program) -> dict[str, str]:
        """The program, the provider, `promptfooconfig.yaml` (written as JSON: YAML holds it), and the tests.

        Raises:
            UsageError: if an eval set of the program cannot be read.
        """
        singles = _Singles()
        providers = [_provider("call_api", graph.name, {"workers": _WORKERS})]
        alone = [model for model in defined_models(graph, program) if _is_reached(model)]
        for model in alone:
            config = singles.config(model)
            providers.append(_provider("call_model", config["model"], config))
        tests, unscored = tests_of(program)
        notes = f". There is no assert for {', '.join(unscored)}: write some" if unscored else ""
        document = {
            "description": f"`{graph.name}` beside its single models{notes}",
            "prompts": ["{{question}}"],
            "providers": providers,
            "tests": [f"file://{path}" for path in tests if path.endswith(".json")],
        }
        entries = "".join(
            f"{line}\n" for name, text in singles.texts.items() for line in laid_out(f"{quoted(name)}: {text},", "    ")
        )
        models = f"{{\n{entries}}}" if entries else "{}"
        return {
            "topology.py": write_program(graph, program, alone).text,
            "provider.py": _PROVIDER.replace("TOPOLOGY", graph.name).replace("MODELS_BY_NAME", models),
            "promptfooconfig.yaml": json.dumps(document, indent=2, ensure_ascii=False) + "\n",
            **tests,
        }

    def losses(self, graph: Graph, program: Program) -> list[Loss]:
        """Those of the program that the provider calls, models that cannot be set beside it, and metrics without an assert."""
        missing = [
            Loss(call.id, f"`{call.model.name}` is not among the single models")
            for call in answering(graph)
            if not _is_reached(call.model)
        ]
        _, unscored = tests_of(program)
        unscored_losses = [Loss("", f"there is no assert for {each}") for each in unscored]
        return once_each([*PYTHON.losses(graph, program), *missing, *unscored_losses])


def _is_reached(model: Model) -> bool:
    return any(reached(each).url for each in (model, *model.alternatives))


class _Singles:
    """The models that are asked alone, by the names that the configuration gives them.

    Attributes:
        texts: Each as the provider writes it.
    """

    def __init__(self) -> None:
        self.texts: dict[str, str] = {}

    def config(self, model: Model) -> dict[str, Any]:
        """What the configuration says of a model, and of those that are asked instead."""
        config = self._asked(model)
        kept = dict(model.settings).get("truncated")
        if kept not in (None, "keep"):
            config["settings"]["truncated"] = kept
        if model.alternatives:
            config["instead"] = [self._asked(each) for each in model.alternatives]
        return config

    def _asked(self, model: Model) -> dict[str, Any]:
        text = _model_text(model)
        number, name = 1, model.name
        while self.texts.setdefault(name, text) != text:
            number += 1
            name = f"{model.name}-{number}"
        settings = {key: value for key, value in model.settings if value is not None and key != "truncated"}
        return {"model": name, "settings": settings}


def _model_text(model: Model) -> str:
    how = reached(model)
    fields: dict[str, Any] = {"name": model.name, "id": model.id.partition("/")[2], "url": how.url}
    defaults = {"protocol": "openai", "keys": (), "price": None, "limit": "max_tokens", "seed": "seed"}
    fields |= {key: value for key, default in defaults.items() if (value := getattr(how, key)) != default}
    return f"topology.Model({', '.join(f'{key}={_value(value)}' for key, value in fields.items())})"


def _value(value: Any) -> str:
    if isinstance(value, tuple):
        return f"({', '.join(map(_value, value))}{',' if len(value) == 1 else ''})"
    return quoted(value) if isinstance(value, str) else repr(value)


def _provider(function: str, label: str, config: dict[str, Any]) -> dict[str, Any]:
    return {"id": f"file://provider.py:{function}", "label": label, "config": {**config, "timeout": _TIMEOUT}}


TARGET = Promptfoo()
