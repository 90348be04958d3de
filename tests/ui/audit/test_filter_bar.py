"""The filter of the trail: what is shown is what is wanted, in every language, and nothing is told unasked."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication, QComboBox, QLineEdit

from clinic_app.access import AUDIT_ACTION_WORDS, OUTCOME_WORDS, AuditFilter, AuditPerson
from tests.helpers.fake_audit import DOCTOR, NURSE, OTHER, PATIENT, PEOPLE, line
from tests.helpers.panes import Pane, shown
from ui import language, theme
from ui.audit.filter_bar import MOST_OFFERED, FilterBar
from ui.audit.line_card import LineCard


@pytest.fixture
def bar(qapp: QApplication) -> Iterator[Pane[FilterBar]]:
    language.use("en")
    theme.apply(qapp, "light")
    with shown(lambda _runner: FilterBar(), (1100, 90)) as pane:
        pane.widget.show_people(PEOPLE)
        yield pane
    language.use("kk")


def _told(bar: Pane[FilterBar]) -> list[AuditFilter]:
    told: list[AuditFilter] = []
    bar.widget.changed.connect(told.append)
    return told


def _day(year: int, month: int, day: int) -> datetime:
    return datetime(year, month, day).astimezone()


WHOLE = AuditFilter(DOCTOR, PATIENT, "read", "4", _day(2026, 3, 2), _day(2026, 3, 6))


def test_an_empty_bar_wants_everything(bar: Pane[FilterBar]) -> None:
    assert bar.widget.wanted() == AuditFilter()


def test_a_filter_that_is_shown_is_the_filter_that_is_wanted_and_nobody_is_told(bar: Pane[FilterBar]) -> None:
    told = _told(bar)
    bar.widget.show_filter(WHOLE, "Әлібекқызы Гүлнұр")
    assert bar.widget.wanted() == WHOLE
    assert bar.find("audit.to", QLineEdit).text() == "05.03.2026"
    assert told == []


def test_a_filter_of_one_hour_shows_its_day(bar: Pane[FilterBar]) -> None:
    begin = _day(2026, 3, 2) + timedelta(hours=9)
    bar.widget.show_filter(AuditFilter(from_at=begin, to_at=begin + timedelta(hours=1)))
    assert [bar.find(f"audit.{name}", QLineEdit).text() for name in ("from", "to")] == ["02.03.2026", "02.03.2026"]


def test_every_action_and_every_outcome_can_be_chosen_in_three_languages(bar: Pane[FilterBar]) -> None:
    for code in ("kk", "ru", "en"):
        language.use(code)  # type: ignore[arg-type]
        bar.settle()
        for name, words in (("action", AUDIT_ACTION_WORDS), ("outcome", OUTCOME_WORDS)):
            box = bar.find(f"audit.{name}", QComboBox)
            offered = {box.itemData(place): box.itemText(place) for place in range(1, box.count())}
            assert offered == {key: text.render(code) for key, text in words.items()}  # type: ignore[arg-type]


def test_the_chosen_person_stays_chosen_when_the_staff_changes(bar: Pane[FilterBar]) -> None:
    bar.choose("audit.person", NURSE)
    bar.widget.show_people((AuditPerson("p-new", "Ахметова Дана", "dana"), *PEOPLE))
    assert bar.widget.wanted().person == NURSE
    bar.widget.show_people((AuditPerson("p-new", "Ахметова Дана", "dana"),))
    assert bar.widget.wanted().person == ""


def test_two_people_of_one_name_are_told_apart_by_their_logins(bar: Pane[FilterBar]) -> None:
    bar.widget.show_people((AuditPerson("a", "Ким Анна", "kim"), AuditPerson("b", "Ким Анна", "kim2")))
    box = bar.find("audit.person", QComboBox)
    assert len({box.itemText(place) for place in range(box.count())}) == 3


def test_typing_a_name_asks_for_patients_and_choosing_one_narrows(bar: Pane[FilterBar]) -> None:
    asked: list[str] = []
    told = _told(bar)
    bar.widget.patient_typed.connect(asked.append)
    bar.find("audit.patient").setFocus()
    bar.strike("петр")
    bar.keys(Qt.Key.Key_Return)
    assert asked == ["петр"]
    bar.widget.show_patients(((OTHER, "Петров Сергей"), (PATIENT, "Петрова Гүлнұр")))
    bar.click("audit.found.1")
    assert told == [AuditFilter(patient=PATIENT)]
    assert bar.find("audit.patient", QLineEdit).text() == "Петрова Гүлнұр"


def test_enter_on_the_chosen_name_asks_nothing_more(bar: Pane[FilterBar]) -> None:
    asked: list[str] = []
    bar.widget.patient_typed.connect(asked.append)
    bar.widget.show_filter(AuditFilter(patient=PATIENT), "Әлібекқызы Гүлнұр")
    bar.find("audit.patient").setFocus()
    bar.keys(Qt.Key.Key_Return)
    assert asked == []
    assert bar.widget.wanted().patient == PATIENT


def test_no_more_patients_are_offered_than_there_is_room_for(bar: Pane[FilterBar]) -> None:
    bar.widget.show_patients([(f"id-{number}", f"Қасымов {number}") for number in range(30)])
    assert bar.sees(f"audit.found.{MOST_OFFERED - 1}")
    assert not bar.sees(f"audit.found.{MOST_OFFERED}")


def test_markup_in_a_patients_name_is_shown_as_it_is(bar: Pane[FilterBar]) -> None:
    bar.widget.show_patients(((PATIENT, "<b>Ким</b> & co"),))
    assert bar.words("audit.found.0").replace("&&", "&") == "<b>Ким</b> & co"


def test_emptied_days_bound_nothing_again(bar: Pane[FilterBar]) -> None:
    told = _told(bar)
    bar.widget.show_filter(WHOLE)
    bar.type("audit.from", "")
    bar.find("audit.from", QLineEdit).editingFinished.emit()
    assert told[-1].from_at is None
    assert told[-1].to_at == WHOLE.to_at


def test_a_day_that_is_none_is_forgiven_once_it_is_mended(bar: Pane[FilterBar]) -> None:
    told = _told(bar)
    for typed, state in (("31.02.2026", "wrong"), ("28.02.2026", "")):
        bar.type("audit.from", typed)
        bar.find("audit.from", QLineEdit).editingFinished.emit()
        assert bar.find("audit.from").property("state") == state
    assert [each.from_at for each in told] == [_day(2026, 2, 28)]


def test_everything_in_the_bar_is_named(bar: Pane[FilterBar]) -> None:
    bar.widget.show_patients(((OTHER, "Петров Сергей"),))
    assert bar.nameless() == []


@pytest.mark.parametrize("code", ["kk", "ru", "en"])
def test_a_line_changes_its_language_while_it_is_shown(qapp: QApplication, code: str) -> None:
    language.use("en")
    with shown(lambda _runner: LineCard(), (340, 500)) as pane:
        pane.widget.show_line(line(7, is_emergency=True))
        language.use(code)  # type: ignore[arg-type]
        pane.settle()
        assert "event-7" in pane.widget.facts()
        assert pane.nameless() == []
        pane.widget.show_line(None)
        pane.settle()
        assert pane.widget.facts() == []
        assert not pane.sees("audit.same_person")
    language.use("kk")


def test_an_event_about_nobody_leads_to_no_patient(qapp: QApplication) -> None:
    with shown(lambda _runner: LineCard(), (340, 500)) as pane:
        wanted: list[object] = []
        pane.widget.patient_wanted.connect(lambda *told: wanted.append(told))
        pane.widget.person_wanted.connect(wanted.append)
        pane.widget.show_line(line(7, patients=(), patient_names=(), person_id=""))
        pane.settle()
        assert not pane.sees("audit.same_patient")
        assert not pane.sees("audit.same_person")
        assert wanted == []
