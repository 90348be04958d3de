"""What the program does so that nothing is lost, for the people who answer for it: backups, and room on the disk."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import msgspec

from clinic_app.access.own import is_enrolled, own_device
from clinic_app.access.session import Session
from clinic_app.access.trail import Trail
from clinic_app.records import AuditEventEntity, Coding
from clinic_app.storage import Backup, BackupKeeper, KeeperState, Space, Store
from clinic_app.storage.backups.restoring import RESTORED_NOTE
from clinic_app.terminology.systems import AUDIT_ACTION, DCM

_ACTIVITY: Final = Coding(system=DCM, code="110100", display="Application Activity")
_RESTORED: Final = Coding(system=AUDIT_ACTION, code="restore")


class Safekeeping:
    """The backups and the room of one workstation.

    Args:
        store: whose.
        keeper: makes the backups.
        trail: tells who made one.
    """

    def __init__(self, store: Store, keeper: BackupKeeper, trail: Trail) -> None:
        self._store = store
        self._keeper = keeper
        self._trail = trail

    def note_restoration(self) -> None:
        """Write into the trail that the data were restored from a backup, if they were since the last start."""
        made_at = self._store.memory.get(RESTORED_NOTE)
        if not made_at or not is_enrolled(self._store):
            return
        words = f"restored from a backup that ends at {made_at.decode()}"
        event = msgspec.structs.replace(
            self._trail.arrival(own_device(self._store)),
            type=_ACTIVITY,
            subtype=(_RESTORED,),
            action="E",
            entity=(AuditEventEntity(description=words),),
        )
        self._store.records.commit([], audit=[event], values={RESTORED_NOTE: b""})

    def backups(self, session: Session) -> tuple[Backup, ...]:
        """Return the backups on this computer, the newest first.

        Raises:
            NotAllowedError: only an administrator sees them.
        """
        self._trail.require(session, "update", "Device")
        return self._store.backups.all()

    def back_up_now(self, session: Session) -> Backup:
        """Make a backup and look through it, and carry it to the second disk; takes seconds to minutes.

        Raises:
            NotAllowedError: only an administrator does.
            DiskFullError: there is no room for it.
            DamagedError: the data are damaged.
            StorageError: the disk refused it.
        """
        self._trail.require(session, "update", "Device")
        event = self._trail.event(session, "update", own_device(self._store))
        self._store.records.commit([], audit=[event])
        return self._keeper.make("by-hand")

    def state(self) -> KeeperState:
        """Return how it stands with backups and the second disk."""
        return self._keeper.state()

    def subscribe(self, callback: Callable[[], None]) -> Callable[[], None]:
        """Have ``callback`` called when backups or room have changed, from another thread; return what ends it."""
        ends = (self._keeper.subscribe(callback), self._store.space.subscribe(callback))

        def end() -> None:
            for each in ends:
                each()

        return end

    def space(self) -> Space:
        """Return the room on the disk; everybody may know it."""
        return self._store.space
