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

REPORTED: list[BaseException] = []


@pytest.fixture
def events(qapp: QCoreApplication) -> Iterator[CoreEvents]:
    hooks = sys.excepthook, threading.excepthook, sys.unraisablehook
    made = CoreEvents()
    catch_faults(made, REPORTED.append)
    yield made
    sys.excepthook, threading.excepthook, sys.unraisablehook = hooks
    REPORTED.clear()


def test_a_fault_of_the_windows_thread_is_told(events: CoreEvents, caplog: pytest.LogCaptureFixture) -> None:
    told: list[object] = []
    events.fault.connect(told.append)
    error = ValueError("nobody expected this")
    sys.excepthook(ValueError, error, None)
    wait_until(lambda: told)
    assert told == REPORTED == [error]
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


class Broken:
    def __del__(self) -> None:
        raise ZeroDivisionError


def test_what_python_can_tell_to_nobody_is_reported_and_disturbs_nobody(
    events: CoreEvents, caplog: pytest.LogCaptureFixture
) -> None:
    told: list[object] = []
    events.fault.connect(told.append)
    Broken()
    assert [type(each) for each in REPORTED] == [ZeroDivisionError]
    assert "Dala met a fault of its own: ZeroDivisionError" in caplog.text
    QCoreApplication.processEvents()
    assert told == []


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
