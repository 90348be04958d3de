"""Up: what the workstations of a facility hub wrote, and the contents they handed in, to the hub above it."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from typing import Final

from clinic_app.foundation.clock import Clock
from clinic_app.foundation.errors import ClinicError, LinkError, NotFoundError
from clinic_app.storage import Store, Transfer
from clinic_app.storage.feed_content import FeedContent
from clinic_app.storage.feed_rows import Caller
from clinic_app.storage.giving_back import ABOVE
from clinic_app.storage.upward import Upward
from clinic_app.sync.link import HubLink, HubRefusalError, UploadState
from clinic_app.sync.push import Push
from clinic_app.sync.wire import CHUNK_BYTES, nonsense

_OFFSET_CONFLICT: Final = 409
_log = logging.getLogger(__name__)


class Up:
    """The way up of one facility hub.

    Args:
        store: the hub's.
        organization_id: whose hub it is.
        link: the hub above.
        clock: says when something was put on its way.
    """

    def __init__(self, store: Store, organization_id: str, link: HubLink, clock: Clock) -> None:
        self._store = store
        self._caller = Caller(ABOVE, organization_id)
        self._upward = Upward(store)
        self._contents = FeedContent(store.database, store.blobs)
        self._link = link
        self._clock = clock

    async def records(self) -> None:
        """Send what was written here, and what was written before and has not gone up.

        Raises:
            LinkError: the hub above cannot be reached; what is left stays queued.
        """
        self._upward.queue(self._clock.now())
        await Push(self._store, self._link, _unnoted).run()

    async def contents(self, between: Callable[[], Awaitable[None]]) -> None:
        """Send every content that is whole here; one that the hub above refuses is noted and left.

        Args:
            between: awaited after each content, so that pressing records do not wait for the last one.

        Raises:
            LinkError: the link broke; the next run goes on from the last byte the hub above has.
        """
        self._upward.queue_contents(self._caller.organization_id, self._clock.now())
        for transfer in self._store.transfers.pending("up"):
            try:
                await self._send(transfer)
            except NotFoundError:
                _log.info("content %s waits for the record that points to it", transfer.sha256[:12])
            except LinkError:
                raise
            except ClinicError as error:
                _log.warning("content %s does not go up: %s", transfer.sha256[:12], error)
                self._store.transfers.failed(transfer.sha256, "up", str(error))
            await between()

    async def _send(self, transfer: Transfer) -> None:
        state = await self._link.begin_upload(transfer.sha256, transfer.size)
        while not state.is_whole:
            if not 0 <= state.offset < transfer.size:
                raise nonsense()
            self._store.transfers.progress(transfer.sha256, "up", state.offset)
            end = min(transfer.size, state.offset + CHUNK_BYTES)
            piece = b"".join(self._contents.read(self._caller, transfer.sha256, state.offset, end))
            state = await self._append(transfer, state.offset, piece)
        self._store.transfers.done(transfer.sha256, "up")

    async def _append(self, transfer: Transfer, offset: int, piece: bytes) -> UploadState:
        try:
            state = await self._link.append(transfer.sha256, offset, piece)
        except HubRefusalError as error:
            if error.status != _OFFSET_CONFLICT:
                raise
            state = await self._link.begin_upload(transfer.sha256, transfer.size)
            if state.is_whole or state.offset != offset:
                return state
            raise nonsense() from error
        if state.offset <= offset:
            raise nonsense()
        return state


def _unnoted(_records: int) -> None:
    """Nobody watches the progress of a hub."""
