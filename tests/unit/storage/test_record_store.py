"""Records: one transaction for everything, versions, conflicts, finding."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest
from sqlalchemy import text

from clinic_app.foundation.errors import ConflictError, InvalidInputError, NotFoundError
from clinic_app.foundation.ids import new_id
from clinic_app.records import (
    AuditEvent,
    CodeableConcept,
    Coding,
    Identifier,
    Observation,
    Patient,
    Reference,
    ServiceRequest,
    Task,
    decode_as,
    with_audience,
)
from clinic_app.records.trail import AuditEventAgent, AuditEventSource
from clinic_app.storage import Account, Store
from tests.helpers.clocks import NOON, FixedClock
from tests.helpers.stores import opened, patient, tamper

pytestmark = pytest.mark.usefixtures("both_databases")


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock()


@pytest.fixture
def store(tmp_path: Path, clock: FixedClock) -> Iterator[Store]:
    with opened(tmp_path, clock=clock) as store:
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


def saved(store: Store, record: Patient) -> Patient:
    (written,) = store.records.commit([record])
    assert isinstance(written, Patient)
    return written


def renamed(record: Patient, family: str) -> Patient:
    name = msgspec.structs.replace(record.name[0], family=family)
    return msgspec.structs.replace(record, name=(name,))


def test_a_new_record_gets_a_version_and_the_time(store: Store, clock: FixedClock) -> None:
    written = saved(store, patient())
    assert written.meta is not None
    assert written.version_id
    assert written.meta.last_updated == clock.now()
    assert store.records.get(Patient, written.id) == written
    assert decode_as(Patient, store.records.body(Patient, written.id)) == written
    assert store.records.hub_version(Patient, written.id) is None


def test_one_commit_writes_record_outbox_audit_and_transfer_together(store: Store) -> None:
    sha256 = store.blobs.put(b"pdf")
    record, seen = patient(), audit_event()
    store.records.commit([record], audit=[seen], uploads=[sha256], lane="emergency")
    first, second = store.outbox.pending()
    assert (first.type, first.id, first.lane) == ("Patient", record.id, "emergency")
    assert (second.type, second.id, second.lane) == ("AuditEvent", seen.id, "audit")
    assert store.transfers.pending("up")[0].size == 3
    assert store.records.get(AuditEvent, seen.id).action == "R"


def test_a_record_that_is_not_sent_stays_out_of_the_outbox_but_its_audit_goes(store: Store) -> None:
    store.records.commit([patient()], audit=[audit_event()], send=False)
    assert [row.type for row in store.outbox.pending()] == ["AuditEvent"]


def test_nothing_is_written_when_one_of_the_records_cannot_be(store: Store) -> None:
    old = saved(store, patient())
    stale = msgspec.structs.replace(old, meta=msgspec.structs.replace(old.meta, version_id="elsewhere"))
    fresh = patient("Иванов")
    with pytest.raises(ConflictError):
        store.records.commit([fresh, stale], audit=[audit_event()])
    with pytest.raises(NotFoundError):
        store.records.get(Patient, fresh.id)
    assert store.outbox.count() == 1
    assert store.records.find(AuditEvent) == ()
    assert store.records.search_patients("иванов") == ()


def test_an_upload_that_is_not_there_stops_the_write(store: Store) -> None:
    with pytest.raises(NotFoundError):
        store.records.commit([patient()], uploads=["0" * 64])
    assert store.records.find(Patient) == ()


def test_a_taken_login_stops_the_write(store: Store) -> None:
    account = Account("aigul", "p", "nurse", "hash")
    store.accounts.add(account)
    with pytest.raises(InvalidInputError):
        store.records.commit([patient()], accounts=[account])
    assert store.records.find(Patient) == ()


def test_an_edit_needs_the_version_it_was_made_from(store: Store) -> None:
    old = saved(store, patient())
    new = saved(store, renamed(old, "Ахметов"))
    with pytest.raises(ConflictError):
        store.records.commit([renamed(old, "Иванов")])
    assert store.records.get(Patient, old.id) == new
    assert [each.name[0].family for each in store.records.versions(Patient, old.id)] == ["Қасымов", "Ахметов"]


def test_a_new_record_does_not_overwrite_one_with_its_id(store: Store) -> None:
    old = saved(store, patient())
    with pytest.raises(ConflictError):
        store.records.commit([Patient(id=old.id)])


def test_of_two_writers_with_the_same_version_one_wins_and_one_is_told(store: Store) -> None:
    old = saved(store, patient())
    outcomes: list[str] = []

    def edit(family: str) -> None:
        try:
            store.records.commit([renamed(old, family)])
            outcomes.append("saved")
        except ConflictError:
            outcomes.append("told")

    threads = [threading.Thread(target=edit, args=(name,)) for name in ("Бірінші", "Екінші", "Үшінші")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == ["saved", "told", "told"]
    assert len(store.records.versions(Patient, old.id)) == 2


def test_what_we_do_not_model_survives_an_edit(store: Store) -> None:
    body = (
        b'{"resourceType":"Patient","id":"p1","meta":{"versionId":"7"},"birthDate":"1964-03-05",'
        b'"maritalStatus":{"text":"m"},"extension":[{"url":"urn:a","valueDecimal":72.50}],'
        b'"name":[{"family":"A","_family":{"id":"f"}}]}'
    )
    store.records.receive([body])
    saved(store, renamed(store.records.get(Patient, "p1"), "B"))
    stored = store.records.body(Patient, "p1")
    for kept in (b'"maritalStatus":{"text":"m"}', b'"valueDecimal":72.50', b'"_family":{"id":"f"}', b'"family":"B"'):
        assert kept in stored


def test_records_are_found_by_what_they_say_last_changed_first(store: Store) -> None:
    code = CodeableConcept(coding=(Coding(system="http://loinc.org", code="8867-4"),))
    subject = Reference(reference="Patient/p1")
    first = Observation(id=new_id(), status="final", code=code, subject=subject)
    second = Observation(id=new_id(), status="preliminary", code=code, subject=subject)
    other = Observation(id=new_id(), status="final", code=code, subject=Reference(reference="Patient/p2"))
    for record in (first, second, other):
        store.records.commit([record])

    def ids(**params: str) -> list[str]:
        return [each.id for each in store.records.find(Observation, **params)]

    assert ids(subject="p1") == [second.id, first.id]
    assert ids(subject="p1", status="final") == [first.id]
    assert ids(code="8867-4") == ids(code="http://loinc.org|8867-4") == [other.id, second.id, first.id]
    assert ids(subject="p3") == []
    assert len(store.records.find(Observation, limit=2)) == 2


def test_workflow_is_found_by_its_people_and_its_tags(store: Store) -> None:
    request = ServiceRequest(
        id=new_id(),
        status="active",
        intent="order",
        subject=Reference(reference="Patient/p1"),
        requester=Reference(reference="Organization/a"),
        performer=(Reference(reference="Organization/b"),),
        identifier=(Identifier(system="s", value="7"),),
    )
    task = Task(
        id=new_id(),
        status="requested",
        intent="order",
        based_on=(Reference(reference=f"ServiceRequest/{request.id}"),),
        focus=Reference(reference=f"ServiceRequest/{request.id}"),
        for_=Reference(reference="Patient/p1"),
        owner=Reference(reference="Organization/b"),
    )
    store.records.commit([request, with_audience(task, "b")])
    assert store.records.find(ServiceRequest, requester="a", performer="b", identifier="s|7")[0].id == request.id
    found = store.records.find(Task, based_on=request.id, focus=request.id, subject="p1", owner="b", tag="b")
    assert [each.id for each in found] == [task.id]


def test_an_index_follows_the_edit(store: Store) -> None:
    old = saved(store, patient(iin="850101300124"))
    saved(store, msgspec.structs.replace(old, identifier=()))
    assert store.records.find(Patient, identifier="urn:dala:identifier:kz-iin|850101300124") == ()
    assert store.records.search_patients("850101") == ()


def test_a_name_nobody_indexes_is_a_bug_and_says_so(store: Store) -> None:
    with pytest.raises(ValueError, match="colour"):
        store.records.find(Patient, colour="red")


def test_a_tampered_audit_row_is_found(store: Store) -> None:
    events = [audit_event() for _ in range(4)]
    for each in events:
        store.records.commit([], audit=[each])
    assert store.records.broken_audit_row() is None
    tamper(store, events[2].id, b'"R"', b'"U"')
    assert store.records.broken_audit_row() == events[2].id


def test_a_removed_audit_link_is_found(store: Store) -> None:
    for _ in range(3):
        store.records.commit([], audit=[audit_event()])
    with store.database.writing() as connection:
        connection.execute(text("DELETE FROM audit_chain WHERE seq = 2"))
    assert store.records.broken_audit_row() is not None
