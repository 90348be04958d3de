"""How it stands with a hub and everybody who comes to it, for its own people: no patient, no record, only figures.

The status page shows it, the metrics count it; what needs somebody is found here, so that both say the same.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final, Literal

from clinic_app.foundation.clock import Clock
from clinic_app.foundation.errors import InvalidInputError
from clinic_app.foundation.texts import Text
from clinic_app.foundation.version import VERSION
from clinic_app.hub.latest_errors import LatestError, LatestErrors
from clinic_app.keys.certificates import end_of
from clinic_app.storage import Store
from clinic_app.storage.backups.backup_keeper import KeeperState
from clinic_app.storage.backups.backups import Backup, listed
from clinic_app.storage.feed.audit_heads import FeedAuditHeads
from clinic_app.storage.feed.callers import DeviceLine, FeedCallers
from clinic_app.storage.feed.hub_figures import HubFigures, figures_of
from clinic_app.storage.feed.status_visits import StatusVisits

DeviceState = Literal["here", "late", "silent", "never", "revoked", "broken"]
LATE: Final = timedelta(days=1)
SILENT: Final = timedelta(days=7)
BACKUP_EVERY: Final = timedelta(hours=26)
_ADDRESS: Final = "hub-address"
_CERTIFICATE_SOON: Final = timedelta(days=30)
_CERTIFICATE_NOW: Final = timedelta(days=7)
_RESTORED_TOLD: Final = timedelta(days=30)
_LEAST_TOKEN: Final = 16
_LEAST_FREE: Final = 0.1


@dataclass(frozen=True)
class Surroundings:
    """What a hub's process has beside its store.

    Args:
        name: of the hub.
        certificate: file of its TLS chain; None without TLS.
        keeper: tells how it stands with the backups this process makes; None where it makes none.
        errors: the newest warnings of this process.
        metrics_token: who names it may read the metrics from anywhere; empty lets only this computer.
    """

    name: str = "Dala"
    certificate: Path | None = None
    keeper: Callable[[], KeeperState] | None = None
    errors: LatestErrors = field(default_factory=LatestErrors)
    metrics_token: str = ""


@dataclass(frozen=True)
class Device:
    """One device and what there is to say of it."""

    line: DeviceLine
    state: DeviceState


@dataclass(frozen=True)
class Notice:
    """Something that needs somebody; grave where it does not wait until next week."""

    words: Text
    is_grave: bool


@dataclass(frozen=True)
class Look:
    """How everything stood at one moment."""

    at: datetime
    started_at: datetime
    version: str
    name: str
    devices: tuple[Device, ...]
    figures: HubFigures
    certificate_end: datetime | None
    backups: tuple[Backup, ...]
    keeper: KeeperState | None
    errors: tuple[LatestError, ...]
    upstream: Text | None
    notices: tuple[Notice, ...]


class Operations:
    """Looks at one hub.

    Args:
        store: the hub's.
        callers: its devices.
        heads: what their audit trails had come to.
        clock: the time.
        surroundings: of its process.
    """

    def __init__(
        self, store: Store, callers: FeedCallers, heads: FeedAuditHeads, clock: Clock, surroundings: Surroundings
    ) -> None:
        self.surroundings = surroundings
        self.visits = StatusVisits(store.database, clock)
        self._store = store
        self._callers = callers
        self._heads = heads
        self._clock = clock
        self._started_at = clock.now()
        self._served_end = certificate_end(surroundings.certificate)

    @property
    def address(self) -> str:
        """Where the hub is reached, as it noted when it last started; empty where it never did."""
        return (self._store.memory.get(_ADDRESS) or b"").decode()

    def note_address(self, address: str) -> None:
        """Note where the hub is reached, for the command that prints a link."""
        self._store.memory.put(_ADDRESS, address.encode())

    def look(self, upstream: Text | None = None, *, is_shut_out: bool = False) -> Look:
        """Return how it stands.

        Args:
            upstream: why the hub above was not reached; None where it was, or there is none.
            is_shut_out: whether that does not end by itself, because the hub above does not let this one in.

        Raises:
            StorageError: the database or the disk cannot be asked.
        """
        now = self._clock.now()
        breaks = self._heads.breaks()
        devices = tuple(Device(line, _state(line, line.id in breaks, now)) for line in self._callers.devices())
        figures = figures_of(self._store)
        keeper = self.surroundings.keeper() if self.surroundings.keeper else None
        backups = listed(self._store.backups.folder)
        errors = self.surroundings.errors.newest()
        notices = (
            *_of_certificate(self._served_end, certificate_end(self.surroundings.certificate), now),
            *_of_backups(backups, keeper, now),
            *_of_storage(self._store, figures, now),
            *_of_devices(devices),
            *((Notice(Text("The hub above: {reason}", reason=upstream), is_grave=is_shut_out),) if upstream else ()),
        )
        return Look(
            at=now,
            started_at=self._started_at,
            version=VERSION,
            name=self.surroundings.name,
            devices=devices,
            figures=figures,
            certificate_end=self._served_end,
            backups=backups,
            keeper=keeper,
            errors=errors,
            upstream=upstream,
            notices=tuple(sorted(notices, key=lambda each: not each.is_grave)),
        )


def certificate_end(path: Path | None) -> datetime | None:
    """Return when the first certificate of a file ends; None where there is none that can be read."""
    try:
        if path is None:
            return None
        return end_of(path.read_bytes())
    except (OSError, ValueError):
        return None


def _state(line: DeviceLine, is_broken: bool, now: datetime) -> DeviceState:
    if line.revoked_at is not None:
        return "revoked"
    if is_broken:
        return "broken"
    if line.last_seen_at is None:
        return "never"
    age = now - line.last_seen_at
    return "silent" if age >= SILENT else "late" if age >= LATE else "here"


def _of_certificate(served: datetime | None, lies_there: datetime | None, now: datetime) -> tuple[Notice, ...]:
    if served is None:
        return ()
    if lies_there is not None and lies_there > served:
        return (Notice(Text("A new certificate is there: restart the hub, so that it uses it."), is_grave=False),)
    left = served - now
    if left <= timedelta(0):
        return (Notice(Text("The certificate has ended: nobody can reach the hub."), is_grave=True),)
    if left >= _CERTIFICATE_SOON:
        return ()
    words = Text.counted("The certificate ends in {count} day.", "The certificate ends in {count} days.", left.days)
    return (Notice(words, is_grave=left < _CERTIFICATE_NOW),)


def _of_backups(backups: tuple[Backup, ...], keeper: KeeperState | None, now: datetime) -> tuple[Notice, ...]:
    newest = next((each for each in backups if each.is_verified), None)
    found = []
    if newest is None:
        found.append(Notice(Text("There is no backup."), is_grave=True))
    elif now - newest.made_at > BACKUP_EVERY:
        found.append(Notice(Text("The newest backup is older than a day."), is_grave=True))
    problems = (keeper.problem, keeper.second_problem) if keeper is not None else ()
    return (*found, *(Notice(each, is_grave=True) for each in problems if each is not None))


def _of_storage(store: Store, figures: HubFigures, now: datetime) -> tuple[Notice, ...]:
    found = []
    if store.space.reason is not None:
        found.append(Notice(store.space.reason, is_grave=store.space.is_read_only))
    elif figures.free_bytes < _LEAST_FREE * figures.disk_bytes:
        found.append(Notice(Text("Less than a tenth of the disk is free."), is_grave=False))
    if figures.restored_at is not None and now - figures.restored_at < _RESTORED_TOLD:
        words = Text("The hub was put back from a backup on {date}.", date=f"{figures.restored_at:%Y-%m-%d}")
        found.append(Notice(words, is_grave=False))
    return tuple(found)


def _of_devices(devices: tuple[Device, ...]) -> tuple[Notice, ...]:
    broken = sum(each.state == "broken" for each in devices)
    silent = sum(each.state == "silent" for each in devices)
    found = []
    if broken:
        found.append(
            Notice(
                Text.counted(
                    "The audit trail of {count} device is not what it was.",
                    "The audit trails of {count} devices are not what they were.",
                    broken,
                ),
                is_grave=True,
            )
        )
    if silent:
        found.append(
            Notice(
                Text.counted(
                    "{count} device was not here for a week.", "{count} devices were not here for a week.", silent
                ),
                is_grave=False,
            )
        )
    return tuple(found)


def read_token(path: Path | None) -> str:
    """Return the token a file holds; empty for no file.

    Raises:
        InvalidInputError: it cannot be read, or holds too little to be a secret.
    """
    if path is None:
        return ""
    try:
        token = path.read_text(encoding="ascii").strip()
    except (OSError, UnicodeDecodeError):
        token = ""
    if len(token) < _LEAST_TOKEN:
        raise InvalidInputError(
            Text("“{path}” holds no token of at least {count} signs.", path=path, count=_LEAST_TOKEN)
        )
    return token
