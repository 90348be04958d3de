"""How a device comes into a hub by a code, and by which key it is known from then on.

A code has one place, or as many as there are computers to be let in by it; each place is a row and is given once. A row
is known by the digest of its code; of a code that lives for days by that, a dot and the number of the place.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import Connection, Row, delete, insert, or_, select, update

from clinic_app.foundation.clock import Clock
from clinic_app.foundation.errors import ClinicError, ConflictError, InvalidInputError, NotFoundError
from clinic_app.foundation.ids import new_id
from clinic_app.foundation.texts import Text
from clinic_app.keys.enrolment_code import is_long, new_code, new_long_code
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
LONGEST_LIVES: Final = timedelta(days=14)
MOST_COMPUTERS: Final = 200
_NUMBER_SIGNS: Final = 8
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


class CodeSpentError(ClinicError):
    """Whoever asks has a code of this hub, and it lets nobody in any more.

    Args:
        text: why.
        why: the same in a few small letters, for IT.
    """

    def __init__(self, text: Text, why: str) -> None:
        super().__init__(text)
        self.why = why


@dataclass(frozen=True)
class Admitted:
    """A device that was let in.

    Args:
        device_id: its id here.
        organization_id: its hospital's, and ``organization`` that one's name.
        name: of the device.
        at: when it was let in.
        roll_out: number of the code for several computers it came by; empty for the code of one.
        places_left: how many that code still lets in.
        is_again: whether it was let in before, and its answer was lost.
    """

    device_id: str
    organization_id: str
    organization: str
    name: str
    at: datetime
    roll_out: str = ""
    places_left: int = 0
    is_again: bool = False


@dataclass(frozen=True)
class CodeLine:
    """A code that lives for days, as the hub's own people see it.

    Args:
        number: by which it is named; says nothing of the code.
        organization_id: the hospital it is for.
        name: of the first place.
        places: how many computers it was made for, and ``taken`` how many have come.
        expires_at: when it ends, or ended.
    """

    number: str
    organization_id: str
    name: str
    places: int
    taken: int
    expires_at: datetime


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


Note = Callable[[Connection, Admitted], object]
"""Writes down who came by a code for several computers, inside the transaction that lets it in."""


def noted_nowhere(_connection: Connection, _admitted: Admitted) -> None:
    """Write nothing down."""


class FeedAccounts:
    """Codes and keys of one hub.

    Args:
        database: where they lie.
        clock: says when a code expires.
    """

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    def new_code(self, admission: Admission, computers: int = 1, lives: timedelta = CODE_LIVES) -> tuple[str, datetime]:
        """Return a fresh code and when it expires: a short one for one device, a long one for more or for longer.

        Args:
            admission: for whom; of several devices each has its number behind the name.
            computers: how many it lets in, 1 to 200.
            lives: at most fourteen days.

        Raises:
            InvalidInputError: no id of a hospital, a name nobody could read, too many computers or days.
        """
        _check(admission)
        if not 1 <= computers <= MOST_COMPUTERS:
            raise InvalidInputError(Text("A code lets in 1 to {most} computers.", most=MOST_COMPUTERS), "computers")
        if not timedelta() < lives <= LONGEST_LIVES:
            raise InvalidInputError(Text("A code lives for 1 to {most} days.", most=LONGEST_LIVES.days), "days")
        is_short = computers == 1 and lives <= CODE_LIVES
        signs, expires_at = new_code() if is_short else new_long_code(), self._clock.now() + lives
        digest, name = _digest(signs), admission.name.strip()
        places = {digest: name} if is_short else {f"{digest}.{n:03}": f"{name} {n}" for n in range(1, computers + 1)}
        if computers == 1:
            places = dict.fromkeys(places, name)
        with self._database.writing() as connection:
            self._add_organization(connection, admission)
            connection.execute(delete(FEED_CODE).where(FEED_CODE.c.expires_at < _past(self._clock)))
            row = {"organization_id": admission.organization_id, "site_id": self._site(connection, admission)}
            row |= {"expires_at": expires_at.isoformat()}
            connection.execute(
                insert(FEED_CODE), [{**row, "code_sha256": each, "name": called} for each, called in places.items()]
            )
        return signs, expires_at

    def codes(self) -> tuple[CodeLine, ...]:
        """Return the codes that live for days, those that ended lately too; the next to end comes first."""
        query = select(FEED_CODE).where(FEED_CODE.c.code_sha256.contains(".")).order_by(FEED_CODE.c.code_sha256)
        places: dict[str, list[Row[Any]]] = {}
        with self._database.reading() as connection:
            for row in connection.execute(query):
                places.setdefault(_number(row.code_sha256), []).append(row)
        lines = (
            CodeLine(
                number=number,
                organization_id=rows[0].organization_id,
                name=rows[0].name,
                places=len(rows),
                taken=sum(row.used_by is not None for row in rows),
                expires_at=datetime.fromisoformat(rows[0].expires_at),
            )
            for number, rows in places.items()
        )
        return tuple(sorted(lines, key=lambda line: (line.expires_at, line.number)))

    def end_code(self, number: str) -> CodeLine:
        """End a code that lives for days; whoever came in by it stays.

        Raises:
            NotFoundError: there is none of this number.
        """
        line = next((each for each in self.codes() if each.number == number.strip().lower()), None)
        if line is None:
            raise NotFoundError(Text("The hub has no code with the number “{number}”.", number=number))
        ended_at = min(line.expires_at, self._clock.now())
        of_it = FEED_CODE.c.code_sha256.startswith(line.number) & FEED_CODE.c.code_sha256.contains(".")
        with self._database.writing() as connection:
            connection.execute(update(FEED_CODE).where(of_it).values(expires_at=ended_at.isoformat()))
        return line

    def admit(
        self,
        signs: str,
        algorithm: str,
        public_jwk: str,
        organization_id: str = "",
        note: Note = noted_nowhere,
    ) -> Admitted | None:
        """Let the device in that showed a code, with its public key; None for a code that is not or no longer good.

        A device whose answer was lost shows the same code with the same key, is told the same again and takes no
        second place.

        Args:
            signs: the code.
            algorithm: of the key, which is ``public_jwk``.
            public_jwk: what the device is known by from now on.
            organization_id: the hospital the device belongs to; empty where it belongs to none yet.
            note: writes down who came by a code for several computers, in the same transaction.

        Raises:
            ConflictError: the code is for another organisation than the device belongs to; it stays good.
            CodeSpentError: the code is one of several computers, and its places are taken or its time is over.
        """
        digest = _digest(signs)
        its_own = or_(FEED_CODE.c.code_sha256 == digest, FEED_CODE.c.code_sha256.startswith(f"{digest}."))
        with self._database.writing() as connection:
            places = connection.execute(select(FEED_CODE).where(its_own).order_by(FEED_CODE.c.code_sha256)).all()
            if not places:
                return None
            if datetime.fromisoformat(places[0].expires_at) <= self._clock.now():
                _say_why(signs, Text("The time of this code is over. Ask IT of the hub for a new one."), "ended")
                return None
            if organization_id not in ("", places[0].organization_id):
                raise ConflictError(Text("This code is for another hospital."))
            device_id = self._device_with(connection, places, public_jwk)
            free = [each for each in places if each.used_by is None]
            if device_id is None and not free:
                taken = Text("All places of this code are taken. Ask IT of the hub for a new one.")
                _say_why(signs, taken, "all its places are taken")
                return None
            is_again = device_id is not None
            if device_id is None:
                place = free.pop(0)
                device_id = self._add_device(connection, place, algorithm, public_jwk)
                used = update(FEED_CODE).where(FEED_CODE.c.code_sha256 == place.code_sha256).values(used_by=device_id)
                connection.execute(used)
            number = _number(digest) if is_long(signs) else ""
            admitted = self._admitted(connection, device_id, number, len(free), is_again=is_again)
            if number and not is_again:
                note(connection, admitted)
            return admitted

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

    def _device_with(self, connection: Connection, places: Sequence[Row[Any]], public_jwk: str) -> str | None:
        """Return the device that has one of these places and this key, or None."""
        taken = [each.used_by for each in places if each.used_by is not None]
        is_it = (FEED_DEVICE.c.workstation_id.in_(taken), FEED_DEVICE.c.public_jwk == public_jwk)
        found: str | None = connection.scalar(select(FEED_DEVICE.c.workstation_id).where(*is_it)) if taken else None
        return found

    def _admitted(
        self, connection: Connection, device_id: str, roll_out: str, left: int, *, is_again: bool
    ) -> Admitted:
        station = FEED_WORKSTATION
        query = (
            select(station, FEED_ORGANIZATION.c.name.label("organization"))
            .outerjoin(FEED_ORGANIZATION, FEED_ORGANIZATION.c.id == station.c.organization_id)
            .where(station.c.id == device_id)
        )
        row = connection.execute(query).one()
        at = datetime.fromisoformat(row.enrolled_at)
        told = (device_id, row.organization_id, row.organization or "", row.name, at)
        return Admitted(*told, roll_out=roll_out, places_left=left, is_again=is_again)

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


def _say_why(signs: str, text: Text, why: str) -> None:
    """Say why a code lets nobody in, if it is one that nobody guesses; of a short one nothing is said.

    Raises:
        CodeSpentError: it is.
    """
    if is_long(signs):
        raise CodeSpentError(text, why)


def number_of(signs: str) -> str:
    """Return by what a code is named before people: the beginning of its digest."""
    return _number(_digest(signs))


def _number(digest: str) -> str:
    return digest[:_NUMBER_SIGNS]


def _past(clock: Clock) -> str:
    return clock.now().isoformat()


def _digest(signs: str) -> str:
    """A code lives for minutes and is tried against limits, or is of 128 bits: a plain digest is enough."""
    return hashlib.sha256(signs.encode()).hexdigest()
