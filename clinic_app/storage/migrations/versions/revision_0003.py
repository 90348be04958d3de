"""What the audit trail is found by, made for the events that are there; the links are found by their event."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

NUMBER = sa.BigInteger().with_variant(sa.Integer, "sqlite")
PAGE = 1000


def upgrade() -> None:
    """Make the tables and fill them."""
    line = op.create_table(
        "audit_line",
        sa.Column("seq", NUMBER, primary_key=True, autoincrement=False),
        sa.Column("person", sa.String, nullable=False),
        sa.Column("action", sa.String, nullable=False),
        sa.Column("outcome", sa.String, nullable=False),
        sa.Column("recorded", sa.String, nullable=False),
    )
    patient = op.create_table(
        "audit_patient",
        sa.Column("patient", sa.String, nullable=False),
        sa.Column("seq", NUMBER, nullable=False),
        sa.PrimaryKeyConstraint("patient", "seq", name="pk_audit_patient"),
    )
    op.create_index("ix_audit_line_person_seq", "audit_line", ["person", "seq"])
    op.create_index("ix_audit_line_action_seq", "audit_line", ["action", "seq"])
    op.create_index("ix_audit_line_outcome_seq", "audit_line", ["outcome", "seq"])
    op.create_index("ix_audit_line_recorded", "audit_line", ["recorded"])
    op.create_index("ix_audit_patient_seq", "audit_patient", ["seq"])
    op.create_index("ix_audit_chain_id", "audit_chain", ["id"])
    for page in _pages(op.get_bind()):
        op.bulk_insert(line, [_line(seq, event) for seq, event in page])
        op.bulk_insert(patient, [{"patient": each, "seq": seq} for seq, event in page for each in _patients(event)])


def _pages(connection: sa.Connection) -> Iterator[list[tuple[int, dict[str, Any]]]]:
    last = -1
    query = sa.text(
        "SELECT audit_chain.seq, record.body FROM audit_chain "
        "JOIN record ON record.type = 'AuditEvent' AND record.id = audit_chain.id "
        "WHERE audit_chain.seq > :last ORDER BY audit_chain.seq LIMIT :page"
    )
    while rows := connection.execute(query, {"last": last, "page": PAGE}).all():
        last = rows[-1].seq
        yield [(row.seq, _event(bytes(row.body))) for row in rows]


def _event(body: bytes) -> dict[str, Any]:
    """Return an event as it was written; one that somebody damaged is left to the check of the chain."""
    try:
        event = json.loads(body)
    except ValueError:
        return {}
    return event if isinstance(event, dict) else {}


def _line(seq: int, event: dict[str, Any]) -> dict[str, Any]:
    who = ((event.get("agent") or [{}])[0].get("who") or {}).get("reference") or ""
    subtype = event.get("subtype") or []
    return {
        "seq": seq,
        "person": who.rpartition("/")[2] if who.startswith("Practitioner/") else "",
        "action": (subtype[0].get("code") or "") if subtype else "",
        "outcome": event.get("outcome") or "",
        "recorded": _moment(event.get("recorded")),
    }


def _moment(recorded: object) -> str:
    try:
        moment = datetime.fromisoformat(str(recorded))
    except ValueError:
        return ""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ").zfill(27)


def _patients(event: dict[str, Any]) -> set[str]:
    references = (str((entity.get("what") or {}).get("reference") or "") for entity in event.get("entity") or [])
    return {each.partition("/")[2] for each in references if each.startswith("Patient/")}
