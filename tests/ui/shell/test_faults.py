"""What nobody caught is logged and told to the window, from any thread."""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterator

import pytest
from PySide6.QtCore import QCoreApplication

from tests.helpers.waiting import wait_until
from ui.events import CoreEvents
from ui.shell.crash_dialog import catch_faults


@pytest.fixture
def events(qapp: QCoreApplication) -> Iterator[CoreEvents]:
    hooks = sys.excepthook, threading.excepthook
    made = CoreEvents()
    catch_faults(made)
    yield made
    sys.excepthook, threading.excepthook = hooks


def test_a_fault_of_the_windows_thread_is_told(events: CoreEvents, caplog: pytest.LogCaptureFixture) -> None:
    told: list[object] = []
    events.fault.connect(told.append)
    error = ValueError("nobody expected this")
    sys.excepthook(ValueError, error, None)
    wait_until(lambda: told)
    assert told == [error]
    assert "nobody expected this" in caplog.text


def test_a_fault_of_another_thread_is_told(events: CoreEvents, caplog: pytest.LogCaptureFixture) -> None:
    told: list[object] = []
    events.fault.connect(told.append)
    thread = threading.Thread(target=lambda: 1 // 0)
    thread.start()
    thread.join()
    wait_until(lambda: told)
    assert isinstance(told[0], ZeroDivisionError)
    assert "ZeroDivisionError" in caplog.text


def test_news_of_the_core_arrive_on_the_windows_thread(events: CoreEvents) -> None:
    threads: list[int] = []
    events.sync_changed.connect(lambda: threads.append(threading.get_ident()))
    events.monitor_changed.connect(lambda: threads.append(threading.get_ident()))
    for tell in (events.tell_sync_changed, events.tell_monitor_changed):
        thread = threading.Thread(target=tell)
        thread.start()
        thread.join()
    wait_until(lambda: len(threads) == 2)
    assert set(threads) == {threading.get_ident()}
