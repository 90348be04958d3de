"""The auditor's trail: filters, pages, the check, the table that is written out, and that reading it is noted."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from datetime import UTC, timedelta, timezone
from pathlib import Path

import pytest
from sqlalchemy import text

from clinic_app.access import (
    AUDIT_ACTION_WORDS,
    OUTCOME_WORDS,
    ROLES,
    AuditFilter,
    AuditLog,
    Session,
    Trail,
)
from clinic_app.access.audit_events import CODES, SUBTYPES
from clinic_app.foundation.errors import NotAllowedError, NotFoundError, StorageError
from clinic_app.records import AuditEvent, HumanName, Observation, Patient, Reference
from clinic_app.records.datatypes import CodeableConcept
from clinic_app.storage import AuditQuery, Store
from clinic_app.storage.trail.countersigned import Countersigned, keep_countersigned
from tests.helpers.clocks import NOON, FixedClock
from tests.helpers.stores import opened, session_of, set_up

ANNA, BOTA = Patient(id="anna", name=(HumanName(text="Анна"),)), Patient(id="bota", name=(HumanName(text="Бота"),))
PULSE = Observation(
    id="pulse", status="final", code=CodeableConcept(text="x"), subject=Reference(reference="Patient/anna")
)


class Office:
    """An auditor's desk over one store."""

    def __init__(self, store: Store, clock: FixedClock) -> None:
        self.store = store
        self.clock = clock
        self.trail = Trail(store, clock)
        self.log = AuditLog(store, self.trail, clock)
        self.auditor = session_of(store, "auditor")
        self.doctor = session_of(store, "doctor")
        self.nurse = session_of(store, "nurse")

    def note(self, *events: AuditEvent) -> None:
        self.store.records.commit((), audit=events)

    def day(self) -> None:
        """Let two people look at two patients over a few hours, and one be refused."""
        self.note(self.trail.event(self.doctor, "read", ANNA))
        self.clock.advance(hours=1)
        self.note(self.trail.event(self.nurse, "create", PULSE))
        self.clock.advance(hours=1)
        self.note(self.trail.happening(self.doctor, "search", ANNA, BOTA, query="Анна"))
        self.clock.advance(hours=1)
        with pytest.raises(NotAllowedError):
            self.trail.require(self.nurse, "sign", "DiagnosticReport", "bota")

    def shown(self, **wanted: object) -> list[tuple[str, str, str]]:
        lines = self.log.find(self.auditor, AuditFilter(**wanted))  # type: ignore[arg-type]
        return [(line.login, line.action, line.outcome) for line in lines if line.login != "auditor"]


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    clock = FixedClock()
    with opened(tmp_path / "data", clock=clock) as store:
        set_up(store, *(role for role in ROLES if role != "administrator"))
        store.records.commit((ANNA, BOTA))
        yield Office(store, clock)


READ, MADE, SEARCHED, REFUSED = (
    ("doctor", "read", "0"),
    ("nurse", "create", "0"),
    ("doctor", "search", "0"),
    ("nurse", "sign", "4"),
)


def test_every_filter_shows_what_it_says_newest_first(office: Office) -> None:
    office.day()
    assert office.shown() == [REFUSED, SEARCHED, MADE, READ]
    assert office.shown(person=office.nurse.practitioner_id) == [REFUSED, MADE]
    assert office.shown(patient="anna") == [SEARCHED, MADE, READ]
    assert office.shown(patient="bota") == [REFUSED, SEARCHED]
    assert office.shown(action="search") == [SEARCHED]
    assert office.shown(outcome="4") == [REFUSED]
    assert office.shown(from_at=NOON + timedelta(hours=1), to_at=NOON + timedelta(hours=2)) == [MADE]
    assert office.shown(person=office.doctor.practitioner_id, patient="bota") == [SEARCHED]
    assert office.shown(person="nobody") == []


def test_a_moment_of_another_time_zone_is_the_same_moment(office: Office) -> None:
    office.day()
    almaty = timezone(timedelta(hours=5))
    hour = (NOON + timedelta(hours=1)).astimezone(almaty)
    assert office.shown(from_at=hour, to_at=hour + timedelta(minutes=1)) == [MADE]


def test_a_line_tells_who_whom_what_and_why_not(office: Office) -> None:
    office.day()
    lines = [line for line in office.log.find(office.auditor, AuditFilter()) if line.login != "auditor"]
    refused, searched, made, _ = lines
    assert refused.patients == ("bota",)
    assert refused.patient_names == ("Бота",)
    assert refused.records == ("DiagnosticReport",)
    assert refused.description == "Your role (Nurse) does not allow this."
    assert refused.recorded_at == NOON + timedelta(hours=3)
    assert (refused.person, refused.role) == ("nurse here", "nurse")
    assert searched.description == "Анна"
    assert searched.patient_names == ("Анна", "Бота")
    assert made.records == ("Observation/pulse",)
    assert not any(line.is_emergency for line in lines)
    assert len({line.event_id for line in lines}) == 4


def test_pages_follow_one_another_without_gap_or_double(office: Office) -> None:
    for number in range(23):
        office.note(office.trail.event(office.doctor, "read", Patient(id=f"p{number}")))
    wanted = AuditFilter(person=office.doctor.practitioner_id)
    found: list[str] = []
    before: int | None = None
    while page := office.log.find(office.auditor, wanted, limit=5, before_seq=before):
        found += [line.patients[0] for line in page]
        before = page[-1].seq
    assert found == [f"p{number}" for number in reversed(range(23))]


def test_reading_the_trail_is_in_the_trail_once_for_all_its_pages(office: Office) -> None:
    office.day()
    before = len(office.store.audit.page(AuditQuery(), 1000))
    first = office.log.find(office.auditor, AuditFilter(patient="anna"), limit=1)
    office.log.find(office.auditor, AuditFilter(patient="anna"), limit=1, before_seq=first[0].seq)
    rows = office.store.audit.page(AuditQuery(), 1000)
    assert len(rows) == before + 1
    assert rows[0].event.type.code == "110101"
    assert office.log.find(office.auditor, AuditFilter(action="audit-log"))[0].description == "patient=anna"


def test_the_check_tells_length_and_head_and_is_noted(office: Office) -> None:
    office.day()
    verdict = office.log.verify(office.auditor)
    assert (verdict.is_whole, verdict.broken_id, verdict.rows) == (True, None, 4)
    noted = office.log.find(office.auditor, AuditFilter(action="audit-log"))[0]
    assert noted.description == f"4 {verdict.head} whole"


def test_the_check_names_the_first_row_that_is_not_as_it_was(office: Office) -> None:
    office.day()
    third = office.store.audit.page(AuditQuery(action="search"), 1)[0].event.id
    with office.store.database.writing() as connection:
        connection.execute(text("UPDATE audit_chain SET mac = X'00' WHERE id = :id"), {"id": third})
    verdict = office.log.verify(office.auditor)
    assert (verdict.is_whole, verdict.broken_id) == (False, third)


def test_the_check_compares_with_what_the_hub_has_seen(office: Office) -> None:
    office.day()
    head, links = office.store.audit.head()
    keep_countersigned(office.store.memory, Countersigned(links, head, "whole", 0, NOON))
    verdict = office.log.verify(office.auditor)
    assert (verdict.standing, verdict.breaks) == ("whole", 0)
    assert verdict.seen is not None
    for seen, standing in (
        (Countersigned(99, head, "whole", 0, NOON), "shorter"),
        (Countersigned(2, head, "whole", 0, NOON), "other"),
    ):
        keep_countersigned(office.store.memory, seen)
        verdict = office.log.verify(office.auditor)
        assert (verdict.is_whole, verdict.standing, verdict.breaks) == (True, standing, 1)
        noted = office.log.find(office.auditor, AuditFilter(action="audit-log"))[0]
        assert noted.description.endswith(f"{standing} than the hub has seen")


def test_hours_are_counted_without_reading_the_events(office: Office) -> None:
    office.day()
    hours = office.log.counts(office.auditor, AuditFilter(patient="anna"))
    assert hours == {NOON.replace(hour=7 + number): 1 for number in range(3)}
    assert all(hour.tzinfo == UTC for hour in hours)


def _table(path: Path) -> list[list[str]]:
    return list(csv.reader(io.StringIO(path.read_text("utf-8-sig"), newline=""), delimiter=";"))


def test_the_table_holds_what_the_filter_shows_and_no_formula(office: Office, tmp_path: Path) -> None:
    office.day()
    office.note(office.trail.happening(office.doctor, "search", query='=HYPERLINK("http://evil")'))
    path = tmp_path / "out" / "trail.csv"
    count = office.log.write_csv(office.auditor, AuditFilter(person=office.doctor.practitioner_id), path)
    head, *rows = _table(path)
    assert count == len(rows) == 3
    assert head[:3] == ["No", "Moment (UTC)", "Person"]
    assert rows[0][head.index("Description")] == '\'=HYPERLINK("http://evil")'
    assert [row[head.index("Action")] for row in rows] == ["search", "search", "read"]
    assert rows[2][head.index("Moment (UTC)")] == "2026-03-05 07:00:00"
    assert rows[2][head.index("Patient")] == "Анна"


def test_an_export_is_noted_before_it_is_written(office: Office, tmp_path: Path) -> None:
    office.day()
    blocked = tmp_path / "file"
    blocked.write_bytes(b"")
    with pytest.raises((StorageError, NotFoundError)):
        office.log.write_csv(office.auditor, AuditFilter(), blocked / "trail.csv")
    newest = office.store.audit.page(AuditQuery(), 1)[0].event
    assert newest.subtype[0].code == "export"


def test_a_table_longer_than_a_page_is_whole(office: Office, tmp_path: Path) -> None:
    events = [office.trail.event(office.doctor, "read", Patient(id=f"p{number}")) for number in range(1203)]
    office.note(*events)
    path = tmp_path / "trail.csv"
    assert office.log.write_csv(office.auditor, AuditFilter(action="read"), path) == 1203
    assert len({row[-1] for row in _table(path)[1:]}) == 1203
    assert [each.name for each in tmp_path.iterdir() if "part" in each.name] == []


def test_people_and_patients_to_filter_by_are_found_by_name(office: Office) -> None:
    people = office.log.people(office.auditor)
    assert len(people) == len(ROLES)
    assert [each.name for each in people] == sorted(each.name for each in people)
    assert office.log.patients(office.auditor, "анна") == (("anna", "Анна"),)
    newest = office.store.audit.page(AuditQuery(), 1)[0].event
    assert newest.subtype[0].code == "search"
    assert office.log.patients(office.auditor, "  ") == ()


@pytest.mark.parametrize("role", [role for role in ROLES if role != "auditor"])
def test_nobody_but_an_auditor_reads_it(office: Office, role: str, tmp_path: Path) -> None:
    session = session_of(office.store, role)
    path = tmp_path / "stolen.csv"
    for attempt in (
        lambda: office.log.find(session, AuditFilter()),
        lambda: office.log.verify(session),
        lambda: office.log.people(session),
        lambda: office.log.patients(session, "Анна"),
        lambda: office.log.counts(session, AuditFilter()),
        lambda: office.log.write_csv(session, AuditFilter(), path),
    ):
        with pytest.raises(NotAllowedError):
            attempt()
    assert not path.exists()


def test_every_action_and_every_happening_has_words() -> None:
    assert set(CODES) | set(SUBTYPES) <= set(AUDIT_ACTION_WORDS)
    assert set(OUTCOME_WORDS) == {"0", "4"}


def test_the_same_refusal_is_written_once_a_minute_and_every_other_at_once(office: Office) -> None:
    def ask(session: Session, patient: str) -> None:
        with pytest.raises(NotAllowedError):
            office.trail.require(session, "read", "DiagnosticReport", patient)

    for _ in range(10):
        ask(office.nurse, "anna")
    ask(office.nurse, "bota")
    ask(session_of(office.store, "registrar"), "anna")
    assert len(office.shown(outcome="4")) == 3
    office.clock.advance(minutes=1)
    ask(office.nurse, "anna")
    assert len(office.shown(outcome="4")) == 4


@pytest.mark.parametrize("patient", ["x" * 5000, "Қазақ", "../etc", "a b", "\0", "'; DROP TABLE record;--"])
def test_an_id_that_can_be_none_is_not_written_into_the_trail_as_one(office: Office, patient: str) -> None:
    with pytest.raises(NotFoundError):
        office.trail.require(office.doctor, "read", "Patient", patient)
    newest = office.store.audit.page(AuditQuery(), 1)[0].event
    assert newest.outcome == "4"
    assert [entity.what for entity in newest.entity] == [None]


def test_a_very_long_question_is_cut(office: Office) -> None:
    event = office.trail.happening(office.doctor, "search", query="ж" * 100_000 + "\ud800")
    assert len(event.entity[0].query or "") < 2000
    office.note(event)
    assert len(office.log.find(office.auditor, AuditFilter(action="search"))[0].description) == 500
