"""Taking in what another node wrote, so that it may be repeated and never overwrites what has not been sent.

A body that is already in our history brings nothing new. One that arrives while edits of our own wait is either what
those edits were made from (then they are now based on the hub's version) or a conflict, and both are kept for a person.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

import msgspec
from sqlalchemy import ColumnElement, Connection, Table, insert, select, update

from clinic_app.foundation.errors import InvalidInputError
from clinic_app.records import Meta, Resource, Task, decode, decode_as, encode
from clinic_app.storage.exchange.conflicts import close_conflicts, drop_unsent
from clinic_app.storage.exchange.outbox import UNSETTLED, acknowledge_row
from clinic_app.storage.exchange.sent_again import content_of, settle_behind
from clinic_app.storage.record_rows import StoredRow, new_version_id, stored_row, write_version
from clinic_app.storage.tables import CONFLICT, HISTORY, OUTBOX, RECORD

_NOT_YET_RECEIVED: Final = ("draft", "requested")
_SINCE_RECEIVED: Final = ("received", "accepted", "rejected", "in-progress", "on-hold", "completed", "failed")
"""What only the performer says of a Task, as `clinic_app.referral.states` has it."""
_log: Final = logging.getLogger(__name__)


def receive_body(connection: Connection, body: bytes, at: datetime, *, is_from_hub: bool) -> Resource | None:
    """Take in one body; return the record if it changed what is stored.

    Args:
        connection: an open writing transaction.
        body: untrusted JSON; what cannot be read is logged and left out, so that it does not stop the others.
        at: now.
        is_from_hub: whether ``meta.versionId`` is the hub's version (from a package it is the sender's).
    """
    try:
        record = decode(body)
    except InvalidInputError as error:
        _log.warning("a received record cannot be read and is left out: %s", type(error.__cause__).__name__)
        return None
    hub_version = record.version_id if is_from_hub else None
    row = stored_row(connection, record.type_name, record.id)
    if row is None:
        return _write(connection, record, body, hub_version, at)
    if _is_known(connection, record, row):
        if hub_version is not None:
            _send_refused(connection, record, made_from=hub_version)
        if is_from_hub and _is_back(record, row) and not _unsent(connection, record):
            return _write(connection, record, body, hub_version, at)
        return None
    if is_from_hub:
        settle_behind(connection, record.type_name, record.id, body)
    unsent = _unsent(connection, record)
    if hub_version is not None and not unsent and content_of(row.body) == content_of(body):
        connection.execute(update(RECORD).where(*_is(RECORD, record)).values(hub_version=hub_version))
        close_conflicts(connection, record.type_name, record.id, at)
        return None
    if unsent and is_from_hub and _is_said_already(record, unsent):
        drop_unsent(connection, record.type_name, record.id)
    elif unsent:
        _meet_unsent(connection, record, body, hub_version, row, unsent, at)
        return None
    if not is_from_hub and not _is_newer(record, row):
        return None
    close_conflicts(connection, record.type_name, record.id, at)
    return _write(connection, record, body, hub_version, at)


def _write(connection: Connection, record: Resource, body: bytes, hub_version: str | None, at: datetime) -> Resource:
    record, body = _versioned(record, body)
    write_version(connection, record, body, hub_version=hub_version, origin="received", at=at)
    return record


def _versioned(record: Resource, body: bytes) -> tuple[Resource, bytes]:
    """Return a record that has a version, so that it can be edited; some systems give none."""
    if record.version_id is not None:
        return record, body
    meta = msgspec.structs.replace(record.meta or Meta(), version_id=new_version_id())
    record = msgspec.structs.replace(record, meta=meta)
    return record, encode(record, body)


def _unsent(connection: Connection, record: Resource) -> Sequence[Any]:
    rows = select(OUTBOX.c.seq, OUTBOX.c.body).where(*_is(OUTBOX, record), OUTBOX.c.state.in_(UNSETTLED))
    return connection.execute(rows.order_by(OUTBOX.c.seq)).all()


def _is_said_already(record: Resource, unsent: Sequence[Any]) -> bool:
    """Whether all we have to say of a Task is that it has come, which a colleague's workstation has said before us."""
    if not isinstance(record, Task) or record.status in _NOT_YET_RECEIVED:
        return False
    return all(decode_as(Task, each.body).status == "received" for each in unsent)


def _is_before(record: Resource, ours: bytes) -> bool:
    """Whether a colleague's workstation only said that a Task has come: what we made of it stands on that."""
    is_received = isinstance(record, Task) and record.status == "received"
    return is_received and decode_as(Task, ours).status in _SINCE_RECEIVED


def _meet_unsent(
    connection: Connection,
    record: Resource,
    body: bytes,
    hub_version: str | None,
    row: StoredRow,
    unsent: Sequence[Any],
    at: datetime,
) -> None:
    """Take a body that meets unsent edits: as an echo of one, as what they were made from, or as a conflict."""
    content = content_of(body)
    echo = max((each.seq for each in unsent if content_of(each.body) == content), default=None)
    if echo is not None:
        if hub_version is not None:
            close_conflicts(connection, record.type_name, record.id, at)
            for each in unsent:
                if each.seq <= echo:
                    acknowledge_row(connection, each.seq, hub_version, at)
            _send_refused(connection, record)
    elif hub_version is not None and _is_before(record, unsent[0].body):
        if decode_as(Task, unsent[0].body).status == "received":
            acknowledge_row(connection, unsent[0].seq, hub_version, at)
        _rebase(connection, record, hub_version)
    elif hub_version is not None and content == _base_content(connection, record, unsent[0].body):
        _rebase(connection, record, hub_version)
    elif not _is_kept(connection, record, content):
        close_conflicts(connection, record.type_name, record.id, at)
        connection.execute(
            insert(CONFLICT).values(
                type=record.type_name,
                id=record.id,
                mine=row.body,
                theirs=_versioned(record, body)[1],
                theirs_hub_version=hub_version,
                found_at=at.isoformat(),
            )
        )


def _rebase(connection: Connection, record: Resource, hub_version: str) -> None:
    """Our edits were made from what the hub calls ``hub_version``; say so, and send them."""
    connection.execute(update(RECORD).where(*_is(RECORD, record)).values(hub_version=hub_version))
    waiting = update(OUTBOX).where(*_is(OUTBOX, record), OUTBOX.c.state.in_(UNSETTLED))
    connection.execute(waiting.values(base_hub_version=hub_version))
    _send_refused(connection, record)


def _send_refused(connection: Connection, record: Resource, made_from: str | None = None) -> None:
    """Queue again what the hub refused for being made from something else; now it is made from what the hub has."""
    refused = update(OUTBOX).where(*_is(OUTBOX, record), OUTBOX.c.state == "conflict")
    if made_from is not None:
        refused = refused.where(OUTBOX.c.base_hub_version == made_from)
    connection.execute(refused.values(state="queued"))


def _is_known(connection: Connection, record: Resource, row: StoredRow) -> bool:
    """Whether this version is stored, was stored, was made of an edit of ours, or was shown to a person."""
    if record.version_id is None:
        return content_of(encode(record)) == content_of(row.body)
    if record.version_id == row.hub_version:
        return True
    seen = select(HISTORY.c.seq).where(*_is(HISTORY, record), HISTORY.c.version_id == record.version_id)
    sent = select(OUTBOX.c.seq).where(*_is(OUTBOX, record), OUTBOX.c.hub_version == record.version_id)
    shown = select(CONFLICT.c.seq).where(*_is(CONFLICT, record), CONFLICT.c.theirs_hub_version == record.version_id)
    return any(connection.execute(query.limit(1)).first() for query in (seen, sent, shown))


def _is_back(record: Resource, row: StoredRow) -> bool:
    """Whether the hub took a version we know once more, after the one we have of it: it was restored in between."""
    if record.version_id == row.hub_version or row.version_id != row.hub_version:
        return False
    before, now = decode_as(type(record), row.body).meta, record.meta
    if before is None or now is None or before.last_updated is None or now.last_updated is None:
        return False
    return now.last_updated > before.last_updated


def _is_newer(record: Resource, row: StoredRow) -> bool:
    """Whether a package's record may replace ours: never what came from the hub, and only by a later edit."""
    stored = decode_as(type(record), row.body)
    if row.hub_version is not None or record.meta is None or record.meta.last_updated is None:
        return False
    before = stored.meta.last_updated if stored.meta else None
    return before is None or record.meta.last_updated > before


def _is_kept(connection: Connection, record: Resource, content: dict[str, Any]) -> bool:
    """Whether a person is asked about this very answer already."""
    waiting = select(CONFLICT.c.theirs).where(*_is(CONFLICT, record), CONFLICT.c.settled_at.is_(None))
    return any(content_of(theirs) == content for theirs in connection.execute(waiting).scalars())


def _base_content(connection: Connection, record: Resource, first_unsent: bytes) -> dict[str, Any] | None:
    """Return what the oldest unsent edit was made from; None for a record that was made here."""
    bodies = connection.execute(select(HISTORY.c.body).where(*_is(HISTORY, record)).order_by(HISTORY.c.seq))
    before = None
    for body in bodies.scalars():
        if body == first_unsent:
            break
        before = body
    return None if before is None else content_of(before)


def _is(table: Table, record: Resource) -> tuple[ColumnElement[bool], ...]:
    return (table.c.type == record.type_name, table.c.id == record.id)
