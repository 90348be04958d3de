"""How much a hub holds, in a few figures that cost next to nothing to ask for."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, func, select

from clinic_app.foundation.durable_files import disk_errors
from clinic_app.storage.backups.restoring import RESTORED_AT
from clinic_app.storage.feed.tables import FEED_CONTENT
from clinic_app.storage.store import Store
from clinic_app.storage.tables import HISTORY, MEMORY


@dataclass(frozen=True)
class HubFigures:
    """What a hub holds.

    Args:
        position: the number of its newest version of a record; it grows with every write.
        database_bytes: what the records need.
        contents: how many contents it has, and ``content_bytes`` how large they are.
        free_bytes: left on the disk of the data folder, and ``disk_bytes`` its size.
        restored_at: when it was last put back from a backup; None for never.
    """

    position: int
    database_bytes: int
    contents: int
    content_bytes: int
    free_bytes: int
    disk_bytes: int
    restored_at: datetime | None


def figures_of(store: Store) -> HubFigures:
    """Return the figures of one hub.

    Raises:
        StorageError: the database or the disk cannot be asked.
    """
    with disk_errors(store.folder):
        disk = shutil.disk_usage(store.folder)
    with store.database.reading() as connection:
        position = connection.scalar(select(func.max(HISTORY.c.seq)))
        contents, content_bytes = connection.execute(select(func.count(), func.sum(FEED_CONTENT.c.size))).one()
        restored_at = connection.scalar(select(MEMORY.c.value).where(MEMORY.c.name == RESTORED_AT))
        database_bytes = _size_of(store, connection)
    return HubFigures(
        position=int(position or 0),
        database_bytes=database_bytes,
        contents=int(contents),
        content_bytes=int(content_bytes or 0),
        free_bytes=disk.free,
        disk_bytes=disk.total,
        restored_at=datetime.fromisoformat(bytes(restored_at).decode()) if restored_at else None,
    )


def _size_of(store: Store, connection: Connection) -> int:
    if store.file is not None:
        return store.file.size_bytes()
    return int(connection.exec_driver_sql("SELECT pg_database_size(current_database())").scalar_one())
