"""What a referral opens for another organisation, and what is gone from the feed."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

NUMBER = sa.BigInteger().with_variant(sa.Integer, "sqlite")
OLD = ("type", "id", "organization_id")


def upgrade() -> None:
    """Give each reader's record its place in the feed, and make the tables of what is opened and gone."""
    op.create_index("ix_feed_record_organization_id_seq", "feed_record", ["organization_id", "seq"])
    op.execute(sa.text("CREATE TABLE feed_audience_before AS SELECT type, id, organization_id FROM feed_audience"))
    op.drop_table("feed_audience")
    op.create_table(
        "feed_audience",
        *(_text(name) for name in (*OLD, "bucket")),
        sa.Column("seq", NUMBER, nullable=False),
        sa.PrimaryKeyConstraint(*OLD, "bucket", name="pk_feed_audience"),
    )
    op.execute(
        sa.text(
            "INSERT INTO feed_audience (type, id, organization_id, bucket, seq) "
            "SELECT former.type, former.id, former.organization_id, '', feed_record.seq "
            "FROM feed_audience_before AS former "
            "JOIN feed_record ON feed_record.type = former.type AND feed_record.id = former.id"
        )
    )
    op.drop_table("feed_audience_before")
    op.create_index("ix_feed_audience_organization_id_seq", "feed_audience", ["organization_id", "seq"])
    op.create_index("ix_feed_audience_bucket", "feed_audience", ["bucket"])
    _make_buckets()
    op.create_table(
        "feed_gone",
        sa.Column("seq", NUMBER, primary_key=True, autoincrement=False),
        *(_text(name) for name in ("organization_id", "type", "id", "kind", "gone_at")),
    )
    op.create_index("ix_feed_gone_organization_id_seq", "feed_gone", ["organization_id", "seq"])
    op.create_table(
        "feed_tombstone",
        *(_text(name) for name in ("type", "id", "reason_sha256", "erased_at")),
        sa.PrimaryKeyConstraint("type", "id", name="pk_feed_tombstone"),
    )


def _make_buckets() -> None:
    op.create_table(
        "feed_bucket",
        sa.Column("id", sa.String, primary_key=True),
        *(_text(name) for name in ("organization_id", "owner_id", "patient_id", "request_id", "opened_at")),
        sa.Column("closed_at", sa.String),
    )
    op.create_index("ix_feed_bucket_patient_id", "feed_bucket", ["patient_id"])
    op.create_index("ix_feed_bucket_request_id", "feed_bucket", ["request_id"])
    op.create_index("ix_feed_bucket_closed_at", "feed_bucket", ["closed_at"])


def _text(name: str) -> sa.Column[str]:
    return sa.Column(name, sa.String, nullable=False)
