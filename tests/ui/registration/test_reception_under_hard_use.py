"""The reception under clumsy hands and a slow store: no duplicate, no lost form, never another person's data."""

from __future__ import annotations

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QCheckBox, QLabel, QLineEdit, QTableView

from clinic_app.foundation.errors import StorageError
from clinic_app.foundation.texts import Text
from clinic_app.registration import PatientForm
from tests.helpers.fake_workstation import PASSWORD
from tests.helpers.held import Held
from tests.helpers.waiting import wait_until
from tests.helpers.watchdog import Watchdog
from tests.helpers.windows import Desk
from ui import language
from ui.registration.patient_form import PatientFormPanel
from ui.widgets.search_field import SearchField

CTRL = Qt.KeyboardModifier.ControlModifier
TYPED = {"family": "Өтегенова", "given": "Қарлығаш", "birth_date": "03.07.1987"}


@pytest.fixture
def reception(desk: Desk) -> Desk:
    desk.enter("registrar")
    return desk


def _begin(desk: Desk, **typed: str) -> None:
    desk.click("registration.new")
    for key, words in (TYPED | typed).items():
        desk.type(f"registration.{key}", words)
    desk.click("registration.gender.female")


def _known(desk: Desk, *families: str) -> None:
    registrar = desk.station.people.sign_in("registrar", PASSWORD)
    for family in families:
        form = PatientForm(family=family, given="Анна", birth_date="15.05.1996", gender="female")
        desk.station.registration.register(registrar, form)


def _text(desk: Desk, key: str) -> str:
    return desk.find(f"registration.{key}", QLineEdit).text()


def _rows(desk: Desk) -> list[str]:
    model = desk.find("registration.results", QTableView).model()
    return [model.index(row, 0).data() for row in range(model.rowCount())]


def test_save_pressed_twice_registers_once(reception: Desk) -> None:
    _begin(reception)
    slow = Held(reception.station.registration, "register")
    reception.press("registration.save", is_double=True)
    slow.wait_for_calls()
    reception.press("registration.save")
    slow.let_go()
    reception.settle()
    assert len(slow.calls) == len(reception.station.registration.patients) == 1


def test_ctrl_enter_held_down_registers_once_and_begins_no_new_form(reception: Desk) -> None:
    _begin(reception)
    reception.hold(Qt.Key.Key_Return, CTRL, times=3)
    reception.settle()
    reception.hold(Qt.Key.Key_Return, CTRL, times=0)
    assert len(reception.station.registration.patients) == 1
    assert reception.sees("registration.search")
    assert reception.words("banner.name") == "ӨТЕГЕНОВА Қарлығаш"


def test_enter_held_down_in_the_form_saves_nothing(reception: Desk) -> None:
    _begin(reception)
    reception.find("registration.family").setFocus()
    reception.hold(Qt.Key.Key_Return, times=30)
    reception.settle()
    assert reception.station.registration.patients == []


def test_enter_held_down_in_the_search_opens_nobody(reception: Desk) -> None:
    _known(reception, "Сидорова")
    reception.type("registration.search", "сидорова")
    reception.hold(Qt.Key.Key_Return, times=4)
    reception.settle()
    assert reception.cursor == "registration.results"
    assert reception.sees("registration.search")
    assert reception.words("banner.name").startswith("Пациент таңдалмаған")


def test_a_form_that_is_being_saved_cannot_be_left_nor_changed(reception: Desk) -> None:
    _begin(reception)
    slow = Held(reception.station.registration, "register")
    reception.press("registration.save")
    slow.wait_for_calls()
    for key, modifiers in ((Qt.Key.Key_Escape, Qt.KeyboardModifier.NoModifier), (Qt.Key.Key_F, CTRL)):
        reception.hold(key, modifiers, times=2)
    assert reception.sees("registration.family")
    assert not reception.find("registration.family").isEnabled()
    slow.let_go()
    reception.settle()
    assert reception.sees("registration.search")
    assert reception.station.registration.patients[0].full_name == "Өтегенова Қарлығаш"


def test_a_patient_saved_while_another_screen_is_in_front_is_told_there_and_the_cursor_stays(reception: Desk) -> None:
    _begin(reception)
    slow = Held(reception.station.registration, "register")
    reception.press("registration.save")
    reception.press("rail.settings")
    reception.find("settings.language.kk").setFocus()
    slow.let_go()
    reception.settle()
    assert reception.cursor == "settings.language.kk"
    assert "AKT-26-000001" in reception.words("notice.text")


def test_a_refused_save_keeps_every_field_and_says_why_once(reception: Desk) -> None:
    _begin(reception)
    reception.find("registration.given").setFocus()
    slow = Held(reception.station.registration, "register", StorageError(Text("Nobody yet")))
    reception.hold(Qt.Key.Key_Return, CTRL, times=1)
    slow.let_go()
    reception.settle()
    assert {key: _text(reception, key) for key in TYPED} == TYPED
    assert reception.words("registration.notice.text") == "Әзірге ешкім жоқ"
    assert not reception.sees("notice")
    assert reception.cursor == "registration.given"
    reception.click("registration.save")
    assert len(reception.station.registration.patients) == 1


def test_escape_does_not_throw_a_typed_form_away_at_once(reception: Desk) -> None:
    _begin(reception)
    reception.keys(Qt.Key.Key_Escape)
    assert {key: _text(reception, key) for key in TYPED} == TYPED
    assert reception.sees("registration.notice")
    reception.keys(Qt.Key.Key_Escape)
    assert reception.sees("registration.search")


def test_escape_held_down_does_not_throw_a_typed_form_away(reception: Desk) -> None:
    _begin(reception)
    reception.hold(Qt.Key.Key_Escape)
    reception.settle()
    assert _text(reception, "family") == TYPED["family"]


def test_going_to_the_search_asks_before_a_typed_form_is_lost(reception: Desk) -> None:
    _begin(reception)
    reception.keys(Qt.Key.Key_F, CTRL)
    assert _text(reception, "given") == TYPED["given"]
    reception.keys(Qt.Key.Key_F, CTRL)
    assert reception.cursor == "registration.search"


def test_an_untouched_form_is_left_without_a_question(reception: Desk) -> None:
    _known(reception, "Сидорова")
    reception.type("registration.search", "сидорова")
    reception.keys(Qt.Key.Key_Return)
    reception.keys(Qt.Key.Key_F2)
    reception.click("registration.cancel")
    assert reception.sees("registration.search")


def test_the_form_waits_while_another_screen_is_looked_at(reception: Desk) -> None:
    _begin(reception)
    reception.click("rail.settings")
    reception.click("settings.language.ru")
    reception.click("settings.theme.dark")
    reception.click("rail.patients")
    assert {key: _text(reception, key) for key in TYPED} == TYPED
    assert reception.words("registration.family.message") == ""


def test_another_language_in_the_middle_of_a_form_keeps_what_is_typed_and_says_the_errors_anew(reception: Desk) -> None:
    _begin(reception, birth_date="05.03.2046", family="")
    reception.click("registration.save")
    kazakh = reception.words("registration.birth_date.message")
    language.use("en")
    reception.settle()
    english = reception.words("registration.birth_date.message")
    assert english
    assert english != kazakh
    assert english.isascii()
    assert _text(reception, "birth_date") == "05.03.2046"
    assert reception.find("registration.gender.female").isChecked()  # type: ignore[attr-defined]


def test_people_who_may_be_the_same_are_told_in_the_new_language_too(reception: Desk) -> None:
    _known(reception, "Өтегенова")
    _begin(reception, given="Анна")
    reception.click("registration.save")
    reception.find("registration.is_other_person", QCheckBox).setChecked(True)
    language.use("en")
    reception.settle()
    words = reception.find("registration.duplicate.0").accessibleName()
    assert words.startswith("Open Өтегенова")
    assert reception.find("registration.is_other_person", QCheckBox).isChecked()


def test_amending_the_row_under_the_cursor_puts_that_patient_into_the_banner(reception: Desk) -> None:
    _known(reception, "Сидорова", "Петрова")
    reception.take(reception.station.registration.patients[0])
    reception.find("registration.search", SearchField).searched.emit("")
    reception.settle()
    reception.find("registration.results", QTableView).selectRow(0)
    reception.keys(Qt.Key.Key_F2)
    assert _text(reception, "family") == "Петрова"
    assert reception.words("banner.name") == "ПЕТРОВА Анна"


def test_a_patient_registered_meanwhile_does_not_slip_under_the_cursor(reception: Desk) -> None:
    _known(reception, "Сидорова")
    search = reception.find("registration.search", SearchField)
    search.searched.emit("")
    reception.settle()
    reception.find("registration.results", QTableView).selectRow(0)
    _known(reception, "Петрова")
    search.searched.emit("")
    reception.settle()
    assert _rows(reception) == ["Петрова Анна", "Сидорова Анна"]
    reception.keys(Qt.Key.Key_F2)
    assert _text(reception, "family") == "Сидорова"


def test_of_many_quick_searches_a_slow_store_is_asked_for_the_first_and_the_last(reception: Desk) -> None:
    _known(reception, "Сидорова", "Петрова")
    slow = Held(reception.station.registration, "search")
    search = reception.find("registration.search", SearchField)
    for words in ("с", "си", "сид", "пет"):
        search.searched.emit(words)
    slow.wait_for_calls()
    slow.let_go()
    reception.settle()
    assert [words for _session, words in slow.calls] == ["с"]
    assert _rows(reception) == ["Петрова Анна"]


def test_a_save_goes_through_while_searches_hang(reception: Desk) -> None:
    slow = Held(reception.station.registration, "search")
    search = reception.find("registration.search", SearchField)
    for words in ("a", "b", "c", "d", "e"):
        search.searched.emit(words)
    slow.wait_for_calls()
    reception.press("registration.new")
    for key, words in TYPED.items():
        reception.type(f"registration.{key}", words)
    reception.press("registration.gender.female")
    reception.press("registration.save")
    wait_until(lambda: reception.station.registration.patients, what="the patient to be registered")
    assert len(slow.calls) == 1
    slow.let_go()
    reception.settle()


def test_an_answer_does_not_pull_the_cursor_from_somebody_who_types_on(reception: Desk) -> None:
    _known(reception, "Сидорова")
    slow = Held(reception.station.registration, "search")
    search = reception.find("registration.search", QLineEdit)
    search.setFocus()
    reception.strike("сид")
    reception.hold(Qt.Key.Key_Return, times=1)
    reception.strike("ор")
    slow.let_go()
    reception.settle()
    assert search.text() == "сидор"
    assert reception.cursor == "registration.search"


def test_a_search_that_fails_says_so_and_leaves_the_old_rows(reception: Desk) -> None:
    _known(reception, "Сидорова")
    search = reception.find("registration.search", SearchField)
    search.searched.emit("")
    reception.settle()
    broken = Held(reception.station.registration, "search", StorageError(Text("Nobody yet")))
    search.searched.emit("пет")
    broken.let_go()
    reception.settle()
    assert reception.words("notice.text") == "Әзірге ешкім жоқ"
    assert _rows(reception) == ["Сидорова Анна"]
    search.searched.emit("сид")
    reception.settle()
    assert _rows(reception) == ["Сидорова Анна"]


def test_nobody_is_said_only_when_the_list_has_been_read(desk: Desk) -> None:
    language.use("en")
    slow = Held(desk.station.registration, "search")
    desk.type("sign_in.login", "registrar")
    desk.type("sign_in.password", PASSWORD)
    desk.press("sign_in.enter")
    slow.wait_for_calls()
    shown = [each.text() for each in desk.labels()]
    assert "The list is being read…" in shown
    assert "No patients yet" not in shown
    slow.let_go()
    desk.settle()
    assert "No patients yet" in [each.text() for each in desk.labels()]


STRANGE = ("<b>Ким</b>", "Ким & Сыновья", "'; DROP TABLE patient; --", "%_*\"'\\", "Ә" * 5000, "\u202eмиК")


@pytest.mark.parametrize("words", STRANGE)
def test_strange_words_in_the_search_are_shown_as_they_are_and_harm_nothing(reception: Desk, words: str) -> None:
    reception.type("registration.search", words)
    reception.keys(Qt.Key.Key_Return)
    assert reception.sees("registration.results.empty")
    assert all(each.textFormat() == Qt.TextFormat.PlainText for each in reception.labels())
    assert reception.window.minimumSizeHint().width() <= 1366


@pytest.mark.parametrize("words", ["<b>Ким</b>", "Ким\u0000Анна", "123", "Ә" * 400, "🫀"])
def test_a_name_that_is_none_is_refused_at_its_field(reception: Desk, words: str) -> None:
    _begin(reception, family=words)
    reception.click("registration.save")
    if reception.station.registration.patients:
        (patient,) = reception.station.registration.patients
        assert patient.full_name.isprintable()
    else:
        assert reception.words("registration.family.message")
        assert reception.cursor == "registration.family"
    assert reception.window.minimumSizeHint().width() <= 1366


def test_a_thousand_patients_in_the_list_and_the_window_answers(reception: Desk, watchdog: Watchdog) -> None:
    with watchdog.paused():
        _known(reception, *(f"Пациент-{'я' * (number % 40)}" for number in range(1000)))
    reception.find("registration.search", SearchField).searched.emit("")
    reception.settle()
    table = reception.find("registration.results", QTableView)
    with watchdog.paused():
        QTest.keyClick(table, Qt.Key.Key_End)
    assert table.model().rowCount() == 1000


def test_the_form_is_walked_by_tab_in_the_order_it_is_read(reception: Desk) -> None:
    reception.click("registration.new")
    walked = [reception.cursor]
    for _step in range(9):
        reception.keys(Qt.Key.Key_Tab)
        walked.append(reception.cursor)
    names = (
        "family",
        "given",
        "patronymic",
        "iin",
        "birth_date",
        "gender.female",
        "phone",
        "address",
        "cancel",
        "save",
    )
    assert walked == [f"registration.{name}" for name in names]


def test_an_error_without_a_field_is_said_above_the_form(reception: Desk) -> None:
    _begin(reception)
    (panel,) = reception.window.findChildren(PatientFormPanel)
    panel._show_errors({"identifier": Text("Nobody yet")})
    assert reception.find("registration.notice.text", QLabel).text() == "Әзірге ешкім жоқ"
