"""The state of the link and of the queue, as the status bar says it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal

from ui.events import CoreEvents
from ui.tasks import TaskRunner

if TYPE_CHECKING:
    from clinic_app.sync import QueueSummary, SyncService, SyncState


@dataclass(frozen=True)
class LinkState:
    """What the status bar shows.

    Args:
        sync: the state of the exchange; None where this workstation has no hub.
        queue: what still waits.
        last_success_at: when the last exchange ended well, as far as this window has seen.
    """

    sync: SyncState | None = None
    queue: QueueSummary | None = None
    last_success_at: datetime | None = None


class StatusViewModel(QObject):
    """Asks the sync service whenever it has news; signal ``changed`` after each answer."""

    changed = Signal()

    def __init__(self, sync: SyncService | None, runner: TaskRunner, events: CoreEvents) -> None:
        super().__init__()
        self._sync = sync
        self._runner = runner
        self._is_asking = False
        self._has_news = False
        self.state = LinkState()
        events.sync_changed.connect(self.look)

    def look(self) -> None:
        """Ask anew; news that come while asking are asked for afterwards, once."""
        if self._sync is None:
            self.changed.emit()
            return
        if self._is_asking:
            self._has_news = True
            return
        self._is_asking, self._has_news = True, False
        sync = self._sync
        self._runner.run(
            lambda: (sync.state(), sync.queue()), owner=self, done=self._take, failed=lambda _error: self._settle()
        )

    def sync_now(self) -> None:
        """Try the hub at once."""
        if self._sync is not None:
            self._runner.run(self._sync.sync_now, owner=self, done=lambda _none: None)

    def _take(self, answer: tuple[SyncState, QueueSummary]) -> None:
        from clinic_app.sync import Succeeded

        sync, queue = answer
        last = sync.at if isinstance(sync, Succeeded) else self.state.last_success_at
        self.state = LinkState(sync, queue, last)
        self._settle()

    def _settle(self) -> None:
        self._is_asking = False
        self.changed.emit()
        if self._has_news:
            self.look()
