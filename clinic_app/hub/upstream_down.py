"""Down: what the hub above has for this organisation, into the feed of its facility hub, and the contents of it."""

from __future__ import annotations

import time
from contextlib import aclosing
from typing import Final

from clinic_app.foundation.errors import InvalidInputError, LinkError, NotFoundError
from clinic_app.foundation.texts import Text
from clinic_app.records import ServiceRequest, Task
from clinic_app.referral.cases import package_of
from clinic_app.referral.hub_times import remember_hub_time
from clinic_app.referral.sending import lane_of
from clinic_app.storage import Store, Transfer
from clinic_app.storage.exchange.downward import Downward
from clinic_app.storage.exchange.giving_back import ABOVE
from clinic_app.storage.feed.content import MAX_CONTENT_BYTES, FeedContent
from clinic_app.storage.feed.rows import Caller
from clinic_app.sync.contents import TURN_S, Downloads, WrongContentError
from clinic_app.sync.link import HubLink, HubPage, HubRefusalError
from clinic_app.sync.pull import CURSOR, Pull
from clinic_app.sync.wire import CHUNK_BYTES

_PIECE_BYTES: Final = 4 * CHUNK_BYTES
_LEAST_WAIT_S: Final = 2.0
_MOST_WAIT_S: Final = 900.0


class FeedPull(Pull):
    """The way down for records, into the feed of a facility hub.

    Args:
        store: the hub's.
        link: the hub above.
        downward: takes the pages in.
    """

    def __init__(self, store: Store, link: HubLink, downward: Downward) -> None:
        super().__init__(store, link)
        self._downward = downward

    def take(self, page: HubPage) -> None:
        """Take in one page together with its cursor, and ask for the packages in it as pressingly as they are."""
        for change in page.changes:
            if change.type_name == Task.__name__ and change.body and not change.is_on_way:
                remember_hub_time(self._store, change.id, change.received_at)
        for type_name, record_id in self._downward.take_in(page.changes, (CURSOR, page.cursor)):
            if type_name == Task.__name__:
                self._want_package(record_id)

    def _want_package(self, task_id: str) -> None:
        try:
            task = self._store.records.get(Task, task_id)
            request = self._store.records.get(ServiceRequest, task.focus.id) if task.focus else None
        except NotFoundError:
            return
        document = package_of(self._store, request)
        sha256 = document.content[0].attachment.sha256 if document is not None else ""
        if self._store.transfers.get(sha256, "down") is not None:
            self._store.transfers.queue(sha256, "down", lane_of(task.priority), 0)


class FeedDownloads(Downloads):
    """The way down for contents, into those of a facility hub: what came before a cut is kept on its disk.

    Args:
        store: the hub's.
        link: the hub above.
        downward: knows whose records point to a content.
        contents: where they go.
    """

    def __init__(self, store: Store, link: HubLink, downward: Downward, contents: FeedContent) -> None:
        super().__init__(store, link)
        self._downward = downward
        self._contents = contents
        self._later: dict[str, tuple[float, float]] = {}

    def begin(self) -> None:
        """Ask anew for what the hub above had not, the less often the longer it has not come."""
        super().begin()
        now_s = time.monotonic()
        self._had_their_turn |= {sha256 for sha256, (_, until_s) in self._later.items() if now_s < until_s}

    async def fetch(self, transfer: Transfer) -> None:
        """Fetch one content for a while, for every organisation whose records point to it."""
        try:
            size = await self._link.content_size(transfer.sha256)
        except HubRefusalError:
            wait_s, _ = self._later.get(transfer.sha256, (_LEAST_WAIT_S / 2, 0.0))
            wait_s = min(_MOST_WAIT_S, wait_s * 2)
            self._later[transfer.sha256] = (wait_s, time.monotonic() + wait_s)
            raise
        self._later.pop(transfer.sha256, None)
        if not 0 < size <= MAX_CONTENT_BYTES:
            self._store.transfers.failed(transfer.sha256, "down", "impossible size")
            return
        for owner in self._downward.owners_of(transfer.sha256):
            try:
                if not await self._take(Caller(ABOVE, owner), transfer.sha256, size):
                    return
            except InvalidInputError as error:  # the check of the whole; it begins anew
                raise WrongContentError(error.text) from error
        self._store.transfers.done(transfer.sha256, "down")

    async def _take(self, holder: Caller, sha256: str, size: int) -> bool:
        """Take what comes for a while; tell whether it is all there."""
        state = self._contents.begin(holder, sha256, size)
        if state.is_whole:
            return True
        offset, begun, end_s = state.offset, bytearray(), time.monotonic() + TURN_S
        async with aclosing(self._link.download(sha256, offset)) as pieces:
            async for part in pieces:
                begun += part
                if len(begun) < _PIECE_BYTES and offset + len(begun) < size:
                    continue
                self._contents.append(holder, sha256, offset, bytes(begun))
                offset += len(begun)
                begun.clear()
                self._store.transfers.progress(sha256, "down", offset)
                if offset >= size:
                    return True
                if time.monotonic() > end_s:
                    return False
        raise LinkError(Text("The hub cannot be reached."))
