"""Looking through a database file that nobody writes to: whether it is whole, and what it holds.

The log of a file that was not closed is taken in first: a page that is torn in the file may be whole in its log, and
SQLCipher's own check would call that damage (38 of 2000 images of a power cut).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Connection, func, select

from clinic_app.foundation.errors import DamagedError
from clinic_app.foundation.texts import Text
from clinic_app.storage.engines.encrypted_file import EncryptedFile
from clinic_app.storage.tables import AUDIT_CHAIN, HISTORY, RECORD


@dataclass(frozen=True)
class Holdings:
    """What a database holds: records, the number of its newest version, links of the audit trail and the last one."""

    records: int
    history_seq: int
    audit_rows: int
    audit_seq: int
    audit_head: str


def holdings(connection: Connection) -> Holdings:
    """Count what a database holds, inside a transaction that sees one moment."""
    last = connection.execute(
        select(AUDIT_CHAIN.c.seq, AUDIT_CHAIN.c.mac).order_by(AUDIT_CHAIN.c.seq.desc()).limit(1)
    ).one_or_none()
    return Holdings(
        records=connection.execute(select(func.count()).select_from(RECORD)).scalar_one(),
        history_seq=connection.execute(select(func.max(HISTORY.c.seq))).scalar() or 0,
        audit_rows=connection.execute(select(func.count()).select_from(AUDIT_CHAIN)).scalar_one(),
        audit_seq=last.seq if last else 0,
        audit_head=last.mac.hex() if last else "",
    )


def link_at(connection: Connection, audit_seq: int) -> str:
    """Return one link of the audit trail; empty where there is none."""
    link = connection.execute(select(AUDIT_CHAIN.c.mac).where(AUDIT_CHAIN.c.seq == audit_seq)).scalar()
    return bytes(link).hex() if link else ""


def examine(
    path: Path,
    key: bytes,
    before: Holdings | None = None,
    *,
    name: str = "",
    should_stop: Callable[[], bool] | None = None,
) -> Holdings:
    """Look through a file from end to end; return what it holds.

    Args:
        path: a database file of ours, under ``key``.
        key: the data key.
        before: what the original held before the copy was begun; the copy must hold all of it.
        name: what to call the file in the sentence.
        should_stop: asked now and then; True breaks it off.

    Raises:
        DamagedError: it is not whole, under another key, or lacks something.
        StorageError: it was broken off.
    """
    file = EncryptedFile(path, key, is_read_only=True, should_stop=should_stop)
    try:
        file.check_all()
        with file.reading() as connection:
            found = holdings(connection)
            is_same_trail = before is None or link_at(connection, before.audit_seq) == before.audit_head
    except DamagedError as error:
        raise unsound(name or path.name) from error
    finally:
        file.close()
    if before is not None and (found.history_seq < before.history_seq or found.audit_rows < before.audit_rows):
        raise unsound(name or path.name)
    if not is_same_trail:
        raise unsound(name or path.name)
    return found


def unsound(name: str) -> DamagedError:
    """Return the error of a file that is no usable backup."""
    return DamagedError(
        Text("The backup “{name}” cannot be used: it is damaged, or it belongs to other data.", name=name)
    )
