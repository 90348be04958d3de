"""The hub at an address, whatever it is: one of ours, or a FHIR server that is not.

What it is, it says itself when it is met, and that is kept for the next start. Nobody above this room need know.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from typing import Any, Final

from clinic_app.foundation.texts import Text
from clinic_app.storage import Store
from clinic_app.storage.exchange.exchange import Write, Written
from clinic_app.sync.foreign import ForeignLink
from clinic_app.sync.foreign_wire import read_abilities
from clinic_app.sync.link import HubLink, HubPage, HubRefusalError, ReleaseWord, UploadState

FOREIGN_HUB: Final = "foreign-hub"
"""The address of the hub, where that is a server that is not ours."""


class AnyLink(HubLink):
    """The hub at one address.

    Args:
        store: remembers what it is.
        url: its address.
        *arguments: as `HubLink`.
        **options: as `HubLink`.
    """

    def __init__(self, store: Store, url: str, *arguments: Any, **options: Any) -> None:  # noqa: ANN401 - HubLink's
        super().__init__(url, *arguments, **options)
        self._store = store
        self._address = url.rstrip("/").encode()
        options["habits"] = self.habits
        self._foreign = ForeignLink(store, url, *arguments[:4], **options)
        self._is_foreign = store.memory.get(FOREIGN_HUB) == self._address

    @property
    def is_foreign(self) -> bool:
        """Whether it is a server that is not ours."""
        return self._is_foreign

    async def meet(self) -> bytes:
        """Ask what answers at this address, and remember which kind it is. See `HubLink.meet`."""
        statement = await super().meet()
        can = read_abilities(statement)
        self._is_foreign = bool(can.writes) and not can.is_ours
        kept = self._address if self._is_foreign else b""
        if (self._store.memory.get(FOREIGN_HUB) or b"") != kept:
            self._store.memory.put(FOREIGN_HUB, kept)
        return statement

    async def push(self, writes: Sequence[Write], key: str) -> tuple[Written, ...]:
        """See `HubLink.push`."""
        if not self._is_foreign:
            return await super().push(writes, key)
        try:
            return await self._foreign.push(writes, key)
        finally:
            self.clock_offset_s = self._foreign.clock_offset_s

    async def changes(self, cursor: str, *, with_own: bool = False, wait_s: int = 0) -> HubPage:
        """See `HubLink.changes`; a foreign server cannot wait, so it is not asked to."""
        if not self._is_foreign:
            return await super().changes(cursor, with_own=with_own, wait_s=wait_s)
        try:
            return HubPage((), cursor) if wait_s else await self._foreign.changes(cursor, with_own=with_own)
        finally:
            self.clock_offset_s = self._foreign.clock_offset_s

    async def record(self, type_name: str, record_id: str, version: str = "") -> bytes | None:
        """See `HubLink.record`."""
        if self._is_foreign:
            return await self._foreign.record(type_name, record_id, version)
        return await super().record(type_name, record_id, version)

    async def begin_upload(self, sha256: str, size: int) -> UploadState:
        """See `HubLink.begin_upload`."""
        self._check_contents()
        return await super().begin_upload(sha256, size)

    async def append(self, sha256: str, offset: int, piece: bytes) -> UploadState:
        """See `HubLink.append`."""
        self._check_contents()
        return await super().append(sha256, offset, piece)

    async def content_size(self, sha256: str) -> int:
        """See `HubLink.content_size`."""
        self._check_contents()
        return await super().content_size(sha256)

    async def download(self, sha256: str, offset: int) -> AsyncGenerator[bytes, None]:
        """See `HubLink.download`."""
        self._check_contents()
        async for piece in super().download(sha256, offset):
            yield piece

    async def report(self, said: bytes) -> dict[str, Any] | None:
        """See `HubLink.report`; a foreign server takes none."""
        return None if self._is_foreign else await super().report(said)

    async def releases(self, etag: str) -> ReleaseWord | None:
        """See `HubLink.releases`; a foreign server has none."""
        return None if self._is_foreign else await super().releases(etag)

    async def close(self) -> None:
        """Let go of every connection."""
        await self._foreign.close()
        await super().close()

    def _check_contents(self) -> None:
        """Refuse what only a hub of ours takes, so that staff read why it does not go.

        Raises:
            HubRefusalError: it is a foreign server.
        """
        if self._is_foreign:
            raise HubRefusalError(501, Text("This hub takes no pictures and recordings.").render("en"))
