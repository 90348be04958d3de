"""What is left when the program falls: a report for IT in the log folder, without a word of a patient.

While the program runs, a file beside the log stands for it, locked, so that another start of the program can tell a
program that runs from one that fell. Into it Python's `faulthandler` writes the places of all threads when the process
is killed by a fault of a library; on an orderly end the file is removed. The next start makes a report of what a fallen
program has left: the versions, the places, and the last events of the log, whose lines hold no values. An error that
Python itself could not hand to anybody makes a report at once, and the program goes on.

No local variables, no words of errors: both hold what was typed. Of a message of Qt's that ends the process only
sentences known beforehand are written.
"""

from __future__ import annotations

import faulthandler
import logging
import os
import platform
import re
import sys
import threading
import traceback
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import BinaryIO, Final

from clinic_app.foundation.clock import SystemClock
from clinic_app.foundation.durable_files import write_atomically
from clinic_app.foundation.errors import ClinicError
from clinic_app.foundation.version import VERSION
from clinic_app.log_file import FILE_NAME as LOG_NAME
from clinic_app.log_file import QuietFormatter, way_of
from clinic_app.storage.folder.one_instance import file_lock

REPORT: Final = "crash-{at}.txt"
RUNNING: Final = "running-{at}-{pid}.txt"
KEPT: Final = 20
EVENTS: Final = 50
MOST: Final = 10
"""Reports one run makes of errors nobody caught; a fault that comes with every picture would fill the folder."""
ENDING: Final = b"\nends in order\n"
"""Written when the program has been told to end: what comes after is no fall, unless a fault is written below it."""
_DUMP: Final = re.compile(rb"^(Fatal Python error|Windows fatal exception)", re.MULTILINE)
_PLACE: Final = re.compile(r'File "([^"]*)"')
_EVENT: Final = re.compile(r"\d{4}-\d\d-\d\dT[\d:.]+Z ")
_OWN_WORD: Final = re.compile(r"[A-Za-z]+(?:[-_][A-Za-z0-9]+)*", re.ASCII)
_LARGEST: Final = 1 << 20
_DEEPEST: Final = 30
_log = logging.getLogger(__name__)
KNOWN_WORDS: Final = (
    "QThread: Destroyed while thread",
    "QObject: Cannot create children for a parent that is in a different thread",
    "QWidget: Must construct a QApplication before a QWidget",
    "This application failed to start because no Qt platform plugin could be initialized",
    "ASSERT failure in",
    "ASSERT: ",
    "Out of memory",
    "QPaintDevice: Cannot destroy paint device that is being painted",
    "Failed to create OpenGL context",
)
"""How Qt's last words begin, where they are known; they are written without what follows."""


class LastEvents(logging.Handler):
    """The last lines of the log, as it writes them."""

    def __init__(self) -> None:
        super().__init__(logging.INFO)
        self.setFormatter(QuietFormatter())
        self._lines: deque[str] = deque(maxlen=EVENTS)

    def emit(self, record: logging.LogRecord) -> None:
        """Keep the first line of one."""
        self._lines.append(self.format(record).partition("\n")[0])

    def lines(self) -> tuple[str, ...]:
        """Return them, the oldest first."""
        return tuple(self._lines)


class CrashWatch:
    """Watches over one run of the program.

    Args:
        folder: of the log.
        versions: of libraries beside Python's own, such as ``Qt 6.11.3``.
        now: the time.
    """

    def __init__(self, folder: Path, versions: Sequence[str] = (), now: Callable[[], datetime] | None = None) -> None:
        self._folder = folder
        self._now = now or SystemClock().now
        self._about = about(versions)
        self._events = LastEvents()
        self._file: BinaryIO | None = None
        self._path: Path | None = None
        self._reported: set[str] = set()

    def begin(self) -> tuple[Path, ...]:
        """Look at what former runs have left and make reports of it; then watch. Return the reports.

        A folder that cannot be written is watched over by nobody; that stops nobody's work.
        """
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            reports = self._gather()
            path = self._folder / RUNNING.format(at=_stamp(self._now()), pid=os.getpid())
            file = path.open("w+b", buffering=0)
        except (OSError, ClinicError):
            return ()
        file_lock()(file)
        file.write((self._about + "\n\n").encode())
        self._file, self._path = file, path
        faulthandler.enable(file, all_threads=True)
        logging.getLogger().addHandler(self._events)
        return reports

    def note_end(self) -> None:
        """Note that the program has been told to end, by a person or by Windows, which may not wait for us."""
        if self._file is not None:
            with suppress(OSError):
                self._file.write(ENDING)

    def note_last_words(self, words: str) -> None:
        """Note why Qt ends the process, as far as its words are known beforehand."""
        known = next((each for each in KNOWN_WORDS if words.startswith(each)), "a message that is not written down")
        if self._file is not None:
            with suppress(OSError):
                self._file.write(f"Qt ended the process: {known}\n".encode())

    def report(self, error: BaseException) -> Path | None:
        """Write a report of an error that nobody caught; return its file.

        None where it could not be written, where the same way was reported before, and after `MOST` others.
        """
        way = way_of(error)
        if way in self._reported or len(self._reported) >= MOST:
            return None
        self._reported.add(way)
        parts = [self._about, "", "An error nobody caught:", way, "", *_threads()]
        return self._write([*parts, "", "Last events:", *self._events.lines()])

    def end(self) -> None:
        """Stop watching: the program has ended in order."""
        logging.getLogger().removeHandler(self._events)
        file, self._file = self._file, None
        if file is None or self._path is None:
            return
        faulthandler.disable()
        file.close()
        with suppress(OSError):
            self._path.unlink()

    def _gather(self) -> tuple[Path, ...]:
        made = []
        for path in sorted(self._folder.glob(RUNNING.format(at="*", pid="*"))):
            left = _left_by(path)
            if left is None:
                continue
            if _fell(left) and (report := self._write(_told(left, self._folder))) is not None:
                made.append(report)
            with suppress(OSError):
                path.unlink()
        return tuple(made)

    def _write(self, lines: Iterable[str]) -> Path | None:
        path = self._folder / REPORT.format(at=_stamp(self._now()))
        for count in range(2, 100):
            if not path.exists():
                break
            path = path.with_name(f"{path.name.partition('Z')[0]}Z-{count}.txt")
        try:
            write_atomically(path, (("\n".join(lines) + "\n").encode(),))
            for old in reports_in(self._folder)[KEPT:]:
                old.unlink(missing_ok=True)
        except (OSError, ClinicError):
            return None
        return path


def reports_in(folder: Path) -> list[Path]:
    """Return the reports of a log folder, the newest first."""
    return sorted(folder.glob(REPORT.format(at="*")), key=lambda path: path.name, reverse=True)


def about(versions: Sequence[str] = ()) -> str:
    """Return what runs where, without the name of the computer or of its user."""
    told = [f"Dala {VERSION}", f"Python {platform.python_version()}", *versions]
    return ", ".join([*told, f"{platform.system()} {platform.release()} {platform.machine()}"])


def _left_by(path: Path) -> bytes | None:
    """Return what a run has left; None where it still runs."""
    try:
        with path.open("r+b") as file:
            if not file_lock()(file):
                return None
            file.seek(0)
            return file.read(_LARGEST)
    except OSError:
        return None


def _fell(left: bytes) -> bool:
    _, ending, rest = left.partition(ENDING)
    return bool(_DUMP.search(rest)) if ending else True


def _told(left: bytes, folder: Path) -> list[str]:
    """Return the lines of a report of a run that fell."""
    head, _, dump = left.decode("utf-8", "replace").partition("\n\n")
    dump = _PLACE.sub(lambda found: f'File "{_short(found[1])}"', dump).strip()
    nothing = "It left no trace: the power went, or the process was ended from outside."
    return [head, "", "The program ended unexpectedly.", dump or nothing, "", "Last events:", *_last_events(folder)]


def _last_events(folder: Path) -> list[str]:
    try:
        with (folder / LOG_NAME).open("rb") as file:
            size = file.seek(0, os.SEEK_END)
            file.seek(max(0, size - _LARGEST // 8))
            lines = file.read().decode("utf-8", "replace").splitlines()
    except OSError:
        return []
    return [line for line in lines if _EVENT.match(line)][-EVENTS:]


def _threads() -> list[str]:
    """Return where every thread is, without its variables."""
    names = {thread.ident: thread.name for thread in threading.enumerate()}
    lines = []
    for number, frame in sys._current_frames().items():  # noqa: SLF001 - Python's own name for it
        lines.append(f"Thread {_first_word(names.get(number, ''))}:")
        summary = traceback.StackSummary.extract(traceback.walk_stack(frame), limit=_DEEPEST, lookup_lines=False)
        lines += [f"    {_short(each.filename)}:{each.lineno} in {each.name}" for each in summary]
    return lines


def _first_word(name: str) -> str:
    """Return how a thread's name begins, which is ours; what follows may be a device's, and somebody typed that."""
    found = _OWN_WORD.match(name)
    return found[0] if found is not None else "?"


def _short(file_name: str) -> str:
    return "/".join(re.split(r"[\\/]", file_name)[-3:])


def _stamp(at: datetime) -> str:
    return f"{at:%Y%m%dT%H%M%S%f}Z"
