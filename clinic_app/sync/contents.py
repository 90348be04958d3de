"""Big content, both ways, in pieces: a cut link costs the piece that was under way, not the whole."""

from __future__ import annotations

import hashlib
import logging
import time
from collections.abc import Awaitable, Callable
from contextlib import aclosing
from typing import Final

from clinic_app.foundation.errors import LinkError, StorageError
from clinic_app.foundation.texts import Text
from clinic_app.storage import Store, Transfer
from clinic_app.sync.link import HubLink, HubRefusalError, UploadState
from clinic_app.sync.wire import CHUNK_BYTES, nonsense

LARGEST_CHUNK: Final = 4 << 20
MOST_DOWNLOAD_BYTES: Final = 512 << 20
_QUICK_S: Final = 2.0
_SLOW_S: Final = 10.0
_OFFSET_CONFLICT: Final = 409
_log = logging.getLogger(__name__)


class WrongContentError(LinkError):
    """What came is not what its digest says."""


class Uploads:
    """The way up for contents.

    Args:
        store: whose waiting contents go up.
        link: the hub.
        between: awaited after each content, so that pressing records do not wait for the last one.
    """

    def __init__(self, store: Store, link: HubLink, between: Callable[[], Awaitable[None]]) -> None:
        self._store = store
        self._link = link
        self._between = between
        self._chunk_bytes = CHUNK_BYTES

    async def run(self) -> None:
        """Send every waiting content; one that the hub refuses is noted and left.

        Raises:
            LinkError: the link broke; the next run goes on from the last byte the hub has.
        """
        for transfer in self._store.transfers.pending("up"):
            try:
                await self._send(transfer)
            except (HubRefusalError, StorageError) as error:
                _log.warning("content %s does not go up: %s", transfer.sha256[:12], error)
                self._store.transfers.failed(transfer.sha256, "up", str(error))
            await self._between()

    async def _send(self, transfer: Transfer) -> None:
        state = await self._link.begin_upload(transfer.sha256, transfer.size)
        with self._store.blobs.open(transfer.sha256) as content:
            while not state.is_whole:
                if not 0 <= state.offset < transfer.size:
                    raise nonsense()
                self._store.transfers.progress(transfer.sha256, "up", state.offset)
                content.seek(state.offset)
                state = await self._append(transfer, state.offset, content.read(self._chunk_bytes))
        self._store.transfers.done(transfer.sha256, "up")

    async def _append(self, transfer: Transfer, offset: int, piece: bytes) -> UploadState:
        started_s = time.monotonic()
        try:
            state = await self._link.append(transfer.sha256, offset, piece)
        except HubRefusalError as error:
            if error.status != _OFFSET_CONFLICT:
                raise
            state = await self._link.begin_upload(transfer.sha256, transfer.size)
            if state.offset == offset and not state.is_whole:
                raise nonsense() from error
            return state
        if state.offset <= offset:
            raise nonsense()
        self._adapt(time.monotonic() - started_s)
        return state

    def _adapt(self, taken_s: float) -> None:
        """Keep one piece near some seconds of line time."""
        if taken_s < _QUICK_S:
            self._chunk_bytes = min(LARGEST_CHUNK, self._chunk_bytes * 2)
        elif taken_s > _SLOW_S:
            self._chunk_bytes = max(CHUNK_BYTES, self._chunk_bytes // 2)


class Downloads:
    """The way down for contents.

    Args:
        store: where they go.
        link: the hub.

    What came before a cut is kept in memory until the program ends.
    """

    def __init__(self, store: Store, link: HubLink) -> None:
        self._store = store
        self._link = link
        self._begun: dict[str, bytearray] = {}

    async def run(self) -> None:
        """Fetch every wanted content; one that the hub has not yet, or gives wrongly, does not hold up the others.

        Raises:
            LinkError: the link broke, or some content came that is not what its digest says.
            StorageError: there is no room for it here.
        """
        wrong: LinkError | None = None
        for transfer in self._store.transfers.pending("down"):
            try:
                await self._fetch(transfer)
            except HubRefusalError as error:
                _log.info("content %s is not at the hub yet: %s", transfer.sha256[:12], error)
            except WrongContentError as error:
                wrong = error
        if wrong is not None:
            raise wrong

    async def _fetch(self, transfer: Transfer) -> None:
        if not 0 < transfer.size <= MOST_DOWNLOAD_BYTES:
            self._store.transfers.failed(transfer.sha256, "down", "impossible size")
            return
        begun = self._begun.setdefault(transfer.sha256, bytearray())
        if len(begun) < transfer.size:  # else only the end of the answer was lost
            async with aclosing(self._link.download(transfer.sha256, len(begun))) as pieces:
                async for piece in pieces:
                    begun += piece
                    if len(begun) > transfer.size:
                        break
        if len(begun) < transfer.size:
            raise LinkError(Text("The hub cannot be reached."))
        content = bytes(self._begun.pop(transfer.sha256))
        if hashlib.sha256(content).hexdigest() != transfer.sha256:
            raise WrongContentError(nonsense().text)
        self._store.blobs.put(content)
        self._store.transfers.done(transfer.sha256, "down")
