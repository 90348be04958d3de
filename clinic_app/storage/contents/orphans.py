"""Contents nobody refers to: what an interrupted import or a refused package left on the disk.

A content is written before the record that points to it, so a cut in between leaves a file nobody will ever ask for.
Everything that may name a content is read (every version of every record, what waits, what is remembered); whatever is
not named, and was not written or asked for since a day, goes. After a restoration nothing goes for a month: records
that came after the backup, and point to contents that are here, may still have to come back from the hub.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import ColumnElement, Select, select

from clinic_app.storage.backups.restoring import RESTORED_AT
from clinic_app.storage.contents.blobs import BlobStore
from clinic_app.storage.engines.database import Database
from clinic_app.storage.feed.tables import FEED_CONTENT, FEED_PIECE, FEED_REFERENCE
from clinic_app.storage.tables import CONFLICT, HISTORY, MEMORY, OUTBOX, RECORD, TRANSFER

KEPT_S: Final = 86400.0
KEPT_AFTER_RESTORING: Final = timedelta(days=30)
_DIGEST: Final = re.compile(rb"(?<![0-9a-f])[0-9a-f]{64}(?![0-9a-f])")
_PAGE_ROWS: Final = 500


def collect_orphans(
    database: Database, blobs: BlobStore, now: datetime, should_stop: Callable[[], bool] = lambda: False
) -> int:
    """Remove contents nobody refers to; return how many went.

    Args:
        database: names the contents that are needed.
        blobs: where they lie.
        now: the present moment.
        should_stop: asked between pages; True ends it before anything was removed.
    """
    began_s = time.time()
    if _was_restored_lately(database, now):
        return 0
    needed: set[bytes] = set()
    for digests in named_contents(database):
        needed.update(digests)
        if should_stop():
            return 0
    return blobs.keep_only({digest.decode() for digest in needed}, before_s=began_s - KEPT_S)


def _was_restored_lately(database: Database, now: datetime) -> bool:
    with database.reading() as connection:
        restored_at = connection.execute(select(MEMORY.c.value).where(MEMORY.c.name == RESTORED_AT)).scalar()
    if not restored_at:
        return False
    return abs(now - datetime.fromisoformat(bytes(restored_at).decode())) < KEPT_AFTER_RESTORING


def named_contents(database: Database) -> Iterator[set[bytes]]:
    """Yield the addresses found in every table that can name a content, page by page; not all of them are contents."""
    for column in (HISTORY.c.body, OUTBOX.c.body, CONFLICT.c.mine, CONFLICT.c.theirs):
        yield from _in_pages(database, column.table.c.seq, column)
    for column in (RECORD.c.body, MEMORY.c.value, TRANSFER.c.sha256):
        yield from _in_rows(database, select(column))
    for column in (FEED_PIECE.c.piece_sha256, FEED_REFERENCE.c.sha256, FEED_CONTENT.c.sha256):
        yield from _in_rows(database, select(column))


def _in_pages(database: Database, seq: ColumnElement[int], column: ColumnElement[bytes]) -> Iterator[set[bytes]]:
    """Read a long table in short transactions, so that nobody waits for its end."""
    last = 0
    while True:
        query = select(seq, column).where(seq > last).order_by(seq).limit(_PAGE_ROWS)
        with database.reading() as connection:
            rows = connection.execute(query).all()
        if not rows:
            return
        yield {digest for row in rows for digest in _DIGEST.findall(row[1])}
        last = rows[-1][0]


def _in_rows(database: Database, query: Select[Any]) -> Iterator[set[bytes]]:
    with database.reading() as connection:
        for rows in connection.execution_options(yield_per=_PAGE_ROWS).execute(query).scalars().partitions():
            yield {digest for value in rows for digest in _DIGEST.findall(_bytes(value))}


def _bytes(value: bytes | str) -> bytes:
    return value.encode() if isinstance(value, str) else value
