"""Who may talk to a hub, when each was last here, and who is shut out.

A workstation shows either a static token, of which only the digest is kept, or one that the hub gave it for a minute or
ten because it proved that it has the key it was enrolled with (`clinic_app.hub.accounts`); what is asked here is only
whose it is and whether he is still let in.
"""

from __future__ import annotations

import hashlib
import secrets
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import ColumnElement, Row, and_, insert, select, update

from clinic_app.foundation.clock import Clock
from clinic_app.foundation.errors import NotFoundError, StorageError
from clinic_app.foundation.ids import new_id
from clinic_app.foundation.texts import Text
from clinic_app.storage.engines.database import Database
from clinic_app.storage.engines.upserts import Upsert
from clinic_app.storage.feed.account_tables import FEED_DEVICE, FEED_ORGANIZATION, FEED_SITE
from clinic_app.storage.feed.rows import Caller
from clinic_app.storage.feed.tables import FEED_WORKSTATION

SEEN_EVERY: Final = timedelta(minutes=5)
"""How old the note of a caller's last visit may be before it is written anew: 4,180 workstations then cost 14 writes a
second, and a report of one (`FeedCallers.report`) writes it in any case."""
_TOKEN_BYTES: Final = 32
_NOTE_SEEN: Final = Upsert(FEED_DEVICE, "last_seen_at")
_NOTE_REPORT: Final = Upsert(FEED_DEVICE, "last_seen_at", "program", "waiting", "waiting_bytes")
_NOTE_REVOKED: Final = Upsert(FEED_DEVICE, "revoked_at", "revoked_because", "is_to_be_erased")


@dataclass(frozen=True)
class DeviceLine:
    """One workstation as the hub's own people see it.

    Args:
        id: at this hub.
        name: what it is called.
        organization_id: the hospital it belongs to; ``organization`` is that one's name, or the id again.
        site: where it stands; empty where nobody said.
        algorithm: of its key; empty for a static token.
        enrolled_at: when it was let in.
        last_seen_at: its last visit, within `SEEN_EVERY`; None for none.
        program: the version of its program, as it said; ``waiting`` records and ``waiting_bytes`` of contents had
            still to be sent when it last said so.
        revoked_at: when it was shut out; None for one that is let in.
        revoked_because: why.
        is_to_be_erased: whether it is ordered to erase its keys, and ``told_at`` when it fetched the order.
    """

    id: str
    name: str
    organization_id: str
    organization: str
    site: str
    algorithm: str
    enrolled_at: datetime
    last_seen_at: datetime | None
    program: str
    waiting: int
    waiting_bytes: int
    revoked_at: datetime | None
    revoked_because: str
    is_to_be_erased: bool
    told_at: datetime | None


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
        """Return whose static token this is, or None for an unknown or revoked one."""
        return self._found(FEED_WORKSTATION.c.token_sha256 == _digest(token))

    def caller_with_id(self, workstation_id: str) -> Caller | None:
        """Return the workstation of this id, or None for an unknown or revoked one."""
        return self._found(FEED_WORKSTATION.c.id == workstation_id)

    def report(self, caller: Caller, program: str, waiting: int, waiting_bytes: int) -> None:
        """Keep what a workstation says of itself: the version of its program, and what it has yet to send."""
        said = {"program": program, "waiting": waiting, "waiting_bytes": waiting_bytes}
        self._note(_NOTE_REPORT, caller.workstation_id, **said)

    def revoke(self, workstation_id: str, reason: str = "", *, is_to_be_erased: bool = False) -> None:
        """Shut a workstation out from its next request on.

        Args:
            workstation_id: which.
            reason: what its user is told.
            is_to_be_erased: whether it is to erase its keys when it next comes.

        Raises:
            NotFoundError: there is none of this id.
        """
        table = FEED_WORKSTATION
        shut = {"revoked_at": self._clock.now().isoformat(), "revoked_because": reason}
        with self._database.writing() as connection:
            done = connection.execute(update(table).where(table.c.id == workstation_id).values(is_revoked=True))
            if done.rowcount == 0:
                raise NotFoundError(Text("The hub has no workstation “{id}”.", id=workstation_id))
            _NOTE_REVOKED.run(
                connection, {"workstation_id": workstation_id, **shut, "is_to_be_erased": is_to_be_erased}
            )

    def devices(self) -> tuple[DeviceLine, ...]:
        """Return every workstation, by organisation and name."""
        station, device = FEED_WORKSTATION, FEED_DEVICE
        query = (
            select(station, device, FEED_ORGANIZATION.c.name.label("organization"), FEED_SITE.c.name.label("site"))
            .outerjoin(device, device.c.workstation_id == station.c.id)
            .outerjoin(FEED_ORGANIZATION, FEED_ORGANIZATION.c.id == station.c.organization_id)
            .outerjoin(FEED_SITE, FEED_SITE.c.id == device.c.site_id)
            .order_by(station.c.organization_id, station.c.name, station.c.id)
        )
        with self._database.reading() as connection:
            return tuple(_line(row) for row in connection.execute(query))

    def _found(self, condition: ColumnElement[bool]) -> Caller | None:
        table = FEED_WORKSTATION
        query = (
            select(table.c.id, table.c.organization_id, FEED_DEVICE.c.last_seen_at)
            .outerjoin(FEED_DEVICE, FEED_DEVICE.c.workstation_id == table.c.id)
            .where(and_(condition, table.c.is_revoked.is_(False)))
        )
        with self._database.reading() as connection:
            row = connection.execute(query).first()
        if row is None:
            return None
        if row.last_seen_at is None or self._is_old(row.last_seen_at):
            with suppress(StorageError):  # a full disk is no reason to turn somebody away
                self._note(_NOTE_SEEN, row.id)
        return Caller(row.id, row.organization_id)

    def _is_old(self, seen_at: str) -> bool:
        return abs(self._clock.now() - datetime.fromisoformat(seen_at)) >= SEEN_EVERY

    def _note(self, note: Upsert, workstation_id: str, **said: object) -> None:
        row = {"workstation_id": workstation_id, "is_to_be_erased": False, **said}
        with self._database.writing(may_use_reserve=True) as connection:
            note.run(connection, {**row, "last_seen_at": self._clock.now().isoformat()})


def _line(row: Row[Any]) -> DeviceLine:
    return DeviceLine(
        id=row.id,
        name=row.name,
        organization_id=row.organization_id,
        organization=row.organization or row.organization_id,
        site=row.site or "",
        algorithm=row.algorithm or "",
        enrolled_at=datetime.fromisoformat(row.enrolled_at),
        last_seen_at=_moment(row.last_seen_at),
        program=row.program or "",
        waiting=row.waiting or 0,
        waiting_bytes=row.waiting_bytes or 0,
        revoked_at=_moment(row.revoked_at),
        revoked_because=row.revoked_because or "",
        is_to_be_erased=bool(row.is_to_be_erased),
        told_at=_moment(row.told_at),
    )


def _moment(kept: str | None) -> datetime | None:
    return datetime.fromisoformat(kept) if kept else None


def _digest(token: str) -> str:
    """A token has 256 random bits, so that a plain digest is enough and costs nothing per request."""
    return hashlib.sha256(token.encode()).hexdigest()
