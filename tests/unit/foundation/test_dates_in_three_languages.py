"""Every month, every language: what a document prints and what a form shows, letter by letter."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Final

import pytest

from clinic_app.foundation.dates import (
    age_years,
    document_date,
    document_moment,
    form_date,
    form_moment,
    parse_form_date,
)
from clinic_app.foundation.numbers import show_number
from clinic_app.foundation.texts import Language
from clinic_app.terminology.specialties import SPECIALTIES, URGENCY_WORDS, specialty

MONTHS: Final = """
01 қаңтар     января    January
02 ақпан      февраля   February
03 наурыз     марта     March
04 сәуір      апреля    April
05 мамыр      мая       May
06 маусым     июня      June
07 шілде      июля      July
08 тамыз      августа   August
09 қыркүйек   сентября  September
10 қазан      октября   October
11 қараша     ноября    November
12 желтоқсан  декабря   December
"""
ROWS: Final = [tuple(line.split()) for line in MONTHS.splitlines() if line]


@pytest.mark.parametrize(("number", "kk", "ru", "en"), ROWS)
def test_a_document_writes_each_month_as_its_readers_do(number: str, kk: str, ru: str, en: str) -> None:
    day = date(2026, int(number), 9)
    assert document_date(day, "kk") == f"9 {kk} 2026"
    assert document_date(day, "ru") == f"9 {ru} 2026"
    assert document_date(day, "en") == f"9 {en} 2026"
    assert form_date(day) == f"09.{number}.2026"


@pytest.mark.parametrize(("number", "kk", "ru", "en"), ROWS)
def test_a_form_takes_back_each_month_it_shows(number: str, kk: str, ru: str, en: str) -> None:
    for day in (date(1901, int(number), 1), date(2026, int(number), 28)):
        assert parse_form_date(form_date(day)) == day


ZONES: Final = [
    ("Asia/Aqtobe", "5 March 2026, 23:30 (+05:00)", "05.03.2026 23:30"),
    ("UTC", "5 March 2026, 18:30 (+00:00)", "05.03.2026 18:30"),
    ("Asia/Kolkata", "6 March 2026, 00:00 (+05:30)", "06.03.2026 00:00"),
    ("America/St_Johns", "5 March 2026, 15:00 (-03:30)", "05.03.2026 15:00"),
]


@pytest.fixture
def live_in(monkeypatch: pytest.MonkeyPatch) -> object:
    """Sets the zone of this process and gives it back."""

    def move(zone: str) -> None:
        monkeypatch.setenv("TZ", zone)
        time.tzset()

    yield move
    monkeypatch.undo()
    time.tzset()


@pytest.mark.parametrize(("zone", "document", "form"), ZONES)
def test_a_moment_is_said_in_the_time_of_the_place_with_its_offset(
    live_in: Callable[[str], None], zone: str, document: str, form: str
) -> None:
    live_in(zone)
    moment = datetime(2026, 3, 5, 18, 30, tzinfo=UTC)
    assert document_moment(moment, "en") == document
    assert form_moment(moment) == form
    assert form_date(moment) == form[:10]
    assert document_date(moment, "en") == document.partition(",")[0]


AGES: Final = [
    ("2000-02-29", "2026-02-28", 25),
    ("2000-02-29", "2026-03-01", 26),
    ("1985-03-05", "2026-03-04", 40),
    ("1985-03-05", "2026-03-05", 41),
    ("2026-03-05", "2026-03-05", 0),
    ("1925-12-31", "2026-01-01", 100),
]


@pytest.mark.parametrize(("birth", "today", "years"), AGES)
def test_a_year_is_completed_on_the_birthday(birth: str, today: str, years: int) -> None:
    assert age_years(date.fromisoformat(birth), date.fromisoformat(today)) == years


NUMBERS: Final = [
    (Decimal("36.6"), "36,6", "36.6"),
    (Decimal("72.50"), "72,50", "72.50"),
    (Decimal("-0.5"), "-0,5", "-0.5"),
    (Decimal("1E+3"), "1000", "1000"),
    (Decimal("1E-6"), "0,000001", "0.000001"),
    (Decimal(0), "0", "0"),
    (0.1, "0,1", "0.1"),
    (37.0, "37", "37"),
    (98, "98", "98"),
]


@pytest.mark.parametrize(("number", "comma", "point"), NUMBERS)
def test_a_number_has_the_sign_of_the_language_and_its_own_places(
    number: Decimal | float, comma: str, point: str
) -> None:
    assert [show_number(number, language) for language in ("kk", "ru", "en")] == [comma, comma, point]


WORDS: Final = [
    ("cardiology", "Cardiology", {"ecg", "vitals"}),
    ("pulmonology", "Pulmonology", {"image", "vitals"}),
    ("neurology", "Neurology", {"image", "vitals"}),
    ("traumatology", "Traumatology", {"image"}),
    ("paediatrics", "Paediatrics", {"vitals"}),
    ("surgery", "Surgery", {"image", "vitals"}),
    ("obstetrics", "Obstetrics and gynaecology", {"image", "vitals"}),
    ("endocrinology", "Endocrinology", {"vitals"}),
    ("radiology", "Radiology", {"image"}),
]


@pytest.mark.parametrize(("code", "words", "wanted"), WORDS)
def test_a_specialty_says_its_name_and_what_it_wants_to_see(code: str, words: str, wanted: set[str]) -> None:
    found = specialty(code)
    assert found is not None
    assert found.words.render("en") == words
    assert set(found.wanted) == wanted
    coding = found.concept().coding[0]
    assert (coding.system, coding.code, coding.display) == ("urn:dala:codes:specialty", code, words)


def test_the_table_of_specialties_is_whole() -> None:
    assert [each.code for each in SPECIALTIES] == [code for code, _, _ in WORDS]


@pytest.mark.parametrize("language", ["kk", "ru"])
def test_urgencies_are_three_different_words_in_each_language(language: Language) -> None:
    said = {urgency: words.render(language) for urgency, words in URGENCY_WORDS.items()}
    assert said["asap"] == said["urgent"]
    assert len(set(said.values())) == 3
    assert not {words.render("en") for words in URGENCY_WORDS.values()} & set(said.values())
