"""What every request passes first: the token, and the limit on what is read.

The limit counts bytes as they arrive; what the caller announces about the length is not believed.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect, Request

from clinic_app.foundation.clock import Clock
from clinic_app.foundation.texts import Text
from clinic_app.hub.below import Below
from clinic_app.hub.connections import LEAST_BYTES_S
from clinic_app.hub.limits import Limits, TooManyError
from clinic_app.hub.operations import Operations
from clinic_app.hub.refusals import HttpRefusalError
from clinic_app.hub.tokens import Accounts
from clinic_app.storage.exchange.exchange import Change
from clinic_app.storage.feed.archive import FeedArchive
from clinic_app.storage.feed.callers import FeedCallers
from clinic_app.storage.feed.content import FeedContent
from clinic_app.storage.feed.feed import Feed
from clinic_app.storage.feed.quotas import FeedQuotas
from clinic_app.storage.feed.row_wall import ASKING
from clinic_app.storage.feed.rows import Caller
from clinic_app.storage.feed.search import FeedSearch
from clinic_app.storage.feed.wishes import FeedWishes
from clinic_app.sync.compression import PackingError, TooLargeError, Unpacker, has_digest

if TYPE_CHECKING:
    from clinic_app.hub.releases import HubReleases

_MAX_TOKEN: Final = 200
LONGEST_PAUSE_S: Final = 60.0
"""How long nothing of a body may come."""


@dataclass(frozen=True)
class Hub:
    """What the endpoints work on."""

    feed: Feed
    search: FeedSearch
    wishes: FeedWishes
    content: FeedContent
    callers: FeedCallers
    accounts: Accounts
    limits: Limits
    clock: Clock
    quotas: FeedQuotas
    archive: FeedArchive
    """What became of contents at the DICOM archive, where the hub has one."""
    operations: Operations
    """How it stands with the hub, for its own people."""
    releases: HubReleases | None = None
    """What versions of the program it hands to its workstations."""
    below: Below | None = None
    """What it says differently because another hub is above it; None for the last hub."""

    def shown(self, changes: Sequence[Change]) -> tuple[Change, ...]:
        """Return a page of the feed as it is said to whoever asked."""
        return self.below.shown(changes) if self.below is not None else tuple(changes)


def hub_of(request: Request) -> Hub:
    """Return the hub this request came to."""
    hub = request.app.state.hub
    assert isinstance(hub, Hub)
    return hub


async def caller_of(request: Request) -> Caller:
    """Return whose token the request carries.

    Raises:
        HttpRefusalError: 401, no token or not a living one; 403, of an organisation this facility hub does not serve.
        TooManyError: this device has asked too much.
    """
    hub = hub_of(request)
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    caller = None
    if scheme.lower() == "bearer" and 0 < len(token) <= _MAX_TOKEN:
        caller = await run_in_threadpool(hub.accounts.caller, token)
    if caller is None:
        raise HttpRefusalError(401, "login", Text("This workstation is not enrolled at the hub."))
    if hub.below is not None and caller.organization_id != hub.below.organization_id:
        raise HttpRefusalError(403, "forbidden", Text("This hub serves another organisation."))
    ASKING.set(caller.organization_id)
    if wait_s := hub.limits.devices.spend(caller.workstation_id):
        raise TooManyError(wait_s)
    return caller


async def read_body(request: Request, most_bytes: int) -> bytes:
    """Return the request's body, unpacked as it arrives.

    Raises:
        HttpRefusalError: 413, larger than ``most_bytes`` as it comes or unpacked; 415, packed as nobody here can
            unpack; 400, not packed as it says, or another one than its digest names: to be sent again.
        ClientDisconnect: it comes so slowly that nobody waits for it.
    """
    try:
        unpacker = Unpacker(request.headers.get("content-encoding", "").strip().lower(), most_bytes)
    except PackingError as error:
        raise HttpRefusalError(415, "not-supported", Text("The hub cannot unpack this request.")) from error
    announced = request.headers.get("content-digest")
    digest = hashlib.sha256()
    try:
        async for piece in _in_time(request.stream()):
            digest.update(piece)
            unpacker.feed(piece)
        body = unpacker.body()
    except TooLargeError as error:
        raise HttpRefusalError(413, "too-long", Text("The request is too large.")) from error
    except PackingError as error:
        code = "transient" if announced else "structure"
        raise HttpRefusalError(400, code, Text("The request is not packed as it says.")) from error
    if not has_digest(announced, digest.digest()):
        raise HttpRefusalError(400, "transient", Text("The request was changed on its way; it is to be sent again."))
    return body


async def _in_time(pieces: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """Yield the pieces of a body as long as they keep coming.

    Raises:
        ClientDisconnect: they do not, or too slowly.
    """
    loop = asyncio.get_running_loop()
    begun_s, came = loop.time(), 0
    while True:
        end_s = min(loop.time(), begun_s + came / LEAST_BYTES_S) + LONGEST_PAUSE_S
        try:
            async with asyncio.timeout_at(end_s):
                piece = await anext(pieces, None)
        except TimeoutError as error:
            raise ClientDisconnect from error
        if piece is None:
            return
        came += len(piece)
        yield piece
