"""How a device comes into a hub by a one-time code, and by which key it is known from then on."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import Connection, Row, delete, insert, select, update

from clinic_app.foundation.clock import Clock
from clinic_app.foundation.errors import ConflictError, InvalidInputError
from clinic_app.foundation.ids import new_id
from clinic_app.foundation.texts import Text
from clinic_app.keys.enrolment_code import new_code
from clinic_app.storage.engines.database import Database
from clinic_app.storage.engines.upserts import Upsert
from clinic_app.storage.feed.account_tables import (
    FEED_ASSERTION,
    FEED_CODE,
    FEED_DEVICE,
    FEED_ORGANIZATION,
    FEED_SITE,
)
from clinic_app.storage.feed.tables import FEED_WORKSTATION

CODE_LIVES: Final = timedelta(minutes=10)
_PUT_NAME: Final = Upsert(FEED_ORGANIZATION, "name")
_PUT_ORGANIZATION: Final = Upsert(FEED_ORGANIZATION)
_LONGEST_NAME: Final = 200
_ID: Final = re.compile(r"[A-Za-z0-9.-]{1,64}", re.ASCII)
"""FHIR R4, data type id."""


@dataclass(frozen=True)
class Admission:
    """For whom a code is: the hospital, the place in it, and what the device is called in the hub's list.

    Args:
        organization_id: the hospital's id.
        name: of the device.
        organization: the hospital's name; empty leaves the one that is known.
        site: the building or department; empty for none.
    """

    organization_id: str
    name: str
    organization: str = ""
    site: str = ""


@dataclass(frozen=True)
class Admitted:
    """A device that was let in: its id here, its hospital and that one's name."""

    device_id: str
    organization_id: str
    organization: str


@dataclass(frozen=True)
class DeviceKey:
    """What proves one device.

    Args:
        device_id: its id here.
        algorithm: the only one its proofs may have.
        public_jwk: its public key as JSON.
        is_revoked: whether it is shut out.
        erase_because: why it is to erase its keys; None for one that is not.
        revoked_at: since when it is shut out.
    """

    device_id: str
    algorithm: str
    public_jwk: str
    is_revoked: bool
    erase_because: str | None
    revoked_at: datetime | None


class FeedAccounts:
    """Codes and keys of one hub.

    Args:
        database: where they lie.
        clock: says when a code expires.
    """

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    def new_code(self, admission: Admission) -> tuple[str, datetime]:
        """Return a fresh code that lets one device in, and when it expires.

        Raises:
            InvalidInputError: no id of a hospital, or a name nobody could read.
        """
        _check(admission)
        signs, expires_at = new_code(), self._clock.now() + CODE_LIVES
        with self._database.writing() as connection:
            self._add_organization(connection, admission)
            connection.execute(delete(FEED_CODE).where(FEED_CODE.c.expires_at < _past(self._clock)))
            connection.execute(
                insert(FEED_CODE).values(
                    code_sha256=_digest(signs),
                    organization_id=admission.organization_id,
                    site_id=self._site(connection, admission),
                    name=admission.name.strip(),
                    expires_at=expires_at.isoformat(),
                )
            )
        return signs, expires_at

    def admit(self, signs: str, algorithm: str, public_jwk: str, organization_id: str = "") -> Admitted | None:
        """Let the device in that showed a code, with its public key; None for a code that is not or no longer good.

        A device whose answer was lost shows the same code with the same key and is told the same again.

        Raises:
            ConflictError: the code is for another organisation than the device belongs to; it stays good.
        """
        with self._database.writing() as connection:
            code = connection.execute(select(FEED_CODE).where(FEED_CODE.c.code_sha256 == _digest(signs))).first()
            if code is None or datetime.fromisoformat(code.expires_at) <= self._clock.now():
                return None
            if organization_id not in ("", code.organization_id):
                raise ConflictError(Text("This code is for another hospital."))
            device_id = code.used_by
            if device_id is None:
                device_id = self._add_device(connection, code, algorithm, public_jwk)
                used = update(FEED_CODE).where(FEED_CODE.c.code_sha256 == code.code_sha256).values(used_by=device_id)
                connection.execute(used)
            elif public_jwk != connection.scalar(
                select(FEED_DEVICE.c.public_jwk).where(FEED_DEVICE.c.workstation_id == device_id)
            ):
                return None
            query = select(FEED_ORGANIZATION.c.name).where(FEED_ORGANIZATION.c.id == code.organization_id)
            return Admitted(device_id, code.organization_id, connection.scalar(query) or "")

    def key_of(self, device_id: str) -> DeviceKey | None:
        """Return what proves a device, also one that is shut out; None for one that is not known by a key."""
        station = FEED_WORKSTATION
        query = (
            select(FEED_DEVICE, station.c.is_revoked)
            .join(station, station.c.id == FEED_DEVICE.c.workstation_id)
            .where(FEED_DEVICE.c.workstation_id == device_id, FEED_DEVICE.c.public_jwk.is_not(None))
        )
        with self._database.reading() as connection:
            row = connection.execute(query).first()
        if row is None:
            return None
        because = (row.revoked_because or "") if row.is_revoked and row.is_to_be_erased else None
        revoked_at = datetime.fromisoformat(row.revoked_at) if row.revoked_at else None
        return DeviceKey(device_id, row.algorithm, row.public_jwk, bool(row.is_revoked), because, revoked_at)

    def take_assertion(self, device_id: str, jti: str, expires_at: datetime) -> bool:
        """Note that an assertion was used; False where it was used before."""
        table = FEED_ASSERTION
        is_it = (table.c.workstation_id == device_id, table.c.jti == jti)
        with self._database.writing(may_use_reserve=True) as connection:
            connection.execute(delete(table).where(table.c.expires_at < _past(self._clock)))
            if connection.execute(select(table.c.jti).where(*is_it)).first() is not None:
                return False
            row = {"workstation_id": device_id, "jti": jti, "expires_at": expires_at.isoformat()}
            connection.execute(insert(table).values(**row))
        return True

    def note_told(self, device_id: str) -> None:
        """Note that a device has fetched the order to erase its keys; the first time stays."""
        table = FEED_DEVICE
        is_untold = (table.c.workstation_id == device_id, table.c.told_at.is_(None))
        with self._database.writing(may_use_reserve=True) as connection:
            connection.execute(update(table).where(*is_untold).values(told_at=self._clock.now().isoformat()))

    def _add_organization(self, connection: Connection, admission: Admission) -> None:
        name = admission.organization.strip()
        put = _PUT_NAME if name else _PUT_ORGANIZATION
        row = {"id": admission.organization_id, "name": name or admission.organization_id}
        put.run(connection, {**row, "added_at": self._clock.now().isoformat()})

    def _site(self, connection: Connection, admission: Admission) -> str | None:
        name = admission.site.strip()
        if not name:
            return None
        named = {"organization_id": admission.organization_id, "name": name}
        query = select(FEED_SITE.c.id).where(
            FEED_SITE.c.organization_id == admission.organization_id, FEED_SITE.c.name == name
        )
        known: str | None = connection.scalar(query)
        if known is None:
            known = new_id()
            connection.execute(insert(FEED_SITE).values(id=known, **named, added_at=self._clock.now().isoformat()))
        return known

    def _add_device(self, connection: Connection, code: Row[Any], algorithm: str, public_jwk: str) -> str:
        device_id, now = new_id(), self._clock.now().isoformat()
        connection.execute(
            insert(FEED_WORKSTATION).values(
                id=device_id,
                token_sha256=f"none-{device_id}",  # no digest of anything: it has a key in place of a token
                organization_id=code.organization_id,
                name=code.name,
                enrolled_at=now,
                is_revoked=False,
            )
        )
        connection.execute(
            insert(FEED_DEVICE).values(
                workstation_id=device_id,
                site_id=code.site_id,
                algorithm=algorithm,
                public_jwk=public_jwk,
                is_to_be_erased=False,
            )
        )
        return device_id


def _check(admission: Admission) -> None:
    if not _ID.fullmatch(admission.organization_id):
        raise InvalidInputError(Text("This is no id of a hospital."), "organization_id")
    words = (admission.name, admission.organization, admission.site)
    if not admission.name.strip() or any(len(each) > _LONGEST_NAME or not each.isprintable() for each in words):
        raise InvalidInputError(Text("Name the workstation in one line of at most 200 letters."), "name")


def _past(clock: Clock) -> str:
    return clock.now().isoformat()


def _digest(signs: str) -> str:
    """A code lives for minutes and is tried against limits, so that a plain digest is enough."""
    return hashlib.sha256(signs.encode()).hexdigest()
