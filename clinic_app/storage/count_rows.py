"""Keeping the rows that reports count, inside the transaction that writes a record."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Connection, delete

from clinic_app.records import ImagingStudy, Observation, Patient, Reference, Resource, ServiceRequest, Task
from clinic_app.storage.count_tables import COUNT_FINDING, COUNT_PATIENT, COUNT_REQUEST, COUNT_TASK
from clinic_app.storage.engines.upserts import Upsert
from clinic_app.storage.indexes import index_value

Row = dict[str, str | None]
_ORGANIZATION: Final = "Organization/"
_WITHDRAWN: Final = frozenset({"entered-in-error", "cancelled", "registered"})
_NOT_SENT: Final = frozenset({"draft", "entered-in-error"})


def keep_counted(connection: Connection, records: Sequence[Resource], at: datetime) -> None:
    """Write by what records are counted, or take them out of the counts.

    Args:
        connection: an open writing transaction.
        records: as they will stand.
        at: now; the day of a record that does not tell its own.
    """
    kept: dict[type[Resource], list[Row]] = defaultdict(list)
    for record in records:
        made = _MADE.get(type(record))
        row = made(record, at) if made else None
        if row is not None:
            kept[type(record)].append({name: index_value(v) if v else v for name, v in row.items()})
        elif made:
            table = _TABLES[type(record)]
            gone = delete(table).where(table.c.id == record.id)
            connection.execute(gone.where(table.c.type == record.type_name) if "type" in table.c else gone)
    for kind, rows in kept.items():
        _KEPT[kind].run_all(connection, rows)


def _patient(record: Patient, at: datetime) -> Row | None:
    if record.active is False:
        return None
    return {
        "id": record.id,
        "owner": _owner(record),
        "day": _day(at),
        "sex": record.gender or "",
        "birth": record.birth_date or "",
    }


def _owner(patient: Patient) -> str:
    """Return whose patient it is; what came in a package bears its sender, whatever it says of itself."""
    owner = _id(patient.managing_organization)
    source = (patient.meta.source or "") if patient.meta else ""
    sender = source.removeprefix(_ORGANIZATION) if source.startswith(_ORGANIZATION) else ""
    return f"{sender} {owner}" if sender and owner and sender != owner else owner or sender


def _observation(record: Observation, at: datetime) -> Row | None:
    if record.status in _WITHDRAWN:
        return None
    return _finding(record, record.subject, record.effective_date_time or at)


def _study(record: ImagingStudy, at: datetime) -> Row | None:
    if record.status in _WITHDRAWN:
        return None
    return _finding(record, record.subject, record.started or at)


def _finding(record: Resource, subject: Reference | None, moment: datetime) -> Row:
    return {"type": record.type_name, "id": record.id, "subject": _id(subject), "day": _day(moment)}


def _request(record: ServiceRequest, _at: datetime) -> Row:
    codings = record.performer_type.coding if record.performer_type else ()
    return {"id": record.id, "specialty": next((each.code for each in codings if each.code), "")}


def _task(record: Task, at: datetime) -> Row | None:
    if record.status in _NOT_SENT:
        return None
    answered = record.last_modified if record.status == "completed" else None
    return {
        "id": record.id,
        "request": _id(record.focus),
        "requester": _id(record.requester),
        "owner": _id(record.owner),
        "day": _day(record.authored_on or at),
        "urgency": record.priority or "",
        "state": record.status,
        "sent_at": record.authored_on.isoformat() if record.authored_on else None,
        "answered_at": answered.isoformat() if answered else None,
    }


def _id(reference: Reference | None) -> str:
    return reference.id if reference else ""


def _day(moment: datetime) -> str:
    try:
        return moment.astimezone().date().isoformat()
    except (OverflowError, OSError, ValueError):  # a stranger's year 1 or 9999, at the edge of the calendar
        return moment.date().isoformat()


_MADE: Final[Mapping[type[Resource], Callable[[Any, datetime], Row | None]]] = {
    Patient: _patient,
    Observation: _observation,
    ImagingStudy: _study,
    ServiceRequest: _request,
    Task: _task,
}
_TABLES: Final = {
    Patient: COUNT_PATIENT,
    Observation: COUNT_FINDING,
    ImagingStudy: COUNT_FINDING,
    ServiceRequest: COUNT_REQUEST,
    Task: COUNT_TASK,
}
_KEEP_FINDING: Final = Upsert(COUNT_FINDING, "subject", "day")
_KEPT: Final[Mapping[type[Resource], Upsert]] = {
    Patient: Upsert(COUNT_PATIENT, "owner", "sex", "birth"),
    Observation: _KEEP_FINDING,
    ImagingStudy: _KEEP_FINDING,
    ServiceRequest: Upsert(COUNT_REQUEST, "specialty"),
    Task: Upsert(COUNT_TASK, "request", "requester", "owner", "day", "urgency", "state", "sent_at", "answered_at"),
}
"""The first day of a patient stays what it was."""
