"""The way from the pictures of a series to its cuts, and back."""

from __future__ import annotations

from functools import cached_property
from typing import Final

from PySide6.QtCore import QObject
from PySide6.QtWidgets import QApplication, QStackedWidget

from ui.imaging.open_series import OpenSeries
from ui.imaging.panes import Panes
from ui.imaging.volume.volume_view import VolumeView

_LEAST: Final = 3


class VolumeDoor(QObject):
    """Opens and closes the cuts of the series in hand.

    Args:
        name: stable object name of the cuts.
        panes: the pictures.
        fronts: where the panes stand, and the cuts in their place.
    """

    def __init__(self, name: str, panes: Panes, fronts: QStackedWidget) -> None:
        super().__init__(fronts)
        self._name = name
        self._panes = panes
        self._fronts = fronts
        self._series: OpenSeries | None = None

    @cached_property
    def view(self) -> VolumeView:
        """The cuts; made when they are first wanted."""
        made = VolumeView(self._name, self._panes.active.series.runner, self._fronts)
        made.left.connect(self.close)
        self._fronts.addWidget(made)
        return made

    @property
    def is_open(self) -> bool:
        """Whether the cuts are seen in place of the pictures."""
        return self._series is not None

    @property
    def can_open(self) -> bool:
        """Whether the series in hand has slices enough; whether they lie right is found when it is opened."""
        return self._panes.active.series.count >= _LEAST

    def open(self) -> None:
        """Cut the series in hand."""
        series = self._panes.active.series
        if series.stack is None or not self.can_open or self.is_open:
            return
        self._series = series
        series.closed.connect(self.close)
        self.view.begin(series.stack, series.row, max(self._panes.active.canvas.image_number, 1) - 1)
        self._fronts.setCurrentWidget(self.view)

    def close(self) -> None:
        """Go back to the pictures; nothing of the cuts is kept."""
        if self._series is None:
            return
        self._series.closed.disconnect(self.close)
        self._series = None
        cursor = QApplication.focusWidget()
        had_keys = cursor is not None and self.view.isAncestorOf(cursor)
        self.view.put_away()
        self._fronts.setCurrentIndex(0)
        if had_keys:
            self._panes.active.front.setFocus()
