"""The tables that make a node a hub: whose a record is, who may see it, which content it points to.

The change sequence itself is `history.seq`: a database has one writer at a time (`Database.writing`), so it grows in
the order of the commits and nobody who reads up to a number ever misses a smaller one that is still to come.
"""

from __future__ import annotations

from typing import Final

from sqlalchemy import Boolean, Column, Index, LargeBinary, PrimaryKeyConstraint, String, Table

from clinic_app.storage.tables import METADATA, NUMBER

FEED_RECORD: Final = Table(
    "feed_record",
    METADATA,
    Column("type", String, nullable=False),
    Column("id", String, nullable=False),
    Column("organization_id", String, nullable=False),
    Column("seq", NUMBER, nullable=False),
    Column("workstation_id", String, nullable=False),
    Column("received_at", String, nullable=False),
    PrimaryKeyConstraint("type", "id"),
)
"""Whose each record is, and its newest change: place in the feed, who wrote it, when it came."""
Index(None, FEED_RECORD.c.seq)
Index(None, FEED_RECORD.c.organization_id, FEED_RECORD.c.seq)

FEED_VERSION: Final = Table(
    "feed_version",
    METADATA,
    Column("type", String, nullable=False),
    Column("id", String, nullable=False),
    Column("version_id", String, nullable=False),
    Column("organization_id", String, nullable=False),
    Column("sha256", String, nullable=False),
    Column("received_at", String, nullable=False),
    PrimaryKeyConstraint("type", "id", "version_id"),
)
"""The digest of every body as it came, so that a write that is sent again is known again."""

FEED_AUDIENCE: Final = Table(
    "feed_audience",
    METADATA,
    Column("type", String, nullable=False),
    Column("id", String, nullable=False),
    Column("organization_id", String, nullable=False),
    Column("bucket", String, nullable=False),
    Column("seq", NUMBER, nullable=False),
    PrimaryKeyConstraint("type", "id", "organization_id", "bucket"),
)
"""Which organisations see a record besides its own; ``*`` is everybody.

``bucket`` is empty where the record's own tags say so, and otherwise what opened it for them. ``seq`` is where it
stands in their feed: the place of its newest version, or a later one at which it was opened.
"""
Index(None, FEED_AUDIENCE.c.organization_id, FEED_AUDIENCE.c.seq)
Index(None, FEED_AUDIENCE.c.bucket)

FEED_BUCKET: Final = Table(
    "feed_bucket",
    METADATA,
    Column("id", String, primary_key=True),
    Column("organization_id", String, nullable=False),
    Column("owner_id", String, nullable=False),
    Column("patient_id", String, nullable=False),
    Column("request_id", String, nullable=False),
    Column("opened_at", String, nullable=False),
    Column("closed_at", String),
)
"""For whom (``organization_id``) a referral, by its Task's id, opened whose (``owner_id``) records of a patient."""
Index(None, FEED_BUCKET.c.patient_id)
Index(None, FEED_BUCKET.c.request_id)
Index(None, FEED_BUCKET.c.closed_at)

FEED_GONE: Final = Table(
    "feed_gone",
    METADATA,
    Column("seq", NUMBER, primary_key=True, autoincrement=False),
    Column("organization_id", String, nullable=False),
    Column("type", String, nullable=False),
    Column("id", String, nullable=False),
    Column("kind", String, nullable=False),
    Column("gone_at", String, nullable=False),
)
"""What readers no longer see (``evict``) or nobody may keep (``erase``), in its place in their feed."""
Index(None, FEED_GONE.c.organization_id, FEED_GONE.c.seq)

FEED_TOMBSTONE: Final = Table(
    "feed_tombstone",
    METADATA,
    Column("type", String, nullable=False),
    Column("id", String, nullable=False),
    Column("reason_sha256", String, nullable=False),
    Column("erased_at", String, nullable=False),
    PrimaryKeyConstraint("type", "id"),
)
"""What was erased by order and can never be written again; kept for ever."""

FEED_REFERENCE: Final = Table(
    "feed_reference",
    METADATA,
    Column("sha256", String, nullable=False),
    Column("type", String, nullable=False),
    Column("id", String, nullable=False),
    PrimaryKeyConstraint("sha256", "type", "id"),
)
"""Which records point to which content."""

FEED_CONTENT: Final = Table(
    "feed_content",
    METADATA,
    Column("organization_id", String, nullable=False),
    Column("sha256", String, nullable=False),
    Column("size", NUMBER, nullable=False),
    Column("offset", NUMBER, nullable=False),
    Column("is_whole", Boolean, nullable=False),
    Column("touched_at", String),
    PrimaryKeyConstraint("organization_id", "sha256"),
)
"""Content an organisation has handed in, or is handing in: how much of it is here, when its last piece came."""

FEED_PIECE: Final = Table(
    "feed_piece",
    METADATA,
    Column("organization_id", String, nullable=False),
    Column("sha256", String, nullable=False),
    Column("offset", NUMBER, nullable=False),
    Column("size", NUMBER, nullable=False),
    Column("piece_sha256", String, nullable=False),
    PrimaryKeyConstraint("organization_id", "sha256", "offset"),
)
"""The pieces of that content in the blob store, in order."""

FEED_ARCHIVE: Final = Table(
    "feed_archive",
    METADATA,
    Column("sha256", String, primary_key=True),
    Column("state", String, nullable=False),
    Column("instance_uid", String, nullable=False),
    Column("words", String, nullable=False),
    Column("tried_at", String, nullable=False),
)
"""What became of a content at the DICOM archive; one without a row waits."""
Index(None, FEED_ARCHIVE.c.state)

FEED_QUOTA: Final = Table(
    "feed_quota",
    METADATA,
    Column("organization_id", String, primary_key=True),
    Column("bytes", NUMBER, nullable=False),
)
"""How many bytes of contents an organisation may keep at this hub; without a row as many as fit."""

FEED_ANSWER: Final = Table(
    "feed_answer",
    METADATA,
    Column("organization_id", String, nullable=False),
    Column("key", String, nullable=False),
    Column("request_sha256", String, nullable=False),
    Column("body", LargeBinary, nullable=False),
    Column("answered_at", String, nullable=False),
    PrimaryKeyConstraint("organization_id", "key"),
)
"""What was answered to a transaction, to be said again when the answer was lost."""
Index(None, FEED_ANSWER.c.answered_at)

FEED_WORKSTATION: Final = Table(
    "feed_workstation",
    METADATA,
    Column("id", String, primary_key=True),
    Column("token_sha256", String, nullable=False, unique=True),
    Column("organization_id", String, nullable=False),
    Column("name", String, nullable=False),
    Column("enrolled_at", String, nullable=False),
    Column("is_revoked", Boolean, nullable=False),
)
"""Who may talk to this hub; the token itself is never stored."""
