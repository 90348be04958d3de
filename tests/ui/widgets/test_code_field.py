"""The recovery code under the hands of somebody in a hurry: typed, pasted, corrected."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QApplication, QLineEdit

from tests.helpers.fake_opening import CODE
from tests.helpers.panes import Pane, shown
from ui import language
from ui.widgets.code_field import CodeField
from ui.widgets.code_sheet import CodeSheet

GROUPS = tuple(CODE.split("-"))


@pytest.fixture
def field(qapp: QApplication) -> Iterator[Pane[CodeField]]:
    language.use("kk")
    with shown(lambda _runner: CodeField("code"), (520, 120)) as pane:
        pane.widget.setFocus()
        yield pane


def test_letters_go_on_to_the_next_group_by_themselves(field: Pane[CodeField]) -> None:
    field.strike(CODE.replace("-", ""))
    assert field.widget.groups == GROUPS
    assert field.cursor == "code.8"


def test_hyphens_and_spaces_between_the_groups_are_no_letters(field: Pane[CodeField]) -> None:
    field.strike("7rqk-2m0w 9xta")
    assert field.widget.groups[:3] == ("7RQK", "2M0W", "9XTA")
    assert field.cursor == "code.4"


@pytest.mark.parametrize("place", ["1", "5", "8"])
def test_a_whole_code_that_is_pasted_finds_its_places_wherever_the_cursor_was(
    field: Pane[CodeField], place: str
) -> None:
    field.type(f"code.{place}", f"  {CODE.lower()} \n")
    assert field.widget.groups == GROUPS


def test_ctrl_v_pastes_too(field: Pane[CodeField]) -> None:
    QGuiApplication.clipboard().setText(CODE)
    field.keys(Qt.Key.Key_V, Qt.KeyboardModifier.ControlModifier)
    QGuiApplication.clipboard().clear()
    assert field.widget.groups == GROUPS


def test_half_a_code_that_is_pasted_begins_where_the_cursor_is(field: Pane[CodeField]) -> None:
    field.type("code.3", "9XTA-HH41-C3")
    assert field.widget.groups == ("", "", "9XTA", "HH41", "C3", "", "", "")
    assert field.cursor == "code.5"


def test_what_does_not_fit_behind_the_last_group_is_dropped(field: Pane[CodeField]) -> None:
    field.type("code.8", "YJ0SEXTRA")
    assert field.widget.groups[-1] == "YJ0S"


def test_a_page_pasted_by_mistake_harms_nobody(field: Pane[CodeField]) -> None:
    field.type("code.1", "word " * 20_000)
    assert all(len(group) == 4 for group in field.widget.groups)


def test_backspace_in_an_empty_group_goes_back_to_the_one_before(field: Pane[CodeField]) -> None:
    field.strike("7RQK2")
    field.keys(Qt.Key.Key_Backspace)
    field.keys(Qt.Key.Key_Backspace)
    assert field.widget.groups[:2] == ("7RQ", "")
    assert field.cursor == "code.1"


def test_a_letter_is_mended_in_its_place(field: Pane[CodeField]) -> None:
    field.type("code.1", CODE)
    cell = field.find("code.2", QLineEdit)
    cell.setFocus()
    cell.setCursorPosition(1)
    field.keys(Qt.Key.Key_Delete)
    assert field.widget.groups[1] == "20W"
    field.strike("k")
    assert field.widget.groups[1] == "2K0W"
    assert field.widget.groups[0] == GROUPS[0]
    assert field.widget.groups[2] == GROUPS[2]


def test_cyrillic_letters_stay_for_the_core_to_judge(field: Pane[CodeField]) -> None:
    field.strike("асеВ")
    assert field.widget.groups[0] == "АСЕВ"


def test_a_wrong_group_is_marked_until_something_is_typed(field: Pane[CodeField]) -> None:
    field.widget.mark_wrong(2)
    assert field.find("code.3").property("state") == "wrong"
    field.type("code.3", "9XTA")
    assert field.find("code.3").property("state") == ""


def test_enter_says_that_the_code_is_typed(field: Pane[CodeField]) -> None:
    heard: list[bool] = []
    field.widget.return_pressed.connect(lambda: heard.append(True))
    field.keys(Qt.Key.Key_Return)
    assert heard == [True]


def test_every_group_has_a_name_in_every_language(field: Pane[CodeField]) -> None:
    for code in ("kk", "ru", "en"):
        language.use(code)  # type: ignore[arg-type]
        field.settle()
        names = [field.find(f"code.{number}").accessibleName() for number in range(1, 9)]
        assert len(set(names)) == 8
        assert field.nameless() == []
    assert names[2] == "Recovery code, group 3 of 8"


def test_the_text_is_what_is_typed_with_hyphens(field: Pane[CodeField]) -> None:
    assert field.widget.text() == ""
    field.type("code.1", CODE)
    assert field.widget.text() == CODE
    field.widget.clear()
    assert field.widget.text() == ""


def test_the_sheet_shows_the_groups_with_their_numbers_and_spells_them(qapp: QApplication) -> None:
    language.use("en")
    with shown(lambda _runner: CodeSheet("sheet"), (600, 160)) as pane:
        pane.widget.show_code(GROUPS)
        pane.settle()
        assert [pane.words(f"sheet.{number}") for number in range(1, 9)] == list(GROUPS)
        assert "7 R Q K; 2 M 0 W" in pane.widget.accessibleName()
        pane.widget.show_code(())
        pane.settle()
        assert not pane.sees("sheet.1")
        assert pane.widget.accessibleName() == ""
