"""Records that leave this database because the hub says so: no longer to be seen here, or to be kept by nobody.

Nothing of it goes up: to leave is not to be deleted elsewhere. What somebody wrote here and the hub has not got never
goes without a word: a record that was only shown to us stays until that is settled, and one that was erased by order
leaves a question behind, with the unsent edit, until somebody has seen it.
"""

from __future__ import annotations

import logging
from datetime import datetime
from typing import Final

import msgspec
from sqlalchemy import ColumnElement, Connection, Table, delete, insert, select, text, update

from clinic_app.records import AuditEvent, Coding, Meta, Resource, decode, encode
from clinic_app.storage.count_tables import COUNT_FINDING, COUNT_PATIENT, COUNT_REQUEST, COUNT_TASK
from clinic_app.storage.exchange.conflicts import close_conflicts
from clinic_app.storage.exchange.exchange import Change
from clinic_app.storage.exchange.outbox import UNSETTLED
from clinic_app.storage.record_rows import Key
from clinic_app.storage.tables import CONFLICT, HISTORY, INDEX_ENTRY, OUTBOX, PATIENT_NUMBER, RECORD

ERASED: Final = Coding(system="urn:dala:erased", code="erased")
"""Marks the other answer of a question that asks nothing any more: the record was erased by order."""
_COUNTED: Final = {
    "Patient": COUNT_PATIENT,
    "Observation": COUNT_FINDING,
    "ImagingStudy": COUNT_FINDING,
    "ServiceRequest": COUNT_REQUEST,
    "Task": COUNT_TASK,
}
_SEARCHED: Final = {
    "sqlite": "DELETE FROM patient_search WHERE rowid IN (SELECT number FROM patient_number WHERE id = :id)",
    "postgresql": "DELETE FROM patient_search WHERE number IN (SELECT number FROM patient_number WHERE id = :id)",
}
_log: Final = logging.getLogger(__name__)


def let_leave(connection: Connection, change: Change, at: datetime) -> None:
    """Do what a change without a body says; to repeat it changes nothing.

    Args:
        connection: an open writing transaction.
        change: of kind ``evict`` or ``erase``.
        at: now.
    """
    key = (change.type_name, change.id)
    if change.type_name == AuditEvent.__name__:
        _log.warning("an event of the audit trail stays, whatever the hub says")
        return
    unsent = select(OUTBOX.c.body).where(*_is(OUTBOX, key), OUTBOX.c.state.in_(UNSETTLED))
    newest = connection.execute(unsent.order_by(OUTBOX.c.seq.desc()).limit(1)).scalar()
    if newest is None:
        purge(connection, key)
    elif change.kind == "erase":
        _ask_about_erased(connection, key, bytes(newest), at)
    else:
        _log.warning("a %s stays although the hub shows it no longer: an edit of it was not sent yet", change.type_name)


def is_erased(record: Resource) -> bool:
    """Return whether this is the other answer of a question about a record that was erased."""
    return record.meta is not None and ERASED in record.meta.tag


def purge(connection: Connection, key: Key, *, keeps_places: bool = False) -> None:
    """Remove every version of a record and what was made from it; its contents go with the next look for orphans.

    Args:
        connection: an open writing transaction.
        key: of the record.
        keeps_places: leave the places of its versions in the history, empty, where a feed is read by them.
    """
    type_name, record_id = key
    connection.execute(delete(CONFLICT).where(*_is(CONFLICT, key)))
    connection.execute(delete(OUTBOX).where(*_is(OUTBOX, key)))
    connection.execute(delete(INDEX_ENTRY).where(*_is(INDEX_ENTRY, key)))
    if type_name in _COUNTED:
        table = _COUNTED[type_name]
        gone = delete(table).where(table.c.id == record_id)
        connection.execute(gone.where(table.c.type == type_name) if "type" in table.c else gone)
    if type_name == "Patient":
        connection.execute(text(_SEARCHED[connection.dialect.name]), {"id": record_id})
        connection.execute(delete(PATIENT_NUMBER).where(PATIENT_NUMBER.c.id == record_id))
    if keeps_places:
        connection.execute(update(HISTORY).where(*_is(HISTORY, key)).values(body=b"", origin="erased"))
    else:
        connection.execute(delete(HISTORY).where(*_is(HISTORY, key)))
    connection.execute(delete(RECORD).where(*_is(RECORD, key)))


def _ask_about_erased(connection: Connection, key: Key, mine: bytes, at: datetime) -> None:
    """Keep the unsent edit for somebody to see, and nothing else; it is not sent any more."""
    standing = select(CONFLICT.c.theirs).where(*_is(CONFLICT, key), CONFLICT.c.settled_at.is_(None))
    if any(is_erased(decode(theirs)) for theirs in connection.execute(standing).scalars()):
        return
    close_conflicts(connection, *key, at)
    connection.execute(delete(OUTBOX).where(*_is(OUTBOX, key), OUTBOX.c.state.not_in(UNSETTLED)))
    connection.execute(update(OUTBOX).where(*_is(OUTBOX, key)).values(state="conflict", last_error="erased"))
    connection.execute(delete(HISTORY).where(*_is(HISTORY, key), HISTORY.c.origin == "received"))
    record = decode(mine)
    meta = record.meta or Meta()
    theirs = msgspec.structs.replace(record, meta=msgspec.structs.replace(meta, tag=(*meta.tag, ERASED)))
    question = {"type": key[0], "id": key[1], "mine": mine, "theirs": encode(theirs, mine)}
    connection.execute(insert(CONFLICT).values(**question, theirs_hub_version=None, found_at=at.isoformat()))


def _is(table: Table, key: Key) -> tuple[ColumnElement[bool], ...]:
    return (table.c.type == key[0], table.c.id == key[1])
