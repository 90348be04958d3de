"""Up: what the workstations of a facility hub wrote, and the contents they handed in, to the hub above it."""

from __future__ import annotations

import io
from contextlib import AbstractContextManager
from typing import BinaryIO, cast

from clinic_app.foundation.clock import Clock
from clinic_app.storage import OutboxRow, Store
from clinic_app.storage.exchange.giving_back import ABOVE
from clinic_app.storage.exchange.upward import Upward
from clinic_app.storage.feed.content import FeedContent
from clinic_app.storage.feed.rows import Caller
from clinic_app.sync.contents import Uploads
from clinic_app.sync.link import HubLink, HubRefusalError
from clinic_app.sync.push import Push


class Up:
    """The way up of one facility hub: `push` and `uploads` take their turns as a workstation's do.

    Args:
        store: the hub's.
        organization_id: whose hub it is.
        contents: what was handed in here.
        link: the hub above.
        clock: says when something was put on its way.
    """

    def __init__(self, store: Store, organization_id: str, contents: FeedContent, link: HubLink, clock: Clock) -> None:
        self._upward = Upward(store)
        self._organization_id = organization_id
        self._contents = contents
        self._clock = clock
        self.push = FeedPush(store, link, _unnoted)
        self.uploads = Uploads(store, link, open_content=self._open)

    def begin(self) -> None:
        """Put on its way what the workstations wrote and handed in since the last time."""
        now = self._clock.now()
        self._upward.queue(now)
        self._upward.queue_contents(self._organization_id, now)
        self.push.begin()

    def _open(self, sha256: str) -> AbstractContextManager[BinaryIO]:
        return cast(BinaryIO, _Content(self._contents, Caller(ABOVE, self._organization_id), sha256))


class FeedPush(Push):
    """Sends what a facility hub owes; what is refused goes back to whoever wrote it, whatever it is.

    Args:
        store: the hub's.
        link: the hub above.
        on_progress: told how many records have been settled.
    """

    async def _gives_way(self, row: OutboxRow, error: HubRefusalError) -> bool:  # noqa: ARG002 - as in `Push`
        """Undo nothing: workstations have built on it."""
        return False


class _Content(io.RawIOBase):
    """A content that lies in pieces, to be read from any byte on."""

    def __init__(self, contents: FeedContent, caller: Caller, sha256: str) -> None:
        self._contents = contents
        self._caller = caller
        self._sha256 = sha256
        self._size = contents.size_for(caller, sha256)
        self._at = 0

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Go to a byte, counted from the beginning."""
        assert whence == io.SEEK_SET
        self._at = offset
        return offset

    def read(self, size: int = -1) -> bytes:
        """Return the next bytes."""
        end = self._size if size < 0 else min(self._size, self._at + size)
        data = b"".join(self._contents.read(self._caller, self._sha256, self._at, end))
        self._at += len(data)
        return data


def _unnoted(_records: int) -> None:
    """Nobody watches the progress of a hub."""
