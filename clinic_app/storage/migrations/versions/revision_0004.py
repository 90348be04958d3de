"""What reports count, made for the records that are there."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

PAGE = 1000
COLUMNS = {
    "count_patient": ("owner", "day", "sex", "birth"),
    "count_request": ("specialty",),
    "count_task": ("request", "requester", "owner", "day", "urgency", "state"),
}
ORGANIZATION = "Organization/"
Row = dict[str, str | None]


def upgrade() -> None:
    """Make the tables and fill them."""
    tables = {name: op.create_table(name, *_columns(name)) for name in COLUMNS}
    tables["count_finding"] = op.create_table(
        "count_finding",
        *(sa.Column(each, sa.String, nullable=False) for each in ("type", "id", "subject", "day")),
        sa.PrimaryKeyConstraint("type", "id", name="pk_count_finding"),
    )
    op.create_index("ix_count_patient_day", "count_patient", ["day"])
    op.create_index("ix_count_finding_day_subject_type", "count_finding", ["day", "subject", "type"])
    op.create_index("ix_count_task_day", "count_task", ["day"])
    for page in _pages(op.get_bind()):
        rows = defaultdict(list)
        for type_name, body, written_at in page:
            name, make = MADE[type_name]
            row = make(body, written_at)
            if row is not None:
                rows[name].append({"id": body["id"], **row})
        for name, made in rows.items():
            op.bulk_insert(tables[name], made)


def _columns(name: str) -> Iterator[sa.Column[Any]]:
    yield sa.Column("id", sa.String, primary_key=True)
    yield from (sa.Column(each, sa.String, nullable=False) for each in COLUMNS[name])
    if name == "count_task":
        yield from (sa.Column(each, sa.String) for each in ("sent_at", "answered_at"))


def _pages(connection: sa.Connection) -> Iterator[list[tuple[str, dict[str, Any], str]]]:
    """Yield type, body and first writing of every record that is counted."""
    query = sa.text(
        "SELECT id, body, (SELECT written_at FROM history WHERE history.type = record.type AND history.id = record.id "
        "ORDER BY seq LIMIT 1) AS written_at FROM record WHERE type = :type AND id > :last ORDER BY id LIMIT :page"
    )
    for type_name in MADE:
        last = ""
        while rows := connection.execute(query, {"type": type_name, "last": last, "page": PAGE}).all():
            last = rows[-1].id
            yield [(type_name, {**json.loads(bytes(row.body)), "id": row.id}, row.written_at or "") for row in rows]


def _patient(body: dict[str, Any], written_at: str) -> Row | None:
    if body.get("active") is False:
        return None
    owner, source = _id(body.get("managingOrganization")), (body.get("meta") or {}).get("source") or ""
    sender = source.removeprefix(ORGANIZATION) if source.startswith(ORGANIZATION) else ""
    is_strange = bool(sender and owner and sender != owner)
    return {
        "owner": f"{sender} {owner}" if is_strange else owner or sender,
        "day": _day(None, written_at),
        "sex": body.get("gender") or "",
        "birth": body.get("birthDate") or "",
    }


def _observation(body: dict[str, Any], written_at: str) -> Row | None:
    return _finding("Observation", body, _day(body.get("effectiveDateTime"), written_at))


def _study(body: dict[str, Any], written_at: str) -> Row | None:
    return _finding("ImagingStudy", body, _day(body.get("started"), written_at))


def _finding(type_name: str, body: dict[str, Any], day: str) -> Row | None:
    if body.get("status") in ("entered-in-error", "cancelled", "registered"):
        return None
    return {"type": type_name, "subject": _id(body.get("subject")), "day": day}


def _request(body: dict[str, Any], _written_at: str) -> Row:
    codings = (body.get("performerType") or {}).get("coding") or ()
    return {"specialty": next((each["code"] for each in codings if each.get("code")), "")}


def _task(body: dict[str, Any], written_at: str) -> Row | None:
    if body.get("status") in ("draft", "entered-in-error"):
        return None
    is_answered = body.get("status") == "completed"
    return {
        "request": _id(body.get("focus")),
        "requester": _id(body.get("requester")),
        "owner": _id(body.get("owner")),
        "day": _day(body.get("authoredOn"), written_at),
        "urgency": body.get("priority") or "",
        "state": body.get("status") or "",
        "sent_at": _moment(body.get("authoredOn")),
        "answered_at": _moment(body.get("lastModified")) if is_answered else None,
    }


def _id(reference: object) -> str:
    named = str(reference.get("reference") or "") if isinstance(reference, dict) else ""
    return named.rpartition("/")[2]


def _moment(told: object) -> str | None:
    try:
        moment = datetime.fromisoformat(str(told))
    except ValueError:
        return None
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).isoformat()


def _day(told: object, written_at: str) -> str:
    moment = _moment(told) or _moment(written_at)
    if moment is None:
        return ""
    try:
        return datetime.fromisoformat(moment).astimezone().date().isoformat()
    except (OverflowError, OSError, ValueError):
        return moment[: len("2026-03-05")]


MADE: Mapping[str, tuple[str, Callable[[dict[str, Any], str], Row | None]]] = {
    "Patient": ("count_patient", _patient),
    "Observation": ("count_finding", _observation),
    "ImagingStudy": ("count_finding", _study),
    "ServiceRequest": ("count_request", _request),
    "Task": ("count_task", _task),
}
