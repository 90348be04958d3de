"""Down: what the hub above has for this organisation, into the feed of its facility hub, and the contents of it."""

from __future__ import annotations

import logging
import time
from contextlib import aclosing
from typing import Final

from clinic_app.foundation.clock import Clock
from clinic_app.foundation.errors import ClinicError, LinkError
from clinic_app.foundation.texts import Text
from clinic_app.records import ServiceRequest, Task
from clinic_app.referral.cases import package_of
from clinic_app.referral.hub_times import remember_hub_time
from clinic_app.referral.sending import lane_of
from clinic_app.storage import Store, Transfer
from clinic_app.storage.downward import Downward
from clinic_app.storage.feed_content import FeedContent
from clinic_app.storage.feed_rows import Caller
from clinic_app.storage.giving_back import ABOVE
from clinic_app.storage.restoring import RESTORED_PULL
from clinic_app.sync.link import HubLink, HubPage, HubRefusalError
from clinic_app.sync.pull import CURSOR
from clinic_app.sync.wire import CHUNK_BYTES, nonsense

_GONE: Final = 410
_LEAST_WAIT_S: Final = 5.0
_MOST_WAIT_S: Final = 900.0
_log = logging.getLogger(__name__)


class Down:
    """The way down into one facility hub.

    Args:
        store: the hub's.
        organization_id: whose hub it is.
        link: the hub above.
        clock: says when something came.
    """

    def __init__(self, store: Store, organization_id: str, link: HubLink, clock: Clock) -> None:
        self._store = store
        self._downward = Downward(store, organization_id, clock)
        self._contents = FeedContent(store.database, store.blobs)
        self._link = link
        self._asked_in_vain: dict[str, tuple[float, float]] = {}

    async def records(self) -> bool:
        """Take in everything that is new above, and tell whether there was anything.

        Raises:
            LinkError: the hub above cannot be reached; what came before stays, and the next try goes on from there.
            HubRefusalError: it does not give its feed.
        """
        has_news = False
        was_restored = bool(self._store.memory.get(RESTORED_PULL))
        while (page := await self._page(with_own=was_restored)).changes:
            self._take(page)
            has_news = True
        if was_restored:
            self._store.memory.put(RESTORED_PULL, b"")
        return has_news

    async def contents(self) -> None:
        """Fetch what the records point to; what is not above yet, or comes wrongly, does not hold up the others.

        Raises:
            LinkError: the link broke; what came is kept, and the next run goes on from there.
            StorageError: there is no room for it here.
        """
        for transfer in self._store.transfers.pending("down"):
            wait_s, until_s = self._asked_in_vain.get(transfer.sha256, (0.0, 0.0))
            if time.monotonic() < until_s:
                continue
            try:
                await self._fetch(transfer)
            except HubRefusalError as error:
                _log.info("content %s is not above yet: %s", transfer.sha256[:12], error)
                wait_s = min(_MOST_WAIT_S, max(_LEAST_WAIT_S, wait_s * 2))
                self._asked_in_vain[transfer.sha256] = (wait_s, time.monotonic() + wait_s)

    async def _page(self, *, with_own: bool) -> HubPage:
        """Return the next page; a hub that does not know our cursor is read from the start, which loses nothing."""
        cursor = self._store.cursor(CURSOR) or ""
        try:
            page = await self._link.changes(cursor, with_own=with_own)
        except HubRefusalError as error:
            if error.status != _GONE:
                raise
            return await self._link.changes("", with_own=with_own)
        if page.changes and page.cursor == cursor:
            raise nonsense()
        return page

    def _take(self, page: HubPage) -> None:
        for change in page.changes:
            if change.type_name == Task.__name__ and not change.is_on_way:
                remember_hub_time(self._store, change.id, change.received_at)
        taken = self._downward.take_in(page.changes, (CURSOR, page.cursor))
        for type_name, record_id in taken:
            if type_name == Task.__name__:
                self._want_package(record_id)

    def _want_package(self, task_id: str) -> None:
        """Fetch the sealed package of a question as pressingly as the question is."""
        try:
            task = self._store.records.get(Task, task_id)
            document = package_of(self._store, self._store.records.get(ServiceRequest, task.focus.id))  # type: ignore[union-attr]
        except (ClinicError, AttributeError):
            return
        if document is not None:
            attachment = document.content[0].attachment
            if self._store.transfers.get(attachment.sha256, "down") is not None:
                lane = lane_of(task.priority)
                self._store.transfers.queue(attachment.sha256, "down", lane, attachment.size or 0)

    async def _fetch(self, transfer: Transfer) -> None:
        """Fetch one content for every organisation whose records point to it."""
        size = transfer.size or await self._link.content_size(transfer.sha256)
        for owner in self._downward.owners_of(transfer.sha256):
            await self._fetch_for(Caller(ABOVE, owner), transfer, size)
        self._store.transfers.done(transfer.sha256, "down")

    async def _fetch_for(self, holder: Caller, transfer: Transfer, size: int) -> None:
        state = self._contents.begin(holder, transfer.sha256, size)
        if state.is_whole:
            return
        offset, piece = state.offset, bytearray()
        async with aclosing(self._link.download(transfer.sha256, offset)) as pieces:
            async for part in pieces:
                piece += part
                while len(piece) >= CHUNK_BYTES or (piece and offset + len(piece) >= size):
                    taken = bytes(piece[:CHUNK_BYTES])
                    self._contents.append(holder, transfer.sha256, offset, taken)
                    offset += len(taken)
                    del piece[: len(taken)]
                    self._store.transfers.progress(transfer.sha256, "down", offset)
        if offset < size:
            raise LinkError(Text("The hub cannot be reached."))
