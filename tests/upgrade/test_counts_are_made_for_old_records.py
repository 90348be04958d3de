"""Records of an earlier program are counted as if this one had written them."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

import pytest
from sqlalchemy import text

from clinic_app.records import (
    CodeableConcept,
    Coding,
    ImagingStudy,
    Meta,
    Observation,
    Patient,
    Reference,
    Resource,
    ServiceRequest,
    Task,
    encode,
)
from clinic_app.storage.engines.migrating import migrate
from tests.helpers import stores
from tests.helpers.clocks import NOON
from tests.helpers.stores import opened

pytestmark = pytest.mark.usefixtures("both_databases")
HERE, THERE = (Reference(reference=f"Organization/{each}") for each in ("org-a", "org-b"))
ABOUT = Reference(reference="Patient/plain")
CODE = CodeableConcept(text="pulse")
ASKED = CodeableConcept(coding=(Coding(), Coding(code="surgery")))
TABLES: Final = ("count_patient", "count_finding", "count_request", "count_task")
FROM_THERE: Final = Meta(version_id="1", source="Organization/org-b")
RECORDS: Final[tuple[Resource, ...]] = (
    Patient(id="plain"),
    Patient(id="ours", gender="female", birth_date="1964-03-05", managing_organization=HERE),
    Patient(id="sent", gender="male", birth_date="1964", meta=FROM_THERE),
    Patient(id="claimed", meta=FROM_THERE, managing_organization=HERE),
    Patient(id="double", active=False),
    Observation(id="timed", status="final", code=CODE, subject=ABOUT, effective_date_time=NOON),
    Observation(id="untimed", status="final", code=CODE, subject=ABOUT),
    Observation(id="nobody's", status="final", code=CODE),
    Observation(id="wrong", status="entered-in-error", code=CODE, subject=ABOUT),
    Observation(id="first-day", status="final", code=CODE, effective_date_time=datetime.fromisoformat(
        "0001-01-01T00:00:00+14:00")),
    ImagingStudy(id="study", status="available", subject=ABOUT, started=NOON - timedelta(days=90)),
    ImagingStudy(id="cancelled", status="cancelled", subject=ABOUT),
    ServiceRequest(id="asked", status="active", intent="order", subject=ABOUT, performer_type=ASKED),
    ServiceRequest(id="unsaid", status="active", intent="order", subject=ABOUT),
    Task(id="waits", status="requested", intent="order", requester=HERE, owner=THERE, priority="stat",
         focus=Reference(reference="ServiceRequest/asked"), authored_on=NOON, last_modified=NOON),
    Task(id="answered", status="completed", intent="order", authored_on=NOON, last_modified=NOON + timedelta(hours=3)),
    Task(id="bare", status="rejected", intent="order"),
    Task(id="draft", status="draft", intent="order"),
)  # fmt: skip


def _counted(folder: Path) -> dict[str, list[tuple[object, ...]]]:
    with opened(folder) as store, store.database.reading() as connection:
        return {
            table: sorted((tuple(row) for row in connection.execute(text(f"SELECT * FROM {table}"))), key=repr)
            for table in TABLES
        }


def test_old_records_are_counted_as_new_ones_are(tmp_path: Path) -> None:
    old, new = tmp_path / "old", tmp_path / "new"
    old.mkdir()
    database = stores.places.bare(old)
    with database.writing() as connection:
        migrate(connection, "0003")
        for seq, record in enumerate(RECORDS, 1):
            row = {
                "type": record.type_name,
                "id": record.id,
                "body": encode(record),
                "seq": seq,
                "at": NOON.isoformat(),
            }
            connection.execute(text("INSERT INTO history VALUES (:seq, :type, :id, '1', 'local', :body, :at)"), row)
            connection.execute(text("INSERT INTO record VALUES (:type, :id, '1', NULL, :body, :seq)"), row)
    database.close()
    with opened(new) as store:
        store.records.receive([encode(record) for record in RECORDS], is_from_hub=False)
    migrated = _counted(old)
    assert migrated == _counted(new)
    assert [len(migrated[table]) for table in TABLES] == [4, 5, 2, 3]
