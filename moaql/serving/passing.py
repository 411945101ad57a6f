"""What is passed on as it is: tools, images and JSON schemas, to the one call of a topology that is one.

With several calls there is nobody to pass it to: proposers that call tools would write no drafts, and a vote cannot count calls.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any

from moaql.graph.nodes import Call
from moaql.providers.base import Request
from moaql.providers.find import find_provider
from moaql.serving.failures import Failure, wrong

if TYPE_CHECKING:
    from moaql.graph.nodes import Graph, Pairs
    from moaql.serving.chat import Chat
    from moaql.serving.programs import Served
    from moaql.serving.writers import Writers

_PROBES: dict[str, Any] = {
    "tools": [{"type": "function", "function": {"name": "look"}}],
    "turns": [{"role": "user", "content": [{"type": "text", "text": "?"}]}],
}


def refuse_unless_passed_on(chat: Chat, served: Served) -> None:
    """See that a topology can do what a request asks for beyond texts.

    Raises:
        Failure: with status 400, saying why it cannot.
    """
    settings = dict(chat.settings)
    wanted = settings.get("response_format")
    if wanted is not None and not takes(served.graph, served.writers, "response_format", str(wanted.get("type"))):
        raise _not_taken("`response_format`", served.id, "response_format")
    if not chat.passed:
        return
    param = "tools" if "tools" in settings else "messages"
    why = _why_not(served.graph)
    if why:
        message = f"{chat.passed}: not supported by `{served.id}`, {why}"
        raise wrong(message, param, "unsupported_parameter")
    names = [name for name in _PROBES if name in settings]
    if not all(takes(served.graph, served.writers, name) for name in names):
        raise _not_taken(chat.passed, served.id, param)


def _not_taken(what: str, id: str, param: str) -> Failure:
    message = f"{what}: not supported by the model that writes the answers of `{id}`"
    return wrong(message, param, "unsupported_parameter")


def _why_not(graph: Graph) -> str:
    """Why a topology cannot pass a conversation on; "" where it can."""
    (node, *others) = graph.nodes.values()
    if others or not isinstance(node, Call):
        calls = sum(1 for _ in graph.calls)
        return f"whose answers take up to {calls} calls: only a topology of one call passes them on"
    if [message for message in node.prompt.messages if message[0] != "system"] != [("user", "{question}")]:
        return "whose prompt is more than the question: only a prompt of the question alone passes them on"
    return ""


def takes(graph: Graph, these: Writers, name: str, kind: str = "") -> bool:
    """Whether a setting is sent to all that may write the answer, and to those that stand in: their providers' own bodies say so.

    Args:
        graph: The topology.
        these: Its writers.
        name: `response_format`, `tools` or `turns`.
        kind: The type of a `response_format`.
    """
    calls = [node for id in these.all if isinstance(node := graph.nodes[id], Call)]
    models = {(model.id, model.connection) for call in calls for model in (call.model, *call.model.alternatives)}
    return bool(models) and all(_sends(id, connection, name, kind) for id, connection in models)


@lru_cache(maxsize=256)
def _sends(model_id: str, connection: Pairs, name: str, kind: str) -> bool:
    from moaql.providers.litellm import LiteLLM, arguments
    from moaql.providers.wire import Wire

    provider = find_provider(model_id, connection)
    own, _, model = model_id.partition("/")
    probe = _PROBES.get(name, {"type": kind, "json_schema": {"schema": {}}})
    bare = Request(own, model, (("user", "?"),), connection=connection)
    given = Request(own, model, (("user", "?"),), ((name, probe),), connection=connection)
    if isinstance(provider, Wire):
        return provider.body(bare, False) != provider.body(given, False)
    return isinstance(provider, LiteLLM) and arguments(bare, "", False) != arguments(given, "", False)
