"""How much of a stranger's file is taken, asked before anything is made for it."""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from clinic_app.foundation.durable_files import disk_errors
from clinic_app.foundation.errors import ClinicError, UnreadableFileError
from clinic_app.foundation.texts import Text

LARGEST_BYTES: Final = 256 << 20
"""Of a file, and of what it unpacks to."""
MOST_SAMPLES: Final = 100_000_000
"""Of all channels together, gaps included: a day of three leads at 250 Hz fits, in 260 MB of memory."""
MOST_CHANNELS: Final = 512
MOST_MARKS: Final = 100_000
LONGEST_TEXT: Final = 1000
"""Letters of one mark."""
UNKNOWN_START: Final = datetime(1900, 1, 1, tzinfo=UTC)
"""Of a recording whose file tells no moment."""

NO_SIGNAL: Final = Text("This file holds no signal that can be read.")
CUT: Final = Text("The file is shorter than it says. Copy it again from the recorder.")
TOO_LARGE: Final = Text("This recording is larger than this program takes from anybody.")
TOO_LARGE_AT_ONCE: Final = Text(
    "This recording is larger than this program takes at once. The command convert takes parts of it, with --from and "
    "--seconds."
)

Watch = Callable[[int, int], None]
"""Told how many steps of how many are done; whoever wants to stop raises `StoppedError` in it."""


class StoppedError(ClinicError):
    """Somebody asked to stop; nothing half-made remains."""

    def __init__(self) -> None:
        super().__init__(Text("Stopped. Nothing was kept of it."))


def unwatched(_done: int, _of: int) -> None:
    """Watch nothing."""


def unreadable(text: Text = NO_SIGNAL) -> UnreadableFileError:
    """Return the error for a file that is damaged, foreign or hostile."""
    return UnreadableFileError(text)


def check_amount(samples: int) -> None:
    """Refuse more samples than anybody records.

    Raises:
        UnreadableFileError: there are too many, or none.
    """
    if samples < 1:
        raise unreadable()
    if samples > MOST_SAMPLES:
        raise unreadable(TOO_LARGE)


def check_rate(rate_hz: float) -> None:
    """Refuse a rate nobody records at: less than a sample in a quarter of an hour, or a million a second.

    Raises:
        UnreadableFileError: it is such a rate, or no number.
    """
    if not 0.001 <= rate_hz < 1e6:
        raise unreadable()


def read_bounded(path: Path) -> bytes:
    """Return what is in a file.

    Raises:
        UnreadableFileError: it is not there, is no file, or is too large.
        StorageError: the disk refused it.
    """
    try:
        with disk_errors(path):
            if not path.is_file():
                raise unreadable(Text("There is no file “{name}”.", name=path.name))
            if path.stat().st_size > LARGEST_BYTES:
                raise unreadable(TOO_LARGE)
            with path.open("rb") as file:
                data = file.read(LARGEST_BYTES + 1)
    except FileNotFoundError as error:
        raise unreadable(Text("There is no file “{name}”.", name=path.name)) from error
    if len(data) > LARGEST_BYTES:
        raise unreadable(TOO_LARGE)
    return data


@contextmanager
def strangers_bytes() -> Iterator[None]:
    """Turn what goes wrong inside the block over a file's contents into a refusal.

    Raises:
        UnreadableFileError: the file contradicts itself.
    """
    try:
        yield
    except (ValueError, TypeError, LookupError, ArithmeticError, EOFError, RecursionError, struct.error) as error:
        raise unreadable() from error
