"""Alembic's way in: runs the revisions on the connection the store hands over, in one transaction."""

from __future__ import annotations

from alembic import context

from clinic_app.storage.tables import METADATA

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=METADATA,
    render_as_batch=True,
    transactional_ddl=True,
)
context.run_migrations()
