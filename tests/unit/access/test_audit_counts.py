"""How many events fell into which hour, and a table that can be stopped half-way."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from clinic_app.access import AuditFilter, AuditLog, People, Session, Trail
from clinic_app.foundation.errors import NotAllowedError, StorageError
from clinic_app.foundation.texts import Text
from clinic_app.storage import Store
from tests.helpers.clocks import NOON, FixedClock
from tests.helpers.stores import PASSWORD, QUICK, opened, set_up


class Office:
    """A workstation with an auditor and a clock that can be moved."""

    def __init__(self, store: Store, clock: FixedClock) -> None:
        self.clock = clock
        set_up(store, "auditor", "nurse")
        self.people = People(store, clock, QUICK)
        self.log = AuditLog(store, Trail(store, clock), clock)
        self.auditor = self.sign_in("auditor")

    def sign_in(self, login: str) -> Session:
        return self.people.sign_in(login, PASSWORD)


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    clock = FixedClock()
    with opened(tmp_path, clock=clock) as store:
        yield Office(store, clock)


def test_events_are_counted_by_the_hour_they_fell_into(office: Office) -> None:
    office.sign_in("nurse")
    office.clock.advance(minutes=59)
    office.sign_in("nurse")
    office.clock.advance(minutes=1)
    office.sign_in("nurse")
    counts = office.log.counts(office.auditor, AuditFilter(action="login"))
    assert counts == {NOON: 3, NOON.replace(hour=8): 1}


def test_the_counts_follow_the_filter(office: Office) -> None:
    nurse = office.sign_in("nurse")
    wanted = AuditFilter(person=nurse.practitioner_id)
    assert sum(office.log.counts(office.auditor, wanted).values()) == 1
    assert office.log.counts(office.auditor, AuditFilter(action="export")) == {}


def test_the_counts_and_the_lines_agree(office: Office) -> None:
    for _time in range(5):
        office.sign_in("nurse")
        office.clock.advance(hours=7)
    lines = office.log.find(office.auditor, AuditFilter(action="login"))
    assert {line.action for line in lines} == {"login"}
    assert len(lines) == 6
    assert sum(office.log.counts(office.auditor, AuditFilter(action="login")).values()) == len(lines)


def test_only_an_auditor_counts(office: Office) -> None:
    with pytest.raises(NotAllowedError):
        office.log.counts(office.sign_in("nurse"), AuditFilter())


def test_an_export_tells_each_line_and_is_ended_by_what_that_raises(office: Office, tmp_path: Path) -> None:
    path = tmp_path / "table.csv"
    told: list[int] = []
    count = office.log.write_csv(office.auditor, AuditFilter(), path, told.append)
    assert told == list(range(1, count + 1))
    path.unlink()

    def stop(number: int) -> None:
        if number == 2:
            raise StorageError(Text("The export was stopped; no file was left."))

    with pytest.raises(StorageError):
        office.log.write_csv(office.auditor, AuditFilter(), path, stop)
    assert not path.exists()
    assert not [each for each in tmp_path.iterdir() if each.name.startswith("table.csv")]


def test_a_stopped_export_is_in_the_trail_all_the_same(office: Office, tmp_path: Path) -> None:
    def stop(_number: int) -> None:
        raise StorageError(Text("The export was stopped; no file was left."))

    with pytest.raises(StorageError):
        office.log.write_csv(office.auditor, AuditFilter(), tmp_path / "table.csv", stop)
    assert len(office.log.find(office.auditor, AuditFilter(action="export"))) == 1
