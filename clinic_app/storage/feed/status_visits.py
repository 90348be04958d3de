"""Who may look at a hub's status page: a link that is good once and for minutes, and the visit it opens.

Of both only digests lie in the database, so that every process of a hub knows them and nobody can use what he reads
there. They are random enough (256 bits) for a plain digest.
"""

from __future__ import annotations

import hashlib
import secrets
from datetime import datetime, timedelta
from typing import Final

import msgspec
from sqlalchemy import Connection, select

from clinic_app.foundation.clock import Clock
from clinic_app.storage.engines.database import Database
from clinic_app.storage.memory import forget_values, put_values
from clinic_app.storage.tables import MEMORY

LINK_LIVES: Final = timedelta(minutes=10)
VISIT_LIVES: Final = timedelta(hours=8)
_LINK: Final = "status-link/"
_VISIT: Final = "status-visit/"
_BYTES: Final = 32


class _Pass(msgspec.Struct, frozen=True):
    """Whose a link or a visit is, and until when."""

    name: str
    until: datetime


class StatusVisits:
    """The links and visits of one hub.

    Args:
        database: where they lie.
        clock: says when they end.
    """

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    def new_link(self, name: str) -> str:
        """Return the secret of a fresh link for somebody; it is shown only here."""
        with self._database.writing() as connection:
            self._forget_old(connection)
            return self._give(connection, _LINK, name, LINK_LIVES)

    def enter(self, secret: str) -> tuple[str, str] | None:
        """Use a link up; return the secret of the visit and whose it is, or None for one that is not good."""
        with self._database.writing() as connection:
            pass_ = self._living(connection, _LINK, secret)
            if pass_ is None:
                return None
            forget_values(connection, [_name(_LINK, secret)])
            return self._give(connection, _VISIT, pass_.name, VISIT_LIVES), pass_.name

    def visitor(self, secret: str) -> str | None:
        """Return whose visit this is, or None for none, or one that is over."""
        with self._database.reading() as connection:
            pass_ = self._living(connection, _VISIT, secret)
        return pass_.name if pass_ is not None else None

    def leave(self, secret: str) -> None:
        """End a visit."""
        with self._database.writing(may_use_reserve=True) as connection:
            forget_values(connection, [_name(_VISIT, secret)])

    def _give(self, connection: Connection, prefix: str, name: str, lives: timedelta) -> str:
        secret = secrets.token_urlsafe(_BYTES)
        put_values(connection, {_name(prefix, secret): msgspec.json.encode(_Pass(name, self._clock.now() + lives))})
        return secret

    def _living(self, connection: Connection, prefix: str, secret: str) -> _Pass | None:
        kept = connection.scalar(select(MEMORY.c.value).where(MEMORY.c.name == _name(prefix, secret)))
        pass_ = msgspec.json.decode(kept, type=_Pass) if kept is not None else None
        return pass_ if pass_ is not None and self._clock.now() < pass_.until else None

    def _forget_old(self, connection: Connection) -> None:
        ours = MEMORY.c.name.like(f"{_LINK}%") | MEMORY.c.name.like(f"{_VISIT}%")
        now = self._clock.now()
        rows = connection.execute(select(MEMORY.c.name, MEMORY.c.value).where(ours)).all()
        old = [row.name for row in rows if msgspec.json.decode(row.value, type=_Pass).until <= now]
        if old:
            forget_values(connection, old)


def _name(prefix: str, secret: str) -> str:
    return prefix + hashlib.sha256(secret.encode()).hexdigest()
