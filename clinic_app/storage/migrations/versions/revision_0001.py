"""The first tables: records, history, indexes, outbox, conflicts, transfers, memory, accounts, audit chain."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

NUMBER = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def upgrade() -> None:
    """Make the tables of the first release."""
    _records()
    _outbox_and_conflicts()
    _transfers_and_the_rest()
    _patient_search()


def _records() -> None:
    op.create_table(
        "record",
        sa.Column("type", sa.String, nullable=False),
        sa.Column("id", sa.String, nullable=False),
        sa.Column("version_id", sa.String, nullable=False),
        sa.Column("hub_version", sa.String),
        sa.Column("body", sa.LargeBinary, nullable=False),
        sa.Column("changed_seq", NUMBER, nullable=False),
        sa.PrimaryKeyConstraint("type", "id", name="pk_record"),
    )
    op.create_index("ix_record_type_changed_seq", "record", ["type", "changed_seq"])
    op.create_table(
        "history",
        sa.Column("seq", NUMBER, primary_key=True, autoincrement=True),
        sa.Column("type", sa.String, nullable=False),
        sa.Column("id", sa.String, nullable=False),
        sa.Column("version_id", sa.String, nullable=False),
        sa.Column("origin", sa.String, nullable=False),
        sa.Column("body", sa.LargeBinary, nullable=False),
        sa.Column("written_at", sa.String, nullable=False),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_history_type_id", "history", ["type", "id"])
    op.create_table(
        "index_entry",
        sa.Column("type", sa.String, nullable=False),
        sa.Column("id", sa.String, nullable=False),
        sa.Column("name", sa.String, nullable=False),
        sa.Column("value", sa.String, nullable=False),
        sa.PrimaryKeyConstraint("type", "name", "value", "id", name="pk_index_entry"),
        sa.ForeignKeyConstraint(
            ["type", "id"], ["record.type", "record.id"], name="fk_index_entry", ondelete="CASCADE"
        ),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_index_entry_type_id", "index_entry", ["type", "id"])


def _patient_search() -> None:
    op.create_table(
        "patient_number",
        sa.Column("number", NUMBER, primary_key=True),
        sa.Column("id", sa.String, nullable=False, unique=True),
    )
    if op.get_context().dialect.name == "sqlite":
        op.execute(
            "CREATE VIRTUAL TABLE patient_search USING fts5"
            "(keys, content='', contentless_delete=1, tokenize='unicode61', prefix='2 3')"
        )
    else:
        op.execute(
            "CREATE TABLE patient_search (number BIGINT PRIMARY KEY REFERENCES patient_number, keys TSVECTOR NOT NULL)"
        )
        op.execute("CREATE INDEX ix_patient_search_keys ON patient_search USING gin (keys)")


def _outbox_and_conflicts() -> None:
    op.create_table(
        "outbox",
        sa.Column("seq", NUMBER, primary_key=True, autoincrement=True),
        sa.Column("op_id", sa.String, nullable=False, unique=True),
        sa.Column("type", sa.String, nullable=False),
        sa.Column("id", sa.String, nullable=False),
        sa.Column("body", sa.LargeBinary, nullable=False),
        sa.Column("base_hub_version", sa.String),
        sa.Column("hub_version", sa.String),
        sa.Column("lane", sa.String, nullable=False),
        sa.Column("lane_rank", sa.Integer, nullable=False),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("state", sa.String, nullable=False),
        sa.Column("last_error", sa.String, nullable=False),
        sa.Column("queued_at", sa.String, nullable=False),
        sa.ForeignKeyConstraint(["type", "id"], ["record.type", "record.id"], name="fk_outbox"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_outbox_state_lane_rank_seq", "outbox", ["state", "lane_rank", "seq"])
    op.create_index("ix_outbox_type_id", "outbox", ["type", "id"])
    op.create_table(
        "conflict",
        sa.Column("seq", NUMBER, primary_key=True, autoincrement=True),
        sa.Column("type", sa.String, nullable=False),
        sa.Column("id", sa.String, nullable=False),
        sa.Column("mine", sa.LargeBinary, nullable=False),
        sa.Column("theirs", sa.LargeBinary, nullable=False),
        sa.Column("theirs_hub_version", sa.String),
        sa.Column("found_at", sa.String, nullable=False),
        sa.Column("settled_at", sa.String),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_conflict_type_id", "conflict", ["type", "id"])


def _transfers_and_the_rest() -> None:
    op.create_table(
        "transfer",
        sa.Column("sha256", sa.String, nullable=False),
        sa.Column("direction", sa.String, nullable=False),
        sa.Column("lane", sa.String, nullable=False),
        sa.Column("lane_rank", sa.Integer, nullable=False),
        sa.Column("size", NUMBER, nullable=False),
        sa.Column("offset", NUMBER, nullable=False),
        sa.Column("state", sa.String, nullable=False),
        sa.Column("last_error", sa.String, nullable=False),
        sa.Column("queued_at", sa.String, nullable=False),
        sa.PrimaryKeyConstraint("sha256", "direction", name="pk_transfer"),
    )
    op.create_index("ix_transfer_direction_state_lane_rank", "transfer", ["direction", "state", "lane_rank"])
    for name, kind in (("cursor", sa.String), ("memory", sa.LargeBinary)):
        op.create_table(name, sa.Column("name", sa.String, primary_key=True), sa.Column("value", kind, nullable=False))
    op.create_table(
        "account",
        sa.Column("login", sa.String, primary_key=True),
        sa.Column("practitioner_id", sa.String, nullable=False),
        sa.Column("role", sa.String, nullable=False),
        sa.Column("password_hash", sa.String, nullable=False),
        sa.Column("is_active", sa.Boolean, nullable=False),
        sa.Column("failures", sa.Integer, nullable=False),
        sa.Column("wait_until", sa.String),
    )
    op.create_table(
        "audit_chain",
        sa.Column("seq", NUMBER, primary_key=True, autoincrement=True),
        sa.Column("id", sa.String, nullable=False),
        sa.Column("mac", sa.LargeBinary, nullable=False),
        sqlite_autoincrement=True,
    )
