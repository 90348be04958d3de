"""Rows of the feed, inside a transaction that the feed has opened: hundreds of writes take few statements."""

from __future__ import annotations

import dataclasses
import hashlib
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import msgspec
from sqlalchemy import ColumnElement, Connection, Table, bindparam, delete, exists, or_, select, update

from clinic_app.foundation.errors import ClinicError, InvalidInputError
from clinic_app.foundation.texts import Text
from clinic_app.records import EVERYBODY, Resource, audience_of, decode, stamped
from clinic_app.storage.engines.upserts import Addition, Upsert
from clinic_app.storage.exchange.exchange import Write, Written
from clinic_app.storage.feed.tables import FEED_AUDIENCE, FEED_RECORD, FEED_REFERENCE, FEED_TOMBSTONE, FEED_VERSION
from clinic_app.storage.record_rows import VERSION_BYTES, Key, by_type, write_versions
from clinic_app.storage.tables import HISTORY, RECORD

MOST_RECORD_BYTES: Final = 2 << 20
"""FHIR records are some kilobytes; a reader takes pages of `clinic_app.storage.feed.feed.MOST_PAGE_BYTES`."""
_ID: Final = re.compile(r"[A-Za-z0-9.-]{1,64}")
"""FHIR R4, data type id."""
_LONGEST_ID: Final = 64
_DIGEST = re.compile(rb"(?<![0-9a-f])[0-9a-f]{64}(?![0-9a-f])")


@dataclass(frozen=True)
class Caller:
    """A workstation that has shown its token."""

    workstation_id: str
    organization_id: str


@dataclass(frozen=True)
class StoredRecord:
    """A record as the hub has it, and the organisation that owns it."""

    organization_id: str
    version_id: str
    record: Resource


@dataclass(frozen=True)
class Incoming:
    """A write that was looked at: the digest of its bytes, and its record or why it has none."""

    write: Write
    sha256: str
    record: Resource | ClinicError

    @property
    def key(self) -> Key:
        """What the record is known by."""
        return self.write.type_name, self.write.id

    @property
    def unknown_members(self) -> dict[str, Any]:
        """What stands in the record beside the elements this program knows."""
        assert isinstance(self.record, Resource)
        return _unknown_members(self.record, self.write.body)


@dataclass(frozen=True)
class Accepted:
    """A write that passed: what became of it, its record and bytes as they will stand, and whose it is."""

    written: Written
    sha256: str
    record: Resource
    body: bytes
    owner_id: str
    is_first: bool
    """Whether there is no record yet, in the feed or beside it."""

    @property
    def key(self) -> Key:
        """What the record is known by."""
        return self.written.type_name, self.written.id


def _unknown_members(record: Resource, body: bytes) -> dict[str, Any]:
    """Return the members of a record's JSON that are none of its elements, as far as this program knows them."""
    members: dict[str, Any] = msgspec.json.decode(body)
    known = {"resourceType", *(field.encode_name for field in msgspec.structs.fields(record))}
    return {name: value for name, value in members.items() if name not in known}


def looked_at(write: Write) -> Incoming:
    """Return a write with its record, which is what its address says."""
    try:
        record: Resource | ClinicError = _decoded(write)
    except ClinicError as error:
        record = error
    return Incoming(write, hashlib.sha256(write.body).hexdigest(), record)


def _decoded(write: Write) -> Resource:
    if len(write.body) > MOST_RECORD_BYTES:
        raise InvalidInputError(Text("This record cannot be read: {detail}", detail="too large"))
    record = decode(write.body)
    if (record.type_name, record.id) != (write.type_name, write.id):
        raise InvalidInputError(Text("The record is not the one its address names."))
    if not _ID.fullmatch(record.id):
        raise InvalidInputError(Text("This record cannot be read: {detail}", detail="its id is none"))
    return record


class Standing:
    """What stands under the addresses of some writes, looked up at once, and which of the writes may follow it.

    Args:
        connection: an open writing transaction.
        caller: whose earlier writes are known again.
        incoming: the writes.
        salt: makes this hub's version ids its own.
    """

    def __init__(self, connection: Connection, caller: Caller, incoming: Sequence[Incoming], salt: bytes) -> None:
        self._caller = caller
        self._salt = salt
        self._accepted: dict[Key, Accepted] = {}
        self._rows: dict[Key, Any] = {}
        self._versions: dict[tuple[Key, str], list[Written]] = {}
        self._connection = connection
        for type_name, ids in by_type(each.key for each in incoming).items():
            for row in connection.execute(_STANDING, {"of_type": type_name, "of_ids": ids}):
                self._rows[type_name, row.id] = row
        types, every_id = {each.key[0] for each in incoming}, {each.key[1] for each in incoming}
        erased = connection.execute(_ERASED, {"of_types": sorted(types), "of_ids": sorted(every_id)})
        self._erased = {(row.type, row.id) for row in erased}
        known = {"of_organization": caller.organization_id}
        for type_name, ids in by_type(self._rows).items():
            for row in connection.execute(_KNOWN, {"of_type": type_name, "of_ids": ids, **known}):
                received_at = datetime.fromisoformat(row.received_at)
                written = Written(type_name, row.id, row.version_id, received_at, is_new=False)
                self._versions.setdefault(((type_name, row.id), row.sha256), []).append(written)

    def is_erased(self, key: Key) -> bool:
        """Return whether the record was erased by order: it can never be written again."""
        return key in self._erased

    def known(self, incoming: Incoming) -> Written | None:
        """Return what became of the very same bytes when this organisation sent them before, or None.

        They are known again where they are what stands, or where they were made from the same version: what somebody
        wrote, changed and now wants to have back as it was is a new version and no repetition.
        """
        same = self._versions.get((incoming.key, incoming.sha256), ())
        stored = self.record(incoming.key) if same else None
        newest = next((each for each in same if stored is not None and each.version == stored.version_id), None)
        return newest or next((each for each in same if self._base_of(each) == incoming.write.base_version), None)

    def record(self, key: Key) -> StoredRecord | None:
        """Return what the hub has, with its owner; None for what is not in the feed."""
        if (accepted := self._accepted.get(key)) is not None:
            return StoredRecord(accepted.owner_id, accepted.written.version, accepted.record)
        row = self._rows.get(key)
        if row is None or row.organization_id is None:
            return None
        return StoredRecord(row.organization_id, row.version_id, decode(row.body))

    def unknown_members(self, key: Key) -> dict[str, Any]:
        """Return what stands in a record beside the elements this program knows."""
        accepted, row = self._accepted.get(key), self._rows.get(key)
        body = accepted.body if accepted is not None else bytes(row.body) if row is not None else b"{}"
        stored = self.record(key)
        return _unknown_members(stored.record, body) if stored is not None else {}

    def accept(self, incoming: Incoming, record: Resource, stored: StoredRecord | None, now: datetime) -> Written:
        """Let a write pass: it will stand as the newest version, and the writes after it find it there."""
        record, body = stamped(record, incoming.write.body, self._version_of(incoming, stored), now)
        written = Written(*incoming.key, record.version_id or "", now, is_new=stored is None)
        owner = stored.organization_id if stored else self._caller.organization_id
        is_first = incoming.key not in self._rows
        self._accepted[incoming.key] = Accepted(written, incoming.sha256, record, body, owner, is_first)
        self._versions.setdefault((incoming.key, incoming.sha256), []).append(
            dataclasses.replace(written, is_new=False)
        )
        return written

    def _version_of(self, incoming: Incoming, stored: StoredRecord | None) -> str:
        """Return what a version is called: the same write onto the same version always gets the same name.

        So a hub that was restored and is sent again what it had lost makes nothing new of it, and everybody who has it
        knows it again.
        """
        base = stored.version_id if stored is not None else ""
        said = "\0".join((self._caller.organization_id, *incoming.key, base, incoming.sha256)).encode()
        return hashlib.blake2b(said, digest_size=VERSION_BYTES, key=self._salt).hexdigest()

    def is_shown(self, key: Key, stored: StoredRecord) -> bool:
        """Return whether what stands is the caller's to see: his, meant for him, or opened to him by a referral."""
        if stored.organization_id == self._caller.organization_id:
            return True
        shown = select(FEED_AUDIENCE.c.id).where(
            FEED_AUDIENCE.c.type == key[0],
            FEED_AUDIENCE.c.id == key[1],
            FEED_AUDIENCE.c.organization_id.in_((self._caller.organization_id, EVERYBODY)),
        )
        return self._connection.execute(shown.limit(1)).first() is not None

    def _base_of(self, written: Written) -> str | None:
        """Return the version that stood before one was written, None for the first."""
        of_record = (HISTORY.c.type == written.type_name, HISTORY.c.id == written.id)
        place = select(HISTORY.c.seq).where(*of_record, HISTORY.c.version_id == written.version).scalar_subquery()
        before = select(HISTORY.c.version_id).where(*of_record, HISTORY.c.seq < place).order_by(HISTORY.c.seq.desc())
        base: str | None = self._connection.scalar(before.limit(1))
        return base

    def put(self, connection: Connection, now: datetime) -> tuple[Accepted, ...]:
        """Store what was accepted, and return it."""
        accepted = tuple(self._accepted.values())
        if accepted:
            _put_writes(connection, self._caller, accepted, now)
        return accepted


def _put_writes(connection: Connection, caller: Caller, accepted: Sequence[Accepted], now: datetime) -> None:
    """Store writes, each of another record, as the newest versions, in their places in the feed."""
    new = {each.key for each in accepted if each.is_first}
    versions = [(each.record, each.body) for each in accepted]
    numbers = write_versions(connection, versions, hub_version=None, origin="received", at=now, new=new)
    put_places(connection, caller, accepted, numbers, now)


def put_places(
    connection: Connection, caller: Caller, accepted: Sequence[Accepted], numbers: Mapping[Key, int], now: datetime
) -> None:
    """Put versions that are written into their places in the feed: whose they are, who may see them.

    Args:
        connection: an open writing transaction.
        caller: who brought them.
        accepted: the versions, each of another record.
        numbers: of each in the history.
        now: when they came.
    """
    received_at = now.isoformat()
    came = [
        {
            **_named(each),
            "version_id": each.written.version,
            "organization_id": caller.organization_id,
            "sha256": each.sha256,
            "received_at": received_at,
        }
        for each in accepted
    ]
    _ADD_VERSIONS.run(connection, came)
    place = {"workstation_id": caller.workstation_id, "received_at": received_at}
    places = [
        {**_named(each), "organization_id": each.owner_id, "seq": numbers[each.key], **place} for each in accepted
    ]
    _PUT_PLACES.run_all(connection, places)
    _keep_readers(connection, caller, accepted, numbers)


def readers_of(accepted: Iterable[Accepted]) -> frozenset[str]:
    """Return the organisations that own versions or are meant by them."""
    return frozenset(name for each in accepted for name in (each.owner_id, *_audience(each.record)))


def _keep_readers(
    connection: Connection, caller: Caller, accepted: Sequence[Accepted], numbers: Mapping[Key, int]
) -> None:
    """Keep who records are meant for and which content they point to, in place of what was kept before.

    What the performer of a Task writes into it opens none of its owner's contents to him.
    """
    changed = [_mark(each) for each in accepted if not each.is_first]
    by_owner = [each for each in accepted if each.owner_id == caller.organization_id]
    pointed = [_mark(each) for each in by_owner if not each.is_first]
    if pointed:
        connection.execute(_FORGET_REFERENCES, pointed)
    if changed:
        connection.execute(_FORGET_AUDIENCE, changed)
        connection.execute(_MOVE_OPENED, [{**each, "to": numbers[each["of_type"], each["of_id"]]} for each in changed])
    meant = [(each, name) for each in accepted for name in sorted(_audience(each.record))]
    tagged = [{**_named(each), "organization_id": name, "bucket": "", "seq": numbers[each.key]} for each, name in meant]
    _ADD_AUDIENCE.run(connection, tagged)
    points = [(each, digest) for each in by_owner for digest in sorted(set(_DIGEST.findall(each.body)))]
    _ADD_REFERENCE.run(connection, [{**_named(each), "sha256": digest.decode()} for each, digest in points])


def _named(accepted: Accepted) -> dict[str, object]:
    return {"type": accepted.written.type_name, "id": accepted.written.id}


def _mark(accepted: Accepted) -> dict[str, str]:
    return {"of_type": accepted.key[0], "of_id": accepted.key[1]}


def visible_to(organization_id: str) -> Any:  # noqa: ANN401 - an SQL condition
    """Return the condition on `FEED_RECORD` that a record is this organisation's or meant for it."""
    meant = exists().where(
        FEED_AUDIENCE.c.type == FEED_RECORD.c.type,
        FEED_AUDIENCE.c.id == FEED_RECORD.c.id,
        FEED_AUDIENCE.c.organization_id.in_((organization_id, EVERYBODY)),
    )
    return or_(FEED_RECORD.c.organization_id == organization_id, meant)


def is_version_shown(caller: Caller, owner_id: str, body: bytes) -> bool:
    """Return whether one version of a record of ``owner_id`` was the caller's to see when it was the newest."""
    return owner_id == caller.organization_id or bool({caller.organization_id, EVERYBODY} & audience_of(decode(body)))


def _audience(record: Resource) -> set[str]:
    """Return who a record is meant for; a word too long for an organisation's id is nobody's."""
    return {each for each in audience_of(record) if len(each) <= _LONGEST_ID and "\0" not in each}


def _of_type_and_ids(table: Table) -> tuple[ColumnElement[bool], ...]:
    return (table.c.type == bindparam("of_type"), table.c.id.in_(bindparam("of_ids", expanding=True)))


_STANDING: Final = (
    select(RECORD.c.id, RECORD.c.version_id, RECORD.c.body, FEED_RECORD.c.organization_id)
    .outerjoin(FEED_RECORD, (FEED_RECORD.c.type == RECORD.c.type) & (FEED_RECORD.c.id == RECORD.c.id))
    .where(*_of_type_and_ids(RECORD))
)
_ERASED: Final = select(FEED_TOMBSTONE.c.type, FEED_TOMBSTONE.c.id).where(
    FEED_TOMBSTONE.c.type.in_(bindparam("of_types", expanding=True)),
    FEED_TOMBSTONE.c.id.in_(bindparam("of_ids", expanding=True)),
)
_KNOWN: Final = select(
    FEED_VERSION.c.id, FEED_VERSION.c.version_id, FEED_VERSION.c.sha256, FEED_VERSION.c.received_at
).where(*_of_type_and_ids(FEED_VERSION), FEED_VERSION.c.organization_id == bindparam("of_organization"))
_ADD_VERSIONS: Final = Addition(FEED_VERSION)
_ADD_AUDIENCE: Final = Addition(FEED_AUDIENCE)
_ADD_REFERENCE: Final = Addition(FEED_REFERENCE)
_PUT_PLACES: Final = Upsert(FEED_RECORD, "seq", "workstation_id", "received_at")
_FORGET_AUDIENCE: Final = delete(FEED_AUDIENCE).where(
    FEED_AUDIENCE.c.type == bindparam("of_type"), FEED_AUDIENCE.c.id == bindparam("of_id"), FEED_AUDIENCE.c.bucket == ""
)
_FORGET_REFERENCES: Final = delete(FEED_REFERENCE).where(
    FEED_REFERENCE.c.type == bindparam("of_type"), FEED_REFERENCE.c.id == bindparam("of_id")
)
_MOVE_OPENED: Final = (
    update(FEED_AUDIENCE)
    .where(FEED_AUDIENCE.c.type == bindparam("of_type"), FEED_AUDIENCE.c.id == bindparam("of_id"))
    .values(seq=bindparam("to"))
)
