"""The second wall of a hub on a server: PostgreSQL itself hides the bodies of records that are not the asker's.

The first wall is the filter every query of the feed has (`clinic_app.storage.feed.rows.visible_to`). Should a query
ever come without it, the server still gives only what is the asking organisation's or meant for it: each transaction
that reads for a caller says whose it is, and the tables with bodies have a policy that asks (PostgreSQL, "Row Security
Policies"). What the hub does for itself says nothing and sees everything. A role that is a superuser, or may bypass
row security, has no second wall.
"""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Final

from sqlalchemy import Connection, select, text

from clinic_app.storage.engines.upserts import Upsert
from clinic_app.storage.tables import MEMORY

ASKING: Final[ContextVar[str]] = ContextVar("asking", default="")
"""The organisation for which this thread or task reads now; empty for the hub itself."""
_BODIES: Final = ("record", "history")
_FUNCTION: Final = """
CREATE OR REPLACE FUNCTION dala_may_read(of_type text, of_id text) RETURNS boolean LANGUAGE plpgsql STABLE AS $wall$
DECLARE
    reader text := current_setting('dala.reader', true);
BEGIN
    IF reader IS NULL OR reader = '' THEN
        RETURN true;
    END IF;
    RETURN EXISTS (SELECT 1 FROM feed_record r
                   WHERE r.type = of_type AND r.id = of_id AND r.organization_id = reader)
        OR EXISTS (SELECT 1 FROM feed_audience a
                   WHERE a.type = of_type AND a.id = of_id AND a.organization_id IN (reader, '*'));
END
$wall$
"""
_ON_BOTH: Final = """
DROP POLICY IF EXISTS dala_reading ON {table};
DROP POLICY IF EXISTS dala_adding ON {table};
DROP POLICY IF EXISTS dala_changing ON {table};
DROP POLICY IF EXISTS dala_removing ON {table};
CREATE POLICY dala_reading ON {table} FOR SELECT USING (dala_may_read(type, id));
CREATE POLICY dala_adding ON {table} FOR INSERT WITH CHECK (true);
CREATE POLICY dala_changing ON {table} FOR UPDATE USING (true);
CREATE POLICY dala_removing ON {table} FOR DELETE USING (true);
ALTER TABLE {table} ENABLE ROW LEVEL SECURITY;
ALTER TABLE {table} FORCE ROW LEVEL SECURITY
"""
_STATEMENTS: Final = (_FUNCTION, *(_ON_BOTH.replace("{table}", table) for table in _BODIES))
_NAME: Final = "row-wall"
_PUT: Final = Upsert(MEMORY, "value")
_log: Final = logging.getLogger(__name__)


def raise_wall(connection: Connection) -> None:
    """Put the policies in their places, if they are not there as this program wants them, in a writing transaction."""
    wanted = hashlib.sha256("".join(_STATEMENTS).encode()).digest()
    kept = connection.scalar(select(MEMORY.c.value).where(MEMORY.c.name == _NAME))
    stands = connection.execute(
        text(
            "SELECT count(*) FROM pg_class WHERE relname IN ('record', 'history') AND relforcerowsecurity"
            " AND relnamespace = current_schema()::regnamespace"
        )
    ).scalar()
    if kept != wanted or stands != len(_BODIES):
        for statement in _STATEMENTS:
            connection.exec_driver_sql(statement)
        _PUT.run(connection, {"name": _NAME, "value": wanted})
    if connection.execute(text("SELECT rolsuper OR rolbypassrls FROM pg_roles WHERE rolname = current_user")).scalar():
        _log.warning("the database role of this hub passes the server's row security: use one that is no superuser")


def say_who_asks(connection: Connection) -> None:
    """Tell the server for whom this transaction reads; it forgets at its end."""
    organization_id = ASKING.get()
    if organization_id:
        _say(connection, organization_id)


@contextmanager
def for_the_hub_itself(connection: Connection) -> Iterator[None]:
    """Let a reading transaction see what is nobody's to know but the hub's own: places of the feed, no bodies.

    A transaction that never said for whom it reads (one that writes, and searches within) goes on saying nothing.
    """
    organization_id = ""
    if ASKING.get() and connection.dialect.name == "postgresql":
        organization_id = connection.scalar(text("SELECT current_setting('dala.reader', true)")) or ""
    if organization_id:
        _say(connection, "")
    yield
    if organization_id:
        _say(connection, organization_id)


def _say(connection: Connection, organization_id: str) -> None:
    connection.execute(text("SELECT set_config('dala.reader', :reader, true)"), {"reader": organization_id})
