"""Links of the audit trail: each row's HMAC covers the row and the link before it, so that an edit or a gap shows.

A cut at the end cannot be seen from here; the hub, which has every row, sees it, and so does whoever noted the last
link. The trail is read in pages: a million rows are never in memory together.
"""

from __future__ import annotations

import hmac
from collections.abc import Iterator, Sequence
from typing import Any, Final

from sqlalchemy import Connection, exists, insert, select

from clinic_app.records import AuditEvent, decode_as
from clinic_app.storage.tables import AUDIT_CHAIN, HISTORY, RECORD
from clinic_app.storage.trail.lines import AuditLine, line_of
from clinic_app.storage.trail.tables import AUDIT_LINE, AUDIT_PATIENT

_START: Final = b"dala audit chain"
_PAGE: Final = 1000
_LINKS: Final = (
    select(
        AUDIT_CHAIN.c.seq,
        AUDIT_CHAIN.c.id,
        AUDIT_CHAIN.c.mac,
        AUDIT_LINE.c.person,
        AUDIT_LINE.c.action,
        AUDIT_LINE.c.outcome,
        AUDIT_LINE.c.recorded,
    )
    .outerjoin(AUDIT_LINE, AUDIT_LINE.c.seq == AUDIT_CHAIN.c.seq)
    .order_by(AUDIT_CHAIN.c.seq)
    .limit(_PAGE)
)


def add_link(connection: Connection, key: bytes, event_id: str, body: bytes) -> None:
    """Link one audit row to those before it and keep what it is found by, inside the transaction that writes it."""
    before = connection.execute(select(AUDIT_CHAIN.c.mac).order_by(AUDIT_CHAIN.c.seq.desc()).limit(1)).scalar()
    written = connection.execute(insert(AUDIT_CHAIN).values(id=event_id, mac=_mac(key, before or _START, body)))
    assert written.inserted_primary_key is not None
    seq, line = written.inserted_primary_key[0], line_of(decode_as(AuditEvent, body))
    row = {"person": line.person, "action": line.action, "outcome": line.outcome, "recorded": line.recorded}
    connection.execute(insert(AUDIT_LINE), {"seq": seq, **row})
    if line.patients:
        connection.execute(insert(AUDIT_PATIENT), [{"patient": each, "seq": seq} for each in sorted(line.patients)])


def first_broken_link(connection: Connection, key: bytes) -> str | None:
    """Return the id of the first audit row that is not as it was written, or None when the chain holds.

    Found are a row that was changed, is gone, stands in another place or was put in by another hand, one that is not
    linked at all, and one that is found by something it does not say.
    """
    before = _START
    for row, body, patients in _links(connection):
        is_whole = isinstance(body, bytes) and isinstance(row.mac, bytes)  # SQLite keeps whatever it is given
        if not is_whole or not hmac.compare_digest(_mac(key, before, body), row.mac):
            return str(row.id)
        if line_of(decode_as(AuditEvent, body)) != AuditLine(
            row.person, row.action, row.outcome, row.recorded, patients
        ):
            return str(row.id)
        before = row.mac
    return _unlinked(connection)


def _links(connection: Connection) -> Iterator[tuple[Any, Any, frozenset[str]]]:
    """Yield the links in their order, each with its line, its event and its patients.

    The events of a page are asked for by their ids: joined to the links, a server would go through all there are for
    every page.
    """
    last: int | None = None
    while page := _page(connection, last):
        first, last = page[0].seq, page[-1].seq
        about: dict[int, set[str]] = {}
        patients = select(AUDIT_PATIENT.c.seq, AUDIT_PATIENT.c.patient).where(AUDIT_PATIENT.c.seq.between(first, last))
        for seq, patient in connection.execute(patients):
            about.setdefault(seq, set()).add(patient)
        bodies = select(RECORD.c.id, RECORD.c.body).where(
            RECORD.c.type == "AuditEvent", RECORD.c.id.in_([row.id for row in page])
        )
        body_of = {row.id: row.body for row in connection.execute(bodies)}
        for row in page:
            yield row, body_of.get(row.id), frozenset(about.get(row.seq, ()))


def _page(connection: Connection, last: int | None) -> Sequence[Any]:
    links = _LINKS if last is None else _LINKS.where(AUDIT_CHAIN.c.seq > last)
    return connection.execute(links).all()


def _unlinked(connection: Connection) -> str | None:
    """Return the id of an event that stands beside the chain and did not come from another workstation, or None.

    Lines and patients without a link are found too: they would make the trail say what it does not hold.
    """
    is_linked = exists().where(AUDIT_CHAIN.c.id == RECORD.c.id)
    came = exists().where(HISTORY.c.type == "AuditEvent", HISTORY.c.id == RECORD.c.id, HISTORY.c.origin == "received")
    beside = select(RECORD.c.id).where(RECORD.c.type == "AuditEvent", ~is_linked, ~came)
    found = connection.execute(beside.order_by(RECORD.c.changed_seq).limit(1)).scalar()
    if found is not None:
        return str(found)
    for table in (AUDIT_LINE, AUDIT_PATIENT):
        loose = select(table.c.seq).where(~exists().where(AUDIT_CHAIN.c.seq == table.c.seq))
        seq = connection.execute(loose.order_by(table.c.seq).limit(1)).scalar()
        if seq is not None:
            return f"#{seq}"
    return None


def _mac(key: bytes, before: bytes, body: bytes) -> bytes:
    return hmac.digest(key, before + body, "sha256")
