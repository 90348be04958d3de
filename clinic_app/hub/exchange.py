"""The change feed, through which records go out, and whether the hub is well.

Source: FHIR R4, RESTful API (history).
"""

from __future__ import annotations

import asyncio
from typing import Final
from urllib.parse import urlencode

from prometheus_client import Histogram
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from clinic_app.foundation.errors import InvalidInputError
from clinic_app.foundation.texts import Text
from clinic_app.hub.below import told
from clinic_app.hub.gate import caller_of, hub_of
from clinic_app.storage.feed.feed import Feed, Page
from clinic_app.storage.feed.rows import Caller
from clinic_app.sync.wire import MEDIA_TYPE, PAGE_ENTRIES, encode_history

MOST_WAIT_S: Final = 55
"""Less than a minute, after which networks in between forget a connection on which nothing is said."""


async def health(request: Request) -> Response:
    """GET /health: whether the hub can read its own data, and how it stands with the hub above it."""
    hub = hub_of(request)
    await run_in_threadpool(hub.callers.caller, "")
    said: dict[str, object] = {"status": "ok"}
    if hub.below is not None and hub.below.state is not None:
        said["upstream"] = told(await run_in_threadpool(hub.below.state))
    return JSONResponse(said)


async def changes(request: Request) -> Response:
    """GET /$changes?cursor=&_count=&own=&_owner=&_wait=: what came after the cursor and is the caller's to see.

    What he wrote himself is in it if he asks, and so is whose each record is, for a hub that asks. With ``_wait`` an
    answer without changes comes only after so many seconds.
    """
    caller = await caller_of(request)
    count = _number(request, "_count", PAGE_ENTRIES, least=1, most=PAGE_ENTRIES)
    wait_s = _number(request, "_wait", 0, least=0, most=MOST_WAIT_S)
    cursor = request.query_params.get("cursor", "")
    with_own = request.query_params.get("own") == "true"
    watch = request.app.state.metrics.feed
    page = await _page(hub_of(request).feed, caller, cursor, count, wait_s, watch, with_own=with_own)
    next_url = "$changes?" + urlencode(
        {"cursor": page.cursor, "_count": count, **({"own": "true"} if with_own else {})}
    )
    shown = await run_in_threadpool(hub_of(request).shown, page.changes)
    with_owner = request.query_params.get("_owner") == "true"
    return Response(encode_history(shown, next_url, with_owner=with_owner), media_type=MEDIA_TYPE)


async def _page(
    feed: Feed, caller: Caller, cursor: str, count: int, wait_s: int, watch: Histogram, *, with_own: bool
) -> Page:
    """Return a page; an empty one only when the waiting time is over, he waits often already, or the hub is to end.

    Args:
        feed: where to look.
        caller: for whom.
        cursor: behind which.
        count: the most changes.
        wait_s: seconds to wait for one.
        watch: is told how long each look takes.
        with_own: whether what the caller wrote is in it.
    """
    loop = asyncio.get_running_loop()
    end_s = loop.time() + (wait_s if feed.bell.has_room(caller) else 0)
    with feed.bell.waiting(caller) as waiter:
        while True:
            with watch.time():
                page = await run_in_threadpool(feed.changes, caller, cursor, count, with_own=with_own)
            left_s = end_s - loop.time()
            if page.changes or left_s <= 0 or feed.bell.is_closed:
                return page
            cursor = page.cursor
            if not await waiter.rest(left_s):  # who asks again begins with a look
                return page


def _number(request: Request, name: str, default: int, *, least: int, most: int) -> int:
    typed = request.query_params.get(name)
    if typed is None:
        return default
    if not (typed.isascii() and typed.isdigit() and least <= int(typed[:6]) <= most):
        raise InvalidInputError(Text("{name} is a number from {least} to {most}.", name=name, least=least, most=most))
    return int(typed)
