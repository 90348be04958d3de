"""Records in the encrypted file: a disk that runs full in the middle, and the way SQLite looks things up."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import event
from sqlalchemy.dialects import sqlite

from clinic_app.foundation.errors import DiskFullError
from clinic_app.foundation.ids import new_id
from clinic_app.records import AuditEvent, Coding, Patient, Reference
from clinic_app.records.trail import AuditEventAgent, AuditEventSource
from clinic_app.storage import Store
from clinic_app.storage.finding import bodies_with
from tests.helpers.clocks import NOON
from tests.helpers.stores import opened, patient


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with opened(tmp_path) as store:
        yield store


def audit_event() -> AuditEvent:
    return AuditEvent(
        id=new_id(),
        type=Coding(code="rest"),
        action="R",
        recorded=NOON,
        agent=(AuditEventAgent(requestor=True),),
        source=AuditEventSource(observer=Reference(reference="Device/d")),
    )


def test_a_full_disk_leaves_nothing_half_written(store: Store) -> None:
    (before,) = store.records.commit([patient()])
    with store.database.reading() as connection:
        pages = connection.exec_driver_sql("PRAGMA page_count").scalar_one()

    def limit(connection: object, *_: object) -> None:
        connection.execute(f"PRAGMA max_page_count = {pages + 1}").fetchall()  # type: ignore[attr-defined]

    event.listen(store.database._engine, "checkout", limit)
    big = [patient("Қасымов " + "ұзын " * 900) for _ in range(20)]
    with pytest.raises(DiskFullError):
        store.records.commit(big, audit=[audit_event()])
    event.remove(store.database._engine, "checkout", limit)
    assert store.records.find(Patient) == (before,)
    assert store.outbox.count() == 1
    assert store.records.find(AuditEvent) == ()
    with store.database.reading() as connection:
        connection.exec_driver_sql("PRAGMA max_page_count = 4294967294")
    store.records.commit([patient("Иванов")])
    store.file.check()


@pytest.mark.parametrize(
    "params", [{"subject": "p1"}, {"status": "final", "subject": "p1"}, {"code": "c", "status": "final"}]
)
def test_finding_never_walks_all_records(store: Store, params: dict[str, str]) -> None:
    query = str(
        bodies_with("Observation", params, 5).compile(dialect=sqlite.dialect(), compile_kwargs={"literal_binds": True})
    )
    with store.database.reading() as connection:
        plan = [row.detail for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {query}")]
    assert any("SEARCH record USING" in line and "id=?" in line for line in plan)
    assert not any("SCAN" in line or "changed_seq" in line for line in plan)
