"""The custom handler that answers LiteLLM's chat completions with a topology."""

HANDLER = '''"""The topology `TOPOLOGY` as a model of LiteLLM. It needs the file topology.py beside it, and httpx."""

import asyncio
import importlib.util
import sys
from pathlib import Path

import litellm
from litellm import CustomLLM, ModelResponse
from litellm.llms.custom_llm import CustomLLMError

_place = Path(__file__).with_name("topology.py")  # LiteLLM does not look for modules beside a handler
_spec = importlib.util.spec_from_file_location(f"moaql:{_place}", _place)
topology = sys.modules[_spec.name] = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(topology)

NAME = "TOPOLOGY"
_TAKEN = {"seed", "moaql", "extra_body", "stream", "stream_options"}
_HARMLESS = {
    *("user", "metadata", "store", "service_tier"),
    *("parallel_tool_calls", "safety_identifier", "prompt_cache_key"),
}
_NOTHING = (None, False, 0, "", "none", "auto", [], {}, {"type": "text"})


def _refused(message):
    return CustomLLMError(400, message)


def _check(asked, litellm_params):
    """Refuse what no call of a topology takes, unless LiteLLM is told to drop it (`drop_params`)."""
    if litellm.drop_params or (litellm_params or {}).get("drop_params"):
        return
    for name, value in asked.items():
        if name in _TAKEN or name in _HARMLESS or (name == "n" and value == 1):
            continue
        if name in ("temperature", "top_p") or value not in _NOTHING:
            reason = f"`{name}` is not passed on to the models of `{NAME}`, which have their own settings"
            raise _refused(f"{reason}: leave it out, or set `drop_params: true` in litellm_settings")


def _text(content):
    if isinstance(content, str):
        return content
    if not isinstance(content, list):
        raise _refused("a message has no text")
    if any(part.get("type") != "text" for part in content):
        raise _refused(f"`{NAME}` reads text only: images, audio and files are not supported")
    return "\\n".join(part["text"] for part in content)


def _question(messages, asked):
    """The conversation; `moaql: {"fields": {…}}` in a request gives the fields of the question."""
    system, turns = [], []
    for each in messages:
        role = each["role"]
        if role in ("tool", "function") or each.get("tool_calls") or each.get("function_call"):
            raise _refused(f"`{NAME}` does not use tools")
        if role in ("system", "developer"):
            system.append(_text(each.get("content")))
        else:
            turns.append((role, _text(each.get("content"))))
    if not turns or turns[-1][0] != "user":
        raise _refused("the last message must be the user's")
    own = asked.get("moaql") or (asked.get("extra_body") or {}).get("moaql") or {}
    return topology.Question(turns[-1][1], "\\n\\n".join(system), tuple(turns[:-1]), own.get("fields") or {})


class Topology(CustomLLM):
    """Answers chat completions."""

    async def _answer(self, messages, optional_params, litellm_params):
        _check(optional_params, litellm_params)
        try:
            return await topology.answer(_question(messages, optional_params), seed=optional_params.get("seed") or 0)
        except topology.NoAnswer as error:
            raise CustomLLMError(502, str(error)) from None
        except topology.NoKey as error:
            raise CustomLLMError(500, str(error)) from None
        except KeyError as error:  # a prompt shows a field that the question does not have
            raise _refused(error.args[0]) from None

    async def acompletion(self, *args, messages, optional_params, litellm_params=None, **rest) -> ModelResponse:
        answer = await self._answer(messages, optional_params, litellm_params)
        response = ModelResponse(model=NAME)
        response.choices[0].message.content = answer.text
        response.choices[0].finish_reason = "stop"
        response.usage = litellm.Usage(**_usage(answer))
        if answer.cost is not None:
            response._hidden_params["response_cost"] = answer.cost
        return response

    async def astreaming(self, *args, messages, optional_params, litellm_params=None, **rest):
        answer = await self._answer(messages, optional_params, litellm_params)
        yield _chunk(answer.text)
        yield _chunk("", is_finished=True, finish_reason="stop", usage=_usage(answer))

    def completion(self, *args, **given) -> ModelResponse:
        return asyncio.run(self.acompletion(*args, **given))

    def streaming(self, *args, **given):
        async def gathered():
            return [chunk async for chunk in self.astreaming(*args, **given)]

        yield from asyncio.run(gathered())


def _usage(answer):
    total = answer.prompt_tokens + answer.completion_tokens
    return {"prompt_tokens": answer.prompt_tokens, "completion_tokens": answer.completion_tokens, "total_tokens": total}


def _chunk(text, is_finished=False, finish_reason="", usage=None):
    chunk = {"text": text, "is_finished": is_finished, "finish_reason": finish_reason}
    return {**chunk, "index": 0, "tool_use": None, "usage": usage}


handler = Topology()
'''
"""Its text; `TOPOLOGY` stands for the name of the topology."""
