"""Many at once: every answer is the right one."""

import asyncio
from collections.abc import Callable
from pathlib import Path

import openai
from servers.faults import Asked, FaultServer
from serving.running import serving

REQUESTS, AT_ONCE = 200, 50


def test_two_hundred_requests_are_all_answered_right(program: Callable[..., Path]) -> None:
    """Half of them streamed; each asks something else, and two drafts are merged for each."""

    def echo(asked: Asked) -> str:
        return f"heard {asked.question}"

    async def ask_all(url: str) -> list[str]:
        gate = asyncio.Semaphore(AT_ONCE)
        async with openai.AsyncOpenAI(base_url=url, api_key="none", max_retries=0) as client:

            async def ask(number: int) -> str:
                messages = [{"role": "user", "content": f"question {number}"}]
                async with gate:
                    if number % 2:
                        reply = await client.chat.completions.create(model="main", messages=messages)  # type: ignore[arg-type]
                        return str(reply.choices[0].message.content)
                    chunks = await client.chat.completions.create(model="main", messages=messages, stream=True)  # type: ignore[call-overload]
                    return "".join([c.choices[0].delta.content or "" async for c in chunks if c.choices])

            return list(await asyncio.gather(*map(ask, range(REQUESTS))))

    with FaultServer(a="draft", g=echo) as upstream, serving(program(upstream, "a x2 -> agg g")) as server:
        answers = asyncio.run(ask_all(server.url))
        metrics = server.get("/metrics").data.decode()
    assert answers == [f"heard question {number}" for number in range(REQUESTS)]
    assert len(upstream.asked) == 3 * REQUESTS
    assert f'moaql_requests_total{{model="main",status="200"}} {REQUESTS}\n' in metrics
    assert f'moaql_calls_total{{model="main"}} {3 * REQUESTS}\n' in metrics
    assert "moaql_requests_in_progress 0\n" in metrics
