"""One series with its tools, for a room that shows images among other things: the viewer of the imaging room."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from PySide6.QtCore import Signal
from PySide6.QtGui import QHideEvent
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from ui import icons, theme
from ui.imaging.measuring.marks_desk import MarksDesk
from ui.imaging.measuring.marks_model import MarksModel
from ui.imaging.open_series import OpenSeries
from ui.imaging.shelf import Leave, SeriesRow
from ui.imaging.tool_bar import ViewerTools
from ui.imaging.viewer import Viewer
from ui.language import say
from ui.tasks import TaskRunner

if TYPE_CHECKING:
    from clinic_app.imaging import Opened
    from clinic_app.records import ImagingStudy, ImagingStudySeries
    from ui.widgets.image_canvas import ImageCanvas


class SeriesDesk(QWidget):
    """Pictures with their tools, reports or a tracing of one series.

    Args:
        name: stable object name: ``name.canvas``, ``name.tool.…`` and so on.
        open_series: opens a series of a study by its UID; called in the background.
        runner: the way into the background.
        place: what it will stand in (see `Page`).
        marks: what was measured; what is drawn here is kept when the series is put away or out of sight.
        leave: notes what leaves the house from here, or refuses it; None: nothing does.

    Signals: ``refused(str)``: why the series cannot be shown; ``image_asked(str, int)``: a report leads to a picture,
    by SOP Instance UID and frame.
    """

    refused = Signal(str)
    image_asked = Signal(str, int)

    def __init__(
        self,
        name: str,
        open_series: Callable[[ImagingStudy, str], Opened],
        runner: TaskRunner,
        place: QWidget | None = None,
        *,
        marks: MarksModel | None = None,
        leave: Leave | None = None,
    ) -> None:
        super().__init__(place)
        theme.make_clinical(self)
        self.setProperty("role", "page")
        self._series = OpenSeries(lambda row: open_series(row.study, row.uid), runner, self)
        self.viewer = Viewer(name, self._series, self)
        self.viewer.leave = leave
        self.tools = ViewerTools(name, self.viewer.canvas)
        self.marks = MarksDesk(name, marks, self.tools, self.viewer) if marks is not None else None
        self._build()
        self._series.refused.connect(lambda words: self.refused.emit(say(words)))
        self.viewer.image_asked.connect(self.image_asked)
        for signal in (self._series.opened, self._series.read, self._series.traced):
            signal.connect(lambda *_what: self._show_tools())

    def _build(self) -> None:
        column = QVBoxLayout(self)
        column.setContentsMargins(8, 8, 8, 8)
        column.setSpacing(6)
        column.addWidget(self.tools)
        row = QHBoxLayout()
        row.setSpacing(8)
        row.addWidget(self.viewer, 1)
        if self.marks is not None:
            self.marks.setParent(self)
            self.marks.go_elsewhere = self.image_asked.emit
            self.marks.model.refused.connect(lambda words: self.refused.emit(say(words)))
            row.addWidget(self.marks.panel)
        column.addLayout(row, 1)
        self.tools.for_one_pane()
        icons.redraw_in(self)
        self.setFocusProxy(self.viewer.canvas)

    @property
    def canvas(self) -> ImageCanvas:
        """Where pictures are shown."""
        return self.viewer.canvas

    def show_series(self, study: ImagingStudy, series: ImagingStudySeries, at: tuple[str, int] = ("", 1)) -> None:
        """Open a series, by default at its first picture.

        Args:
            study: it belongs to.
            series: itself.
            at: SOP Instance UID and frame, from 1, of the picture to begin with.
        """
        if self._series.row is not None and self._series.row.uid == series.uid and not at[0]:
            return
        self._series.close()
        self._series.open(SeriesRow(study, series), at)

    def put_away(self) -> None:
        """Show nothing, and keep nothing in memory; what was drawn is on its way to the disk."""
        self._series.close()
        if self.marks is not None:
            self.marks.model.leave()

    def hideEvent(self, event: QHideEvent) -> None:
        """Whoever looks elsewhere has drawn what he wanted."""
        super().hideEvent(event)
        if self.marks is not None:
            self.marks.model.keep()

    def _show_tools(self) -> None:
        front = self.viewer.front
        self.tools.setVisible(front is self.canvas)
        self.setFocusProxy(front)
