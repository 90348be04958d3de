"""PySide6 6.12.0 gives away a reference to None with every void call on Python 3.11, until the process dies."""

from __future__ import annotations

import sys

from PySide6.QtCore import QObject, QTimer, Signal
from PySide6.QtWidgets import QWidget
from pytestqt.qtbot import QtBot

CALLS = 50_000


class _Bell(QObject):
    rung = Signal(bool)


def test_void_calls_of_qt_do_not_use_none_up(qtbot: QtBot) -> None:
    widget, timer, bell = QWidget(), QTimer(), _Bell()
    qtbot.addWidget(widget)
    bell.rung.connect(lambda is_loud: None)
    before = [sys.getrefcount(thing) for thing in (None, True, False)]
    for _ in range(CALLS // 5):
        widget.setVisible(False)
        widget.setWindowTitle("x")
        timer.stop()
        bell.rung.emit(True)
        widget.update()
    after = [sys.getrefcount(thing) for thing in (None, True, False)]
    drift = [abs(a - b) for a, b in zip(after, before, strict=True)]
    assert max(drift) < CALLS // 100, f"references drift: {drift} in {CALLS} calls"
