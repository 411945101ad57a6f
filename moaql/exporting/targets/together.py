"""`together`: the command line of Together MoA (`generate_for_alpaca_eval.py`): layers of the same proposers and one aggregator."""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from typing import TYPE_CHECKING

from moaql.errors import UsageError
from moaql.exporting.base import Loss, once_each
from moaql.exporting.shape import QUESTION_ALONE, REASONING, bare_id, lost_settings, own_prompts, row_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from moaql.check.program import Program
    from moaql.exporting.shape import Step
    from moaql.graph.nodes import Call, Graph

_ALWAYS = {"temperature": 0.7, "max_tokens": 2048}
"""What the script sends to its aggregator, whatever its arguments say, and to proposers by default."""
_COLDEST = 1e-4
_WHAT = "Together's script runs layers of the same models, and one aggregator behind them"


@dataclass(frozen=True)
class Together:
    """Arguments of Together's script."""

    name: str = "together"

    def files(self, graph: Graph, program: Program) -> dict[str, str]:
        """One shell script."""
        layers, aggregator = _parts(graph)
        stated = _stated(layers)
        proposers = [bare_id(each.model) for each in layers[0].calls]
        arguments = [
            f"--model={_text(bare_id(aggregator.model))}",
            f"--reference-models={_text(','.join(proposers))}",
            f"--rounds={len(layers)}",
            f"--temperature={stated['temperature']:g}",
            f"--max-tokens={stated['max_tokens']}",
            f"--output-path=outputs/{graph.name}.json",
        ]
        lines = " \\\n".join(f"  {shlex.quote(each)}" for each in arguments)
        origin = program.source.name.replace("\\", "/").rpartition("/")[2]
        head = f"#!/bin/sh\n# `{graph.name}` of {origin}, for togethercomputer/MoA. The key is read from TOGETHER_API_KEY.\n"
        return {f"{graph.name}.sh": f"{head}python generate_for_alpaca_eval.py \\\n{lines}\n"}

    def losses(self, graph: Graph, program: Program) -> list[Loss]:
        """Prompts, settings of single calls, other providers."""
        del program
        return once_each(every_loss(graph))


def every_loss(graph: Graph) -> Iterator[Loss]:
    """What is lost, of each node.

    Raises:
        UsageError: if the script would run another topology.
    """
    layers, aggregator = _parts(graph)
    stated = _stated(layers)
    for call in graph.calls:
        if call.model.id.partition("/")[0] != "together_ai" or call.model.connection:
            name = bare_id(call.model)
            yield Loss(call.id, f"`{call.model.id}` is asked at Together with TOGETHER_API_KEY, by the name `{name}`")
        for name, otherwise in _ALWAYS.items():
            sent, own = otherwise if call is aggregator else _sent(name, stated), dict(call.settings).get(name)
            if own != sent:
                yield Loss(call.id, f"`{name}={sent:g}` is sent{'' if own is None else f', not {own:g}'}")
    yield from lost_settings(graph, tuple(_ALWAYS))
    prompt = "the prompt is Together's, in which candidates are numbered and not fenced"
    yield from own_prompts(graph, prompt, "system")
    yield Loss("", "the questions are those of AlpacaEval, and the answers go into a file")
    yield Loss("", QUESTION_ALONE)
    yield Loss("", REASONING)
    yield Loss("", "where all proposers of a layer fail, those behind them are asked the bare question")
    yield Loss(
        "", "timeouts and retries cannot be stated: a call is made up to six times, unless its request is refused"
    )
    yield Loss("", "prices cannot be stated, and the script counts no cost")


def _text(name: str) -> str:
    """A text that python-fire takes for a text: it reads `a,b` as a tuple, and `[a]` as a list, on which the script fails."""
    return name if "/" in name and "," not in name else f'"{name}"'


def _parts(graph: Graph) -> tuple[list[Step], Call]:
    *layers, last = row_of(graph, "Together's script")
    same = {tuple(bare_id(call.model) for call in layer.calls) for layer in layers}
    if last.kind != "agg" or len(last.calls) != 1 or len(same) != 1 or any(each.kind != "layer" for each in layers):
        raise UsageError(f"{_WHAT}; `{graph.name}` is something else", "`--to python` writes any topology.")
    return layers, last.calls[0]


def _stated(layers: list[Step]) -> dict[str, Any]:
    """The settings of the arguments, which are for proposers: those of most of them."""
    stated: dict[str, Any] = {}
    for name, otherwise in _ALWAYS.items():
        own = [
            value for layer in layers for call in layer.calls if (value := dict(call.settings).get(name)) is not None
        ]
        stated[name] = max(own, key=own.count) if own else otherwise
    return stated


def _sent(name: str, stated: dict[str, Any]) -> float:
    value = float(stated[name])
    return 0.0 if name == "temperature" and value <= _COLDEST else value


TARGET = Together()
