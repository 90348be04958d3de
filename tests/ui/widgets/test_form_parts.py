"""Fields, dates, choices and search, by themselves."""

from __future__ import annotations

from datetime import date

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QAccessible
from PySide6.QtWidgets import QLineEdit
from pytestqt.qtbot import QtBot

from ui.widgets.date_field import DateField
from ui.widgets.form_field import FormField
from ui.widgets.search_field import SearchField
from ui.widgets.segmented import Option, Segmented


def _choice(qtbot: QtBot) -> Segmented:
    made = Segmented("sex", [Option("female", lambda: "әйел"), Option("male", lambda: "ер")])
    qtbot.addWidget(made)
    return made


@pytest.mark.parametrize("typed", ["5.3.1964", "05/03/1964", "05031964", " 05-03-1964 "])
def test_a_date_is_put_into_the_houses_form_when_the_field_is_left(qtbot: QtBot, typed: str) -> None:
    field = DateField()
    qtbot.addWidget(field)
    field.setText(typed)
    field.editingFinished.emit()
    assert field.text() == "05.03.1964"
    assert field.day() == date(1964, 3, 5)


@pytest.mark.parametrize("typed", ["", "31.02.2020", "05.03.64", "вчера"])
def test_what_is_no_date_stays_as_typed(qtbot: QtBot, typed: str) -> None:
    field = DateField()
    qtbot.addWidget(field)
    field.setText(typed)
    field.editingFinished.emit()
    assert field.text() == typed
    assert field.day() is None


def test_a_label_names_its_field_and_an_error_describes_it(qtbot: QtBot) -> None:
    field = FormField(QLineEdit(), "person.iin")
    qtbot.addWidget(field)
    field.set_label("ЖСН")
    field.set_error("Бақылау саны қате.")
    interface = QAccessible.queryAccessibleInterface(field.editor)
    assert interface.text(QAccessible.Text.Name) == "ЖСН"
    assert interface.text(QAccessible.Text.Description) == "Бақылау саны қате."
    assert field.editor.property("state") == "wrong"


def test_a_hint_comes_back_when_the_error_is_gone(qtbot: QtBot) -> None:
    field = FormField(QLineEdit(), "person.iin")
    qtbot.addWidget(field)
    field.set_hint("12 сан")
    field.set_error("Қате")
    field.set_error("")
    assert field.editor.accessibleDescription() == "12 сан"
    assert field.editor.property("state") == ""


def test_only_one_of_the_choices_is_down_and_choosing_is_told(qtbot: QtBot) -> None:
    choice = _choice(qtbot)
    told: list[str] = []
    choice.chosen.connect(told.append)
    female, male = (choice.findChild(object, f"sex.{value}") for value in ("female", "male"))
    qtbot.mouseClick(female, Qt.MouseButton.LeftButton)
    qtbot.mouseClick(male, Qt.MouseButton.LeftButton)
    assert told == ["female", "male"]
    assert (choice.value(), female.isChecked()) == ("male", False)


def test_nothing_is_chosen_at_first_and_the_choice_can_be_taken_back(qtbot: QtBot) -> None:
    choice = _choice(qtbot)
    assert choice.value() == ""
    choice.choose("male")
    choice.choose("")
    assert choice.value() == ""


def test_arrow_keys_move_between_the_choices(qtbot: QtBot) -> None:
    choice = _choice(qtbot)
    choice.choose("female")
    choice.show()
    choice.activateWindow()
    first = choice.findChild(object, "sex.female")
    first.setFocus()
    qtbot.waitUntil(first.hasFocus)
    qtbot.keyClick(first, Qt.Key.Key_Right)
    assert choice.value() == "male"


def test_enter_searches_at_once_and_a_pause_searches_too(qtbot: QtBot) -> None:
    field = SearchField("search")
    qtbot.addWidget(field)
    asked: list[str] = []
    field.searched.connect(asked.append)
    field.setText("  иванов ")
    qtbot.keyClick(field, Qt.Key.Key_Return)
    assert asked == ["иванов"]
    with qtbot.waitSignal(field.searched, timeout=5000):
        field.setText("иванова")
    assert asked == ["иванов", "иванова"]
