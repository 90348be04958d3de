"""What every request passes first: the token, and the limit on what is read.

The limit counts bytes as they arrive; what the caller announces about the length is not believed.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request

from clinic_app.foundation.clock import Clock
from clinic_app.foundation.texts import Text
from clinic_app.hub.refusals import HttpRefusalError
from clinic_app.storage.feed import Feed
from clinic_app.storage.feed_callers import FeedCallers
from clinic_app.storage.feed_content import FeedContent
from clinic_app.storage.feed_rows import Caller
from clinic_app.storage.feed_search import FeedSearch

_MAX_TOKEN: Final = 200


@dataclass(frozen=True)
class Hub:
    """What the endpoints work on."""

    feed: Feed
    search: FeedSearch
    content: FeedContent
    callers: FeedCallers
    clock: Clock


def hub_of(request: Request) -> Hub:
    """Return the hub this request came to."""
    hub = request.app.state.hub
    assert isinstance(hub, Hub)
    return hub


async def caller_of(request: Request) -> Caller:
    """Return whose token the request carries.

    Raises:
        HttpRefusalError: 401, no token or not a living one.
    """
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    caller = None
    if scheme.lower() == "bearer" and 0 < len(token) <= _MAX_TOKEN:
        caller = await run_in_threadpool(hub_of(request).callers.caller, token)
    if caller is None:
        raise HttpRefusalError(401, "login", Text("This workstation is not enrolled at the hub."))
    return caller


async def read_body(request: Request, most_bytes: int) -> bytes:
    """Return the request's body.

    Raises:
        HttpRefusalError: 413, larger than ``most_bytes``; 415, compressed.
    """
    if request.headers.get("content-encoding", "identity") != "identity":
        raise HttpRefusalError(415, "not-supported", Text("Compressed requests are not taken."))
    body = bytearray()
    async for piece in request.stream():
        body += piece
        if len(body) > most_bytes:
            raise HttpRefusalError(413, "too-long", Text("The request is too large."))
    return bytes(body)
