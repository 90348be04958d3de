"""Under which name a device's items go out: two devices never share one, whatever they call themselves.

Under one name the traces and numbers of two patients would mix. A configured device has its own name before all others;
a monitor that names itself so, or as another door's monitor does, goes out under its name with the door's behind it.
"""

from __future__ import annotations

import threading
from dataclasses import replace
from typing import Final

from clinic_app.devices.driver import Item
from clinic_app.devices.result import Result

MOST_NAMES: Final = 256


class SourceNames:
    """Who goes out under which name. Safe from several threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._owners: dict[str, str] = {}
        self._kept: frozenset[str] = frozenset()

    def keep(self, names: frozenset[str]) -> None:
        """Keep these names for the configured devices that have them; names of devices that are no more go free."""
        with self._lock:
            self._kept = names
            self._owners = {source: owner for source, owner in self._owners.items() if source not in names}

    def named(self, item: Item, door: str) -> Item:
        """Return the item under a name that is its device's alone.

        Args:
            item: as the device delivered it.
            door: the configured device, or the server, that it came through.
        """
        if isinstance(item, Result) or item.source == door:
            return item
        if self._owner(item.source, door) == door:
            return item
        return replace(item, source=f"{item.source} ({door})")

    def _owner(self, source: str, door: str) -> str:
        if source in self._kept:
            return source
        owner = self._owners.get(source)
        if owner is not None:
            return owner
        with self._lock:
            if len(self._owners) >= MOST_NAMES:
                self._owners.clear()
            return self._owners.setdefault(source, door)
