"""`together`: the command line of Together MoA (`generate_for_alpaca_eval.py`): layers of the same proposers and one aggregator."""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from typing import TYPE_CHECKING

from moaql.errors import UsageError
from moaql.exporting.base import Loss, once_each
from moaql.exporting.shape import bare_id, lost_settings, own_prompts, row_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from moaql.check.program import Program
    from moaql.exporting.shape import Step
    from moaql.graph.nodes import Graph

_TEMPERATURE, _MAX_TOKENS = 0.7, 2048
_WHAT = "Together's script runs layers of the same models, and one aggregator behind them"


@dataclass(frozen=True)
class Together:
    """Arguments of Together's script."""

    name: str = "together"

    def files(self, graph: Graph, program: Program) -> dict[str, str]:
        """One shell script."""
        layers, aggregator = _parts(graph)
        call = aggregator.calls[0]
        settings = dict(call.settings)
        proposers = [bare_id(each.model) for each in layers[0].calls]
        arguments = [
            f"--model={bare_id(call.model)}",
            f"--reference-models={_listed(proposers)}",
            f"--rounds={len(layers)}",
            f"--temperature={settings.get('temperature', _TEMPERATURE):g}",
            f"--max-tokens={settings.get('max_tokens', _MAX_TOKENS)}",
            f"--output-path=outputs/{graph.name}.json",
        ]
        lines = " \\\n".join(f"  {shlex.quote(each)}" for each in arguments)
        origin = program.source.name.replace("\\", "/").rpartition("/")[2]
        head = f"#!/bin/sh\n# `{graph.name}` of {origin}, for togethercomputer/MoA. The key is read from TOGETHER_API_KEY.\n"
        return {f"{graph.name}.sh": f"{head}python generate_for_alpaca_eval.py \\\n{lines}\n"}

    def losses(self, graph: Graph) -> list[Loss]:
        """Prompts, settings of single calls, other providers."""
        return once_each(_losses(graph))


def _listed(names: list[str]) -> str:
    """Python-fire takes a list of bare words for something else, and one name for a text: both are written as a list."""
    plain = all("/" in name or "-" in name for name in names) and len(names) > 1
    return ",".join(names) if plain else "[" + ",".join(f'"{name}"' for name in names) + "]"


def _parts(graph: Graph) -> tuple[list[Step], Step]:
    *layers, last = row_of(graph, "Together's script")
    same = {tuple(bare_id(call.model) for call in layer.calls) for layer in layers}
    if last.kind != "agg" or len(last.calls) != 1 or len(same) != 1 or any(each.kind != "layer" for each in layers):
        raise UsageError(f"{_WHAT}; `{graph.name}` is something else", "`--to python` writes any topology.")
    return layers, last


def _losses(graph: Graph) -> Iterator[Loss]:
    _, aggregator = _parts(graph)
    stated = dict(aggregator.calls[0].settings)
    for call in graph.calls:
        if call.model.id.partition("/")[0] != "together_ai":
            yield Loss(call.id, f"`{call.model.id}` is asked at Together, by the name `{bare_id(call.model)}`")
        for name, otherwise in (("temperature", _TEMPERATURE), ("max_tokens", _MAX_TOKENS)):
            sent, own = stated.get(name, otherwise), dict(call.settings).get(name)
            if own != sent:
                yield Loss(call.id, f"`{name}={sent}` is sent{'' if own is None else f', not {own}'}")
    yield from lost_settings(graph, ("temperature", "max_tokens"))
    yield from own_prompts(graph, "Together's prompt puts the answers, unfenced, into the system message")
    yield Loss("", "prices cannot be stated, and the script counts no cost")
    yield Loss("", "where all proposers fail, the aggregator is asked without their answers")


TARGET = Together()
