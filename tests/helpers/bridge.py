"""A transport for clients that wait, to an application of our own without a network."""

from __future__ import annotations

from collections.abc import Callable

import httpx

from tests.helpers.asgi import AsgiClient


def to_app(http: AsgiClient, seen: Callable[[httpx.Request], None] | None = None) -> httpx.MockTransport:
    """Return what carries requests to the application behind ``http``.

    Args:
        http: talks to it.
        seen: told of every request.
    """

    def answer(request: httpx.Request) -> httpx.Response:
        if seen is not None:
            seen(request)
        told = {"headers": dict(request.headers), "content": request.read()}
        got = http.request(request.method, request.url.raw_path.decode(), **told)
        return httpx.Response(got.status_code, headers=got.headers, stream=httpx.ByteStream(got.content))

    return httpx.MockTransport(answer)
