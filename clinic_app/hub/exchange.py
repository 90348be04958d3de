"""The endpoints through which records go: transaction, change feed.

Source: FHIR R4, RESTful API (transaction, history).
"""

from __future__ import annotations

from urllib.parse import urlencode

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from clinic_app.foundation.errors import InvalidInputError
from clinic_app.foundation.texts import Text
from clinic_app.hub.gate import caller_of, hub_of, read_body
from clinic_app.hub.rules import judge
from clinic_app.hub.upstream_commands import told
from clinic_app.sync.wire import (
    MAX_MESSAGE_BYTES,
    MEDIA_TYPE,
    PAGE_ENTRIES,
    decode_transaction,
    encode_history,
    encode_transaction_response,
)


async def health(request: Request) -> Response:
    """GET /health: whether the hub can read its own data, and how it stands with the hub above it."""
    hub = hub_of(request)
    await run_in_threadpool(hub.callers.caller, "")
    said: dict[str, object] = {"status": "ok"}
    if hub.upstream is not None:
        said["upstream"] = told(await run_in_threadpool(hub.upstream.state))
    return JSONResponse(said)


async def transaction(request: Request) -> Response:
    """POST /: all the entries, or none; the same Idempotency-Key gets the same answer again."""
    caller = await caller_of(request)
    body = await read_body(request, MAX_MESSAGE_BYTES)
    key = request.headers.get("idempotency-key", "")
    if len(key) > 100:
        raise InvalidInputError(Text("The Idempotency-Key is too long."))
    feed = hub_of(request).feed

    def apply() -> bytes:
        return feed.apply(caller, decode_transaction(body), judge, encode_transaction_response, key)

    return Response(await run_in_threadpool(apply), media_type=MEDIA_TYPE)


async def changes(request: Request) -> Response:
    """GET /$changes?cursor=&_count=&own=&_owner=: what came after the cursor and is the caller's to see.

    What he wrote himself is in it if he asks, and so is whose each record is, for a hub that asks.
    """
    caller = await caller_of(request)
    count = _count(request.query_params.get("_count"))
    cursor = request.query_params.get("cursor", "")
    with_own = request.query_params.get("own") == "true"
    page = await run_in_threadpool(hub_of(request).feed.changes, caller, cursor, count, with_own=with_own)
    next_url = "$changes?" + urlencode(
        {"cursor": page.cursor, "_count": count, **({"own": "true"} if with_own else {})}
    )
    shown = await run_in_threadpool(hub_of(request).shown, page.changes)
    with_owner = request.query_params.get("_owner") == "true"
    return Response(encode_history(shown, next_url, with_owner=with_owner), media_type=MEDIA_TYPE)


def _count(typed: str | None) -> int:
    if typed is None:
        return PAGE_ENTRIES
    if not (typed.isascii() and typed.isdigit() and 1 <= int(typed[:6]) <= PAGE_ENTRIES):
        raise InvalidInputError(Text("_count is a number from 1 to {most}.", most=PAGE_ENTRIES))
    return int(typed)
