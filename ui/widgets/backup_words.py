"""How a backup is told on a screen: what it was made for, when, how old it is."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Final, Protocol

from clinic_app.foundation.dates import form_moment
from clinic_app.foundation.texts import Text
from ui.language import _, counted, say
from ui.widgets.chip import ChipLook

KIND_WORDS: Final[Mapping[str, Text]] = {
    "hourly": Text("every hour"),
    "daily": Text("every day"),
    "weekly": Text("every week"),
    "before-update": Text("before an update"),
    "by-hand": Text("by hand"),
}
_HOUR: Final = timedelta(hours=1)
_DAY: Final = timedelta(days=1)


class BackupFacts(Protocol):
    """What a screen tells of a backup."""

    @property
    def kind(self) -> str:
        """What it was made for."""
        ...

    @property
    def made_at(self) -> datetime:
        """When it was made."""
        ...

    @property
    def size_bytes(self) -> int:
        """Room it takes."""
        ...

    @property
    def records(self) -> int:
        """How many records are in it."""
        ...

    @property
    def is_verified(self) -> bool:
        """Whether it was opened and checked after it was made."""
        ...


def kind_words(backup: BackupFacts) -> str:
    """Return what a backup was made for; a kind of a newer version stands as it is."""
    known = KIND_WORDS.get(backup.kind)
    return say(known) if known is not None else backup.kind


def made_words(backup: BackupFacts) -> str:
    """Return when it was made, in local time."""
    return form_moment(backup.made_at)


def age_words(moment: datetime, now: datetime) -> str:
    """Return ``3 hours ago``; a clock that was set back never makes it future."""
    age = max(now - moment, timedelta(0))
    if age >= 2 * _DAY:
        return counted("{count} day ago", "{count} days ago", age // _DAY)
    if age >= _HOUR:
        return counted("{count} hour ago", "{count} hours ago", age // _HOUR)
    return counted("{count} minute ago", "{count} minutes ago", age // timedelta(minutes=1))


def checked_look(backup: BackupFacts) -> ChipLook:
    """Return the chip that says whether it was checked."""
    if backup.is_verified:
        return ChipLook(_("checked, whole"), "ok", "circle-check")
    return ChipLook(_("not checked"), "warn", "triangle-alert")
