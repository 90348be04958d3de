"""The report: right numbers, small ones hidden, nobody in it, and noted in the trail."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from dataclasses import asdict
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from clinic_app.access import Session, Trail
from clinic_app.foundation.errors import InvalidInputError, NotAllowedError, StorageError
from clinic_app.foundation.texts import Text
from clinic_app.records import (
    CodeableConcept,
    HumanName,
    Identifier,
    ImagingStudy,
    Observation,
    Patient,
    Reference,
    Resource,
    ServiceRequest,
    Task,
)
from clinic_app.referral.hub_times import remember_hub_time
from clinic_app.statistics import LEAST, Quartiles, Report, Statistics, Table
from clinic_app.statistics.report import births_of_ages
from clinic_app.storage import AuditQuery, Store
from clinic_app.terminology.specialties import specialty
from tests.helpers.clocks import FixedClock
from tests.helpers.stores import opened, session_of, set_up

HERE, THERE = "org-a", "org-b"
YEAR = (date(2025, 1, 1), date(2025, 12, 31))
MARCH = datetime(2025, 3, 5, 7, tzinfo=UTC)
MARK = "QARABALA"
ROLES = ("registrar", "nurse", "doctor", "specialist", "laboratory", "statistician", "auditor")
Wards = tuple[Store, FixedClock]


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock(MARCH)


@pytest.fixture
def store(tmp_path: Path, clock: FixedClock) -> Iterator[Store]:
    with opened(tmp_path / "data", clock=clock) as store:
        set_up(store, *ROLES)
        yield store


@pytest.fixture
def statistics(store: Store, clock: FixedClock) -> Statistics:
    return Statistics(store, Trail(store, clock), clock)


@pytest.fixture
def counter(store: Store) -> Session:
    return session_of(store, "statistician")


def _people(prefix: str, number: int, sex: str = "female", birth: str = "1964-03-05") -> list[Resource]:
    return [
        Patient(
            id=f"{MARK}-{prefix}-{n}",
            gender=sex,  # type: ignore[arg-type]
            birth_date=birth,
            name=(HumanName(family=f"{MARK}ова", given=(MARK,)),),
            identifier=(Identifier(system="urn:dala:identifier:kz-iin", value=f"IIN{MARK}{n}"),),
        )
        for n in range(number)
    ]


def _referral(n: int, hours: int | None, urgency: str = "stat", asked: str = "cardiology") -> list[Resource]:
    code = specialty(asked)
    assert code is not None
    about = Reference(reference=f"Patient/{MARK}-w-0", display=f"{MARK}ова")
    answered = MARCH + timedelta(hours=hours or 0)
    return [
        ServiceRequest(id=f"{MARK}-r{n}", status="active", intent="order", subject=about,
                       performer_type=code.concept(), reason_code=(CodeableConcept(text=MARK),)),
        Task(id=f"{MARK}-t{n}", status="requested" if hours is None else "completed", intent="order",
             priority=urgency, focus=Reference(reference=f"ServiceRequest/{MARK}-r{n}"), for_=about,  # type: ignore[arg-type]
             requester=Reference(reference=f"Organization/{HERE}"), owner=Reference(reference=f"Organization/{THERE}"),
             authored_on=MARCH, last_modified=answered),
    ]  # fmt: skip


def _later(clock: FixedClock) -> None:
    clock.advance(minutes=60 * 24 * 400)


def _told(table: Table) -> dict[str, int | None]:
    return {each.label.render("en") if isinstance(each.label, Text) else each.label: each.count for each in table.lines}


def _strings(value: Any) -> Iterator[str]:
    """Yield every word and number a report holds, however deep."""
    if isinstance(value, dict):
        for each in value.values():
            yield from _strings(each)
    elif isinstance(value, (tuple, list)):
        for each in value:
            yield from _strings(each)
    elif isinstance(value, Text):
        yield value.render("en")
    else:
        yield repr(value)


def test_a_clinic_without_patients_has_an_empty_report(
    statistics: Statistics, counter: Session, clock: FixedClock
) -> None:
    _later(clock)
    report = statistics.report(counter, *YEAR)
    assert report.is_empty
    assert [table.total for table in report.tables] == [0] * 13
    assert all(wait.from_sent is None and wait.from_hub is None for wait in report.waits)
    assert report.facility == "Хромтау аудандық ауруханасы"


def test_a_calendar_year_is_told_exactly(
    store: Store, statistics: Statistics, counter: Session, clock: FixedClock
) -> None:
    store.records.commit(_people("w", 12) + _people("m", 7, "male", "2021-06-01") + _people("u", 6, "other", ""))
    _later(clock)
    report = statistics.report(counter, *YEAR)
    assert not report.is_rounded
    told = _told(report.table("patients"))
    assert told["Women, 60–74"] == 12
    assert told["Men, 0–4"] == 7
    assert told["Sex not stated, age not known"] == 6
    assert sum(each or 0 for each in told.values()) == report.table("patients").total == 25
    months = _told(report.table("new-patients"))
    assert list(months) == [f"2025-{n:02}" for n in range(1, 13)]
    assert months["2025-03"] == 25


def test_any_other_span_is_rounded(store: Store, statistics: Statistics, counter: Session, clock: FixedClock) -> None:
    store.records.commit(_people("w", 12))
    _later(clock)
    report = statistics.report(counter, date(2025, 3, 1), date(2025, 3, 31))
    assert report.is_rounded
    assert _told(report.table("new-patients")) == {"2025-03": 10}
    assert report.table("patients").total == 10


def test_a_group_of_fewer_than_five_is_hidden_with_another(
    store: Store, statistics: Statistics, counter: Session, clock: FixedClock
) -> None:
    store.records.commit(_people("w", 12) + _people("m", 3, "male") + _people("y", 30, "female", "2010-01-01"))
    _later(clock)
    table = statistics.report(counter, *YEAR).table("patients")
    told = _told(table)
    assert (told["Men, 60–74"], told["Women, 60–74"], told["Women, 5–17"]) == (None, None, 30)
    assert table.has_hidden
    assert table.total == 45


def test_many_measurements_of_few_patients_are_hidden(
    store: Store, statistics: Statistics, counter: Session, clock: FixedClock
) -> None:
    store.records.commit(_people("w", 8))
    store.records.commit(
        [
            Observation(id=f"o{n}", status="final", code=CodeableConcept(text="x"), effective_date_time=MARCH,
                        subject=Reference(reference=f"Patient/{MARK}-w-{n % 2}"))
            for n in range(40)
        ]
    )  # fmt: skip
    _later(clock)
    report = statistics.report(counter, *YEAR)
    assert report.table("observations").total is None
    assert report.table("visits").total is None
    assert not report.is_empty


def test_visits_measurements_and_images_are_counted_by_month(
    store: Store, statistics: Statistics, counter: Session, clock: FixedClock
) -> None:
    store.records.commit(_people("w", 6))
    for n in range(6):
        about = Reference(reference=f"Patient/{MARK}-w-{n}")
        code = CodeableConcept(text="x")
        store.records.commit(
            [
                Observation(id=f"a{n}", status="final", code=code, subject=about, effective_date_time=MARCH),
                Observation(id=f"b{n}", status="final", code=code, subject=about, effective_date_time=MARCH),
                ImagingStudy(id=f"s{n}", status="available", subject=about, started=MARCH),
            ]
        )
    _later(clock)
    report = statistics.report(counter, *YEAR)
    totals = {table.key: table.total for table in report.tables[2:5]}
    assert totals == {"visits": 6, "observations": 12, "studies": 6}
    assert _told(report.table("observations"))["2025-03"] == 12


def test_referrals_are_told_by_urgency_specialty_state_and_month(
    store: Store, statistics: Statistics, counter: Session, clock: FixedClock
) -> None:
    for n in range(20):
        urgent = ("stat", "asap", "urgent", "routine")[n % 4]
        store.records.commit(_referral(n, 4 if n < 13 else None, urgent, "cardiology" if n < 9 else "neurology"))
    _later(clock)
    report = statistics.report(counter, *YEAR)
    assert _told(report.table("sent-urgency")) == {
        "Emergency": 5, "Urgent": 10, "Planned": 5, "Other or not stated": 0
    }  # fmt: skip
    assert _told(report.table("sent-specialty"))["Cardiology"] == 9
    assert _told(report.table("sent-specialty"))["Neurology"] == 11
    assert _told(report.table("sent-state")) == {
        "Waiting": 7, "Being answered": 0, "Answered": 13, "Not answered, closed": 0
    }  # fmt: skip
    assert _told(report.table("sent-month"))["2025-03"] == 20
    assert report.table("received-urgency").is_empty


def test_the_two_clocks_have_their_own_quartiles(
    store: Store, statistics: Statistics, counter: Session, clock: FixedClock
) -> None:
    for n in range(5):
        store.records.commit(_referral(n, 4 + n))
        remember_hub_time(store, f"{MARK}-t{n}", MARCH + timedelta(hours=3))
    _later(clock)
    waits = statistics.report(counter, *YEAR).waits
    everything, emergency, urgent, planned = waits[:4]
    assert everything.from_sent == emergency.from_sent == Quartiles(300, 360, 420)
    assert everything.from_hub == emergency.from_hub == Quartiles(120, 180, 240)
    assert urgent.from_sent is planned.from_sent is None
    assert [wait.side for wait in waits] == ["sent"] * 4 + ["received"] * 4


def test_times_of_fewer_than_five_answers_are_hidden(
    store: Store, statistics: Statistics, counter: Session, clock: FixedClock
) -> None:
    for n in range(LEAST):
        store.records.commit(_referral(n, 2))
        if n:
            remember_hub_time(store, f"{MARK}-t{n}", MARCH)
    _later(clock)
    wait = statistics.report(counter, *YEAR).waits[0]
    assert wait.from_sent == Quartiles(120, 120, 120)
    assert wait.from_hub is None


def test_a_clock_that_ran_ahead_makes_no_negative_wait(
    store: Store, statistics: Statistics, counter: Session, clock: FixedClock
) -> None:
    for n in range(5):
        store.records.commit(_referral(n, -3))
    _later(clock)
    assert statistics.report(counter, *YEAR).waits[0].from_sent == Quartiles(0, 0, 0)


def test_nobody_is_in_a_report(
    store: Store, statistics: Statistics, counter: Session, clock: FixedClock, tmp_path: Path
) -> None:
    store.records.commit(_people("w", 9) + _people("m", 2, "male", "1931-12-24"))
    for n in range(6):
        store.records.commit(_referral(n, 3))
    _later(clock)
    for span in (YEAR, (date(2025, 3, 1), date(2025, 3, 31))):
        words = " ".join(_strings(asdict(statistics.report(counter, *span))))
        statistics.write_csv(counter, *span, tmp_path / "out.csv", "kk")
        for told in (words, (tmp_path / "out.csv").read_text("utf-8-sig")):
            assert "2025" in told
            for mark in (MARK, "IIN", "1964-03-05", "1931", "Patient/", "Task/", "display"):
                assert mark not in told, mark


def test_a_report_holds_only_counts_words_and_dates(
    store: Store, statistics: Statistics, counter: Session, clock: FixedClock
) -> None:
    _later(clock)
    report = statistics.report(counter, *YEAR)
    kinds = {type(each.count) for table in report.tables for each in table.lines}
    assert kinds == {int}
    assert set(asdict(report)) == {
        "span_from", "span_to", "made_at", "is_rounded", "facility", "tables", "waits"
    }  # fmt: skip


@pytest.mark.parametrize("role", ["statistician", "auditor"])
def test_who_may_count_is_noted(
    store: Store, statistics: Statistics, clock: FixedClock, role: str, tmp_path: Path
) -> None:
    _later(clock)
    session = session_of(store, role)
    statistics.report(session, *YEAR)
    statistics.write_csv(session, *YEAR, tmp_path / "a.csv", "en")
    export, report = (row.event for row in store.audit.page(AuditQuery(), 2))
    for event, subtype in ((report, "search"), (export, "export")):
        assert event.subtype[0].code == subtype
        assert event.agent[0].who is not None
        assert event.agent[0].who.id == session.practitioner_id
        assert event.outcome == "0"


@pytest.mark.parametrize("role", ["registrar", "nurse", "doctor", "specialist", "laboratory", "administrator"])
def test_everybody_else_is_refused_and_that_is_noted(
    store: Store, statistics: Statistics, clock: FixedClock, role: str, tmp_path: Path
) -> None:
    _later(clock)
    session = session_of(store, role)
    with pytest.raises(NotAllowedError):
        statistics.report(session, *YEAR)
    with pytest.raises(NotAllowedError):
        statistics.write_csv(session, *YEAR, tmp_path / "a.csv", "en")
    assert not (tmp_path / "a.csv").exists()
    assert store.audit.page(AuditQuery(), 1)[0].event.outcome == "4"


def test_a_span_that_is_not_told_is_not_counted(statistics: Statistics, counter: Session, clock: FixedClock) -> None:
    with pytest.raises(InvalidInputError, match="over"):
        statistics.report(counter, *YEAR)
    _later(clock)
    with pytest.raises(InvalidInputError, match="whole months"):
        statistics.report(counter, date(2025, 3, 3), date(2025, 3, 9))


def test_the_table_to_take_away_says_what_the_report_says(
    store: Store, statistics: Statistics, counter: Session, clock: FixedClock, tmp_path: Path
) -> None:
    store.records.commit(_people("w", 12) + _people("m", 3, "male"))
    _later(clock)
    path = tmp_path / "report.csv"
    count = statistics.write_csv(counter, *YEAR, path, "ru")
    rows = list(csv.reader(path.read_text("utf-8-sig").splitlines(), delimiter=";"))
    assert len(rows) == count
    assert rows[0] == ["Отчёт", "Хромтау аудандық ауруханасы", "2025-01-01", "2025-12-31"]
    assert ["Новые пациенты по месяцам", "2025-03", "15"] in rows
    assert any(row[1:] == ["Мужчины, 60–74", "скрыто"] for row in rows)
    assert not any("округлены" in row[0] for row in rows)


def test_a_rounded_table_says_so(statistics: Statistics, counter: Session, clock: FixedClock, tmp_path: Path) -> None:
    _later(clock)
    path = tmp_path / "report.csv"
    statistics.write_csv(counter, date(2025, 3, 1), date(2025, 4, 30), path, "ru")
    assert "округлены" in path.read_text("utf-8-sig")


def test_an_export_that_cannot_be_written_leaves_no_file(
    statistics: Statistics, counter: Session, clock: FixedClock, tmp_path: Path
) -> None:
    _later(clock)
    (tmp_path / "report.csv").mkdir()
    with pytest.raises(StorageError):
        statistics.write_csv(counter, *YEAR, tmp_path / "report.csv", "ru")
    assert [path.name for path in tmp_path.iterdir() if path.is_file()] == []


def test_groups_of_age_change_on_the_birthday() -> None:
    assert births_of_ages(date(2025, 12, 31)) == (
        "1950-12-31", "1965-12-31", "1985-12-31", "2007-12-31", "2020-12-31"
    )  # fmt: skip
    assert births_of_ages(date(2024, 2, 29))[0] == "1949-02-29"


def test_a_report_reads_no_record(
    store: Store, statistics: Statistics, counter: Session, clock: FixedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    store.records.commit(_people("w", 30))
    _later(clock)
    asked: list[str] = []
    monkeypatch.setattr(type(store.records), "find", lambda *_a, **_k: asked.extend(["find"]))
    assert statistics.report(counter, *YEAR).table("patients").total == 30
    assert asked == []


def test_a_table_is_found_by_its_key(statistics: Statistics, counter: Session, clock: FixedClock) -> None:
    _later(clock)
    report: Report = statistics.report(counter, *YEAR)
    assert {table.key for table in report.tables} == {report.table(table.key).key for table in report.tables}
