"""The one owner of HTTP: requests with httpx's types, over connections of aiohttp.

httpx's own connections slow down quadratically beyond some twenty in flight, those of aiohttp do not; httpx's types let a test or
a program put any other `httpx.AsyncBaseTransport` in their place. The transport is called directly: what `httpx.AsyncClient` adds
to each call (cookies, redirects, hooks) is not needed here.
"""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import AsyncIterable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

from moaql import __version__
from moaql.errors import BrokenOff, ProviderError, Stalled, Unreachable
from moaql.providers.base import Reply

if TYPE_CHECKING:
    import ssl
    from collections.abc import AsyncGenerator, AsyncIterator, Callable, Mapping
    from types import TracebackType

    import aiohttp
    import httpx

    from moaql.providers.base import StreamedReply

CONNECTIONS = 1_000
KEEP_ALIVE = 4.0
"""Seconds that an idle connection is kept: less than the five after which many servers close theirs, in mid-request if need be."""
LARGEST_REPLY = 64 * 1024 * 1024
"""Bytes; more is a fault of the server, or an attack on the memory of this process."""
DRAIN = 0.05
"""Seconds to wait for the end of a stream that was read to its last line, so that its connection can be used again."""
_compact = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


@dataclass(frozen=True, slots=True)
class _Address:
    """A URL that was read once. `place` is what messages name: never a path or a query, which may hold secrets."""

    url: httpx.URL
    place: str


class HttpTransport:
    """Sends requests; implements `moaql.providers.base.Transport`.

    It belongs to the event loop that it is first used in. Use it as `async with HttpTransport() as transport`, or call `aclose`.

    Args:
        connect: Seconds until a connection stands.
        stall: Seconds between two pieces of a reply that has begun.
        first_byte: Seconds until a reply begins. A model that thinks, and does not stream, is silent until its answer is done.
        connections: Greatest number of connections at once; limits of providers are kept elsewhere.
        inner: Sends instead of aiohttp, such as `httpx.MockTransport`. It is closed with this one.
    """

    def __init__(
        self,
        connect: float = 15.0,
        stall: float = 60.0,
        first_byte: float = 600.0,
        connections: int = CONNECTIONS,
        inner: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        self._stall = stall
        self._connect = connect
        self._first_byte = max(first_byte, stall)
        self._waits = {"timeout": {"connect": connect, "read": self._first_byte}}
        self._connections = connections
        self._inner = inner
        self._by_proxy: dict[str | None, httpx.AsyncBaseTransport] = {}
        self._addresses: dict[str, _Address] = {}
        self._routes: dict[str, httpx.AsyncBaseTransport] = {}

    async def post(self, url: str, headers: Mapping[str, str], body: Any) -> Reply:
        """POST a JSON body and read the whole reply, whatever its status.

        Raises:
            Unreachable: if there is no connection.
            BrokenOff: if it is lost before the end of the reply, or the reply is larger than 64 MB.
            Stalled: if nothing arrives for too long.
        """
        address = self._address(url)
        try:
            response = await self._send(address, headers, body, "gzip, deflate")
            try:
                content = await _whole(response, self._stall)
            finally:
                await response.aclose()
            return Reply(response.status_code, _lower_case(response), content)
        except Exception as error:
            failure = self._failure(error, address.place)
            if failure is None:
                raise
        raise failure  # out here, so that no exception that holds the request hangs on it

    @asynccontextmanager
    async def stream(self, url: str, headers: Mapping[str, str], body: Any) -> AsyncIterator[StreamedReply]:
        """POST a JSON body and read the reply as it arrives. Raises as `post`."""
        address = self._address(url)
        failure: ProviderError | None = None
        try:
            # A compressed stream is often held back until a block is full.
            response = await self._send(address, headers, body, "identity")
        except Exception as error:
            failure = self._failure(error, address.place)
            if failure is None:
                raise
        if failure is not None:
            raise failure
        streamed = _Streamed(response, self._stall, lambda error: self._failure(error, address.place))
        try:
            yield streamed
            await streamed.drain()
        finally:
            await streamed.close()

    async def aclose(self) -> None:
        """Close all connections."""
        transports = [*self._by_proxy.values(), *([self._inner] if self._inner is not None else [])]
        self._by_proxy, self._routes = {}, {}
        for transport in transports:
            await transport.aclose()

    async def __aenter__(self) -> HttpTransport:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.aclose()

    async def _send(self, address: _Address, headers: Mapping[str, str], body: Any, encoding: str) -> httpx.Response:
        import httpx

        content = _compact(body).encode("utf-8", "replace")
        request = httpx.Request(
            "POST",
            address.url,
            headers={"content-type": "application/json", "accept-encoding": encoding, **headers},
            content=content,
            extensions=self._waits,
        )
        route = self._routes.get(address.place)
        if route is None:
            route = self._routes[address.place] = self._route(address.url)
        return await route.handle_async_request(request)

    def _address(self, url: str) -> _Address:
        found = self._addresses.get(url)
        if found is None:
            import httpx

            try:
                parsed = httpx.URL(url)
            except httpx.InvalidURL:
                parsed = httpx.URL("")
            if parsed.scheme not in ("http", "https") or not parsed.host:
                raise Unreachable("the address of the endpoint is not an http(s) address", "Check its `base_url`.")
            port = parsed.port or (443 if parsed.scheme == "https" else 80)
            host = f"[{parsed.host}]" if ":" in parsed.host else parsed.host
            found = self._addresses[url] = _Address(parsed, f"{host}:{port}")
        return found

    def _route(self, url: httpx.URL) -> httpx.AsyncBaseTransport:
        """What sends to this address: directly, or through the proxy that the environment names for it."""
        if self._inner is not None:
            return self._inner
        proxy = _proxy_for(url)
        if proxy not in self._by_proxy:
            self._by_proxy[proxy] = _over_aiohttp(self._connections, proxy)
        return self._by_proxy[proxy]

    def _failure(self, error: Exception, place: str) -> ProviderError | None:
        return _failure(error, place, self._connect, self._stall, self._first_byte)


class _TooLargeError(Exception):
    """The reply does not end."""


class _Streamed:
    """A reply that is read as it arrives; implements `StreamedReply`."""

    def __init__(
        self, response: httpx.Response, stall: float, failure: Callable[[Exception], ProviderError | None]
    ) -> None:
        self.status = response.status_code
        self.headers = _lower_case(response)
        self._response = response
        self._failure = failure
        self._body = _pieces(response, stall)

    async def lines(self) -> AsyncIterator[str]:
        """The lines of the body, without their ends."""
        rest = b""
        async for piece in self._read():
            # Lines end with \n or \r\n only: JSON may hold what Unicode counts among line ends.
            *whole, rest = (rest + piece).split(b"\n")
            for line in whole:
                yield line.removesuffix(b"\r").decode("utf-8", "replace")
        if rest:
            yield rest.decode("utf-8", "replace")

    async def read(self) -> bytes:
        """The whole body."""
        return b"".join([piece async for piece in self._read()])

    async def drain(self) -> None:
        """Read to the end if it is near, so that the connection can be used again."""
        with suppress(Exception):  # the answer is complete; its connection is closed then, and not used again
            async with asyncio.timeout(DRAIN):
                async for _ in self._body:
                    pass

    async def close(self) -> None:
        """Give the connection back, or close it where the reply was not read to its end."""
        await self._body.aclose()
        with suppress(Exception):  # what there was to read has been read
            await self._response.aclose()

    async def _read(self) -> AsyncIterator[bytes]:
        try:
            async for piece in self._body:
                yield piece
            return
        except Exception as error:
            failure = self._failure(error)
            if failure is None:
                raise
        raise failure


async def _whole(response: httpx.Response, stall: float) -> bytes:
    """The whole body, unpacked. As `_pieces`, and faster: one timer, which is put off with each piece."""
    loop, size = asyncio.get_running_loop(), 0
    pieces: list[bytes] = []
    async with asyncio.timeout(stall) as timer:
        async for piece in _body(response):
            size += len(piece)
            if size > LARGEST_REPLY:
                raise _TooLargeError
            if pieces:
                timer.reschedule(loop.time() + stall)
            pieces.append(piece)
    return pieces[0] if len(pieces) == 1 else b"".join(pieces)


def _body(response: httpx.Response) -> AsyncIterator[bytes]:
    # httpx unpacks and counts, which costs more than it is worth where nothing is packed.
    packed = "content-encoding" in response.headers
    raw = response.stream
    return aiter(raw) if not packed and isinstance(raw, AsyncIterable) else response.aiter_bytes()


async def _pieces(response: httpx.Response, stall: float) -> AsyncGenerator[bytes]:
    """The body as it arrives, unpacked; `TimeoutError` where it stalls, `_TooLargeError` where it does not end."""
    loop, size = asyncio.get_running_loop(), 0
    body = _body(response)
    while True:
        async with asyncio.timeout_at(loop.time() + stall):
            piece = await anext(body, None)
        if piece is None:
            return
        size += len(piece)
        if size > LARGEST_REPLY:
            raise _TooLargeError
        yield piece


def _lower_case(response: httpx.Response) -> dict[str, str]:
    """Headers by name in lower case; of equal names the last."""
    return {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in response.headers.raw}


def _proxy_for(url: httpx.URL) -> str | None:
    """The proxy that the environment names for an address (`HTTPS_PROXY`, `ALL_PROXY`, `NO_PROXY`, …), or None."""
    from urllib.request import getproxies, proxy_bypass

    proxies = getproxies()
    proxy = proxies.get(url.scheme) or proxies.get("all")
    if not proxy or proxy_bypass(f"{url.host}:{url.port}" if url.port else url.host):
        return None
    if not proxy.startswith(("http://", "https://")) and "://" in proxy:
        raise Unreachable(
            f"the proxy for {url.scheme} addresses is not an HTTP proxy",
            f"Set {url.scheme.upper()}_PROXY to an http:// address, or exempt the host by NO_PROXY.",
        )
    return proxy if "://" in proxy else f"http://{proxy}"


@cache
def _trusted() -> ssl.SSLContext:
    """The certificates that are trusted: `SSL_CERT_FILE` and `SSL_CERT_DIR`, or certifi's. Reading them takes long."""
    import httpx

    return httpx.create_ssl_context()


def _over_aiohttp(connections: int, proxy: str | None) -> httpx.AsyncBaseTransport:
    import aiohttp
    import httpx
    from httpx_aiohttp import AiohttpTransport

    def session() -> aiohttp.ClientSession:
        connector = aiohttp.TCPConnector(limit=connections, ssl=_trusted(), keepalive_timeout=KEEP_ALIVE)
        agent = {"user-agent": f"moaql/{__version__}"}
        return aiohttp.ClientSession(connector=connector, cookie_jar=aiohttp.DummyCookieJar(), headers=agent)

    return AiohttpTransport(verify=_trusted(), proxy=httpx.Proxy(proxy) if proxy else None, client=session)


def _failure(error: Exception, place: str, connect: float, stall: float, first_byte: float) -> ProviderError | None:
    """The exception of ours that says what happened, or None for what is not the network's fault.

    Its message is made here, from host and port alone: those of libraries may show too much.
    """
    import aiohttp
    import httpx

    # httpx-aiohttp calls any loss of a connection a timeout of connecting; what happened stands in the cause.
    cause = error.__cause__ if isinstance(error.__cause__, aiohttp.ClientError | OSError) else error
    if isinstance(cause, _TooLargeError):
        return BrokenOff(f"the reply of {place} is larger than {LARGEST_REPLY // 1024**2} MB")
    if isinstance(cause, aiohttp.ConnectionTimeoutError | httpx.ConnectTimeout | httpx.PoolTimeout):
        return Unreachable(f"no connection to {place} within {connect:g} s", _CHECK_ADDRESS)
    if isinstance(cause, aiohttp.ServerTimeoutError | httpx.TimeoutException):
        return Stalled(f"{place} sent nothing for {first_byte:g} s")
    if isinstance(
        cause, aiohttp.ClientConnectorError | aiohttp.ClientHttpProxyError | httpx.ConnectError | httpx.ProxyError
    ):
        return Unreachable(f"no connection to {place}: {_reason(cause)}", _CHECK_ADDRESS)
    if isinstance(cause, aiohttp.ClientResponseError | httpx.RemoteProtocolError | httpx.DecodingError):
        return BrokenOff(f"{place} sent a reply that cannot be read as HTTP")
    if isinstance(cause, aiohttp.InvalidURL | httpx.UnsupportedProtocol | UnicodeError):
        return Unreachable(f"{place} is not an http(s) address", _CHECK_ADDRESS)
    if isinstance(cause, aiohttp.ClientError | httpx.TransportError | ConnectionError):
        return BrokenOff(f"{place} closed the connection before the end of its reply")
    if isinstance(cause, TimeoutError):
        return Stalled(f"{place} sent nothing for {stall:g} s in the middle of its reply")
    if isinstance(cause, OSError):
        return Unreachable(f"no connection to {place}: {_reason(cause)}", _CHECK_ADDRESS)
    return None


_CHECK_ADDRESS = "Check that the server runs, its `base_url`, and the network."


def _reason(error: BaseException) -> str:
    """Why there is no connection, in a few words of ours or of the operating system."""
    import socket
    import ssl

    import aiohttp

    if isinstance(error, aiohttp.ClientConnectorCertificateError | ssl.SSLCertVerificationError):
        return "its certificate is not trusted"
    if isinstance(error, aiohttp.ClientSSLError | ssl.SSLError):
        return "it does not speak TLS as expected"
    if isinstance(error, aiohttp.ClientProxyConnectionError | aiohttp.ClientHttpProxyError):
        return "the proxy cannot be used"
    system = error.os_error if isinstance(error, aiohttp.ClientConnectorError) else error
    if isinstance(error, aiohttp.ClientConnectorDNSError) or isinstance(system, socket.gaierror):
        return "its name is not known"
    number = getattr(system, "errno", None)
    return os.strerror(number).lower() if isinstance(number, int) and number > 0 else "it is refused"
