"""What the audit trail is found by: one line for each link of the chain, one row for each patient an event is about.

Made from the events, in the transaction that links them; a check of the trail compares them with the events again.
"""

from __future__ import annotations

from typing import Final

from sqlalchemy import Column, Index, PrimaryKeyConstraint, String, Table

from clinic_app.storage.tables import METADATA, NUMBER

AUDIT_LINE: Final = Table(
    "audit_line",
    METADATA,
    Column("seq", NUMBER, primary_key=True, autoincrement=False),
    Column("person", String, nullable=False),
    Column("action", String, nullable=False),
    Column("outcome", String, nullable=False),
    Column("recorded", String, nullable=False),
)
"""``seq`` is the link's; ``recorded`` is in UTC and always of the same length, so that it can be compared as text."""
Index(None, AUDIT_LINE.c.person, AUDIT_LINE.c.seq)
Index(None, AUDIT_LINE.c.action, AUDIT_LINE.c.seq)
Index(None, AUDIT_LINE.c.outcome, AUDIT_LINE.c.seq)
Index(None, AUDIT_LINE.c.recorded)

AUDIT_PATIENT: Final = Table(
    "audit_patient",
    METADATA,
    Column("patient", String, nullable=False),
    Column("seq", NUMBER, nullable=False),
    PrimaryKeyConstraint("patient", "seq"),
)
Index(None, AUDIT_PATIENT.c.seq)
