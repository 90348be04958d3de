"""Events reach the system's own log; nothing else does, and never a patient."""

from __future__ import annotations

import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from clinic_app.computer.system_log import NoticeHandler, heard_by_the_system, system_log
from clinic_app.computer.system_log_windows import number_of
from clinic_app.foundation import notices
from clinic_app.foundation.errors import StorageError
from clinic_app.foundation.notices import BACKUP_FAILED, DISK_SHORT, STARTED, Told, tell
from clinic_app.foundation.texts import Text

NAME = "Өтегенова-Қарлығаш"


class Kept:
    """A system's log that keeps what it is told."""

    def __init__(self) -> None:
        self.told: list[Told] = []
        self.is_closed = False

    def write(self, told: Told) -> None:
        self.told.append(told)

    def close(self) -> None:
        self.is_closed = True


@contextmanager
def quiet_root() -> Iterator[None]:
    root = logging.getLogger()
    level = root.level
    root.setLevel(logging.CRITICAL)
    yield
    root.setLevel(level)


def test_events_are_heard_however_quiet_the_program_is_and_other_lines_are_not() -> None:
    log = Kept()
    with quiet_root(), heard_by_the_system(log):
        tell(STARTED, "0.2.0")
        logging.getLogger("clinic_app.storage").error("a line for the file")
        tell(BACKUP_FAILED, StorageError)
    assert log.told == [Told(STARTED, "0.2.0"), Told(BACKUP_FAILED, "StorageError")]
    assert log.is_closed


def test_afterwards_nobody_listens() -> None:
    log = Kept()
    source = logging.getLogger(notices.__name__)
    former = list(source.handlers), source.level
    with heard_by_the_system(log):
        pass
    tell(DISK_SHORT)
    assert log.told == []
    assert (source.handlers, source.level) == former


def test_no_patient_gets_there_whatever_is_logged() -> None:
    log = Kept()
    with heard_by_the_system(log):
        source = logging.getLogger(notices.__name__)
        source.error("%s", NAME)
        source.error(NAME, extra={"notice": NAME})
        error = StorageError(Text("{name}", name=NAME))
        source.error("failed", exc_info=error)
        tell(BACKUP_FAILED, type(error))
        tell(BACKUP_FAILED, str(error))
    assert [each.detail for each in log.told] == ["StorageError", "…"]
    assert NAME not in repr(log.told)


def test_a_handler_without_an_event_writes_nothing() -> None:
    log = Kept()
    NoticeHandler(log).handle(logging.makeLogRecord({"msg": "plain"}))
    assert log.told == []


def test_linux_hears_it_by_syslog_with_its_number(monkeypatch: pytest.MonkeyPatch) -> None:
    assert sys.platform != "win32"
    import syslog

    said: list[object] = []
    monkeypatch.setattr(syslog, "openlog", lambda *words: said.append(words[0]))
    monkeypatch.setattr(syslog, "syslog", lambda priority, words: said.append((priority, words)))
    monkeypatch.setattr(syslog, "closelog", lambda: said.append("closed"))
    log = system_log()
    log.write(Told(DISK_SHORT, "…"))
    log.close()
    assert said == ["dala", (syslog.LOG_WARNING, "[9] The disk with the data is full or nearly so."), "closed"]


def test_windows_numbers_carry_their_gravity() -> None:
    assert [number_of(each) for each in (STARTED, DISK_SHORT, BACKUP_FAILED)] == [0x40000001, 0x80000009, 0xC0000007]
