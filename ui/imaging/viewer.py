"""One pane of the viewer, where a series is seen: its pictures, its reports to read, or its tracing on paper."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QEvent, QObject, Qt, Signal
from PySide6.QtGui import (
    QDragEnterEvent,
    QDragLeaveEvent,
    QDropEvent,
    QHideEvent,
    QKeyEvent,
    QPainter,
    QPaintEvent,
    QPen,
)
from PySide6.QtWidgets import QHBoxLayout, QStackedWidget, QVBoxLayout, QWidget

from clinic_app.foundation.texts import Text
from ui import theme
from ui.imaging.corners import corners_of
from ui.imaging.film_card import FilmCard
from ui.imaging.open_series import OpenSeries
from ui.imaging.report_view import ReportView
from ui.imaging.series_list import SERIES_MIME
from ui.imaging.shelf import Leave
from ui.imaging.viewing.cine_player import CinePlayer
from ui.imaging.viewing.pane_overlay import PaneOverlay
from ui.imaging.viewing.stack_planes import StackPlanes
from ui.imaging.viewing.state_chooser import StateChooser
from ui.language import Translated, _, counted, say
from ui.pictures import Picture
from ui.widgets.ecg_paper import EcgPaper
from ui.widgets.image_canvas import ImageCanvas
from ui.widgets.image_overlay import Corners
from ui.widgets.recording_traces import traces_of
from ui.widgets.stack_strip import StackStrip

if TYPE_CHECKING:
    from clinic_app.imaging import Report
    from clinic_app.imaging.objects.saved_state import SavedState
    from clinic_app.waveforms import Recording

_MOST_NUMBERS: Final = 8
_FRAME_PX: Final = 2
_LEAST_PX: Final = 96


class Viewer(Translated, QWidget):
    """One pane: pictures, reports or a tracing of its series.

    Args:
        name: stable object name of its parts: ``name.canvas``, ``name.report``, ``name.paper``.
        series: what opens series for it.
        place: what it will stand in.

    Signals: ``touched``: somebody took it in hand, by mouse or by key; ``maximise_asked``; ``dropped(str)``: a series,
    by its UID, was put on it; ``image_asked(str, int)``: a report leads to a picture, by SOP Instance UID and frame.
    """

    touched = Signal()
    maximise_asked = Signal()
    dropped = Signal(str)
    image_asked = Signal(str, int)

    def __init__(self, name: str, series: OpenSeries, place: QWidget | None = None) -> None:
        super().__init__(place)
        self.setObjectName(f"{name}.pane")
        self.setAcceptDrops(True)
        self.series = series
        self._name = name
        self._is_marked = False
        self._is_active = self._is_framed = self._is_target = False
        self._report: ReportView | None = None
        self._paper: EcgPaper | None = None
        self._film: FilmCard | None = None
        self.leave: Leave | None = None
        """Notes what leaves the house from this pane, or refuses it; None: nothing does."""
        self.canvas = ImageCanvas(f"{name}.canvas")
        self.canvas.setMinimumSize(_LEAST_PX, _LEAST_PX)
        self.states = StateChooser(name, self)
        self._fronts = QStackedWidget(self)
        self.strip = StackStrip(f"{name}.strip")
        self._pictures = QWidget()
        row = QHBoxLayout(self._pictures)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(0)
        row.addWidget(self.canvas, 1)
        row.addWidget(self.strip)
        self.strip.hide()
        self._fronts.addWidget(self._pictures)
        self._whole = QVBoxLayout(self)
        self._whole.setContentsMargins(0, 0, 0, 0)
        self._whole.setSpacing(0)
        self._whole.addWidget(self.states)
        self._whole.addWidget(self._fronts, 1)
        self.states.hide()
        self.canvas.installEventFilter(self)
        self.overlay = PaneOverlay(self.canvas)
        self.planes = StackPlanes(series, self)
        self.player = CinePlayer(self.canvas, series, self)
        self._is_space_tapped = False
        self._connect()

    def _connect(self) -> None:
        series = self.series
        series.opened.connect(self._show_pictures)
        series.read.connect(self._show_reports)
        series.traced.connect(self._show_tracing)
        series.closed.connect(self._show_nothing)
        series.decoded.connect(self._show_picture)
        series.undecoded.connect(self._show_refusal)
        series.filmed.connect(self._show_film)
        series.damage_found.connect(self._show_damage)
        series.progressed.connect(lambda: self.strip.show_ready(series.had))
        self.canvas.number_asked.connect(series.want)
        self.canvas.double_clicked.connect(self.maximise_asked)
        self.canvas.shown.connect(lambda: self.strip.show_number(self.canvas.image_number))
        self.strip.number_asked.connect(self._go_to)
        self.states.chosen.connect(self._dress)

    @property
    def front(self) -> QWidget:
        """What is seen: the canvas, the report or the paper."""
        front = self._fronts.currentWidget()
        return self.canvas if front is None or front is self._pictures else front

    @property
    def film(self) -> FilmCard:
        """What stands in the place of a video; made when it is first wanted."""
        if self._film is None:
            self._film = FilmCard(f"{self._name}.film", self.series.runner, self._leaving if self.leave else None)
            self._fronts.addWidget(self._film)
        return self._film

    @property
    def report(self) -> ReportView:
        """Where reports are read; made when it is first wanted."""
        if self._report is None:
            self._report = ReportView(f"{self._name}.report")
            self._fronts.addWidget(self._report)
            self._report.tree.installEventFilter(self)
            self._report.image_asked.connect(self.image_asked)
        return self._report

    @property
    def paper(self) -> EcgPaper:
        """Where tracings lie; made when it is first wanted."""
        if self._paper is None:
            self._paper = EcgPaper(f"{self._name}.paper")
            self._fronts.addWidget(self._paper)
            self._paper.installEventFilter(self)
        return self._paper

    def _leaving(self, what: str) -> None:
        row = self.series.row
        if self.leave is not None and row is not None:
            self.leave(row, what)

    def set_active(self, *, is_active: bool, is_framed: bool) -> None:
        """Show that this pane is in hand, or is not.

        Args:
            is_active: it is.
            is_framed: there are others beside it, so that a frame says which one it is.
        """
        self._is_active, self._is_framed = is_active, is_framed
        self._say_empty()
        edge = _FRAME_PX if is_framed else 0
        self._whole.setContentsMargins(edge, edge, edge, edge)
        self.update()

    def set_marked(self, *, is_marked: bool) -> None:
        """Say in the corner whether the picture is a key image."""
        self._is_marked = is_marked
        if self.series.picture is not None:
            self.canvas.set_corners(self._corners(self.series.picture))

    def retranslate(self) -> None:
        """Say everything anew."""
        self._say_empty()
        if self.series.picture is not None:
            self.canvas.set_corners(self._corners(self.series.picture))

    def eventFilter(self, _watched: QObject, event: QEvent) -> bool:
        """Notice when the front is taken in hand, and a tap on the space bar."""
        kind = event.type()
        if isinstance(event, QKeyEvent) and event.key() == Qt.Key.Key_Space and not event.isAutoRepeat():
            self._tap_space(kind)
        if kind in (QEvent.Type.FocusIn, QEvent.Type.MouseButtonPress):
            self._is_space_tapped = False
            self.touched.emit()
        return False

    def _tap_space(self, kind: QEvent.Type) -> None:
        """Run the loop when the key comes up again and nothing was dragged with it."""
        if kind == QEvent.Type.KeyPress:
            self._is_space_tapped = True
        elif kind == QEvent.Type.KeyRelease and self._is_space_tapped:
            self._is_space_tapped = False
            self.player.toggle()

    def hideEvent(self, event: QHideEvent) -> None:
        """A loop nobody can see stands: behind another screen, another pane or the lock."""
        if not event.spontaneous():
            self.player.pause()
        super().hideEvent(event)

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Draw the frame: in the colour of what is in hand, or where something is about to be put."""
        if self._is_framed or self._is_target:
            is_strong = self._is_active or self._is_target
            painter = QPainter(self)
            painter.setPen(QPen(theme.token("accent" if is_strong else "border", "clinical"), _FRAME_PX))
            painter.drawRect(self.rect().adjusted(1, 1, -1, -1))
            painter.end()

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        """Take a series from the list, and nothing else."""
        if event.mimeData().hasFormat(SERIES_MIME):
            event.acceptProposedAction()
            self._show_target(is_target=True)

    def dragLeaveEvent(self, _event: QDragLeaveEvent) -> None:
        """It goes elsewhere."""
        self._show_target(is_target=False)

    def dropEvent(self, event: QDropEvent) -> None:
        """It is put here."""
        self._show_target(is_target=False)
        uid = bytes(event.mimeData().data(SERIES_MIME).data()).decode("ascii", "replace")
        event.acceptProposedAction()
        self.dropped.emit(uid)

    def _show_target(self, *, is_target: bool) -> None:
        self._is_target = is_target
        edge = _FRAME_PX if self._is_framed or is_target else 0
        self._whole.setContentsMargins(edge, edge, edge, edge)
        self.update()

    def _show_pictures(self) -> None:
        self._fronts.setCurrentWidget(self._pictures)
        self.canvas.show_series(self.series.count)
        self.strip.show_stack(self.series.count)
        self.states.show_states(self.series.stack.states if self.series.stack else ())
        self.strip.setVisible(self.series.count > 1)
        self._show_damage()

    def _show_reports(self, reports: Sequence[Report]) -> None:
        self.report.show_reports(reports)
        self._fronts.setCurrentWidget(self.report)

    def _show_tracing(self, recording: Recording) -> None:
        self.paper.show_recording(traces_of(recording))
        self._fronts.setCurrentWidget(self.paper)

    def _show_film(self, number: int, words: Text) -> None:
        if self.series.stack is not None:
            self.film.show_film(self.series.stack, number, words)
            self._fronts.setCurrentWidget(self.film)

    def _show_nothing(self) -> None:
        self.canvas.show_series(0)
        self.strip.show_stack(0)
        self.strip.hide()
        self.states.show_states(())
        self._fronts.setCurrentWidget(self._pictures)
        self._say_empty()
        if self._report is not None:
            self._report.show_reports(())
        if self._paper is not None:
            self._paper.show_recording(())
        if self._film is not None:
            self._film.put_away()

    def _say_empty(self) -> None:
        """Say what can be done with a pane that shows nothing, where there are others."""
        if self.series.row is None and self._is_framed:
            self.canvas.show_words(0, _("Drag a series here, or choose one in the list and press Enter."))
        elif self.series.row is None:
            self.canvas.show_series(0)

    def _dress(self, state: SavedState | None) -> None:
        """Show the pictures as somebody saved them: his window, turn and marks, at a picture he saved."""
        stack, number = self.series.stack, self.canvas.image_number
        if stack is None:
            return
        self.touched.emit()
        picture = self.series.picture
        frame = picture.frame if picture else None
        if state is not None and not (frame and state.is_for(frame.sop_uid, frame.frame_number)):
            number = stack.first_of(state) + 1
        self.canvas.reset()
        self.series.dress(state, max(number, 1))
        self.canvas.go_to(max(number, 1))
        self.canvas.setFocus()

    def _go_to(self, number: int) -> None:
        self.touched.emit()
        self.canvas.go_to(number)

    def _show_picture(self, number: int, picture: Picture) -> None:
        self.canvas.show_picture(picture, number, self._corners(picture))

    def _show_refusal(self, number: int, words: Text) -> None:
        self.canvas.show_words(number, say(words))

    def _show_damage(self) -> None:
        self.canvas.set_notes(damage_lines(self.series.damaged))

    def _corners(self, picture: Picture) -> Corners:
        return corners_of(picture, self.series.row, self.series.words, is_marked=self._is_marked)


def damage_lines(damaged: Sequence[int]) -> tuple[str, ...]:
    """Return the sentence about pictures that cannot be shown, if there are any."""
    if not damaged:
        return ()
    numbers = ", ".join(map(str, damaged[:_MOST_NUMBERS])) + (" …" if len(damaged) > _MOST_NUMBERS else "")
    words = counted("{count} image is damaged", "{count} images are damaged", len(damaged))
    return (_("{words} and cannot be shown: {numbers}.", words=words, numbers=numbers),)
