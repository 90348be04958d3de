"""What a referral opens: the records of one patient, for the organisation that is asked, as long as the case is open.

A reader's cursor is past everything that was written before the referral, so old records are put into his feed anew,
at the place where they were opened. Ninety days after the case was closed they leave again, but for what his
organisation sees in another way; and whoever wrote about a patient himself keeps who that was.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import Connection, Row, delete, exists, select, tuple_, update

from clinic_app.records import EVERYBODY, Patient, Reference, Resource, ServiceRequest, Task, decode_as
from clinic_app.storage.engines.upserts import Addition, Upsert, take_numbers
from clinic_app.storage.feed.rows import Accepted
from clinic_app.storage.feed.tables import FEED_AUDIENCE, FEED_BUCKET, FEED_GONE, FEED_RECORD
from clinic_app.storage.record_rows import Key
from clinic_app.storage.tables import HISTORY, INDEX_ENTRY, RECORD

KEPT_AFTER_CLOSING: Final = timedelta(days=90)
SLICE_TYPES: Final = ("AllergyIntolerance", "CarePlan", "DiagnosticReport", "Observation")
"""What of a patient is opened besides who he is and what the referral itself names: what a summary of him is made of
(HL7 International Patient Summary: allergies, problems and plans, results)."""
CLOSING: Final = frozenset({"rejected", "cancelled", "failed", "completed", "entered-in-error"})
"""Status of a Task that nobody works on any more (FHIR R4, Task)."""
_ID: Final = re.compile(r"[A-Za-z0-9.-]{1,64}", re.ASCII)
"""FHIR R4, data type id: never `EVERYBODY`."""
_MOST_CLOSED: Final = 20
"""So many cases are taken out in one transaction; the next one goes on."""


def keep_buckets(connection: Connection, accepted: Sequence[Accepted], now: datetime) -> frozenset[str]:
    """Open and close what the versions that were just stored say; return the organisations that see more by it.

    Args:
        connection: the open writing transaction that stored them.
        accepted: the versions.
        now: the present moment.
    """
    seen = _open_all(connection, [each for each in accepted if isinstance(each.record, Task)], accepted, now)
    asked = [each for each in accepted if isinstance(each.record, ServiceRequest)]
    of_open_case = FEED_BUCKET.c.request_id.in_([each.written.id for each in asked]) & FEED_BUCKET.c.closed_at.is_(None)
    for bucket in _buckets(connection, of_open_case) if asked else ():
        seen |= _fill(connection, bucket, accepted)
    return seen | _follow(connection, accepted)


def close_buckets(connection: Connection, now: datetime) -> frozenset[str]:
    """Take out of the feed what was opened for cases closed long enough ago; return who sees less by it."""
    due = FEED_BUCKET.c.closed_at < (now - KEPT_AFTER_CLOSING).isoformat()
    closed = connection.execute(select(FEED_BUCKET).where(due).order_by(FEED_BUCKET.c.closed_at).limit(_MOST_CLOSED))
    readers = set()
    for bucket in closed.all():
        _keep_person(connection, bucket)
        opened = select(FEED_AUDIENCE.c.type, FEED_AUDIENCE.c.id).where(FEED_AUDIENCE.c.bucket == bucket.id)
        keys = [(row.type, row.id) for row in connection.execute(opened.order_by(FEED_AUDIENCE.c.seq))]
        connection.execute(delete(FEED_AUDIENCE).where(FEED_AUDIENCE.c.bucket == bucket.id))
        connection.execute(delete(FEED_BUCKET).where(FEED_BUCKET.c.id == bucket.id))
        standing = _standing(connection, keys, bucket.organization_id)
        put_gone(connection, [key for key in keys if key not in standing], bucket.organization_id, "evict", now)
        readers.add(bucket.organization_id)
    return frozenset(readers)


def put_gone(connection: Connection, keys: Sequence[Key], organization_id: str, kind: str, now: datetime) -> None:
    """Tell an organisation, or everybody, that records leave: ``evict`` or ``erase``."""
    numbers = take_numbers(connection, HISTORY, len(keys)) if keys else ()
    told = {"organization_id": organization_id, "kind": kind, "gone_at": now.isoformat()}
    rows = [{"type": t, "id": i, "seq": seq, **told} for (t, i), seq in zip(keys, numbers, strict=True)]
    _ADD_GONE.run(connection, rows)


def _open_all(
    connection: Connection, tasks: Sequence[Accepted], accepted: Sequence[Accepted], now: datetime
) -> frozenset[str]:
    seen: frozenset[str] = frozenset()
    if not tasks:
        return seen
    standing = {row.id: row for row in _buckets(connection, FEED_BUCKET.c.id.in_([each.written.id for each in tasks]))}
    for each in tasks:
        task = each.record
        assert isinstance(task, Task)
        reader, patient_id = _id(task.owner, "Organization"), _id(task.for_, "Patient")
        bucket = standing.get(task.id)
        if task.status in CLOSING:
            closing = update(FEED_BUCKET).where(FEED_BUCKET.c.id == task.id, FEED_BUCKET.c.closed_at.is_(None))
            connection.execute(closing.values(closed_at=now.isoformat()))
        elif task.status != "draft" and bucket is None and patient_id and reader not in ("", each.owner_id):
            row = {"organization_id": reader, "owner_id": each.owner_id, "patient_id": patient_id}
            row |= {"id": task.id, "request_id": _id(task.focus, "ServiceRequest"), "opened_at": now.isoformat()}
            _OPEN.run(connection, {**row, "closed_at": None})
            (bucket,) = _buckets(connection, FEED_BUCKET.c.id == task.id)
            seen |= _fill(connection, bucket, accepted)
    return seen


def _fill(connection: Connection, bucket: Row[Any], accepted: Iterable[Accepted]) -> frozenset[str]:
    """Open everything a referral opens that is here already; what just came stands in the feed by itself."""
    keys = [("Patient", bucket.patient_id), *_named_by(connection, bucket)]
    slice_of = select(INDEX_ENTRY.c.type, INDEX_ENTRY.c.id).where(
        INDEX_ENTRY.c.type.in_(SLICE_TYPES), INDEX_ENTRY.c.name == "subject", INDEX_ENTRY.c.value == bucket.patient_id
    )
    keys += [(row.type, row.id) for row in connection.execute(slice_of)]
    is_owned = FEED_RECORD.c.organization_id == bucket.owner_id
    places = select(FEED_RECORD.c.type, FEED_RECORD.c.id, FEED_RECORD.c.seq).where(is_owned, _among(FEED_RECORD, keys))
    owned = {(row.type, row.id): row.seq for row in connection.execute(places.order_by(FEED_RECORD.c.seq))}
    came = {each.key for each in accepted}
    known = _standing(connection, list(owned), bucket.organization_id)
    old = [key for key in owned if key not in came and key not in known]
    numbers = dict(zip(old, take_numbers(connection, HISTORY, len(old)), strict=True)) if old else {}
    _let_see(connection, bucket, {key: numbers.get(key) or known.get(key) or seq for key, seq in owned.items()})
    return frozenset({bucket.organization_id})


def _named_by(connection: Connection, bucket: Row[Any]) -> list[Key]:
    """Return the request of a referral and what it names as its evidence; one that others wrote names nothing."""
    if not bucket.request_id:
        return []
    query = select(RECORD.c.body).join(
        FEED_RECORD, (FEED_RECORD.c.type == RECORD.c.type) & (FEED_RECORD.c.id == RECORD.c.id)
    )
    is_it = (RECORD.c.type == "ServiceRequest", RECORD.c.id == bucket.request_id)
    body = connection.scalar(query.where(*is_it, FEED_RECORD.c.organization_id == bucket.owner_id))
    named = decode_as(ServiceRequest, body).supporting_info if body else ()
    return [("ServiceRequest", bucket.request_id), *(_key(each) for each in named)]


def _follow(connection: Connection, accepted: Sequence[Accepted]) -> frozenset[str]:
    """Let what is written about a patient while a case of his is open be seen by those it was opened for."""
    about = {each.key: _patient_of(each.record) for each in accepted if _is_in_slice(each.record)}
    patients = sorted({patient_id for patient_id in about.values() if patient_id})
    readers = set()
    of_open_case = FEED_BUCKET.c.patient_id.in_(patients) & FEED_BUCKET.c.closed_at.is_(None)
    for bucket in _buckets(connection, of_open_case) if patients else ():
        of_case = [each for each in accepted if about.get(each.key) == bucket.patient_id]
        owned = [each.key for each in of_case if each.owner_id == bucket.owner_id]
        places = select(FEED_RECORD.c.type, FEED_RECORD.c.id, FEED_RECORD.c.seq).where(_among(FEED_RECORD, owned))
        _let_see(connection, bucket, {(row.type, row.id): row.seq for row in connection.execute(places)})
        readers.add(bucket.organization_id)
    return frozenset(readers)


def _let_see(connection: Connection, bucket: Row[Any], places: dict[Key, int]) -> None:
    reader = {"organization_id": bucket.organization_id, "bucket": bucket.id}
    _LET_SEE.run_all(connection, [{"type": t, "id": i, "seq": seq, **reader} for (t, i), seq in places.items()])


def _keep_person(connection: Connection, bucket: Row[Any]) -> None:
    """Let the reader keep who the patient is, if his organisation wrote about him."""
    wrote = exists().where(
        INDEX_ENTRY.c.name == "subject",
        INDEX_ENTRY.c.value == bucket.patient_id,
        INDEX_ENTRY.c.type.in_(SLICE_TYPES),
        FEED_RECORD.c.type == INDEX_ENTRY.c.type,
        FEED_RECORD.c.id == INDEX_ENTRY.c.id,
        FEED_RECORD.c.organization_id == bucket.organization_id,
    )
    if connection.scalar(select(wrote)):
        person = (FEED_AUDIENCE.c.type == "Patient", FEED_AUDIENCE.c.id == bucket.patient_id)
        place = connection.scalar(select(FEED_AUDIENCE.c.seq).where(*person, FEED_AUDIENCE.c.bucket == bucket.id))
        row = {"type": "Patient", "id": bucket.patient_id, "organization_id": bucket.organization_id, "bucket": "own"}
        if place is not None:
            _LET_SEE.run(connection, {**row, "seq": place})


def _standing(connection: Connection, keys: Sequence[Key], organization_id: str) -> dict[Key, int]:
    """Return those of the records that an organisation sees already, with their places in its feed."""
    seen = select(FEED_AUDIENCE.c.type, FEED_AUDIENCE.c.id, FEED_AUDIENCE.c.seq).where(
        _among(FEED_AUDIENCE, keys), FEED_AUDIENCE.c.organization_id.in_((organization_id, EVERYBODY))
    )
    own = select(FEED_RECORD.c.type, FEED_RECORD.c.id, FEED_RECORD.c.seq).where(
        _among(FEED_RECORD, keys), FEED_RECORD.c.organization_id == organization_id
    )
    return {(row.type, row.id): row.seq for query in (seen, own) for row in connection.execute(query)}


def _buckets(connection: Connection, condition: Any) -> Sequence[Row[Any]]:  # noqa: ANN401 - an SQL condition
    return connection.execute(select(FEED_BUCKET).where(condition).order_by(FEED_BUCKET.c.id)).all()


def _among(table: Any, keys: Collection[Key]) -> Any:  # noqa: ANN401 - an SQL condition on any of the tables
    return tuple_(table.c.type, table.c.id).in_(keys)


def _is_in_slice(record: Resource) -> bool:
    return isinstance(record, Patient) or record.type_name in SLICE_TYPES


def _patient_of(record: Resource) -> str:
    if isinstance(record, Patient):
        return record.id
    return _id(getattr(record, "subject", None) or getattr(record, "patient", None), "Patient")


def _key(reference: Reference) -> Key:
    type_name, _, record_id = (reference.reference or "").rpartition("/")
    return type_name, record_id


def _id(reference: Reference | None, type_name: str) -> str:
    kind, record_id = _key(reference) if reference else ("", "")
    return record_id if kind == type_name and _ID.fullmatch(record_id) else ""


_OPEN: Final = Upsert(FEED_BUCKET)
_LET_SEE: Final = Upsert(FEED_AUDIENCE, "seq")
_ADD_GONE: Final = Addition(FEED_GONE)
