"""Who may talk to a hub: one secret token for each workstation, of which only the digest is kept."""

from __future__ import annotations

import hashlib
import secrets
from typing import Final

from sqlalchemy import insert, select, update

from clinic_app.foundation.clock import Clock
from clinic_app.foundation.ids import new_id
from clinic_app.storage.database import Database
from clinic_app.storage.feed_rows import Caller
from clinic_app.storage.feed_tables import FEED_WORKSTATION

_TOKEN_BYTES: Final = 32


class FeedCallers:
    """The enrolled workstations of one hub."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    def enrol(self, organization_id: str, name: str) -> str:
        """Let one more workstation of an organisation in, and return its token; it is shown only here."""
        token = secrets.token_urlsafe(_TOKEN_BYTES)
        with self._database.writing() as connection:
            connection.execute(
                insert(FEED_WORKSTATION).values(
                    id=new_id(),
                    token_sha256=_digest(token),
                    organization_id=organization_id,
                    name=name,
                    enrolled_at=self._clock.now().isoformat(),
                    is_revoked=False,
                )
            )
        return token

    def caller(self, token: str) -> Caller | None:
        """Return whose token this is, or None for an unknown or revoked one."""
        table = FEED_WORKSTATION
        query = select(table.c.id, table.c.organization_id).where(
            table.c.token_sha256 == _digest(token), table.c.is_revoked.is_(False)
        )
        with self._database.reading() as connection:
            row = connection.execute(query).first()
        return Caller(row.id, row.organization_id) if row else None

    def revoke(self, workstation_id: str) -> None:
        """Shut a workstation out from its next request on."""
        table = FEED_WORKSTATION
        with self._database.writing() as connection:
            connection.execute(update(table).where(table.c.id == workstation_id).values(is_revoked=True))


def _digest(token: str) -> str:
    """A token has 256 random bits, so that a plain digest is enough and costs nothing per request."""
    return hashlib.sha256(token.encode()).hexdigest()
