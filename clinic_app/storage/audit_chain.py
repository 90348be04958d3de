"""Links of the audit trail: each row's HMAC covers the row and the link before it, so that an edit or a gap shows.

A cut at the end cannot be seen from here; the hub, which has every row, sees it.
"""

from __future__ import annotations

import hmac

from sqlalchemy import Connection, insert, select

from clinic_app.storage.tables import AUDIT_CHAIN, RECORD

_START = b"dala audit chain"


def add_link(connection: Connection, key: bytes, event_id: str, body: bytes) -> None:
    """Link one audit row to those before it, inside the transaction that writes it."""
    before = connection.execute(select(AUDIT_CHAIN.c.mac).order_by(AUDIT_CHAIN.c.seq.desc()).limit(1)).scalar()
    connection.execute(insert(AUDIT_CHAIN).values(id=event_id, mac=_mac(key, before or _START, body)))


def first_broken_link(connection: Connection, key: bytes) -> str | None:
    """Return the id of the first audit row that is not as it was written, or None when the chain holds."""
    rows = connection.execute(
        select(AUDIT_CHAIN.c.id, AUDIT_CHAIN.c.mac, RECORD.c.body)
        .outerjoin(RECORD, (RECORD.c.type == "AuditEvent") & (RECORD.c.id == AUDIT_CHAIN.c.id))
        .order_by(AUDIT_CHAIN.c.seq)
    )
    before = _START
    for row in rows:
        if row.body is None or not hmac.compare_digest(_mac(key, before, row.body), row.mac):
            return str(row.id)
        before = row.mac
    return None


def _mac(key: bytes, before: bytes, body: bytes) -> bytes:
    return hmac.digest(key, before + body, "sha256")
