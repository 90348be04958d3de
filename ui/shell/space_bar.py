"""Says above every screen that the disk is full or nearly so; comes and goes by itself."""

from __future__ import annotations

from typing import Protocol

from clinic_app.foundation.texts import Text
from ui.events import CoreEvents
from ui.widgets.standing_bar import StandingBar


class Room(Protocol):
    """What is asked of the room on the disk; both are known without asking the disk."""

    @property
    def state(self) -> str:
        """``ok``, ``low`` or ``full``."""
        ...

    @property
    def reason(self) -> Text | None:
        """What to tell people; None while there is room."""
        ...


class SpaceBar(StandingBar):
    """The room on the disk, as soon as it becomes short.

    Args:
        room: of the workstation.
        events: tell when it has changed.
    """

    def __init__(self, room: Room, events: CoreEvents) -> None:
        super().__init__("space", "hard-drive", "warn")
        self._room = room
        events.keeping_changed.connect(self.look)
        self.look()

    def look(self) -> None:
        """Show how it stands now."""
        reason = self._room.reason
        if reason is None:
            self.hide()
        else:
            self.show_words(reason)
