"""The reception: search first, register by keyboard, look twice at people who are alike."""

from __future__ import annotations

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QAbstractButton, QCheckBox, QLabel, QLineEdit, QTableView

from clinic_app.registration.iin import check_digit
from clinic_app.terminology.systems import IIN
from tests.helpers.windows import Desk

CTRL = Qt.KeyboardModifier.ControlModifier
GOOD_IIN = f"64030540012{check_digit('64030540012')}"
BAD_IIN = f"64030540012{((check_digit('64030540012') or 0) + 1) % 10}"


@pytest.fixture
def reception(desk: Desk) -> Desk:
    desk.enter("registrar")
    return desk


def _fill(desk: Desk, **typed: str) -> None:
    for key, words in typed.items():
        desk.type(f"registration.{key}", words)


def _message(desk: Desk, key: str) -> str:
    found = desk.window.findChildren(QLabel, f"registration.{key}.message")
    return found[0].text()


def _register(desk: Desk, family: str = "Әлібекқызы", given: str = "Гүлнұр") -> None:
    desk.click("registration.new")
    _fill(desk, family=family, given=given, birth_date="05.03.1964")
    desk.click("registration.gender.female")
    desk.click("registration.save")


def test_nobody_found_offers_to_register_with_the_name_already_typed(reception: Desk) -> None:
    reception.type("registration.search", "өтегенова")
    reception.keys(Qt.Key.Key_Return)
    assert reception.sees("registration.results.empty")
    reception.click("registration.results.empty.action")
    assert reception.find("registration.family", QLineEdit).text() == "Өтегенова"


def test_a_patient_can_be_registered_by_keyboard_alone(reception: Desk) -> None:
    reception.keys(Qt.Key.Key_Return, CTRL)
    form = ["Alibekkyzy", "Gulnur", "", GOOD_IIN, "05.03.1964"]
    for words in form:
        focused = reception.window.focusWidget()
        assert focused is not None
        QTest.keyClicks(focused, words)
        QTest.keyClick(focused, Qt.Key.Key_Tab)
    focused = reception.window.focusWidget()
    assert focused is not None
    assert focused.objectName() == "registration.gender.female"
    QTest.keyClick(focused, Qt.Key.Key_Space)
    reception.keys(Qt.Key.Key_Return, CTRL)
    (patient,) = reception.station.registration.patients
    assert (patient.full_name, patient.gender, patient.birth_date) == ("Alibekkyzy Gulnur", "female", "1964-03-05")
    assert patient.identifier_value(IIN) == GOOD_IIN


def test_the_new_patient_comes_into_the_banner_and_the_list(reception: Desk) -> None:
    _register(reception)
    assert reception.words("banner.name") == "ӘЛІБЕКҚЫЗЫ Гүлнұр"
    assert reception.find("registration.results", QTableView).model().rowCount() == 1
    assert "AKT-26-000001" in reception.words("notice.text")


def test_the_check_digit_is_said_while_typing(reception: Desk) -> None:
    reception.click("registration.new")
    _fill(reception, iin=BAD_IIN)
    assert _message(reception, "iin").startswith("Бұл ЖСН-нің бақылау")
    _fill(reception, iin=GOOD_IIN)
    assert _message(reception, "iin") == "Бақылау саны дұрыс."


def test_half_an_iin_is_not_called_wrong(reception: Desk) -> None:
    reception.click("registration.new")
    _fill(reception, iin="640305")
    assert reception.find("registration.iin").property("state") in (None, "")


def test_a_birth_date_that_differs_from_the_iin_is_a_hint_and_does_not_stop_saving(reception: Desk) -> None:
    reception.click("registration.new")
    _fill(reception, family="Әлібекқызы", given="Гүлнұр", iin=GOOD_IIN, birth_date="06.03.1964")
    reception.click("registration.gender.female")
    assert "05.03.1964" in _message(reception, "birth_date")
    assert reception.find("registration.birth_date").property("state") in (None, "")
    reception.click("registration.save")
    assert len(reception.station.registration.patients) == 1


def test_every_wrong_field_says_so_and_nothing_is_saved(reception: Desk) -> None:
    reception.click("registration.new")
    _fill(reception, iin=BAD_IIN, birth_date="05.03.2046")
    reception.click("registration.save")
    wrong = [key for key in ("family", "iin", "birth_date", "gender") if _message(reception, key)]
    assert wrong == ["family", "iin", "birth_date", "gender"]
    assert reception.find("registration.family").hasFocus()
    assert reception.station.registration.patients == []


def test_somebody_alike_is_shown_and_saving_waits_for_an_answer(reception: Desk) -> None:
    _register(reception)
    _register(reception)
    assert len(reception.station.registration.patients) == 1
    assert "AKT-26-000001" in reception.find("registration.duplicate.0", QAbstractButton).text()
    reception.find("registration.is_other_person", QCheckBox).setChecked(True)
    reception.click("registration.save")
    assert len(reception.station.registration.patients) == 2


def test_the_one_who_was_there_already_can_be_opened_instead(reception: Desk) -> None:
    _register(reception)
    reception.click("banner.close")
    _register(reception)
    reception.click("registration.duplicate.0")
    assert reception.words("banner.name") == "ӘЛІБЕКҚЫЗЫ Гүлнұр"
    assert len(reception.station.registration.patients) == 1


def test_registering_somebody_new_puts_the_other_patient_away(reception: Desk) -> None:
    _register(reception)
    reception.click("registration.new")
    assert reception.words("banner.name").startswith("Пациент таңдалмаған")


def test_f2_amends_and_a_second_version_is_saved(reception: Desk) -> None:
    _register(reception)
    reception.keys(Qt.Key.Key_F2)
    assert reception.find("registration.family", QLineEdit).text() == "Әлібекқызы"
    _fill(reception, phone="+7 701 000 00 00")
    reception.click("registration.save")
    (patient,) = reception.station.registration.patients
    assert (patient.version_id, patient.telecom[0].value) == ("2", "+7 701 000 00 00")


def test_escape_goes_back_to_the_list(reception: Desk) -> None:
    reception.click("registration.new")
    reception.keys(Qt.Key.Key_Escape)
    assert reception.sees("registration.search")


def test_enter_in_the_search_goes_to_the_results_and_enter_there_opens(reception: Desk) -> None:
    _register(reception)
    reception.click("banner.close")
    reception.type("registration.search", "әлібек")
    reception.keys(Qt.Key.Key_Return)
    assert reception.find("registration.results").hasFocus()
    reception.keys(Qt.Key.Key_Return)
    assert reception.words("banner.name") == "ӘЛІБЕКҚЫЗЫ Гүлнұр"
