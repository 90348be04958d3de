"""What day it is where the registrar sits: births at midnight, leap days, and a computer that was carried elsewhere."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta, timezone
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clinic_app.access import Trail
from clinic_app.foundation.dates import age_years, document_moment, form_date, form_moment
from clinic_app.registration import PatientForm, Registration
from clinic_app.storage import Store
from clinic_app.terminology.systems import CHART_NUMBER
from tests.helpers.clocks import FixedClock
from tests.helpers.stores import PASSWORD, QUICK, opened, set_up

MoveTo = Callable[[str], None]
QAZAQSTAN = "UTC-5"
"""POSIX writes the offset with the other sign: this is five hours ahead of Greenwich, the whole country since 2024."""


@pytest.fixture
def move_to() -> Iterator[MoveTo]:
    """Carries the computer to another time zone for the length of a test."""
    home = os.environ.get("TZ")

    def move(zone: str) -> None:
        os.environ["TZ"] = zone
        time.tzset()

    yield move
    os.environ.pop("TZ") if home is None else move(home)
    time.tzset()


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock()


@pytest.fixture
def store(tmp_path: Path, clock: FixedClock) -> Iterator[Store]:
    with opened(tmp_path, clock=clock) as store:
        set_up(store, "registrar")
        yield store


@pytest.fixture
def reception(store: Store, clock: FixedClock) -> Registration:
    return Registration(store, Trail(store, clock), clock, lambda: "7F3A")


def born(day: str) -> PatientForm:
    return PatientForm("Өмірзақов", "Қайрат", birth_date=day, gender="male")


@pytest.mark.parametrize(
    ("zone", "moment", "today"),
    [
        (QAZAQSTAN, datetime(2026, 3, 4, 18, 59, tzinfo=UTC), "04.03.2026"),
        (QAZAQSTAN, datetime(2026, 3, 4, 19, 0, tzinfo=UTC), "05.03.2026"),
        ("UTC+11", datetime(2026, 3, 5, 10, 59, tzinfo=UTC), "04.03.2026"),
        ("UTC-14", datetime(2026, 3, 4, 10, 0, tzinfo=UTC), "05.03.2026"),
        ("UTC-5:45", datetime(2026, 3, 4, 18, 15, tzinfo=UTC), "05.03.2026"),
        (QAZAQSTAN, datetime(2024, 2, 28, 19, 0, tzinfo=UTC), "29.02.2024"),
    ],
)
def test_a_child_of_this_night_is_born_today_and_not_in_the_future(
    reception: Registration, clock: FixedClock, move_to: MoveTo, zone: str, moment: datetime, today: str
) -> None:
    move_to(zone)
    clock.moment = moment
    assert reception.check(born(today)) == ()
    tomorrow = form_date(moment.astimezone().date() + timedelta(days=1))
    assert [error.field for error in reception.check(born(tomorrow))] == ["birth_date"]


def test_the_year_of_a_chart_number_is_that_of_the_wall_calendar(
    reception: Registration, store: Store, clock: FixedClock, move_to: MoveTo
) -> None:
    from clinic_app.access import People

    session = People(store, clock, QUICK).sign_in("registrar", PASSWORD)
    clock.moment = datetime(2026, 12, 31, 19, 30, tzinfo=UTC)
    numbers = []
    for zone in (QAZAQSTAN, "UTC", QAZAQSTAN):
        move_to(zone)
        patient = reception.register(session, born("01.01.1985"))
        numbers.append(patient.identifier_value(CHART_NUMBER))
    assert numbers == ["7F3A-27-000001", "7F3A-26-000001", "7F3A-27-000002"]


def test_a_moment_is_shown_in_local_time_with_its_offset_on_paper(move_to: MoveTo) -> None:
    moment = datetime(2026, 3, 4, 19, 30, tzinfo=UTC)
    shown = {}
    for zone in (QAZAQSTAN, "UTC", "UTC+3:30"):
        move_to(zone)
        shown[zone] = (form_moment(moment), document_moment(moment, "kk"))
    assert shown == {
        QAZAQSTAN: ("05.03.2026 00:30", "5 наурыз 2026, 00:30 (+05:00)"),
        "UTC": ("04.03.2026 19:30", "4 наурыз 2026, 19:30 (+00:00)"),
        "UTC+3:30": ("04.03.2026 16:00", "4 наурыз 2026, 16:00 (-03:30)"),
    }


def test_a_birth_date_never_moves_with_the_computer(move_to: MoveTo) -> None:
    for zone in ("UTC-14", "UTC", "UTC+12"):
        move_to(zone)
        assert form_date(date(1964, 3, 5)) == "05.03.1964"


@given(
    birth=st.dates(date(1900, 1, 1), date(2026, 1, 1)),
    days=st.integers(0, 45_000),
)
def test_age_grows_by_one_on_each_birthday_and_never_shrinks(birth: date, days: int) -> None:
    today = birth + timedelta(days=days)
    age, tomorrow = age_years(birth, today), age_years(birth, today + timedelta(days=1))
    assert tomorrow - age in (0, 1)
    assert age == 0 if days < 365 else age >= 1 or (birth.month, birth.day) == (2, 29)
    assert abs(days / 365.2425 - age - 0.5) < 0.51


@given(st.datetimes(datetime(1990, 1, 1), datetime(2090, 1, 1)), st.integers(-14 * 60, 14 * 60))  # noqa: DTZ001
def test_the_same_moment_is_the_same_words_whatever_zone_it_was_written_in(naive: datetime, minutes: int) -> None:
    moment = naive.replace(tzinfo=UTC)
    elsewhere = moment.astimezone(timezone(timedelta(minutes=minutes)))
    assert form_moment(elsewhere) == form_moment(moment)
    assert document_moment(elsewhere, "ru") == document_moment(moment, "ru")
