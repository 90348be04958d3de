"""The tables of a hub: owners, audiences, content in pieces, answers to be said again, enrolled workstations."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the feed's tables; on a workstation they stay empty."""
    _records()
    _content()
    _callers()


def _text(name: str) -> sa.Column[str]:
    return sa.Column(name, sa.String, nullable=False)


def _number(name: str) -> sa.Column[int]:
    return sa.Column(name, sa.BigInteger().with_variant(sa.Integer, "sqlite"), nullable=False)


def _records() -> None:
    op.create_table(
        "feed_record",
        _text("type"),
        _text("id"),
        _text("organization_id"),
        _number("seq"),
        _text("workstation_id"),
        _text("received_at"),
        sa.PrimaryKeyConstraint("type", "id", name="pk_feed_record"),
    )
    op.create_index("ix_feed_record_seq", "feed_record", ["seq"])
    op.create_table(
        "feed_version",
        _text("type"),
        _text("id"),
        _text("version_id"),
        _text("organization_id"),
        _text("sha256"),
        _text("received_at"),
        sa.PrimaryKeyConstraint("type", "id", "version_id", name="pk_feed_version"),
    )
    op.create_table(
        "feed_audience",
        _text("type"),
        _text("id"),
        _text("organization_id"),
        sa.PrimaryKeyConstraint("type", "id", "organization_id", name="pk_feed_audience"),
    )
    op.create_table(
        "feed_reference",
        _text("sha256"),
        _text("type"),
        _text("id"),
        sa.PrimaryKeyConstraint("sha256", "type", "id", name="pk_feed_reference"),
    )


def _content() -> None:
    op.create_table(
        "feed_content",
        _text("organization_id"),
        _text("sha256"),
        _number("size"),
        _number("offset"),
        sa.Column("is_whole", sa.Boolean, nullable=False),
        sa.PrimaryKeyConstraint("organization_id", "sha256", name="pk_feed_content"),
    )
    op.create_table(
        "feed_piece",
        _text("organization_id"),
        _text("sha256"),
        _number("offset"),
        _number("size"),
        _text("piece_sha256"),
        sa.PrimaryKeyConstraint("organization_id", "sha256", "offset", name="pk_feed_piece"),
    )


def _callers() -> None:
    op.create_table(
        "feed_answer",
        _text("organization_id"),
        _text("key"),
        _text("request_sha256"),
        sa.Column("body", sa.LargeBinary, nullable=False),
        _text("answered_at"),
        sa.PrimaryKeyConstraint("organization_id", "key", name="pk_feed_answer"),
    )
    op.create_index("ix_feed_answer_answered_at", "feed_answer", ["answered_at"])
    op.create_table(
        "feed_workstation",
        _text("id"),
        _text("token_sha256"),
        _text("organization_id"),
        _text("name"),
        _text("enrolled_at"),
        sa.Column("is_revoked", sa.Boolean, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_feed_workstation"),
        sa.UniqueConstraint("token_sha256", name="uq_feed_workstation_token_sha256"),
    )
