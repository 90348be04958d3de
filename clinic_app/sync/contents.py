"""Big content, both ways, in pieces: a cut link costs the piece that was under way, not the whole."""

from __future__ import annotations

import hashlib
import logging
import time
from collections.abc import Awaitable, Callable
from contextlib import AbstractContextManager, aclosing
from typing import BinaryIO, Final, get_args

from clinic_app.foundation.errors import InvalidInputError, LinkError, NotFoundError, StorageError
from clinic_app.foundation.texts import Text
from clinic_app.storage import Lane, Store, Transfer
from clinic_app.storage.feed.content import MAX_PIECE_BYTES, FeedContent
from clinic_app.storage.feed.rows import Caller
from clinic_app.sync.link import AnswerError, HubLink, HubRefusalError, UploadState
from clinic_app.sync.wire import CHUNK_BYTES, nonsense

LARGEST_CHUNK: Final = 4 << 20
MOST_DOWNLOAD_BYTES: Final = 512 << 20
TURN_S: Final = 20.0
"""Seconds after which a download gives way, for who may have something more pressing; it goes on where it stood."""
_QUICK_S: Final = 2.0
_SLOW_S: Final = 10.0
_OFFSET_CONFLICT: Final = 409
_NO_ROOM: Final = 507
FULL_S: Final = 900.0
"""Seconds a content waits for which the hub has no room; everything else goes on."""
_HERE: Final = Caller("", "")
"""Whose the pieces of downloads are: nobody's at a hub."""
_log = logging.getLogger(__name__)


class WrongContentError(LinkError):
    """What came is not what its digest says."""


class Uploads:
    """The way up for contents.

    Args:
        store: whose waiting contents go up.
        link: the hub.
        between: awaited after each piece when `run` does it all.
        open_content: opens what lies elsewhere than in the store's own folder of contents.
    """

    def __init__(
        self,
        store: Store,
        link: HubLink,
        between: Callable[[], Awaitable[None]] | None = None,
        *,
        open_content: Callable[[str], AbstractContextManager[BinaryIO]] | None = None,
    ) -> None:
        self._store = store
        self._link = link
        self._between = between
        self._open = open_content or store.blobs.open
        self._chunk_bytes = CHUNK_BYTES
        self._known: dict[str, UploadState] = {}
        self._later: dict[str, float] = {}

    async def run(self) -> None:
        """Send every waiting content; one that the hub refuses is noted and left.

        Raises:
            LinkError: the link broke; the next run goes on from the last byte the hub has.
        """
        for lane in get_args(Lane):
            while await self.step(lane):
                if self._between is not None:
                    await self._between()

    async def step(self, lane: Lane) -> bool:
        """Send one piece of the content that goes next in a lane; return False where none waits.

        Raises:
            LinkError: the link broke; the next piece is what comes after the last byte the hub has.
        """
        now_s = time.monotonic()
        self._later = {sha256: until_s for sha256, until_s in self._later.items() if now_s < until_s}
        transfer = self._store.transfers.first("up", lane, without=self._later)
        if transfer is None:
            return False
        state = self._known.pop(transfer.sha256, None)
        try:
            state = state or await self._link.begin_upload(transfer.sha256, transfer.size)
            if not state.is_whole:
                state = await self._piece(transfer, state)
        except (HubRefusalError, StorageError) as error:
            _log.warning("content %s does not go up: %s", transfer.sha256[:12], error)
            self._store.transfers.failed(transfer.sha256, "up", str(error))
            return True
        except AnswerError as error:
            if error.status != _NO_ROOM:
                raise
            _log.warning("content %s waits: %s", transfer.sha256[:12], error)
            self._store.transfers.held_up(transfer.sha256, "up", str(error))
            self._later[transfer.sha256] = now_s + FULL_S
            return True
        if state.is_whole:
            self._store.transfers.done(transfer.sha256, "up")
        else:
            self._store.transfers.progress(transfer.sha256, "up", state.offset)
            self._known[transfer.sha256] = state
        return True

    async def _piece(self, transfer: Transfer, state: UploadState) -> UploadState:
        if not 0 <= state.offset < transfer.size:
            raise nonsense()
        with self._open(transfer.sha256) as content:
            content.seek(state.offset)
            return await self._append(transfer, state.offset, content.read(self._chunk_bytes))

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

    What came before a cut lies in sealed pieces on the disk, so that a download goes on after a restart, too.
    """

    def __init__(self, store: Store, link: HubLink) -> None:
        self._store = store
        self._link = link
        self._pieces = FeedContent(store.database, store.blobs)
        self._had_their_turn: set[str] = set()

    async def run(self) -> None:
        """Fetch every wanted content; one that the hub has not yet, or gives wrongly, does not hold up the others.

        Raises:
            LinkError: the link broke, or some content came that is not what its digest says.
            StorageError: there is no room for it here.
        """
        self.begin()
        wrong: LinkError | None = None
        for lane in get_args(Lane):
            is_more = True
            while is_more:
                try:
                    is_more = await self.step(lane)
                except WrongContentError as error:
                    wrong = error
        if wrong is not None:
            raise wrong

    def begin(self) -> None:
        """Ask anew for what the hub had not."""
        self._had_their_turn.clear()

    async def step(self, lane: Lane) -> bool:
        """Fetch for a while what comes next in a lane; return False where nothing is wanted any more.

        Raises:
            WrongContentError: what came is not what its digest says; it has its next turn after `begin`.
            LinkError: the link broke.
            StorageError: there is no room for it here.
        """
        transfer = self._store.transfers.first("down", lane, without=self._had_their_turn)
        if transfer is None:
            return False
        try:
            await self.fetch(transfer)
        except HubRefusalError as error:
            _log.info("content %s is not at the hub yet: %s", transfer.sha256[:12], error)
            self._had_their_turn.add(transfer.sha256)
        except WrongContentError:
            self._had_their_turn.add(transfer.sha256)
            raise
        return True

    async def fetch(self, transfer: Transfer) -> None:
        """Fetch one content for a while, from the byte it has come to."""
        if not 0 < transfer.size <= MOST_DOWNLOAD_BYTES:
            self._store.transfers.failed(transfer.sha256, "down", "impossible size")
            return
        begun = _Begun(self._pieces, transfer)
        if begun.offset < transfer.size and not await self._fill(begun):
            self._store.transfers.progress(transfer.sha256, "down", begun.offset)
            return
        content = begun.whole()
        if hashlib.sha256(content).hexdigest() != transfer.sha256:
            begun.forget()
            raise WrongContentError(nonsense().text)
        self._store.blobs.put(content)
        begun.forget()
        self._store.transfers.done(transfer.sha256, "down")

    async def _fill(self, begun: _Begun) -> bool:
        """Take what comes for a while; tell whether it is all there."""
        size, end_s = begun.transfer.size, time.monotonic() + TURN_S
        is_whole = is_turn_over = False
        try:
            async with aclosing(self._link.download(begun.transfer.sha256, begun.offset)) as pieces:
                async for piece in pieces:
                    begun.take(piece)
                    is_turn_over = time.monotonic() > end_s
                    if begun.offset > size or (begun.offset < size and is_turn_over):
                        break
            is_whole = begun.offset >= size
        finally:  # whatever ended it, the end of the program too
            if not is_whole:
                begun.keep()
        if not is_whole and not is_turn_over:
            raise LinkError(Text("The hub cannot be reached."))
        return is_whole


class _Begun:
    """A download on its way: what lies on the disk already, and what came since."""

    def __init__(self, pieces: FeedContent, transfer: Transfer) -> None:
        self.transfer = transfer
        self._pieces = pieces
        self._came = bytearray()
        self._kept = 0
        try:
            state = pieces.state(_HERE, transfer.sha256)
        except NotFoundError:
            return
        if state.size == transfer.size:
            self._kept = state.offset
        else:
            self.forget()

    @property
    def offset(self) -> int:
        """The bytes that are here."""
        return self._kept + len(self._came)

    def take(self, piece: bytes) -> None:
        """Take what comes next; what is much goes to the disk."""
        self._came += piece
        if len(self._came) >= MAX_PIECE_BYTES and self.offset < self.transfer.size:
            self.keep()

    def keep(self) -> None:
        """Put what came on the disk; a whole that is not what its digest says is forgotten.

        Raises:
            StorageError: there is no room for it.
        """
        if not self._came or self.offset > self.transfer.size:
            return
        try:
            self._pieces.begin(_HERE, self.transfer.sha256, self.transfer.size)
            self._kept = self._pieces.append(_HERE, self.transfer.sha256, self._kept, bytes(self._came)).offset
        except InvalidInputError:
            self._kept = 0
        self._came.clear()

    def whole(self) -> bytes:
        """Return everything that is here."""
        kept = self._pieces.begun(_HERE, self.transfer.sha256) if self._kept else ()
        return b"".join((*kept, self._came))

    def forget(self) -> None:
        """Begin anew with the next turn."""
        if self._kept:
            self._pieces.forget(_HERE, self.transfer.sha256)
