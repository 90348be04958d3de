"""Big content at a hub: handed in piece by piece, kept as pieces in the blob store, handed out from any byte on.

Each organisation hands in its own. That the same content is already here from somebody else is never told, and a record
opens content to its readers only if the record's own organisation has handed that content in: whoever merely knows a
digest gets nothing for it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import Connection, delete, exists, insert, select, update

from clinic_app.foundation.clock import Clock, SystemClock
from clinic_app.foundation.errors import ConflictError, InvalidInputError, NotFoundError
from clinic_app.foundation.texts import Text
from clinic_app.storage.contents.content_store import ContentStore
from clinic_app.storage.engines.database import Database
from clinic_app.storage.feed.quotas import require_room
from clinic_app.storage.feed.rows import Caller, visible_to
from clinic_app.storage.feed.tables import FEED_CONTENT, FEED_PIECE, FEED_RECORD, FEED_REFERENCE

MAX_CONTENT_BYTES: Final = 512 << 20
MAX_PIECE_BYTES: Final = 8 << 20
UPLOAD_KEPT: Final = timedelta(days=7)
"""After so long without a piece an unfinished upload is forgotten; a hospital's line may be down for days."""
_SWEPT_EVERY: Final = timedelta(hours=1)


class OffsetError(ConflictError):
    """The piece does not begin where the last one ended."""


@dataclass(frozen=True)
class Upload:
    """How far content has come; sizes in bytes. ``expires_at`` is when it is forgotten unless a piece comes."""

    size: int
    offset: int
    is_whole: bool
    expires_at: datetime | None = None


@dataclass(frozen=True)
class _Piece:
    offset: int
    size: int
    sha256: str


class FeedContent:
    """The content of one hub.

    Args:
        database: knows what there is.
        blobs: where the pieces lie.
        clock: says when an upload has been abandoned.
    """

    def __init__(self, database: Database, blobs: ContentStore, clock: Clock | None = None) -> None:
        self._database = database
        self._blobs = blobs
        self._clock = clock or SystemClock()
        self._swept_at: datetime | None = None

    def begin(self, caller: Caller, sha256: str, size: int) -> Upload:
        """Make room for content of ``size`` bytes, or return how far it has come already.

        Raises:
            InvalidInputError: too large, or another size than at first.
            QuotaError: the organisation keeps as much as it may.
        """
        if not 0 < size <= MAX_CONTENT_BYTES:
            raise InvalidInputError(Text("Content of this size is not taken."))
        now = self._clock.now()
        self._sweep_at(now)
        with self._database.writing() as connection:
            upload = _upload(connection, caller, sha256)
            if upload is not None and _is_over(upload, now):
                _forget(connection, caller.organization_id, sha256)
                upload = None
            if upload is None:
                require_room(connection, caller.organization_id, size)
                values = {"size": size, "offset": 0, "is_whole": False, "touched_at": now.isoformat()}
                connection.execute(insert(FEED_CONTENT).values(**_key(caller, sha256), **values))
                return Upload(size, 0, is_whole=False, expires_at=now + UPLOAD_KEPT)
        if upload.size != size:
            raise InvalidInputError(Text("This content was announced with another size."))
        if upload.offset == size and not upload.is_whole:  # the hub stopped between the last piece and its check
            self._finish(caller, sha256)
            return self.state(caller, sha256)
        return upload

    def state(self, caller: Caller, sha256: str) -> Upload:
        """Return how far the caller's upload has come.

        Raises:
            NotFoundError: his organisation never began it.
        """
        with self._database.reading() as connection:
            upload = _upload(connection, caller, sha256)
        if upload is None or _is_over(upload, self._clock.now()):
            raise _unknown()
        return upload

    def append(self, caller: Caller, sha256: str, offset: int, piece: bytes) -> Upload:
        """Take the next piece; the last one is followed by a check of the whole.

        Raises:
            NotFoundError: nothing was begun.
            OffsetError: the piece is not the next one.
            InvalidInputError: more than was announced, or the whole is not what its digest says (it starts anew).
        """
        upload = self.state(caller, sha256)
        if upload.offset != offset or upload.is_whole:
            raise OffsetError(Text("The upload goes on at byte {offset}.", offset=upload.offset))
        if not piece or offset + len(piece) > upload.size:
            raise InvalidInputError(Text("Content of this size is not taken."))
        piece_sha256 = self._blobs.put(piece)
        with self._database.writing() as connection:
            self._append_row(connection, caller, sha256, _Piece(offset, len(piece), piece_sha256))
        if offset + len(piece) == upload.size:
            self._finish(caller, sha256)
        return self.state(caller, sha256)

    def begun(self, caller: Caller, sha256: str) -> Iterator[bytes]:
        """Yield what the caller has sent so far, for the node itself."""
        for piece in self._pieces(caller.organization_id, sha256):
            yield self._blobs.read(piece.sha256)

    def forget(self, caller: Caller, sha256: str) -> None:
        """Give up what the caller has begun or handed in."""
        with self._database.writing() as connection:
            _forget(connection, caller.organization_id, sha256)

    def sweep(self) -> int:
        """Forget the uploads nobody has gone on with; return how many. Their pieces go as all that nobody names."""
        now = self._clock.now()
        begun = (FEED_CONTENT.c.is_whole.is_(False), FEED_CONTENT.c.touched_at.is_(None))
        over = (FEED_CONTENT.c.is_whole.is_(False), FEED_CONTENT.c.touched_at < (now - UPLOAD_KEPT).isoformat())
        with self._database.writing() as connection:
            connection.execute(update(FEED_CONTENT).where(*begun).values(touched_at=now.isoformat()))
            keys = connection.execute(select(FEED_CONTENT.c.organization_id, FEED_CONTENT.c.sha256).where(*over)).all()
            for organization_id, sha256 in keys:
                _forget(connection, organization_id, sha256)
        return len(keys)

    def pieces(self) -> frozenset[str]:
        """Return the address of every piece that is named."""
        with self._database.reading() as connection:
            return frozenset(connection.execute(select(FEED_PIECE.c.piece_sha256)).scalars())

    def size_for(self, caller: Caller, sha256: str) -> int:
        """Return the size of whole content the caller may see.

        Raises:
            NotFoundError: there is none, or not for him.
        """
        return self._holder(caller, sha256)[1]

    def read(self, caller: Caller, sha256: str, start: int, end: int) -> Iterator[bytes]:
        """Yield the bytes ``[start, end)`` of content the caller may see.

        Raises:
            NotFoundError: there is none, or not for him.
        """
        holder, _ = self._holder(caller, sha256)
        return self._bytes(self._pieces(holder, sha256), start, end)

    def read_any(self, sha256: str, end: int) -> Iterator[bytes]:
        """Yield the first ``end`` bytes of whole content for the hub itself, whoever handed it in.

        Raises:
            NotFoundError: there is none.
        """
        query = select(FEED_CONTENT.c.organization_id).where(
            FEED_CONTENT.c.sha256 == sha256, FEED_CONTENT.c.is_whole.is_(True)
        )
        with self._database.reading() as connection:
            holder = connection.execute(query.limit(1)).scalar_one_or_none()
        if holder is None:
            raise _unknown()
        return self._bytes(self._pieces(holder, sha256), 0, end)

    def _bytes(self, pieces: tuple[_Piece, ...], start: int, end: int) -> Iterator[bytes]:
        for piece in pieces:
            if piece.offset < end and piece.offset + piece.size > start:
                data = self._blobs.read(piece.sha256)
                yield data[max(0, start - piece.offset) : end - piece.offset]

    def _sweep_at(self, now: datetime) -> None:
        if self._swept_at is None or not timedelta(0) <= now - self._swept_at < _SWEPT_EVERY:
            self._swept_at = now
            self.sweep()

    def _append_row(self, connection: Connection, caller: Caller, sha256: str, piece: _Piece) -> None:
        moved = connection.execute(
            update(FEED_CONTENT)
            .where(
                FEED_CONTENT.c.organization_id == caller.organization_id,
                FEED_CONTENT.c.sha256 == sha256,
                FEED_CONTENT.c.offset == piece.offset,
            )
            .values(offset=piece.offset + piece.size, touched_at=self._clock.now().isoformat())
        )
        if moved.rowcount == 0:
            raise OffsetError(Text("The upload goes on at another byte."))
        row = {"offset": piece.offset, "size": piece.size, "piece_sha256": piece.sha256}
        connection.execute(insert(FEED_PIECE).values(**_key(caller, sha256), **row))

    def _finish(self, caller: Caller, sha256: str) -> None:
        """Check the whole against its digest; what does not match is forgotten, so that it can be sent anew."""
        is_right = self._is_right(caller.organization_id, sha256)
        with self._database.writing() as connection:
            mine = (FEED_CONTENT.c.organization_id == caller.organization_id, FEED_CONTENT.c.sha256 == sha256)
            if is_right:
                connection.execute(update(FEED_CONTENT).where(*mine).values(is_whole=True))
            else:
                _forget(connection, caller.organization_id, sha256)
        if not is_right:
            raise InvalidInputError(Text("The content is not what its digest says; it has to be sent again."))

    def _is_right(self, organization_id: str, sha256: str) -> bool:
        whole = hashlib.sha256()
        try:
            for piece in self._pieces(organization_id, sha256):
                whole.update(self._blobs.read(piece.sha256))
        except NotFoundError:  # a piece that was taken for forgotten just when it came again
            return False
        return whole.hexdigest() == sha256

    def _pieces(self, organization_id: str, sha256: str) -> tuple[_Piece, ...]:
        table = FEED_PIECE
        query = (
            select(table.c.offset, table.c.size, table.c.piece_sha256)
            .where(table.c.organization_id == organization_id, table.c.sha256 == sha256)
            .order_by(table.c.offset)
        )
        with self._database.reading() as connection:
            return tuple(_Piece(row.offset, row.size, row.piece_sha256) for row in connection.execute(query))

    def _holder(self, caller: Caller, sha256: str) -> tuple[str, int]:
        """Return the organisation whose copy the caller may read, and its size."""
        shown = exists().where(
            FEED_REFERENCE.c.sha256 == sha256,
            FEED_RECORD.c.type == FEED_REFERENCE.c.type,
            FEED_RECORD.c.id == FEED_REFERENCE.c.id,
            FEED_RECORD.c.organization_id == FEED_CONTENT.c.organization_id,
            visible_to(caller.organization_id),
        )
        query = select(FEED_CONTENT.c.organization_id, FEED_CONTENT.c.size).where(
            FEED_CONTENT.c.sha256 == sha256, FEED_CONTENT.c.is_whole.is_(True), shown
        )
        with self._database.reading() as connection:
            row = connection.execute(query).first()
        if row is None:
            raise _unknown()
        return row.organization_id, row.size


def _upload(connection: Connection, caller: Caller, sha256: str) -> Upload | None:
    table = FEED_CONTENT
    query = select(table.c.size, table.c.offset, table.c.is_whole, table.c.touched_at).where(
        table.c.organization_id == caller.organization_id, table.c.sha256 == sha256
    )
    row = connection.execute(query).first()
    if row is None:
        return None
    is_to_expire = row.touched_at is not None and not row.is_whole
    expires_at = datetime.fromisoformat(row.touched_at) + UPLOAD_KEPT if is_to_expire else None
    return Upload(row.size, row.offset, row.is_whole, expires_at)


def _is_over(upload: Upload, now: datetime) -> bool:
    return upload.expires_at is not None and upload.expires_at < now


def _forget(connection: Connection, organization_id: str, sha256: str) -> None:
    for table in (FEED_PIECE, FEED_CONTENT):
        mine = (table.c.organization_id == organization_id, table.c.sha256 == sha256)
        connection.execute(delete(table).where(*mine))


def _key(caller: Caller, sha256: str) -> dict[str, str]:
    return {"organization_id": caller.organization_id, "sha256": sha256}


def _unknown() -> NotFoundError:
    return NotFoundError(Text("There is no such content here."))
