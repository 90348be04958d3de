"""Whole DICOM contents of a hub go to a DICOM archive beside it, and what comes back is compared.

A content never leaves the hub's own store for it. An archive that is down is asked again, ever less often; one that
keeps something else under the same SOPInstanceUID is not corrected, for nobody here can tell which of the two is right:
both stay where they are, and the command ``archive`` (`clinic_app.hub.archive_commands`) lists them.
"""

from __future__ import annotations

import logging
import threading
from dataclasses import replace
from pathlib import Path
from typing import Final

from clinic_app.foundation.clock import Clock
from clinic_app.foundation.errors import (
    ClinicError,
    DamagedError,
    InvalidInputError,
    NotFoundError,
    UnreadableFileError,
)
from clinic_app.foundation.texts import Text
from clinic_app.hub.dicom_web import (
    LOOKED_AT_BYTES,
    DicomWeb,
    Fingerprint,
    InstanceUids,
    NotTakenError,
    OutOfOrderError,
    uids_of,
)
from clinic_app.imaging.reading import HEAD_BYTES, check_mark
from clinic_app.storage.feed.archive import ArchiveEntry, ArchiveState, FeedArchive

_BATCH: Final = 50
_MOST_WAIT_S: Final = 600.0
_LONGEST_LOGIN: Final = 1000
_DIFFERS: Final = Text("The archive has another content under this SOPInstanceUID; both are kept.")
_NOT_THERE: Final = Text("The archive said yes and does not have it.")
_log = logging.getLogger(__name__)


class Archiver:
    """Sends what waits, in a thread of its own between `start` and `stop`.

    Args:
        archive: what is to go, and what became of it.
        web: where it goes.
        clock: says when.
        interval_s: seconds between two looks; after a failure ever more.
    """

    def __init__(self, archive: FeedArchive, web: DicomWeb, clock: Clock, interval_s: float = 15.0) -> None:
        self._archive = archive
        self._web = web
        self._clock = clock
        self._interval_s = interval_s
        self._is_stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="archive")

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """End; what is under way is finished first."""
        self._is_stopping.set()
        self._thread.join()
        self._web.close()

    def run_once(self) -> int:
        """Send everything that waits; return how much was decided.

        Raises:
            LinkError: the archive cannot be reached; the rest waits.
        """
        done, last = 0, ""
        problem: OutOfOrderError | None = None
        while not self._is_stopping.is_set() and (waiting := self._archive.waiting(_BATCH, after=last)):
            for entry in waiting:
                last = entry.sha256
                if self._is_stopping.is_set():
                    break
                try:
                    decided = self._decided(entry)
                except OutOfOrderError as error:
                    problem = error
                    continue
                self._archive.note(decided, self._clock.now())
                done += 1
                level = logging.ERROR if decided.state in {"differs", "refused"} else logging.INFO
                _log.log(level, "content %s at the archive: %s", entry.sha256, decided.state)
        if problem is not None:
            raise problem
        return done

    def _run(self) -> None:
        wait_s = self._interval_s
        while not self._is_stopping.is_set():
            try:
                self.run_once()
                wait_s = self._interval_s
            except ClinicError as error:
                _log.warning("contents wait for the archive: %s", error)
                wait_s = min(_MOST_WAIT_S, wait_s * 2)
            except Exception:  # noqa: BLE001 - the border of the thread: the hub goes on, the fault is in its log
                _log.exception("the archive's thread has a fault")
                wait_s = _MOST_WAIT_S
            self._is_stopping.wait(wait_s)

    def _decided(self, entry: ArchiveEntry) -> ArchiveEntry:
        """Send one content and return what became of it.

        Raises:
            LinkError: the archive cannot be reached.
            StorageError: the hub's own store cannot be read at the moment.
        """
        try:
            head = b"".join(self._archive.read(entry.sha256, min(entry.size, LOOKED_AT_BYTES)))
            try:
                check_mark(head[:HEAD_BYTES])
            except UnreadableFileError:
                return replace(entry, state="foreign")
            uids = uids_of(head)
            state, words = self._sent(entry, uids)
        except (UnreadableFileError, NotTakenError, DamagedError, NotFoundError) as error:
            return replace(entry, state="refused", words=str(error))
        return replace(entry, state=state, instance_uid=uids.instance, words=words)

    def _sent(self, entry: ArchiveEntry, uids: InstanceUids) -> tuple[ArchiveState, str]:
        own = Fingerprint()
        for piece in self._archive.read(entry.sha256, entry.size):
            own.feed(piece)
        self._web.store(self._archive.read(entry.sha256, entry.size), entry.size)
        there = self._web.fingerprint(uids, entry.size)
        if there is None:
            return "refused", _NOT_THERE.render("en")
        if there.digest() != own.digest():
            return "differs", _DIFFERS.render("en")
        return "archived", ""


def login_of(path: Path | None) -> tuple[str, str] | None:
    """Return user and password from a file with one line ``user:password``; None without a file.

    Raises:
        InvalidInputError: no such line.
    """
    if path is None:
        return None
    try:
        with path.open(encoding="utf-8") as file:
            user, colon, password = file.read(_LONGEST_LOGIN).strip().partition(":")
    except (OSError, ValueError) as error:
        raise _no_login() from error
    if not (user and colon and password) or "\n" in password:
        raise _no_login()
    return user, password


def _no_login() -> InvalidInputError:
    return InvalidInputError(Text("The file of the archive's login has one line: user:password."))
