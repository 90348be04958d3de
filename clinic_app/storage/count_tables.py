"""What is counted: for each record that a report counts, the few words it is counted by, and nothing more.

Made from the records in the transaction that writes them. A day is that of the calendar on the wall where the record
was written, as ``YYYY-MM-DD``.
"""

from __future__ import annotations

from typing import Final

from sqlalchemy import Column, Index, PrimaryKeyConstraint, String, Table

from clinic_app.storage.tables import METADATA

COUNT_PATIENT: Final = Table(
    "count_patient",
    METADATA,
    Column("id", String, primary_key=True),
    Column("owner", String, nullable=False),
    Column("day", String, nullable=False),
    Column("sex", String, nullable=False),
    Column("birth", String, nullable=False),
)
"""``owner`` is the organisation whose patient it is, empty for that of the database; ``day`` the first one here."""
Index(None, COUNT_PATIENT.c.day)

COUNT_FINDING: Final = Table(
    "count_finding",
    METADATA,
    Column("type", String, nullable=False),
    Column("id", String, nullable=False),
    Column("subject", String, nullable=False),
    Column("day", String, nullable=False),
    PrimaryKeyConstraint("type", "id"),
)
"""What was measured or taken of a patient on a day."""
Index(None, COUNT_FINDING.c.day, COUNT_FINDING.c.subject, COUNT_FINDING.c.type)

COUNT_REQUEST: Final = Table(
    "count_request",
    METADATA,
    Column("id", String, primary_key=True),
    Column("specialty", String, nullable=False),
)
"""Which specialty a ServiceRequest asks."""

COUNT_TASK: Final = Table(
    "count_task",
    METADATA,
    Column("id", String, primary_key=True),
    Column("request", String, nullable=False),
    Column("requester", String, nullable=False),
    Column("owner", String, nullable=False),
    Column("day", String, nullable=False),
    Column("urgency", String, nullable=False),
    Column("state", String, nullable=False),
    Column("sent_at", String),
    Column("answered_at", String),
)
"""A referral by its Task; ``day`` is the day it was sent."""
Index(None, COUNT_TASK.c.day)
