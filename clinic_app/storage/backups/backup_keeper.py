"""The keeper: one thread that watches the room on the disk, makes backups in time and carries them to a second disk.

It begins a minute after the start, so that it does not hold up the first patient, and looks at the room every two
seconds. What goes wrong is kept as a sentence and tried again later; the keeper itself goes on.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

from clinic_app.foundation.clock import Clock
from clinic_app.foundation.errors import ClinicError, DamagedError
from clinic_app.foundation.notices import BACKUP_FAILED, SECOND_DISK_FAILED, tell
from clinic_app.foundation.texts import Text
from clinic_app.storage.backups.backups import Backup, BackupKind
from clinic_app.storage.backups.second_disk import SecondDisk
from clinic_app.storage.contents.orphans import collect_orphans
from clinic_app.storage.store import Store

LOOK_S: Final = 2.0
CHECK_S: Final = 60.0
RETRY_S: Final = 600.0
_EVERY: Final[tuple[tuple[BackupKind, timedelta], ...]] = (
    ("weekly", timedelta(days=7)),
    ("daily", timedelta(days=1)),
    ("hourly", timedelta(hours=1)),
)
_ALSO_COUNT: Final[dict[BackupKind, frozenset[BackupKind]]] = {
    "weekly": frozenset({"weekly"}),
    "daily": frozenset({"weekly", "daily"}),
    "hourly": frozenset({"weekly", "daily", "hourly", "by-hand", "before-update"}),
}
_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class KeeperState:
    """How it stands with the copies.

    ``newest`` is the newest verified backup of this computer; ``problem`` says why there is no newer one.
    ``carried_at`` is when the second disk last had everything; ``second_problem`` says why it has not now.
    """

    newest: Backup | None = None
    problem: Text | None = None
    carried_at: datetime | None = None
    second_problem: Text | None = None
    is_busy: bool = False


class BackupKeeper:
    """Keeps the backups of one store.

    Args:
        store: whose.
        clock: says what is due.
        second: the folder for copies on a second disk; None where there is none.
        check_s: seconds between two looks whether a backup is due.

    `start` and `stop` belong to one thread; everything else may be asked from any.
    """

    def __init__(self, store: Store, clock: Clock, second: Path | None = None, *, check_s: float = CHECK_S) -> None:
        self._store = store
        self._clock = clock
        self._disk = SecondDisk(second, store.folder, store.memory) if second is not None else None
        self._check_s = check_s
        self._state = KeeperState()
        self._callbacks: tuple[Callable[[], None], ...] = ()
        self._lock = threading.Lock()
        self._busy = threading.Lock()
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Begin to keep; a second start does nothing."""
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name="backup-keeper")
            self._thread.start()

    def stop(self) -> None:
        """Break off whatever is under way and wait until the thread has ended; what was begun is not counted on."""
        self._stopping.set()
        self._store.backups.stop()
        if self._thread is not None:
            self._thread.join()
            self._thread = None

    def state(self) -> KeeperState:
        """Return how it stands."""
        return self._state

    def subscribe(self, callback: Callable[[], None]) -> Callable[[], None]:
        """Have ``callback`` called after every change, from the keeper's thread; return what ends it."""
        with self._lock:
            self._callbacks = (*self._callbacks, callback)

        def end() -> None:
            with self._lock:
                self._callbacks = tuple(each for each in self._callbacks if each is not callback)

        return end

    def make(self, kind: BackupKind) -> Backup:
        """Make a backup now and carry it to the second disk; wait if one is being made.

        Raises:
            DiskFullError: there is no room for it.
            DamagedError: the data are damaged.
            StorageError: the disk refused it.
        """
        with self._busy:
            self._become(is_busy=True)
            try:
                backup = self._store.backups.make(kind)
                self._become(newest=backup, problem=None)
                self._carry()
            finally:
                self._become(is_busy=False)
        return backup

    def keep(self) -> bool:
        """Make what is due; return whether there is no problem. What goes wrong is kept in the state."""
        try:
            newest = next((each for each in self._store.backups.all() if each.is_verified), None)
            if newest != self._state.newest:
                self._become(newest=newest)
            kind = due(self._store.backups.all(), self._clock.now())
            if kind is None or (kind == "hourly" and not self._store.backups.has_news()):
                return self._catch_up()
            if kind == "weekly":
                self._look_through()
            self.make(kind)
        except DamagedError as error:
            self._store.suspect()
            return self._note(error)
        except ClinicError as error:
            return self._note(error)
        return self._state.second_problem is None

    def _catch_up(self) -> bool:
        """Carry what the second disk lacks, where that was not done since the start or failed the last time."""
        if self._disk is not None and (self._state.carried_at is None or self._state.second_problem is not None):
            with self._busy:
                self._carry()
        return self._state.second_problem is None

    def _look_through(self) -> None:
        """What is done once a week: look for damage before an old backup goes, and for contents nobody needs."""
        if self._store.file is not None:
            self._store.file.check_all()
        collected = collect_orphans(self._store.database, self._store.blobs, self._clock.now(), self._stopping.is_set)
        _log.info("%d contents nobody refers to were removed", collected)

    def _carry(self) -> None:
        if self._disk is None:
            return
        try:
            self._disk.carry(self._stopping.is_set)
        except (ClinicError, FileNotFoundError) as error:
            text = error.text if isinstance(error, ClinicError) else _second_gone()
            _log.warning("the second disk was not brought up to date: %s", error)
            if self._state.second_problem != text:  # once, not every ten minutes
                tell(SECOND_DISK_FAILED, type(error))
            self._become(second_problem=text)
        else:
            self._become(carried_at=self._clock.now(), second_problem=None)

    def _note(self, error: ClinicError) -> bool:
        if not self._stopping.is_set():
            _log.warning("no backup was made: %s", error)
            if self._state.problem != error.text:
                tell(BACKUP_FAILED, type(error))
            self._become(problem=error.text)
        return False

    def _run(self) -> None:
        next_s = time.monotonic() + self._check_s
        while not self._stopping.wait(min(LOOK_S, self._check_s)):
            self._safely(self._store.space.keep_reserve)
            if time.monotonic() >= next_s:
                is_well = self._safely(self.keep)
                next_s = time.monotonic() + (self._check_s if is_well else max(self._check_s, RETRY_S))

    def _safely(self, action: Callable[[], object]) -> bool:
        """Do one thing; a fault of ours ends neither the thread nor the next try. The named border of this thread."""
        try:
            return action() is not False
        except Exception as error:  # noqa: BLE001 - the border of this thread
            _log.exception("the keeper of the backups met a fault")
            tell(BACKUP_FAILED, type(error))
            self._become(problem=Text("No backup was made because of a fault in the program; it is in the log."))
            return False

    def _become(self, **changes: object) -> None:
        with self._lock:
            self._state = replace(self._state, **changes)  # type: ignore[arg-type]
            callbacks = self._callbacks
        for callback in callbacks:
            callback()


def due(backups: Sequence[Backup], now: datetime) -> BackupKind | None:
    """Return the kind of backup that is due, the rarest first; None where none is.

    Args:
        backups: what there is, the newest first.
        now: by a clock that may have been set back; then one is made, and counts from there on.
    """
    for kind, every in _EVERY:
        made_at = next((each.made_at for each in backups if each.is_verified and each.kind in _ALSO_COUNT[kind]), None)
        if made_at is None or not timedelta(0) <= now - made_at < every:
            return kind
    return None


def _second_gone() -> Text:
    return Text("The disk for copies went away while it was written to.")
