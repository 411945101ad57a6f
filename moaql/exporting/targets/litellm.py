"""`litellm`: a model table with prices and fallbacks, and a custom handler that answers as the topology."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from moaql.exporting.base import Loss, once_each
from moaql.exporting.code.program import write_program
from moaql.exporting.litellm_proxy.handler import HANDLER
from moaql.exporting.litellm_proxy.table import ATTEMPTS, table_losses, table_of
from moaql.exporting.targets.python import TARGET as PYTHON

if TYPE_CHECKING:
    from moaql.check.program import Program
    from moaql.graph.nodes import Graph

_MOST_FALLBACKS = 5
"""LiteLLM tries no more, unless it is told to."""
_LOST = (
    "its answer is streamed in one piece",
    "of the settings of a request, only `seed` is heeded; others are refused, or dropped where `drop_params` says so",
    "the models of the table are waited for and tried again as LiteLLM does, and keep answers that were cut off",
)


@dataclass(frozen=True)
class LiteLLM:
    """LiteLLM's proxy."""

    name: str = "litellm"

    def files(self, graph: Graph, program: Program) -> dict[str, str]:
        """`config.yaml` (written as JSON, which YAML holds), the handler, and the program that it calls."""
        # The topology has tried its calls again already: doing all of it anew would cost as much again.
        parameters = {"model": f"moaql/{graph.name}", "num_retries": 0}
        own = {"model_name": graph.name, "litellm_params": parameters, "model_info": {"mode": "chat"}}
        table = table_of(graph, program, own)
        entries = [each for each in table.entries.values() if each is not own]
        router: dict[str, Any] = {"num_retries": ATTEMPTS - 1, "disable_cooldowns": True}
        if table.fallbacks:
            router["fallbacks"] = [{name: others} for name, others in table.fallbacks.items()]
            most = max(map(len, table.fallbacks.values()))
            router |= {"max_fallbacks": most} if most > _MOST_FALLBACKS else {}
        config = {
            "model_list": [*entries, own],
            "litellm_settings": {"custom_provider_map": [{"provider": "moaql", "custom_handler": "handler.handler"}]},
            "router_settings": router,
        }
        return {
            "config.yaml": json.dumps(config, indent=2, ensure_ascii=False) + "\n",
            "handler.py": HANDLER.replace("TOPOLOGY", graph.name),
            "topology.py": write_program(graph, program).text,
        }

    def losses(self, graph: Graph, program: Program) -> list[Loss]:
        """Those of the program that the handler calls, of the handler, and of the table."""
        return once_each([*PYTHON.losses(graph, program), *(Loss("", lost) for lost in _LOST), *table_losses(graph)])


TARGET = LiteLLM()
