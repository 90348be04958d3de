"""Classes of Qt are made in the windows' own thread before another thread names them all."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest
from PySide6.QtCore import QEvent, QObject
from PySide6.QtWidgets import QApplication, QWidget
from pytestqt.qtbot import QtBot

from tests.helpers.waiting import wait_until
from ui import qt_types
from ui.qt_types import QtTypes
from ui.tasks import TaskRunner
from ui.widgets.trend_plot import TrendPlot

ALL = 50


@pytest.fixture
def made(qapp: QApplication, monkeypatch: pytest.MonkeyPatch) -> list[bool]:
    """As at the start of the program; tells of each whether it was made in the windows' thread."""
    told: list[bool] = []
    for _each in qt_types.types():  # what is only pretended below is done: a library is read for true
        pass

    def pretended() -> Iterator[object]:
        for number in range(ALL):
            told.append(threading.current_thread() is threading.main_thread())
            yield number

    monkeypatch.setattr(qt_types, "types", pretended)
    monkeypatch.setattr(qt_types, "_are_made", False)
    monkeypatch.setattr(qt_types, "STROKE_S", 1e-6)
    return told


def test_they_are_made_over_turns_and_only_then_it_is_told(made: list[bool], qtbot: QtBot) -> None:
    owner, told = QWidget(), []
    qtbot.addWidget(owner)
    first = QtTypes(owner)
    first.made.connect(lambda: told.append(len(made)))
    assert made == []
    wait_until(lambda: bool(told), what="all of them")
    assert told == [ALL]
    assert made == [True] * ALL
    second = QtTypes(owner)
    second.made.connect(lambda: told.append(len(made)))
    assert len(told) == 1, "never before whoever asked can listen"
    wait_until(lambda: len(told) == 2, what="the second")
    assert told == [ALL, ALL], "they are made once"


def test_it_ends_with_its_owner(made: list[bool], qtbot: QtBot) -> None:
    owner = QWidget()
    gone: list[bool] = []
    types = QtTypes(owner)
    types.destroyed.connect(lambda: gone.append(True))
    owner.deleteLater()
    QApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete.value)
    assert gone == [True]
    assert len(made) < ALL


def test_the_library_of_plots_is_not_read_before(
    made: list[bool], qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    runner, seen = TaskRunner(1), []
    run = runner.run

    def noted(*given: object, **told: object) -> object:
        seen.append(len(made))
        return run(*given, **told)  # type: ignore[arg-type]

    monkeypatch.setattr(runner, "run", noted)
    plot = TrendPlot("plot", runner, lambda: None)
    qtbot.addWidget(plot)
    wait_until(lambda: plot.is_ready, what="the plots")
    assert seen == [ALL]
    assert isinstance(plot, QObject)
    runner.close()


def test_every_class_of_the_three_modules_is_among_them() -> None:
    names = {getattr(each, "__name__", "") for each in qt_types.types()}
    assert {"QStyle", "QPainter", "QTimer"} <= names
