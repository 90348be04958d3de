"""The guards of the tests themselves: they see a leak, and only a leak."""

from __future__ import annotations

import threading
import time
import weakref

import pytest
from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QLabel
from pytestqt.qtbot import QtBot

from tests.helpers import leaks
from tests.helpers.waiting import wait_until
from tests.helpers.watchdog import Watchdog


def test_a_running_thread_is_a_leak(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(leaks, "GRACE_S", 0.05)
    before = leaks.look()
    gate = threading.Event()
    thread = threading.Thread(target=gate.wait, name="forgotten")
    thread.start()
    assert leaks.left_since(before) == ["thread 'forgotten' still runs"]
    gate.set()
    thread.join()
    assert leaks.left_since(before) == []


def test_an_active_timer_is_a_leak_and_a_stopped_one_is_not(qapp: object) -> None:
    before = leaks.look()
    timer = QTimer(interval=60_000)
    timer.start()
    assert "still ticks" in leaks.left_since(before)[0]
    timer.stop()
    assert leaks.left_since(before) == []


def test_a_timer_from_before_that_begins_to_tick_is_a_leak(qapp: object) -> None:
    timer = QTimer(interval=60_000)
    for _ in range(2):  # put aside, and still known the next time
        before = leaks.look()
        timer.start()
        assert "still ticks" in leaks.left_since(before)[0]
        timer.stop()
        assert leaks.left_since(before) == []


def test_what_was_put_aside_goes_when_nobody_holds_it(qapp: object, monkeypatch: pytest.MonkeyPatch) -> None:
    class Ring:
        def __init__(self) -> None:
            self.self = self

    ring = Ring()
    leaks.look()
    gone = weakref.ref(ring)
    del ring
    monkeypatch.setattr(leaks, "ASIDE", 1)
    leaks.look()
    assert gone() is None


def test_a_window_is_a_leak_until_it_is_deleted(qapp: object) -> None:
    before = leaks.look()
    window = QLabel("left")
    window.show()
    assert "top-level widget" in leaks.left_since(before)[0]
    window.close()
    window.deleteLater()
    assert leaks.left_since(before) == []


def test_a_window_given_to_the_bot_is_no_leak(qtbot: QtBot) -> None:
    label = QLabel("x")
    qtbot.addWidget(label)
    label.show()


def test_the_watchdog_names_who_held_the_window(qapp: object) -> None:
    dog = Watchdog(bound_s=0.05)
    dog.start()
    QTimer.singleShot(0, lambda: _compute(0.25))
    wait_until(lambda: dog.stalls)
    dog.stop()
    assert dog.longest_s >= 0.15
    with pytest.raises(AssertionError, match="_compute"):
        dog.check()


def test_the_watchdog_does_not_count_the_tests_own_work(qapp: object) -> None:
    dog = Watchdog(bound_s=0.05)
    dog.start()
    with dog.paused():
        _compute(0.15)
    dog.stop()
    assert not [stall for stall in dog.stalls if "_compute" in "".join(stall.stack)]


def test_waiting_ends_with_a_sentence() -> None:
    with pytest.raises(AssertionError, match="the moon did not become true"):
        wait_until(lambda: False, seconds=0.02, what="the moon")


def _compute(seconds: float) -> None:
    end = time.thread_time() + seconds  # a busy machine may make it last longer, never compute less
    while time.thread_time() < end:
        sum(range(100))
