"""Which provider answers for a model id."""

import subprocess
import sys
from importlib.metadata import EntryPoint

import pytest
from providers.wires import Wire, ask, request

from moaql.errors import UsageError
from moaql.providers import PROVIDERS
from moaql.providers.anthropic import Anthropic
from moaql.providers.base import Response
from moaql.providers.find import find_provider, litellm_providers
from moaql.providers.gemini import Gemini
from moaql.providers.litellm import LiteLLM
from moaql.providers.openai import OpenAI
from moaql.providers.recorded import RecordedAnswers


@pytest.mark.parametrize(
    ("id", "connection", "kind"),
    [
        ("openai/gpt-4o", (), OpenAI),
        ("anthropic/claude", (), Anthropic),
        ("anthropic/claude", (("base_url", "http://localhost:1"),), Anthropic),
        ("gemini/gemini-2.5-flash", (), Gemini),
        ("recorded/gpt-4o", (), RecordedAnswers),
        ("together_ai/x/y", (), OpenAI),
        ("llama.cpp/m", (), OpenAI),
        ("house/m", (("base_url", "http://localhost:1"),), OpenAI),
        ("bedrock/anthropic.claude", (), LiteLLM),
        ("vertex_ai/gemini", (), LiteLLM),
        ("publicai/x", (), LiteLLM),
        ("litellm/openai/gpt-4o", (), LiteLLM),
    ],
)
def test_who_answers(id: str, connection: tuple, kind: type) -> None:
    assert isinstance(find_provider(id, connection), kind)


def test_a_provider_that_nobody_knows() -> None:
    with pytest.raises(UsageError, match="no provider is called `openia`") as caught:
        find_provider("openia/gpt-4o")
    assert "Did you mean `openai`?" in caught.value.next_step
    assert "base_url" in caught.value.next_step
    with pytest.raises(UsageError) as caught:
        find_provider("qqqqqqqqqqqq/m")
    assert caught.value.next_step.startswith("Give the model statement")


def test_every_file_is_a_provider() -> None:
    assert {"anthropic", "gemini", "litellm", "openai", "recorded"} <= set(PROVIDERS.built_in)
    for name in PROVIDERS.built_in:
        assert callable(PROVIDERS.find(name).answer)


class Parrot:
    """A provider of another package."""

    banked = False

    async def answer(self, request, transport, on_text=None) -> Response:
        return Response(request.messages[-1][1])


def test_another_package_may_bring_one(monkeypatch: pytest.MonkeyPatch) -> None:
    entry = EntryPoint("parrot", "providers.test_find:Parrot", "moaql.providers")
    monkeypatch.setattr(EntryPoint, "load", lambda self: Parrot())
    monkeypatch.setattr(
        "moaql.registry._entry_points", lambda group: {"parrot": entry} if group == "moaql.providers" else {}
    )
    monkeypatch.setattr(PROVIDERS, "_loaded", {})
    assert ask(Wire({}), request("parrot/any")).text == "What is 6 × 7?"


def test_looking_for_a_provider_imports_nothing_heavy() -> None:
    code = (
        "import sys; from moaql.providers.find import find_provider; find_provider('bedrock/x'); find_provider('openai/x');"
        "print(sorted({'litellm', 'httpx', 'aiohttp', 'openai', 'networkx'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_the_providers_of_litellm_are_read_from_its_files() -> None:
    assert {"bedrock", "vertex_ai", "azure", "cohere", "replicate", "helicone"} <= litellm_providers()
