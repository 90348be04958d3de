"""What became of the contents of a hub at its DICOM archive.

Whatever the archive says, the content stays in the hub's own store: this is only the list of what went where.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal, get_args

from sqlalchemy import Select, delete, func, select

from clinic_app.storage.engines.database import Database
from clinic_app.storage.engines.upserts import Upsert
from clinic_app.storage.feed.content import FeedContent
from clinic_app.storage.feed.tables import FEED_ARCHIVE, FEED_CONTENT

ArchiveState = Literal["archived", "differs", "refused", "foreign"]
"""It lies there byte for byte; there lies another under its SOPInstanceUID; it is not taken; it is no DICOM."""
ARCHIVE_STATES: Final[tuple[ArchiveState, ...]] = get_args(ArchiveState)
_PUT: Final = Upsert(FEED_ARCHIVE, "state", "instance_uid", "words", "tried_at")


@dataclass(frozen=True)
class ArchiveEntry:
    """One content at the archive: ``size`` in bytes, ``words`` why it is not there as it is here."""

    sha256: str
    size: int
    state: ArchiveState | Literal["waiting"]
    instance_uid: str = ""
    words: str = ""
    tried_at: str = ""


class FeedArchive:
    """The list of one hub.

    Args:
        database: the hub's.
        content: what is to be archived.
    """

    def __init__(self, database: Database, content: FeedContent) -> None:
        self._database = database
        self._content = content

    def waiting(self, most: int, after: str = "") -> tuple[ArchiveEntry, ...]:
        """Return whole contents that nobody has decided about yet, by digest, those behind ``after``."""
        query = _contents().where(FEED_ARCHIVE.c.sha256.is_(None), FEED_CONTENT.c.sha256 > after).limit(most)
        with self._database.reading() as connection:
            rows = connection.execute(query).all()
        return tuple(ArchiveEntry(row.sha256, row.size, "waiting") for row in rows)

    def read(self, sha256: str, end: int) -> Iterator[bytes]:
        """Yield the first ``end`` bytes of a whole content, whoever has handed it in.

        Raises:
            NotFoundError: it is gone meanwhile.
            DamagedError: what lies on the disk is not what was written.
        """
        return self._content.read_any(sha256, end)

    def note(self, entry: ArchiveEntry, at: datetime) -> None:
        """Keep what became of a content."""
        row = {"sha256": entry.sha256, "state": entry.state, "instance_uid": entry.instance_uid}
        with self._database.writing() as connection:
            _PUT.run(connection, {**row, "words": entry.words, "tried_at": at.isoformat()})

    def entries(self) -> tuple[ArchiveEntry, ...]:
        """Return all that is archived, differs, is refused or waits; what is no DICOM is left out."""
        query = _contents().where(func.coalesce(FEED_ARCHIVE.c.state, "") != "foreign")
        with self._database.reading() as connection:
            rows = connection.execute(query).all()
        return tuple(
            ArchiveEntry(row.sha256, row.size, row.state, row.instance_uid, row.words, row.tried_at)
            if row.state
            else ArchiveEntry(row.sha256, row.size, "waiting")
            for row in rows
        )

    def ask_again(self, states: Sequence[ArchiveState]) -> int:
        """Have everything in these states sent once more; return how much that is."""
        undecided = delete(FEED_ARCHIVE).where(FEED_ARCHIVE.c.state.in_(states))
        with self._database.writing() as connection:
            return connection.execute(undecided).rowcount


def _contents() -> Select[tuple[str, int, str, str, str, str]]:
    """Return the query for each whole content, once, with what is known of it at the archive."""
    known = FEED_ARCHIVE.c
    return (
        select(
            FEED_CONTENT.c.sha256,
            func.max(FEED_CONTENT.c.size).label("size"),
            func.max(known.state).label("state"),
            func.max(known.instance_uid).label("instance_uid"),
            func.max(known.words).label("words"),
            func.max(known.tried_at).label("tried_at"),
        )
        .select_from(FEED_CONTENT.outerjoin(FEED_ARCHIVE, known.sha256 == FEED_CONTENT.c.sha256))
        .where(FEED_CONTENT.c.is_whole.is_(True))
        .group_by(FEED_CONTENT.c.sha256)
        .order_by(FEED_CONTENT.c.sha256)
    )
