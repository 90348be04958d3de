"""How many there are of what, counted by the database: on a workstation's file and on a server."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import msgspec
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
from clinic_app.referral.hub_times import remember_hub_time
from clinic_app.storage import Store
from tests.helpers.clocks import NOON, FixedClock
from tests.helpers.stores import opened

pytestmark = pytest.mark.usefixtures("both_databases")
FIRST, LAST = "2026-03-01", "2026-03-31"
TODAY = NOON.astimezone().date().isoformat()
HERE, THERE = "org-a", "org-b"
CODE = CodeableConcept(text="pulse")


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock()


@pytest.fixture
def store(tmp_path: Path, clock: FixedClock) -> Iterator[Store]:
    with opened(tmp_path, clock=clock) as store:
        yield store


def _patient(id: str, sex: str | None = "female", birth: str | None = "1964-03-05", owner: str = "") -> Patient:
    place = Reference(reference=f"Organization/{owner}") if owner else None
    return Patient(id=id, gender=sex, birth_date=birth, managing_organization=place)  # type: ignore[arg-type]


def _observation(id: str, patient: str, at: datetime | None = NOON, status: str = "final") -> Observation:
    about = Reference(reference=f"Patient/{patient}")
    return Observation(id=id, status=status, code=CODE, subject=about, effective_date_time=at)  # type: ignore[arg-type]


def _task(id: str, **changed: object) -> Task:
    plain = Task(
        id=id,
        status="requested",
        intent="order",
        priority="stat",
        focus=Reference(reference=f"ServiceRequest/{id}-request"),
        requester=Reference(reference=f"Organization/{HERE}"),
        owner=Reference(reference=f"Organization/{THERE}"),
        authored_on=NOON,
        last_modified=NOON,
    )
    return msgspec.structs.replace(plain, **changed)


def _request(id: str, specialty: str) -> ServiceRequest:
    asked = CodeableConcept(coding=(Coding(code=specialty),))
    about = Reference(reference="Patient/p")
    return ServiceRequest(id=id, status="active", intent="order", subject=about, performer_type=asked)


def _put(store: Store, *records: Resource) -> None:
    store.records.commit(records)


def _patients(store: Store, first: str = FIRST, last: str = LAST, *births: str) -> dict[tuple[str, int], int]:
    return dict(store.counts.patients(HERE, first, last, births or ("1950-01-01", "2000-01-01")))


def test_an_empty_database_counts_nothing(store: Store) -> None:
    assert _patients(store) == {}
    assert store.counts.new_patients(HERE, FIRST, LAST) == {}
    found = store.counts.found(HERE, FIRST, LAST)
    assert (found.visits, found.observations, found.studies) == ({}, {}, {})
    assert store.counts.referrals(HERE, "sent", FIRST, LAST).states == {}
    assert store.counts.answer_times(HERE, "sent", FIRST, LAST) == ()


def test_patients_are_counted_by_sex_and_group_of_age(store: Store) -> None:
    _put(
        store,
        _patient("oldest", "male", "1950-01-01"),
        _patient("middle", "male", "1950-01-02"),
        _patient("edge", "female", "2000-01-01"),
        _patient("young", "female", "2000-01-02"),
        _patient("unknown", None, None),
        _patient("year", "male", "1949"),
    )
    assert _patients(store) == {
        ("male", 0): 2,
        ("male", 1): 1,
        ("female", 1): 1,
        ("female", 2): 1,
        ("", -1): 1,
    }


def test_only_our_own_patients_are_counted(store: Store) -> None:
    sent = Meta(version_id="1", source=f"Organization/{THERE}")
    liar = msgspec.structs.replace(_patient("liar", owner=HERE), meta=sent)
    guest = msgspec.structs.replace(_patient("guest"), meta=sent)
    store.records.receive([encode(liar), encode(guest)], is_from_hub=False)
    _put(store, _patient("ours", owner=HERE), _patient("nobody's"), _patient("theirs", owner=THERE))
    assert sum(_patients(store).values()) == 2
    assert sum(store.counts.new_patients(HERE, FIRST, LAST).values()) == 2


def test_a_patient_is_new_on_the_first_day_and_stays_so_when_edited(store: Store, clock: FixedClock) -> None:
    _put(store, _patient("p"))
    clock.advance(minutes=60 * 24 * 40)
    stored = store.records.get(Patient, "p")
    _put(store, msgspec.structs.replace(stored, gender="male"))
    assert store.counts.new_patients(HERE, "2026-01-01", "2026-12-31") == {TODAY[:7]: 1}
    assert _patients(store) == {("male", 1): 1}


def test_a_patient_who_came_again_is_counted_in_the_span_of_the_visit(store: Store, clock: FixedClock) -> None:
    _put(store, _patient("p"), _patient("absent"))
    clock.advance(minutes=60 * 24 * 60)
    _put(store, _observation("o", "p", clock.now()))
    day = clock.now().astimezone().date()
    begin, end = (day - timedelta(days=1)).isoformat(), (day + timedelta(days=1)).isoformat()
    assert _patients(store, begin, end) == {("female", 1): 1}
    assert sum(_patients(store).values()) == 2


def test_a_record_that_was_closed_as_a_double_is_not_counted(store: Store) -> None:
    _put(store, _patient("p"))
    _put(store, msgspec.structs.replace(store.records.get(Patient, "p"), active=False))
    assert _patients(store) == {}


def test_a_visit_is_a_day_on_which_something_was_found(store: Store) -> None:
    _put(
        store,
        _patient("p"),
        _patient("q"),
        *(_observation(f"o{n}", "p") for n in range(3)),
        _observation("next", "p", NOON + timedelta(days=1)),
        _observation("other", "q"),
        ImagingStudy(id="s", status="available", subject=Reference(reference="Patient/q"), started=NOON),
    )
    found = store.counts.found(HERE, FIRST, LAST)
    assert (found.visits, found.observations, found.studies) == (
        {"2026-03": 3},
        {"2026-03": 5},
        {"2026-03": 1},
    )
    assert (found.people, found.pictured) == ({"2026-03": 2}, {"2026-03": 1})


def test_findings_about_patients_of_others_are_not_ours(store: Store) -> None:
    _put(store, _patient("p", owner=THERE), _observation("o", "p"), _observation("orphan", "nobody"))
    assert store.counts.found(HERE, FIRST, LAST).visits == {}


def test_a_finding_without_a_time_counts_on_the_day_it_was_written(store: Store) -> None:
    _put(store, _patient("p"), _observation("o", "p", None))
    assert store.counts.found(HERE, TODAY, TODAY).observations == {TODAY[:7]: 1}


@pytest.mark.parametrize("status", ["entered-in-error", "cancelled"])
def test_what_is_withdrawn_is_not_counted_any_more(store: Store, status: str) -> None:
    study = ImagingStudy(id="o", status="available", subject=Reference(reference="Patient/p"), started=NOON)
    _put(store, _patient("p"), _observation("o", "p"), study)
    _put(store, msgspec.structs.replace(store.records.get(Observation, "o"), status=status))
    found = store.counts.found(HERE, FIRST, LAST)
    assert (found.observations, found.studies) == ({"2026-03": 0}, {"2026-03": 1})


def test_referrals_are_counted_by_urgency_specialty_state_and_month(store: Store) -> None:
    later = NOON + timedelta(days=31)
    _put(
        store,
        _task("a"),
        _request("a-request", "cardiology"),
        _task("b", priority="routine", status="rejected", authored_on=later),
        _request("b-request", "neurology"),
        _task("c", priority=None, focus=None),
        _task("draft", status="draft"),
        _task("theirs", requester=Reference(reference=f"Organization/{THERE}"), owner=None),
    )
    counted = store.counts.referrals(HERE, "sent", FIRST, "2026-12-31")
    assert counted.urgencies == {"stat": 1, "routine": 1, "": 1}
    assert counted.specialties == {"cardiology": 1, "neurology": 1, "": 1}
    assert counted.states == {"requested": 2, "rejected": 1}
    assert counted.months == {"2026-03": 2, "2026-04": 1}
    assert store.counts.referrals(HERE, "received", FIRST, LAST).states == {}
    assert store.counts.referrals(THERE, "received", FIRST, LAST).states == {"requested": 2}


def test_the_specialty_may_come_before_or_after_the_task(store: Store) -> None:
    for records in ((_task("a"), _request("a-request", "surgery")), (_request("b-request", "surgery"), _task("b"))):
        for record in records:
            _put(store, record)
    assert store.counts.referrals(HERE, "sent", FIRST, LAST).specialties == {"surgery": 2}


def test_an_answer_has_both_clocks(store: Store) -> None:
    answered = NOON + timedelta(hours=5)
    _put(store, _task("a"), _task("b", status="completed", last_modified=answered), _task("c"))
    remember_hub_time(store, "b", NOON + timedelta(hours=3))
    (time,) = store.counts.answer_times(HERE, "sent", FIRST, LAST)
    assert time.urgency == "stat"
    assert (time.sent_at, time.hub_at, time.answered_at) == (NOON, NOON + timedelta(hours=3), answered)


def test_an_answer_whose_hub_time_is_unknown_has_one_clock(store: Store) -> None:
    _put(store, _task("b", status="completed"))
    (time,) = store.counts.answer_times(HERE, "sent", FIRST, LAST)
    assert time.hub_at is None


def test_a_task_that_goes_on_is_counted_once_in_its_new_state(store: Store) -> None:
    _put(store, _task("a"))
    _put(store, msgspec.structs.replace(store.records.get(Task, "a"), status="received"))
    assert store.counts.referrals(HERE, "sent", FIRST, LAST).states == {"received": 1}


def test_a_write_that_fails_leaves_no_count(store: Store) -> None:
    with pytest.raises(KeyError, match="no such urgency"):
        _fail_after(store, _patient("p"))
    assert _patients(store) == {}


def _fail_after(store: Store, record: Resource) -> None:
    from clinic_app.storage.record_rows import write_version

    with store.database.writing() as connection:
        write_version(connection, record, encode(record), hub_version=None, origin="local", at=NOON)
        raise KeyError("no such urgency")


@pytest.mark.parametrize("moment", ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-12:00"])
def test_a_day_at_the_edge_of_the_calendar_stops_nothing(store: Store, moment: str) -> None:
    strange = _observation("o", "p", datetime.fromisoformat(moment))
    _put(store, _patient("p"), strange)
    assert sum(store.counts.found(HERE, "0001-01-01", "9999-12-31").observations.values()) == 1


def test_a_strangers_word_is_no_query_and_no_break(store: Store) -> None:
    record = _patient("x'); DROP TABLE count_patient; --", "fe\0male'; --" * 200)
    store.records.receive([encode(record)], is_from_hub=False)
    _put(store, _patient("p"))
    assert ("female", 1) in _patients(store)


def test_counts_are_found_by_an_index(store: Store) -> None:
    if store.database.dialect != "sqlite":
        return
    for table in ("count_patient", "count_finding", "count_task"):
        with store.database.reading() as connection:
            told = connection.execute(
                text(f"EXPLAIN QUERY PLAN SELECT count(*) FROM {table} WHERE day BETWEEN :a AND :b"),
                {"a": FIRST, "b": LAST},
            ).all()
        assert all("USING" in row[-1] and f"ix_{table}_day" in row[-1] for row in told), told
