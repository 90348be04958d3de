"""Only the page in front says how much room it needs; those behind are not asked."""

from __future__ import annotations

import pytest
from PySide6.QtCore import QSize
from PySide6.QtWidgets import QApplication, QLabel, QVBoxLayout, QWidget
from pytestqt.qtbot import QtBot

from ui.widgets.front_stack import FrontStack


class Asked(QWidget):
    """A page that counts who asks it."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.count = 0
        self._size = QSize(width, 40)

    def sizeHint(self) -> QSize:  # noqa: N802 - Qt's own name
        self.count += 1
        return self._size

    def minimumSizeHint(self) -> QSize:  # noqa: N802 - Qt's own name
        self.count += 1
        return self._size


class Window(QWidget):
    """A notice above a stack of a narrow and a wide page."""

    def __init__(self) -> None:
        super().__init__()
        self.notice = QLabel("a notice")
        self.notice.hide()
        self.stack = FrontStack()
        self.pages = (Asked(100), Asked(700))
        column = QVBoxLayout(self)
        column.addWidget(self.notice)
        column.addWidget(self.stack, 1)
        for page in self.pages:
            self.stack.addWidget(page)


@pytest.fixture
def window(qtbot: QtBot) -> Window:
    made = Window()
    qtbot.addWidget(made)
    made.resize(800, 600)
    made.show()
    QApplication.processEvents()
    return made


def test_a_notice_that_comes_asks_no_page_behind(window: Window) -> None:
    front, behind = window.pages
    front.count = behind.count = 0
    window.notice.show()
    QApplication.processEvents()

    assert behind.count == 0
    assert window.stack.height() < 600 - window.notice.height()


def test_the_page_in_front_is_asked_and_fills_the_stack(window: Window) -> None:
    front, behind = window.pages
    assert window.stack.minimumSizeHint() == QSize(100, 40)
    assert front.size() == window.stack.size()

    window.stack.setCurrentWidget(behind)
    QApplication.processEvents()

    assert window.stack.minimumSizeHint() == QSize(700, 40)
    assert window.stack.sizeHint() == QSize(700, 40)
    assert behind.size() == window.stack.size()
    assert not front.isVisible()


def test_a_stack_without_pages_needs_nothing(qtbot: QtBot) -> None:
    stack = FrontStack()
    qtbot.addWidget(stack)
    assert stack.minimumSizeHint().width() <= 0
    assert not stack.hasHeightForWidth()
