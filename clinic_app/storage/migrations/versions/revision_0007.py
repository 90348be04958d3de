"""What became of contents at the archive, how much an organisation may keep, and when an upload was last touched."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

NUMBER = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def upgrade() -> None:
    """Make the tables, and let an upload say when its last piece came."""
    op.create_table(
        "feed_archive",
        sa.Column("sha256", sa.String, primary_key=True),
        *(sa.Column(name, sa.String, nullable=False) for name in ("state", "instance_uid", "words", "tried_at")),
    )
    op.create_index("ix_feed_archive_state", "feed_archive", ["state"])
    op.create_table(
        "feed_quota",
        sa.Column("organization_id", sa.String, primary_key=True),
        sa.Column("bytes", NUMBER, nullable=False),
    )
    op.add_column("feed_content", sa.Column("touched_at", sa.String))
