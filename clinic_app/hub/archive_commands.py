"""What a hub is told about the DICOM archive beside it: where it is, and what is to be sent once more.

Most hubs have none, so what reads DICOM (`clinic_app.hub.archiving`) is imported where there is one: it is half of the
time a command takes.
"""

from __future__ import annotations

import argparse
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final, Literal

from clinic_app.foundation.spreadsheet import csv_lines
from clinic_app.hub.gate import Hub
from clinic_app.storage.feed.archive import ARCHIVE_STATES, ArchiveState

_COLUMNS: Final = ("state", "sha256", "bytes", "sop_instance_uid", "tried_at", "words")


def ask_archive(parser: argparse.ArgumentParser) -> None:
    """Add the options of the command ``archive``."""
    parser.add_argument("--again", action="store_true", help="have what differs or was refused sent once more")
    parser.add_argument("--all-again", action="store_true", help="have everything sent once more: the archive is new")


def archive(hub: Hub, options: argparse.Namespace) -> Sequence[str]:
    """Return the list of what is at the archive as a table (CSV), and its sums.

    What differs comes first, then what is refused and what waits.
    """
    if options.again or options.all_again:
        states = ARCHIVE_STATES if options.all_again else ("differs", "refused")
        return (f"sent again: {hub.archive.ask_again(states)}",)
    order: tuple[ArchiveState | Literal["waiting"], ...] = ("differs", "refused", "waiting", "archived")
    entries = sorted(hub.archive.entries(), key=lambda each: (order.index(each.state), each.tried_at))
    rows = [(each.state, each.sha256, each.size, each.instance_uid, each.tried_at[:16], each.words) for each in entries]
    counted = Counter(each.state for each in entries)
    sums = ", ".join(f"{state}: {counted[state]}" for state in order)
    return (*b"".join(csv_lines((_COLUMNS, *rows))).decode("utf-8-sig").splitlines(), sums)


def ask_place(parser: argparse.ArgumentParser) -> None:
    """Add what a hub is started with when there is an archive beside it."""
    parser.add_argument("--dicomweb", default="", help="address of a DICOMweb archive that gets every DICOM content")
    parser.add_argument("--dicomweb-login", type=Path, help="file with one line user:password for the archive")
    parser.add_argument("--dicomweb-interval-s", type=float, default=15.0, help="seconds between two looks")


@contextmanager
def archiving(hub: Hub, options: argparse.Namespace) -> Iterator[None]:
    """Send contents to the archive for as long as the block lasts; nothing where there is none.

    Raises:
        InvalidInputError: an address or a login that cannot be used.
    """
    if not options.dicomweb:
        yield
        return
    from clinic_app.hub.archiving import Archiver, login_of
    from clinic_app.hub.dicom_web import DicomWeb

    web = DicomWeb(options.dicomweb, login_of(options.dicomweb_login))
    archiver = Archiver(hub.archive, web, hub.clock, options.dicomweb_interval_s)
    archiver.start()
    try:
        yield
    finally:
        archiver.stop()
