"""Bars with their numbers, read by the eye, by the keyboard and by ear."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QColor, QImage
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from tests.helpers.panes import Pane
from ui import language, theme
from ui.widgets.bar_chart import LINE_PX, BarChart, ChartLine

LINES = (ChartLine("Cardiology", 40), ChartLine("Neurology", 10), ChartLine("Radiology", None), ChartLine("Other", 0))


@pytest.fixture
def pane(qapp: QApplication) -> Iterator[Pane[BarChart]]:
    language.use("en")
    theme.apply(qapp, "light")
    chart = BarChart("test.chart")
    chart.show_lines("Referrals", LINES)
    made = Pane(chart, size=(600, 140))
    yield made
    chart.close()
    chart.deleteLater()
    language.use("kk")
    theme.apply(qapp, "light")


def _picture(chart: BarChart) -> QImage:
    return chart.grab().toImage()


def _painted(image: QImage, place: int, colour: QColor) -> int:
    """Return how many dots of a line have a colour."""
    rows = range(4 + place * LINE_PX, 4 + (place + 1) * LINE_PX)
    return sum(image.pixelColor(x, y) == colour for y in rows for x in range(image.width()))


def test_a_bar_is_as_long_as_its_number(pane: Pane[BarChart]) -> None:
    image, accent = _picture(pane.widget), theme.token("accent")
    long, short, hidden, none = (_painted(image, place, accent) for place in range(4))
    assert 3.5 < long / short < 4.5
    assert hidden == none == 0


@pytest.mark.parametrize("shade", ["light", "dark"])
def test_a_hidden_group_is_hatched_and_not_filled(pane: Pane[BarChart], qapp: QApplication, shade: str) -> None:
    theme.apply(qapp, shade)  # type: ignore[arg-type]
    image = _picture(pane.widget)
    border = _painted(image, 2, theme.token("input_border"))
    assert border > 0
    assert _painted(image, 2, theme.token("accent")) == 0


def test_every_line_is_said_to_a_screen_reader(pane: Pane[BarChart]) -> None:
    assert pane.widget.accessibleName() == "Referrals"
    assert pane.widget.accessibleDescription() == "Cardiology: 40; Neurology: 10; Radiology: hidden; Other: 0"


def test_the_arrow_keys_go_from_line_to_line_and_say_it_first(pane: Pane[BarChart]) -> None:
    chart = pane.widget
    chart.setFocus()
    for key, place in (
        (Qt.Key.Key_Up, 0), (Qt.Key.Key_Down, 1), (Qt.Key.Key_Down, 2), (Qt.Key.Key_End, 3), (Qt.Key.Key_Down, 3),
        (Qt.Key.Key_Up, 2), (Qt.Key.Key_Home, 0),
    ):  # fmt: skip
        QTest.keyClick(chart, key)
        assert chart.place == place
    QTest.keyClick(chart, Qt.Key.Key_Down)
    assert chart.accessibleDescription().startswith("Neurology: 10; Cardiology")


def test_a_click_marks_a_line(pane: Pane[BarChart]) -> None:
    QTest.mouseClick(pane.widget, Qt.MouseButton.LeftButton, pos=QPoint(20, 4 + 2 * LINE_PX + 5))
    assert pane.widget.place == 2
    assert _painted(_picture(pane.widget), 2, theme.token("selected")) > 100


def test_fewer_lines_keep_the_mark_inside(pane: Pane[BarChart]) -> None:
    QTest.keyClick(pane.widget, Qt.Key.Key_End)
    pane.widget.show_lines("Fewer", LINES[:2])
    assert pane.widget.place == 1
    pane.widget.show_lines("None", ())
    assert pane.widget.place == -1
    QTest.keyClick(pane.widget, Qt.Key.Key_Down)
    assert pane.widget.accessibleDescription() == "Nothing to count"


def test_it_is_as_high_as_its_lines(pane: Pane[BarChart]) -> None:
    assert pane.widget.sizeHint().height() == pane.widget.minimumSizeHint().height() == 4 * LINE_PX + 8
    assert [line.label for line in pane.widget.lines] == ["Cardiology", "Neurology", "Radiology", "Other"]


@pytest.mark.parametrize("width", [40, 200, 1366])
def test_endless_words_and_numbers_leave_room_for_each_other(pane: Pane[BarChart], width: int) -> None:
    pane.widget.show_lines("x", (ChartLine("Ұ" * 900, 10**15), ChartLine("a", 1)))
    pane.widget.resize(width, 60)
    assert not _picture(pane.widget).isNull()


def test_another_language_says_hidden_in_its_words(pane: Pane[BarChart]) -> None:
    language.use("ru")
    pane.settle()
    assert "Radiology: скрыто" in pane.widget.accessibleDescription()
