"""Many streams at once: an upstream server whose answers take some seconds, and a client that counts those that are open.

    python benchmarks/serving_streams.py

runs the upstream server, and prints its base URL.
"""

import asyncio
import json
from dataclasses import dataclass

import aiohttp

SECONDS = 5.0
"""That each answer takes."""
_PIECES = 6


@dataclass(frozen=True)
class Streams:
    """What became of them.

    Attributes:
        together: How many were open at once, by the server's own count.
        ended: How many came to their end, with all of their pieces.
    """

    together: int
    ended: int


async def measure(url: str, model: str, count: int) -> Streams:
    """Open so many streams at once, and read them to their ends."""
    most = 0
    # What waits says that it is alive after 15 s, which opens the stream; these are opened by their first piece.
    connector, timeout = aiohttp.TCPConnector(limit=0), aiohttp.ClientTimeout(total=120)
    async with aiohttp.ClientSession(connector=connector, timeout=timeout) as session:

        async def one(number: int) -> bool:
            messages = [{"role": "user", "content": f"What is {number}?"}]
            body = {"model": model, "stream": True, "messages": messages}
            async with session.post(f"{url}/chat/completions", json=body) as reply:
                text = await reply.read()
            whole = all(f"piece {place}".encode() in text for place in range(_PIECES))
            return whole and text.endswith(b"data: [DONE]\n\n")

        async def look() -> None:
            nonlocal most
            while True:
                async with session.get(url.removesuffix("/v1") + "/metrics") as reply:
                    text = await reply.text()
                most = max(most, int(text.partition("\nmoaql_open_streams ")[2].split("\n", 1)[0]))
                await asyncio.sleep(0.1)

        looking = asyncio.create_task(look())
        ended = await asyncio.gather(*map(one, range(count)), return_exceptions=True)
        looking.cancel()
        await asyncio.gather(looking, return_exceptions=True)
    return Streams(most, sum(each is True for each in ended))


async def _answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    head = await reader.readuntil(b"\r\n\r\n")
    await reader.readexactly(int(head.lower().split(b"content-length:")[1].split(b"\r\n")[0]))
    writer.write(b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\nconnection: close\r\n\r\n")
    for place in range(_PIECES):
        last = place == _PIECES - 1
        chunk = {
            "choices": [
                {"index": 0, "delta": {"content": f"piece {place} "}, "finish_reason": "stop" if last else None}
            ]
        }
        writer.write(b"data: " + json.dumps(chunk).encode() + b"\n\n")
        await asyncio.sleep(0 if last else SECONDS / (_PIECES - 1))
    writer.write(b"data: [DONE]\n\n")
    await writer.drain()
    writer.close()


async def serve() -> None:
    """Serve on a free port. Each stream begins at once."""
    server = await asyncio.start_server(_answer, "127.0.0.1", 0, backlog=2048)
    print(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/v1", flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(serve())
