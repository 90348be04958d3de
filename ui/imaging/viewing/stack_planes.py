"""Where the pictures of a pane's series lie in the patient: read in the background, a few files at a time."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QObject, Signal

from ui.imaging.open_series import OpenSeries

if TYPE_CHECKING:
    from clinic_app.imaging.display.geometry import Plane

_AT_A_TIME: Final = 12


class StackPlanes(QObject):
    """The planes of the series that is open in a pane.

    Args:
        series: the series of the pane.
        parent: lives as long as this.

    Signal ``known``: all of them have been read. Nothing is read before `load` is called.
    """

    known = Signal()

    def __init__(self, series: OpenSeries, parent: QObject) -> None:
        super().__init__(parent)
        self._series = series
        self._is_wanted = False
        self._is_reading = False
        self.planes: list[Plane | None] = []
        self.is_known = False
        series.opened.connect(self._begin)
        series.closed.connect(self._forget)

    def load(self) -> None:
        """Read them, now and for every next series."""
        self._is_wanted = True
        self._read_on()

    def at(self, number: int) -> Plane | None:
        """Return where a picture lies, by its number from 1; None where nobody says, or it is not read yet."""
        return self.planes[number - 1] if 0 < number <= len(self.planes) else None

    def _begin(self) -> None:
        self._forget()
        if self._is_wanted:
            self._read_on()

    def _forget(self) -> None:
        self.planes, self.is_known = [], False

    def _read_on(self) -> None:
        stack, first = self._series.stack, len(self.planes)
        if stack is None or self._is_reading or self.is_known:
            return
        self._is_reading = True

        def take(found: tuple[Plane | None, ...]) -> None:
            self._is_reading = False
            if self._series.stack is not stack:
                self._read_on()
                return
            self.planes += found
            self.is_known = not found or len(self.planes) >= len(stack)
            if self.is_known:
                self.known.emit()
            else:
                self._read_on()

        def work() -> tuple[Plane | None, ...]:
            return stack.planes(first, first + _AT_A_TIME)

        self._series.runner.run(work, owner=self, done=take, failed=lambda _error: take(()))
