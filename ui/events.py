"""What happens in the core of its own accord reaches the windows here, by one hop.

A service that changes by itself (sync, the monitor listener) calls its subscribers on its own thread. `CoreEvents`
turns each such call into one signal on the windows' thread; screens connect to the signals and never to a service.
"""

from __future__ import annotations

from PySide6.QtCore import QObject, Qt, Signal
from shiboken6 import isValid


class CoreEvents(QObject):
    """The signals of the core.

    ``sync_changed``: state of the link, the queue or the cases may have changed.
    ``monitor_changed``: a patient monitor came, went or failed.
    ``keeping_changed``: backups or the room on the disk may have changed.
    ``fault``: an exception that nobody expected, from any thread, after it was logged.
    """

    sync_changed = Signal()
    monitor_changed = Signal()
    keeping_changed = Signal()
    fault = Signal(object)
    _hop = Signal(str, object)

    def __init__(self) -> None:
        super().__init__()
        self._hop.connect(self._arrive, Qt.ConnectionType.QueuedConnection)

    def tell_sync_changed(self, *_ignored: object) -> None:
        """From any thread: the sync service has news."""
        self._tell("sync_changed", None)

    def tell_monitor_changed(self, *_ignored: object) -> None:
        """From any thread: the monitor listener has news."""
        self._tell("monitor_changed", None)

    def tell_keeping_changed(self, *_ignored: object) -> None:
        """From any thread: the keeper of backups and room has news."""
        self._tell("keeping_changed", None)

    def tell_fault(self, error: BaseException) -> None:
        """From any thread: something unexpected was raised."""
        self._tell("fault", error)

    def _tell(self, name: str, value: object) -> None:
        if isValid(self):
            self._hop.emit(name, value)

    def _arrive(self, name: str, value: object) -> None:
        if name == "fault":
            self.fault.emit(value)
        else:
            {
                "sync_changed": self.sync_changed,
                "monitor_changed": self.monitor_changed,
                "keeping_changed": self.keeping_changed,
            }[name].emit()
