"""Room on the disk: how much is left, a file that keeps some of it free for the worst day, and what is refused then.

A full disk must not cost a word that somebody was told is saved, and it must not lock people out of what they saved.
So a *reserve file* takes its room while there is plenty. When the disk runs full the file is given up: from then on
whatever a person would write is refused before it begins, and reading, with the audit rows that belong to it, goes on
in the room that became free. When there is room again, the reserve is taken again and the program writes again.
"""

from __future__ import annotations

import logging
import os
import shutil
import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Final, Literal, Protocol

from clinic_app.foundation.durable_files import open_part
from clinic_app.foundation.errors import DiskFullError
from clinic_app.foundation.notices import DISK_SHORT, tell
from clinic_app.foundation.texts import Text
from clinic_app.storage.folder.place import platform

SpaceState = Literal["ok", "low", "full"]
RESERVE_NAME: Final = "reserve.bin"
LOW_BYTES: Final = 1 << 30
_LEAST_BYTES: Final = 1 << 20
"""A disk with less is full, whatever the reserve."""
FULL: Final = Text(
    "The disk is full. What is saved can be read; nothing new can be saved until some space has been made free."
)
_log = logging.getLogger(__name__)


class Room(Protocol):
    """Asked before something is written, told when the disk refused it."""

    def require(self) -> None:
        """Return if there is room for what a person writes.

        Raises:
            DiskFullError: there is not; nothing was begun.
        """
        ...

    def met_full(self) -> None:
        """Note that the disk had no room for something."""
        ...


class EndlessRoom:
    """Room where somebody else watches over it: a database server, a copy under repair."""

    def require(self) -> None:
        """Return."""

    def met_full(self) -> None:
        """Do nothing; whoever writes is told."""


class Space:
    """The room of one data folder. Safe for use from several threads.

    Args:
        folder: the data folder.
        reserve_bytes: size of the reserve file; with less room than that beside it, the disk counts as full. 0: none.
        free: tells the free bytes of the disk a folder is on.
    """

    def __init__(self, folder: Path, reserve_bytes: int = 0, free: Callable[[Path], int] | None = None) -> None:
        self._reserve = folder / RESERVE_NAME
        self._reserve_bytes = reserve_bytes
        self._free = free or _free_bytes
        self._state: SpaceState = "ok"
        self._free_bytes = 0
        self._lock = threading.RLock()
        self._callbacks: tuple[Callable[[], None], ...] = ()
        self.look()

    @property
    def state(self) -> SpaceState:
        """How it stood when it was last looked at; whoever writes looks, and the keeper does every few seconds."""
        return self._state

    @property
    def is_read_only(self) -> bool:
        """Whether what people write is refused for want of room."""
        return self._state == "full"

    @property
    def reason(self) -> Text | None:
        """What to tell people; None while there is room."""
        if self._state == "full":
            return FULL
        if self._state == "ok":
            return None
        free_mb = self._free_bytes >> 20
        return Text("The disk is nearly full: {free_mb} MB are free. Make some space free soon.", free_mb=free_mb)

    def look(self) -> SpaceState:
        """Look at the disk; give up the reserve where it is full. Return how it stands."""
        with self._lock:
            return self._become(self._judge())

    def keep_reserve(self) -> None:
        """Take the room of the reserve file, where there is enough for that and it is not taken yet."""
        with self._lock:
            if self.look() == "full" or self._held() == self._reserve_bytes:
                return
            self._give_up()
            self._take()

    def require(self) -> None:
        """Return if there is room for what a person writes.

        Raises:
            DiskFullError: there is not; nothing was begun.
        """
        if self.look() == "full":
            raise DiskFullError(FULL)

    def has_room_for(self, size_bytes: int) -> bool:
        """Return whether the disk would be far from full with so many bytes more on it."""
        with self._lock:
            return self.look() != "full" and self._free_bytes > size_bytes + max(2 * self._reserve_bytes, _LEAST_BYTES)

    def met_full(self) -> None:
        """Note that the disk had no room: give up the reserve and refuse what people write until there is room."""
        with self._lock:
            self._become("full")

    def subscribe(self, callback: Callable[[], None]) -> Callable[[], None]:
        """Have ``callback`` called when the state has changed, from whatever thread saw it; return what ends it."""
        with self._lock:
            self._callbacks = (*self._callbacks, callback)

        def end() -> None:
            with self._lock:
                self._callbacks = tuple(each for each in self._callbacks if each is not callback)

        return end

    def _judge(self) -> SpaceState:
        """The reserve counts as room, so that giving it up does not look like room that was made free."""
        try:
            self._free_bytes = self._free(self._reserve.parent)
        except OSError as error:  # a folder that cannot be asked is told by whoever writes there
            _log.warning("the free space cannot be asked for: %s", error)
            return self._state
        room = self._free_bytes + self._held()
        least = max(2 * self._reserve_bytes, _LEAST_BYTES)
        if self._state == "full":
            least += least // 8  # a little more to come back than to go, or it would flicker
        if room < least:
            return "full"
        return "low" if room < max(LOW_BYTES, 4 * self._reserve_bytes) else "ok"

    def _become(self, state: SpaceState) -> SpaceState:
        if state == "full":
            self._give_up()
        if state != self._state:
            _log.log(logging.WARNING if state == "full" else logging.INFO, "room on the disk: %s", state)
            self._state = state
            if state != "ok":
                tell(DISK_SHORT)
            for callback in self._callbacks:
                callback()
        return state

    def _held(self) -> int:
        try:
            return self._reserve.stat().st_size
        except OSError:
            return 0

    def _give_up(self) -> None:
        with suppress(OSError):
            self._reserve.unlink(missing_ok=True)

    def _take(self) -> None:
        try:
            with open_part(self._reserve) as file:
                platform().allocate(file, self._reserve_bytes)
                os.fsync(file.fileno())
        except OSError as error:
            _log.warning("the reserve could not be taken: %s", error)
            self._give_up()


def _free_bytes(folder: Path) -> int:
    return shutil.disk_usage(folder).free
