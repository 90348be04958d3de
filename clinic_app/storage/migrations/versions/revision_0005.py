"""Accounts of a hub: organisations, sites, codes, devices with keys, used assertions, heads of audit trails."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

NUMBER = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def upgrade() -> None:
    """Make the tables; a hub's workstations keep their tokens."""
    op.create_table("feed_organization", _id(), _text("name"), _text("added_at"))
    op.create_table("feed_site", _id(), _text("organization_id"), _text("name"), _text("added_at"))
    op.create_index("ix_feed_site_organization_id_name", "feed_site", ["organization_id", "name"], unique=True)
    op.create_table(
        "feed_code",
        _id("code_sha256"),
        _text("organization_id"),
        _perhaps("site_id"),
        _text("name"),
        _text("expires_at"),
        _perhaps("used_by"),
    )
    _make_device()
    op.create_table(
        "feed_assertion",
        _text("workstation_id"),
        _text("jti"),
        _text("expires_at"),
        sa.PrimaryKeyConstraint("workstation_id", "jti", name="pk_feed_assertion"),
    )
    op.create_index("ix_feed_assertion_expires_at", "feed_assertion", ["expires_at"])
    op.create_table(
        "feed_audit_head",
        _text("workstation_id"),
        _text("seen_at"),
        sa.Column("links", NUMBER, nullable=False),
        _text("head"),
        _text("verdict"),
        sa.PrimaryKeyConstraint("workstation_id", "seen_at", name="pk_feed_audit_head"),
    )


def _make_device() -> None:
    op.create_table(
        "feed_device",
        _id("workstation_id"),
        _perhaps("site_id"),
        _perhaps("algorithm"),
        _perhaps("public_jwk"),
        _perhaps("last_seen_at"),
        _perhaps("program"),
        sa.Column("waiting", NUMBER),
        sa.Column("waiting_bytes", NUMBER),
        _perhaps("revoked_at"),
        _perhaps("revoked_because"),
        sa.Column("is_to_be_erased", sa.Boolean, nullable=False),
        _perhaps("told_at"),
    )


def _id(name: str = "id") -> sa.Column[str]:
    return sa.Column(name, sa.String, primary_key=True)


def _text(name: str) -> sa.Column[str]:
    return sa.Column(name, sa.String, nullable=False)


def _perhaps(name: str) -> sa.Column[str]:
    return sa.Column(name, sa.String)
