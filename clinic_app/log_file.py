"""The log file: what went wrong, when and where in the program, and never whose data it was.

IT reads it and sends it on, so it must not hold what belongs to a patient. The house's own sentences are written with
their values only where these are numbers; an error is written as its kind and the places it passed through, without its
words; what a library says is written as the library's name and the place alone, because a library quotes what it reads.
"""

from __future__ import annotations

import logging
import platform
import traceback
from datetime import UTC, datetime
from logging.handlers import RotatingFileHandler
from pathlib import Path
from typing import Final

import platformdirs

from clinic_app.foundation.errors import ClinicError
from clinic_app.foundation.notices import Told

FOLDER: Final = "logs"
FILE_NAME: Final = "dala.log"
LARGEST_BYTES: Final = 1 << 20
KEPT: Final = 4
"""Older files beside the newest; all of them together take at most 5 MB."""
_OURS: Final = ("clinic_app", "ui", "dala", "__main__")
_DEEPEST: Final = 30
_CONSOLE: Final = "%(asctime)s %(name)s %(levelname)s %(message)s"


class LogFile(RotatingFileHandler):
    """The file and the few before it.

    Args:
        folder: where they lie; made if missing.
    """

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        super().__init__(folder / FILE_NAME, maxBytes=LARGEST_BYTES, backupCount=KEPT, encoding="utf-8")
        self.setFormatter(QuietFormatter())

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802  # the library's name
        """A log that cannot be written (the disk is full) stops nobody's work."""


class QuietFormatter(logging.Formatter):
    """Writes one line of time in UTC, level, logger and words, then the way of an error; no value of a record."""

    def __init__(self) -> None:
        super().__init__("%(asctime)s %(levelname)s %(name)s %(message)s")

    def formatTime(self, record: logging.LogRecord, datefmt: str | None = None) -> str:  # noqa: ARG002, N802
        """Return when it happened, in UTC."""
        return f"{datetime.fromtimestamp(record.created, UTC):%Y-%m-%dT%H:%M:%S}.{record.msecs:03.0f}Z"

    def format(self, record: logging.LogRecord) -> str:
        """Return the lines of one event."""
        quiet = logging.makeLogRecord(record.__dict__)
        quiet.msg, quiet.args = _words(record), None
        quiet.exc_info, quiet.exc_text, quiet.stack_info = None, None, None
        error = record.exc_info[1] if record.exc_info else None
        lines = [super().format(quiet)]
        return "\n".join(lines + ([way_of(error)] if error is not None else []))


def begin_log(data: Path) -> None:
    """Write the log from now on: in the data folder, or in the system's folder for logs where that cannot be.

    The console, where there is one, is told warnings too, with their words: nobody keeps it.

    Args:
        data: the data folder.
    """
    end_log()
    logging.basicConfig(level=logging.WARNING, format=_CONSOLE)
    for console in logging.getLogger().handlers:
        if type(console) is logging.StreamHandler:
            console.setLevel(logging.WARNING)  # what is worth a line in the system's log need not be one here
    for folder in (data / FOLDER, Path(platformdirs.user_log_dir("Dala", appauthor=False))):
        try:
            file = LogFile(folder)
        except OSError:
            continue
        about = f"begins on {platform.system()} {platform.release()}, Python {platform.python_version()}"
        file.handle(logging.makeLogRecord({"name": "dala", "levelname": "INFO", "msg": about}))
        logging.getLogger().addHandler(file)
        return


def end_log() -> None:
    """Close the file; what is logged afterwards goes to the console only."""
    root = logging.getLogger()
    for handler in [each for each in root.handlers if isinstance(each, LogFile)]:
        root.removeHandler(handler)
        handler.close()


def log_folder() -> Path | None:
    """Return where the log lies, or None where none is written."""
    return next((Path(each.baseFilename).parent for each in logging.getLogger().handlers if isinstance(each, LogFile)),
                None)  # fmt: skip


def way_of(error: BaseException) -> str:
    """Return the kind of an error and of those before it, and the places they passed through; none of their words."""
    lines: list[str] = []
    seen: set[int] = set()
    current: BaseException | None = error
    while current is not None and id(current) not in seen:
        seen.add(id(current))
        lines.append(("  " if not lines else "  because of ") + kind_of(current))
        frames = traceback.extract_tb(current.__traceback__)[-_DEEPEST:]
        lines += [f"    {_place(frame.filename)}:{frame.lineno} in {frame.name}" for frame in frames]
        current = current.__cause__ or (None if current.__suppress_context__ else current.__context__)
    return "\n".join(lines)


def kind_of(error: BaseException) -> str:
    """Return the kind of an error; one of the clinic also with its sentence, the values in it left out."""
    kind = type(error).__name__
    return f"{kind}: {error.text.msgid}" if isinstance(error, ClinicError) else kind


def _words(record: logging.LogRecord) -> str:
    if record.name.partition(".")[0] not in _OURS:
        return f"({record.module}:{record.lineno})"
    words, args = str(record.msg), record.args
    if not args:
        return words
    try:
        if isinstance(args, dict):
            return words % {name: _harmless(value) for name, value in args.items()}
        return words % tuple(_harmless(value) for value in args)
    except (TypeError, ValueError):  # the sentence wants a number where none is shown
        return words


def _harmless(value: object) -> object:
    """Return what may stand in the log instead of a value: numbers as they are, an error's kind, nothing of words."""
    if isinstance(value, BaseException):
        return kind_of(value)
    if isinstance(value, Told):
        return str(value)
    return value if isinstance(value, (bool, int, float)) else "…"


def _place(file_name: str) -> str:
    """Return the last parts of a path: enough to find the line, without the name of whoever installed it."""
    return "/".join(Path(file_name).parts[-3:])
