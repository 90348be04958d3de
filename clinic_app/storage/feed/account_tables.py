"""The tables of a hub's accounts: who may be let in by a code, what proves a device, what its audit trail had come to.

A workstation stands in `feed_tables.FEED_WORKSTATION`; what has come since the hub gives tokens for keys stands here.
"""

from __future__ import annotations

from typing import Final

from sqlalchemy import Boolean, Column, Index, PrimaryKeyConstraint, String, Table

from clinic_app.storage.tables import METADATA, NUMBER

FEED_ORGANIZATION: Final = Table(
    "feed_organization",
    METADATA,
    Column("id", String, primary_key=True),
    Column("name", String, nullable=False),
    Column("added_at", String, nullable=False),
)
"""Hospitals with at least one code or device, by the name the hub's own people gave them."""

FEED_SITE: Final = Table(
    "feed_site",
    METADATA,
    Column("id", String, primary_key=True),
    Column("organization_id", String, nullable=False),
    Column("name", String, nullable=False),
    Column("added_at", String, nullable=False),
)
"""Buildings and departments of a hospital in which devices stand."""
Index(None, FEED_SITE.c.organization_id, FEED_SITE.c.name, unique=True)

FEED_CODE: Final = Table(
    "feed_code",
    METADATA,
    Column("code_sha256", String, primary_key=True),
    Column("organization_id", String, nullable=False),
    Column("site_id", String),
    Column("name", String, nullable=False),
    Column("expires_at", String, nullable=False),
    Column("used_by", String),
)
"""Places of codes that let devices in; ``used_by`` is the id of the device that has the place.

``code_sha256`` of a code that lives for days has a dot and the number of the place behind the digest.
"""

FEED_DEVICE: Final = Table(
    "feed_device",
    METADATA,
    Column("workstation_id", String, primary_key=True),
    Column("site_id", String),
    Column("algorithm", String),
    Column("public_jwk", String),
    Column("last_seen_at", String),
    Column("program", String),
    Column("waiting", NUMBER),
    Column("waiting_bytes", NUMBER),
    Column("revoked_at", String),
    Column("revoked_because", String),
    Column("is_to_be_erased", Boolean, nullable=False),
    Column("told_at", String),
)
"""What is known of a workstation beside its place in `FEED_WORKSTATION`.

``algorithm`` and ``public_jwk`` are missing for one with a static token; ``program``, ``waiting`` and ``waiting_bytes``
are what it last said of itself; ``told_at`` is when it first fetched the order to erase its keys.
"""

FEED_ASSERTION: Final = Table(
    "feed_assertion",
    METADATA,
    Column("workstation_id", String, nullable=False),
    Column("jti", String, nullable=False),
    Column("expires_at", String, nullable=False),
    PrimaryKeyConstraint("workstation_id", "jti"),
)
"""Assertions that were used and have not expired: none is taken twice."""
Index(None, FEED_ASSERTION.c.expires_at)

FEED_AUDIT_HEAD: Final = Table(
    "feed_audit_head",
    METADATA,
    Column("workstation_id", String, nullable=False),
    Column("seen_at", String, nullable=False),
    Column("links", NUMBER, nullable=False),
    Column("head", String, nullable=False),
    Column("verdict", String, nullable=False),
    PrimaryKeyConstraint("workstation_id", "seen_at"),
)
"""How far each workstation's audit trail had come: the newest, and every moment at which it was not what it had been.

``verdict`` is ``whole``, ``shorter`` or ``other``.
"""
