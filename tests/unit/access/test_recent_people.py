"""Who worked here last: the newest first, a few, nobody who was shut out."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from clinic_app.access import People, RecentPeople, Session
from clinic_app.access.recent_people import MOST
from clinic_app.storage import Store
from tests.helpers.clocks import FixedClock
from tests.helpers.stores import PASSWORD, QUICK, opened, set_up


class Facility:
    """A set-up store and its people."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.people = People(store, FixedClock(), QUICK)
        self.recent = RecentPeople(store)

    def enter(self, login: str) -> Session:
        """Sign in, as the window notes it."""
        session = self.people.sign_in(login, PASSWORD)
        self.recent.note(session)
        return session

    def logins(self) -> list[str]:
        """Return who is shown."""
        return [person.login for person in self.recent.all()]


@pytest.fixture
def facility(tmp_path: Path) -> Iterator[Facility]:
    with opened(tmp_path) as store:
        set_up(store, "doctor", "nurse", "registrar")
        yield Facility(store)


def test_nobody_is_shown_before_anybody_came(facility: Facility) -> None:
    assert facility.recent.all() == ()


def test_whoever_came_last_is_first_and_nobody_twice(facility: Facility) -> None:
    for login in ("doctor", "nurse", "doctor", "registrar", "nurse"):
        facility.enter(login)
    assert facility.logins() == ["nurse", "registrar", "doctor"]


def test_each_is_shown_by_name_and_role(facility: Facility) -> None:
    facility.enter("nurse")
    (person,) = facility.recent.all()
    assert (person.name, person.role) == ("nurse here", "nurse")


def test_whoever_was_shut_out_is_not_shown_and_comes_back_when_let_in_again(facility: Facility) -> None:
    admin = facility.enter("admin")
    facility.enter("doctor")
    facility.people.set_active(admin, "doctor", is_active=False)
    assert facility.logins() == ["admin"]
    facility.people.set_active(admin, "doctor", is_active=True)
    assert facility.logins() == ["doctor", "admin"]


def test_only_the_last_few_are_kept(facility: Facility) -> None:
    admin = facility.enter("admin")
    for number in range(MOST + 2):
        facility.people.add(admin, f"nurse{number}", PASSWORD, f"Nurse {number}", "nurse")
        facility.enter(f"nurse{number}")
    assert facility.logins() == [f"nurse{number}" for number in range(MOST + 1, 1, -1)]


def test_a_damaged_list_is_an_empty_one(facility: Facility) -> None:
    facility.store.memory.put("recent-people", b"\xff{")
    assert facility.recent.all() == ()
    facility.enter("doctor")
    assert facility.logins() == ["doctor"]


def test_the_hospital_has_its_name_before_anybody_signs_in(facility: Facility) -> None:
    assert facility.people.facility_name() == "Хромтау аудандық ауруханасы"


def test_a_folder_that_is_not_set_up_has_no_name(tmp_path: Path) -> None:
    with opened(tmp_path / "empty") as store:
        assert People(store, FixedClock(), QUICK).facility_name() == ""
