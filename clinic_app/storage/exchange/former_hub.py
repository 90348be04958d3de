"""What a restored hub keeps of the life it had before: who is let in and shut out, and what was erased by order.

A backup is older than the last revocation and the last order to erase. Those must not be undone by putting it back, and
whoever was let in since need not come again. The records themselves come from the workstations.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from sqlalchemy import Connection, Table, select, tuple_
from sqlalchemy.exc import DBAPIError

from clinic_app.foundation.clock import Clock
from clinic_app.foundation.errors import StorageError
from clinic_app.foundation.texts import Text
from clinic_app.storage.engines.encrypted_file import EncryptedFile
from clinic_app.storage.engines.upserts import Upsert
from clinic_app.storage.feed.account_tables import (
    FEED_ASSERTION,
    FEED_AUDIT_HEAD,
    FEED_CODE,
    FEED_DEVICE,
    FEED_ORGANIZATION,
    FEED_SITE,
)
from clinic_app.storage.feed.erasing import erase_records
from clinic_app.storage.feed.tables import FEED_TOMBSTONE, FEED_WORKSTATION
from clinic_app.storage.store import Store
from clinic_app.storage.tables import RECORD

_KEPT: Final = (
    FEED_ORGANIZATION,
    FEED_SITE,
    FEED_CODE,  # a place that was taken is not free again, a code that was ended not good again
    FEED_WORKSTATION,
    FEED_DEVICE,
    FEED_ASSERTION,
    FEED_AUDIT_HEAD,
)
_Rows = dict[str, list[dict[str, Any]]]


@dataclass(frozen=True)
class Former:
    """The database a backup was put in the place of.

    Args:
        name: for people.
        path: its file; None where it lies on the server.
        schema: its schema there; empty for a file.
    """

    name: str
    path: Path | None
    schema: str


@dataclass(frozen=True)
class Kept:
    """What was taken over: so many devices are known, so many of them shut out, so many records erased once more."""

    devices: int
    revoked: int
    erased: int


def take_over(store: Store, former: Former, clock: Clock) -> Kept:
    """Take over from the former database what a backup must not undo.

    Raises:
        StorageError: the former database cannot be read.
    """
    rows = _rows_of(store, former)
    tombs = rows.pop(FEED_TOMBSTONE.name)
    with store.database.writing() as connection:
        for table in _KEPT:
            others = [column.name for column in table.columns if not column.primary_key]
            Upsert(table, *others).run_all(connection, rows[table.name])
        Upsert(FEED_TOMBSTONE).run_all(connection, tombs)
        erased = _erase_again(connection, tombs, clock)
    devices = rows[FEED_WORKSTATION.name]
    return Kept(len(devices), sum(bool(each["is_revoked"]) for each in devices), erased)


def _rows_of(store: Store, former: Former) -> _Rows:
    try:
        if former.path is None:
            with store.database.reading() as connection:
                return _read(connection.execution_options(schema_translate_map={None: former.schema}))
        file = EncryptedFile(former.path, store.key, is_read_only=True)
        try:
            with file.reading() as connection:
                return _read(connection)
        finally:
            file.close()
    except DBAPIError as error:
        raise StorageError(Text("What was there before cannot be read.")) from error


def _read(connection: Connection) -> _Rows:
    return {table.name: _all(connection, table) for table in (*_KEPT, FEED_TOMBSTONE)}


def _all(connection: Connection, table: Table) -> list[dict[str, Any]]:
    return [dict(row) for row in connection.execute(select(table)).mappings()]


def _erase_again(connection: Connection, tombs: Sequence[dict[str, Any]], clock: Clock) -> int:
    """Erase what the backup has and an order had erased; return how many records that were."""
    reasons = {(each["type"], each["id"]): str(each["reason_sha256"]) for each in tombs}
    here = select(RECORD.c.type, RECORD.c.id).where(tuple_(RECORD.c.type, RECORD.c.id).in_(list(reasons)))
    there = [(row.type, row.id) for row in connection.execute(here)] if reasons else []
    for key in there:
        erase_records(connection, (key,), reasons[key], clock.now())
    return len(there)
