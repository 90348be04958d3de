"""The field for a mark's words and for a known length, in its place on the picture."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QWidget
from pytestqt.qtbot import QtBot

from ui import language
from ui.widgets.mark_field import MarkField


class Heard:
    """What a field said."""

    def __init__(self, field: MarkField) -> None:
        self.words: list[str] = []
        self.numbers: list[float] = []
        self.given_up = 0
        field.written.connect(self.words.append)
        field.number_written.connect(self.numbers.append)
        field.given_up.connect(self._give_up)

    def _give_up(self) -> None:
        self.given_up += 1


@pytest.fixture
def place(qtbot: QtBot) -> Iterator[QWidget]:
    language.use("en")
    made = QWidget()
    made.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
    made.resize(400, 300)
    qtbot.addWidget(made)
    made.show()
    yield made
    language.use("kk")


@pytest.fixture
def field(place: QWidget) -> MarkField:
    return MarkField("canvas.words", place)


def test_enter_keeps_the_words_without_what_surrounds_them(field: MarkField) -> None:
    heard = Heard(field)
    field.ask(QPoint(50, 50), "")
    assert field.isVisible()
    QTest.keyClicks(field, "  stone  ")
    QTest.keyClick(field, Qt.Key.Key_Return)
    assert (heard.words, field.isVisible()) == (["stone"], False)


def test_escape_keeps_nothing(field: MarkField) -> None:
    heard = Heard(field)
    field.ask(QPoint(50, 50), "before")
    QTest.keyClicks(field, "after")
    QTest.keyClick(field, Qt.Key.Key_Escape)
    assert (heard.words, heard.given_up, field.isVisible()) == ([], 1, False)


def test_words_of_before_are_there_and_typing_takes_their_place(field: MarkField) -> None:
    heard = Heard(field)
    field.ask(QPoint(50, 50), "before")
    assert field.text() == "before"
    QTest.keyClicks(field, "after")
    QTest.keyClick(field, Qt.Key.Key_Enter)
    assert heard.words == ["after"]


@pytest.mark.parametrize(("typed", "wanted"), [("50", 50.0), ("12.5", 12.5), ("12,5", 12.5), (" 7 ", 7.0)])
def test_a_length_is_read_with_comma_and_with_point(field: MarkField, typed: str, wanted: float) -> None:
    heard = Heard(field)
    field.ask(QPoint(50, 50), "100", is_number=True)
    field.setText(typed)
    QTest.keyClick(field, Qt.Key.Key_Return)
    assert heard.numbers == [wanted]


@pytest.mark.parametrize("typed", ["", "ten", "-5", "0", "1e3", "99999", "5 cm", "nan"])
def test_what_is_no_length_is_asked_for_again_and_said(field: MarkField, typed: str) -> None:
    heard = Heard(field)
    field.ask(QPoint(50, 50), "100", is_number=True)
    field.setText(typed)
    QTest.keyClick(field, Qt.Key.Key_Return)
    assert (heard.numbers, field.isVisible(), field.property("invalid")) == ([], True, True)
    assert "millimetres" in field.toolTip()
    field.setText("20")
    QTest.keyClick(field, Qt.Key.Key_Return)
    assert heard.numbers == [20.0]


@pytest.mark.parametrize("at", [QPoint(-500, -500), QPoint(395, 295), QPoint(9000, 20)])
def test_it_stands_on_the_picture_wherever_the_mark_is(field: MarkField, place: QWidget, at: QPoint) -> None:
    field.ask(at, "")
    assert place.rect().contains(field.geometry())


def test_whoever_looks_away_has_written(field: MarkField, place: QWidget) -> None:
    heard = Heard(field)
    field.ask(QPoint(50, 50), "")
    QTest.keyClicks(field, "left")
    place.setFocus()
    assert (heard.words, field.isVisible()) == (["left"], False)


def test_whoever_looks_away_from_a_length_that_is_none_has_written_none(field: MarkField, place: QWidget) -> None:
    heard = Heard(field)
    field.ask(QPoint(50, 50), "", is_number=True)
    field.setText("x")
    place.setFocus()
    assert (heard.numbers, heard.given_up, field.isVisible()) == ([], 1, False)


def test_a_length_nobody_touched_is_known_by_nobody_who_looks_away(field: MarkField, place: QWidget) -> None:
    heard = Heard(field)
    field.ask(QPoint(50, 50), "100", is_number=True)
    place.setFocus()
    assert (heard.numbers, heard.given_up, field.isVisible()) == ([], 1, False)
    field.ask(QPoint(50, 50), "100", is_number=True)
    field.setText("80")
    place.setFocus()
    assert (heard.numbers, heard.given_up) == ([80.0], 1)


def test_what_is_put_away_says_nothing(field: MarkField) -> None:
    heard = Heard(field)
    field.ask(QPoint(50, 50), "words")
    field.put_away()
    field.put_away()
    assert (heard.words, heard.given_up, field.isVisible()) == ([], 0, False)


def test_a_reader_of_the_screen_is_told_what_is_asked(field: MarkField) -> None:
    field.ask(QPoint(5, 5), "")
    assert field.accessibleName() == "Words beside the mark"
    field.ask(QPoint(5, 5), "", is_number=True)
    assert field.accessibleName() == "Known length in millimetres"


def test_nobody_writes_a_book_into_a_picture(field: MarkField) -> None:
    field.ask(QPoint(5, 5), "x" * 5000)
    assert len(field.text()) == 400
