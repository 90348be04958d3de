"""The tables of one data folder, as the newest revision has them.

A record is its JSON bytes; everything else here is found from them (indexes, names) or is about getting them somewhere
(outbox, transfers, conflicts). Migrations do not read this module: they say again what they make, and a test compares.
"""

from __future__ import annotations

from typing import Final

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    ForeignKeyConstraint,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    PrimaryKeyConstraint,
    String,
    Table,
)

NUMBER: Final = BigInteger().with_variant(Integer, "sqlite")
"""A whole number of up to 18 digits; SQLite counts rows by itself only in a column of this very name."""

METADATA: Final = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
        "fk": "fk_%(table_name)s",
    }
)

RECORD: Final = Table(
    "record",
    METADATA,
    Column("type", String, nullable=False),
    Column("id", String, nullable=False),
    Column("version_id", String, nullable=False),
    Column("hub_version", String),
    Column("body", LargeBinary, nullable=False),
    Column("changed_seq", NUMBER, nullable=False),
    PrimaryKeyConstraint("type", "id"),
)
"""The newest version of every record; ``changed_seq`` is its row in `HISTORY`."""
Index(None, RECORD.c.type, RECORD.c.changed_seq)

HISTORY: Final = Table(
    "history",
    METADATA,
    Column("seq", NUMBER, primary_key=True, autoincrement=True),
    Column("type", String, nullable=False),
    Column("id", String, nullable=False),
    Column("version_id", String, nullable=False),
    Column("origin", String, nullable=False),
    Column("body", LargeBinary, nullable=False),
    Column("written_at", String, nullable=False),
    sqlite_autoincrement=True,
)
"""Every version ever written; ``origin`` is ``local`` or ``received``."""
Index(None, HISTORY.c.type, HISTORY.c.id)

INDEX_ENTRY: Final = Table(
    "index_entry",
    METADATA,
    Column("type", String, nullable=False),
    Column("id", String, nullable=False),
    Column("name", String, nullable=False),
    Column("value", String, nullable=False),
    PrimaryKeyConstraint("type", "name", "value", "id"),
    ForeignKeyConstraint(["type", "id"], ["record.type", "record.id"], ondelete="CASCADE"),
    sqlite_with_rowid=False,
)
"""What records are found by; made by `clinic_app.storage.indexes`."""
Index(None, INDEX_ENTRY.c.type, INDEX_ENTRY.c.id)

OUTBOX: Final = Table(
    "outbox",
    METADATA,
    Column("seq", NUMBER, primary_key=True, autoincrement=True),
    Column("op_id", String, nullable=False, unique=True),
    Column("type", String, nullable=False),
    Column("id", String, nullable=False),
    Column("body", LargeBinary, nullable=False),
    Column("base_hub_version", String),
    Column("hub_version", String),
    Column("lane", String, nullable=False),
    Column("lane_rank", Integer, nullable=False),
    Column("attempts", Integer, nullable=False, default=0),
    Column("state", String, nullable=False),
    Column("last_error", String, nullable=False, default=""),
    Column("queued_at", String, nullable=False),
    ForeignKeyConstraint(["type", "id"], ["record.type", "record.id"]),
    sqlite_autoincrement=True,
)
"""What the hub has not seen yet, or has: a row stays when it is acknowledged, with the version the hub gave it.

``queued_at`` of an acknowledged row is when the hub took it.
"""
Index(None, OUTBOX.c.state, OUTBOX.c.lane_rank, OUTBOX.c.seq)
Index(None, OUTBOX.c.type, OUTBOX.c.id)

CONFLICT: Final = Table(
    "conflict",
    METADATA,
    Column("seq", NUMBER, primary_key=True, autoincrement=True),
    Column("type", String, nullable=False),
    Column("id", String, nullable=False),
    Column("mine", LargeBinary, nullable=False),
    Column("theirs", LargeBinary, nullable=False),
    Column("theirs_hub_version", String),
    Column("found_at", String, nullable=False),
    Column("settled_at", String),
    sqlite_autoincrement=True,
)
"""Two answers to one question, both kept, until a person chooses."""
Index(None, CONFLICT.c.type, CONFLICT.c.id)

TRANSFER: Final = Table(
    "transfer",
    METADATA,
    Column("sha256", String, nullable=False),
    Column("direction", String, nullable=False),
    Column("lane", String, nullable=False),
    Column("lane_rank", Integer, nullable=False),
    Column("size", NUMBER, nullable=False),
    Column("offset", NUMBER, nullable=False, default=0),
    Column("state", String, nullable=False),
    Column("last_error", String, nullable=False, default=""),
    Column("queued_at", String, nullable=False),
    PrimaryKeyConstraint("sha256", "direction"),
)
"""Blobs on their way up or down."""
Index(None, TRANSFER.c.direction, TRANSFER.c.state, TRANSFER.c.lane_rank)

CURSOR: Final = Table(
    "cursor", METADATA, Column("name", String, primary_key=True), Column("value", String, nullable=False)
)
"""How far the hub's feed was read."""

MEMORY: Final = Table(
    "memory", METADATA, Column("name", String, primary_key=True), Column("value", LargeBinary, nullable=False)
)
"""Small named values that need the encryption but are no records."""

ACCOUNT: Final = Table(
    "account",
    METADATA,
    Column("login", String, primary_key=True),
    Column("practitioner_id", String, nullable=False),
    Column("role", String, nullable=False),
    Column("password_hash", String, nullable=False),
    Column("is_active", Boolean, nullable=False),
    Column("failures", Integer, nullable=False, default=0),
    Column("wait_until", String),
)
"""Who may sign in here. It never leaves the workstation."""

AUDIT_CHAIN: Final = Table(
    "audit_chain",
    METADATA,
    Column("seq", NUMBER, primary_key=True, autoincrement=True),
    Column("id", String, nullable=False),
    Column("mac", LargeBinary, nullable=False),
    sqlite_autoincrement=True,
)
"""One link per audit row: an HMAC over the row and the link before it, so that an edit or a gap shows."""
Index(None, AUDIT_CHAIN.c.id)

PATIENT_NUMBER: Final = Table(
    "patient_number",
    METADATA,
    Column("number", NUMBER, primary_key=True),
    Column("id", String, nullable=False, unique=True),
)
"""The row of each patient in ``patient_search``: an FTS5 table or one with a ``tsvector``; no `Table` says both."""
