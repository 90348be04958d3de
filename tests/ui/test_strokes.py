"""Work in strokes: the window answers between two pieces, and nothing is done for somebody who is gone."""

from __future__ import annotations

import threading

import shiboken6
from PySide6.QtCore import QObject, Qt, QTimer
from PySide6.QtWidgets import QApplication

from tests.helpers.waiting import wait_until
from ui.strokes import next_turn


def test_the_event_loop_turns_between_two_strokes(qapp: QApplication) -> None:
    """A chain of single shots of no milliseconds lets a due timer through at every second stroke only."""
    owner, done = QObject(), []
    beats = QTimer(owner, interval=0, timerType=Qt.TimerType.PreciseTimer)
    beats.timeout.connect(lambda: done.append("beat"))
    beats.start()

    def stroke() -> None:
        done.append("stroke")
        if done.count("stroke") < 8:
            next_turn(owner, stroke)

    next_turn(owner, stroke)
    wait_until(lambda: done.count("stroke") == 8, what="eight strokes")
    beats.stop()

    assert "stroke,stroke" not in ",".join(done)


def test_a_stroke_is_done_once_in_the_thread_that_asked(qapp: QApplication) -> None:
    owner, threads = QObject(), []
    next_turn(owner, lambda: threads.append(threading.current_thread()))
    assert threads == [], "not at once"

    wait_until(lambda: threads, what="the stroke")
    wait_until(lambda: not owner.findChildren(QTimer), what="its timer to go")

    assert threads == [threading.current_thread()]


def test_nothing_is_done_for_an_owner_that_is_gone(qapp: QApplication) -> None:
    owner, other, done = QObject(), QObject(), []
    next_turn(owner, lambda: done.append("for one who is gone"))
    next_turn(other, lambda: done.append("for one who is here"))
    shiboken6.delete(owner)

    wait_until(lambda: done, what="the other's stroke")

    assert done == ["for one who is here"]
