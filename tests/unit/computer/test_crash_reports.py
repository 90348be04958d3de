"""What a fallen program leaves for IT: versions, places, the last events; never a variable or a word of an error."""

from __future__ import annotations

import faulthandler
import logging
import os
import signal
import subprocess
import sys
import textwrap
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

from sqlalchemy.exc import StatementError

from clinic_app.computer.crash_reports import EVENTS, KEPT, MOST, CrashWatch, about, reports_in
from clinic_app.foundation.errors import StorageError
from clinic_app.foundation.texts import Text
from clinic_app.log_file import begin_log, end_log
from clinic_app.storage.folder import file_lock_posix

ROOT = Path(__file__).parents[3]
NAME = "Үлгібаева-Құпия"
NOW = datetime(2026, 11, 22, 9, 30, tzinfo=UTC)


class Clock:
    """A second later with every look."""

    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> datetime:
        self.now += timedelta(seconds=1)
        return self.now


@contextmanager
def watching(folder: Path) -> Iterator[CrashWatch]:
    was_on = faulthandler.is_enabled()
    watch = CrashWatch(folder, ("Qt 6",), Clock())
    watch.begin()
    try:
        yield watch
    finally:
        watch.end()
        if was_on:
            faulthandler.enable(sys.__stderr__)


def fallen(folder: Path, script: str) -> int:
    """Run a program that watches over itself and falls; return how it ended."""
    head = f"""
        import logging, os, sys, time
        from pathlib import Path
        from clinic_app.computer.crash_reports import CrashWatch
        from clinic_app.log_file import begin_log
        folder = Path({str(folder)!r})
        name = {NAME!r}
        begin_log(folder)
        logging.getLogger("clinic_app").setLevel(logging.INFO)
        watch = CrashWatch(folder / "logs", ("Qt 6",))
        watch.begin()
        logging.getLogger("clinic_app.storage").error("it refused %s", name)
        """
    code = textwrap.dedent(head) + textwrap.dedent(script)
    return subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, check=False, capture_output=True, timeout=60
    ).returncode


def told_at_next_start(folder: Path) -> str:
    """Return what the next start reports."""
    was_on = faulthandler.is_enabled()
    watch = CrashWatch(folder / "logs", (), Clock())
    (report,) = watch.begin()
    watch.end()
    if was_on:
        faulthandler.enable(sys.__stderr__)
    assert [each.name for each in (folder / "logs").glob("running-*")] == []
    return report.read_text(encoding="utf-8")


def test_a_process_killed_by_a_fault_of_a_library_leaves_its_places(tmp_path: Path) -> None:
    script = """
        def open_the_record(secret):
            os.kill(os.getpid(), 11)
        open_the_record(name)
        """
    assert fallen(tmp_path, script) == -signal.SIGSEGV
    told = told_at_next_start(tmp_path)
    assert told.startswith("Dala ")
    assert "Qt 6" in told.partition("\n")[0]
    assert "Fatal Python error: Segmentation fault" in told
    assert "in open_the_record" in told
    assert "ERROR clinic_app.storage it refused …" in told.partition("Last events:")[2]
    assert NAME not in told
    assert str(ROOT) not in told


def test_a_process_ended_from_outside_left_no_trace_and_that_is_said(tmp_path: Path) -> None:
    assert fallen(tmp_path, "os.kill(os.getpid(), 9)") == -signal.SIGKILL
    told = told_at_next_start(tmp_path)
    assert "left no trace" in told
    assert "it refused …" in told


def test_an_orderly_end_leaves_nothing(tmp_path: Path) -> None:
    with watching(tmp_path):
        assert len(list(tmp_path.glob("running-*"))) == 1
    assert list(tmp_path.iterdir()) == []


def left(folder: Path, *words: bytes) -> None:
    folder.mkdir(exist_ok=True)
    (folder / "running-20261122T000000000000Z-1.txt").write_bytes(b"Dala 0.1.0\n\n" + b"".join(words))


def test_windows_that_does_not_wait_at_the_end_of_the_day_is_no_fall(tmp_path: Path) -> None:
    left(tmp_path, b"\nends in order\n")
    watch = CrashWatch(tmp_path, (), Clock())
    assert watch.begin() == ()
    watch.end()
    assert list(tmp_path.iterdir()) == []


def test_a_fault_while_it_ends_is_a_fall(tmp_path: Path) -> None:
    left(
        tmp_path,
        b"\nends in order\n",
        b"Windows fatal exception: access violation\n",
        rb'  File "C:\a\b\c\d.py", line 7 in open',
    )
    watch = CrashWatch(tmp_path, (), Clock())
    (report,) = watch.begin()
    watch.end()
    told = report.read_text(encoding="utf-8")
    assert "access violation" in told
    assert 'File "b/c/d.py", line 7 in open' in told


def test_a_program_that_runs_is_left_alone(tmp_path: Path) -> None:
    left(tmp_path)
    path = next(tmp_path.glob("running-*"))
    with path.open("r+b") as other:
        assert file_lock_posix.lock_file(other)
        watch = CrashWatch(tmp_path, (), Clock())
        assert watch.begin() == ()
        watch.end()
    assert path.exists()


def test_a_watch_notes_that_it_was_told_to_end(tmp_path: Path) -> None:
    with watching(tmp_path) as watch:
        watch.note_end()
        (path,) = tmp_path.glob("running-*")
        assert path.read_bytes().endswith(b"ends in order\n")
    watch.note_end()  # too late, and no harm


def test_last_words_of_qt_are_written_as_far_as_they_are_known(tmp_path: Path) -> None:
    with watching(tmp_path) as watch:
        watch.note_last_words(f"QThread: Destroyed while thread '{NAME}' is still running")
        watch.note_last_words(f"Could not load {NAME}")
        told = next(tmp_path.glob("running-*")).read_text(encoding="utf-8")
    watch.note_last_words("ASSERT: too late")
    assert "QThread: Destroyed while thread\n" in told
    assert "a message that is not written down" in told
    assert NAME not in told


def raised(words: str) -> Exception:
    patient = words
    try:
        {}[patient]
    except KeyError as error:
        made = StorageError(Text("The disk refused {name}.", name=patient))
        made.__cause__ = error
        return made
    raise AssertionError


def test_an_error_nobody_caught_makes_a_report_at_once(tmp_path: Path) -> None:
    with watching(tmp_path) as watch:
        log = logging.getLogger("clinic_app.storage")
        for number in range(EVENTS + 5):
            log.warning("event %d of %s", number, NAME)
        report = watch.report(raised(NAME))
        assert report is not None
        told = report.read_text(encoding="utf-8")
    assert "StorageError: The disk refused {name}." in told
    assert "because of KeyError" in told
    assert "Thread MainThread:" in told
    assert "in test_an_error_nobody_caught" in told
    assert told.count("event ") == EVENTS
    assert f"event {EVENTS + 4} of …" in told
    assert NAME not in told
    assert str(ROOT) not in told
    assert reports_in(tmp_path) == [report]


def test_what_somebody_typed_is_in_no_report_wherever_an_error_carries_it(tmp_path: Path) -> None:
    """In words, notes, causes, groups, statements and their values, keys, and in the names of threads and files."""
    begun, may_end = threading.Event(), threading.Event()

    def stand() -> None:
        begun.set()
        may_end.wait(60)

    strange = threading.Thread(target=stand, name=f"device {NAME} of bed 5")
    strange.start()
    try:
        begun.wait(60)
        with watching(tmp_path) as watch:
            logging.getLogger("clinic_app.x").warning("kept for %s", NAME)
            logging.getLogger("sqlalchemy").error("INSERT %s", NAME)
            assert all(watch.report(error) is not None for error in _errors_about(NAME))
    finally:
        may_end.set()
        strange.join()
    bodies = [path.read_text("utf-8") for path in reports_in(tmp_path)]
    assert len(bodies) == len(_errors_about(NAME))
    assert all("Thread device:" in body and NAME not in body and "INSERT" not in body for body in bodies)


def _errors_about(name: str) -> list[BaseException]:
    noted = ValueError(name)
    noted.add_note(f"while {name} was saved")
    chained = KeyError(name)
    chained.__cause__ = OSError(2, "no such file", f"/scans/{name}.dcm")
    chained.__cause__.__context__ = UnicodeDecodeError("utf-8", name.encode(), 0, 1, name)
    statement = StatementError(name, "INSERT INTO patients VALUES (?)", [{"family": name}], ValueError(name))
    return [noted, chained, statement, ExceptionGroup(name, [ValueError(name), TypeError(name)])]


def test_the_same_fault_is_reported_once_and_many_are_not_reported_without_end(tmp_path: Path) -> None:
    error = raised(NAME)
    with watching(tmp_path) as watch:
        assert watch.report(error) is not None
        assert watch.report(error) is None
        kinds = [type(f"Fault{number}", (Exception,), {}) for number in range(MOST + 3)]
        made = [watch.report(kind()) for kind in kinds]
    assert sum(each is not None for each in made) == MOST - 1


def test_only_the_newest_reports_are_kept(tmp_path: Path) -> None:
    for number in range(KEPT + 5):
        (tmp_path / f"crash-20200101T0000{number:02}000000Z.txt").write_text(str(number), encoding="utf-8")
    with watching(tmp_path) as watch:
        newest = watch.report(raised(NAME))
    kept = reports_in(tmp_path)
    assert len(kept) == KEPT
    assert kept[0] == newest
    assert kept[-1].read_text(encoding="utf-8") == str(5 + 1)


def test_two_reports_of_one_moment_are_two_files(tmp_path: Path) -> None:
    watch = CrashWatch(tmp_path, (), lambda: NOW)
    watch.begin()
    made = {watch.report(type(f"Fault{number}", (Exception,), {})()) for number in range(3)}
    watch.end()
    assert len(made) == 3
    assert None not in made


def test_a_folder_that_cannot_be_written_stops_nobody(tmp_path: Path) -> None:
    (tmp_path / "logs").write_bytes(b"")
    watch = CrashWatch(tmp_path / "logs", (), Clock())
    assert watch.begin() == ()
    assert watch.report(raised(NAME)) is None
    watch.note_end()
    watch.end()


def test_the_log_of_a_former_run_may_be_missing(tmp_path: Path) -> None:
    left(tmp_path)
    watch = CrashWatch(tmp_path, (), Clock())
    (report,) = watch.begin()
    watch.end()
    assert report.read_text(encoding="utf-8").rstrip().endswith("Last events:")


def test_last_events_are_taken_from_the_log_without_the_ways_between_them(tmp_path: Path) -> None:
    begin_log(tmp_path)
    logging.getLogger("clinic_app").error("refused", exc_info=raised(NAME))
    end_log()
    left(tmp_path / "logs")
    told = told_at_next_start(tmp_path)
    events = told.partition("Last events:\n")[2].splitlines()
    assert len(events) == 2
    assert events[1].endswith("ERROR clinic_app refused")


def test_it_says_what_runs_and_not_whose_computer_it_is() -> None:
    told = about(("Qt 6.11",))
    assert told.startswith("Dala ")
    assert "Qt 6.11" in told
    assert os.uname().nodename not in told
