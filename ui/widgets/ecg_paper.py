"""A recording on millimetre paper: to read, to scroll, and to measure with calipers.

Keys: arrows scroll by 5 mm, Home and End go to the ends, C puts calipers in the middle of what is seen. While calipers
lie on the paper the arrows move the second mark (with Shift by 1 mm, with Ctrl both marks), B makes them a rectangle
that looks at the signal in it, Q and R note what they span as QT and RR, and Escape takes them away.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

import numpy as np
from PySide6.QtCore import QEvent, QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import (
    QAccessible,
    QAccessibleEvent,
    QFont,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPen,
    QResizeEvent,
)
from PySide6.QtWidgets import QAbstractScrollArea

from clinic_app.foundation.numbers import show_number
from ui import language, theme
from ui.language import Translated, _, counted
from ui.widgets.caliper_painter import paint_calipers
from ui.widgets.calipers import Calipers, Reading
from ui.widgets.letters import letter_of
from ui.widgets.paper_layout import PaperCell, PaperLayout, PaperTrace, cells_of
from ui.widgets.paper_painter import TOP_MM, PaperView, margin_mm, paint_marks
from ui.widgets.paper_picture import PaperPicture
from ui.widgets.screen_scale import screen_scales
from ui.widgets.trace_scale import CALIBRATION_MV, PaperScale

LEAST_ROW_MM: Final = 14.0
MOST_ROW_MM: Final = 34.0
_NOTES: Final = ("B", "Q", "R")
_ARROWS: Final = {
    Qt.Key.Key_Left: (-1, 0),
    Qt.Key.Key_Right: (1, 0),
    Qt.Key.Key_Up: (0, -1),
    Qt.Key.Key_Down: (0, 1),
}


class EcgPaper(Translated, QAbstractScrollArea):
    """The paper with its scroll bars.

    Args:
        name: stable object name.

    Signals: ``measured`` carries a `Reading`, or None when the calipers were taken away; ``qt_noted`` and ``rr_noted``
    the `Reading` that somebody takes for one.
    """

    measured = Signal(object)
    qt_noted = Signal(object)
    rr_noted = Signal(object)

    def __init__(self, name: str) -> None:
        super().__init__()
        self.setObjectName(name)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setFrameShape(QAbstractScrollArea.Shape.NoFrame)
        self.viewport().setCursor(Qt.CursorShape.CrossCursor)
        self._traces: tuple[PaperTrace, ...] = ()
        self._cells: tuple[PaperCell, ...] = ()
        self._layout: PaperLayout = "3x4"
        self._scale = PaperScale(screen_scales().px_per_mm())
        self._band = ""
        self._marks: tuple[tuple[float, str], ...] = ()
        self._calipers: Calipers | None = None
        self._is_dragging = False
        self.picture = PaperPicture(self)
        self.picture.drawn.connect(self.viewport().update)
        self._is_to_draw = True
        self._is_same_paper = False
        screen_scales().changed.connect(self._fit_screen)
        self.horizontalScrollBar().setAccessibleName("")
        self.retranslate()

    def sizeHint(self) -> QSize:
        """Return a size at which ten seconds fit a laptop."""
        return QSize(1036, 520)

    @property
    def scale(self) -> PaperScale:
        """Millimetres on this screen, paper speed and gain."""
        return self._scale

    @property
    def calipers(self) -> Calipers | None:
        """The marks, in logical pixels of the paper."""
        return self._calipers

    @property
    def cells(self) -> tuple[PaperCell, ...]:
        """What lies on the paper."""
        return self._cells

    def show_recording(self, traces: Sequence[PaperTrace]) -> None:
        """Put a recording's channels on the paper."""
        self._traces = tuple(traces)
        self._take_away()
        self.horizontalScrollBar().setValue(0)
        self._lay_out()

    def replace_traces(self, traces: Sequence[PaperTrace]) -> None:
        """Put the same channels otherwise filtered on the paper; what is seen and measured stays where it is."""
        self._traces = tuple(traces)
        self._cells = cells_of(self._traces, self._layout)
        self._is_same_paper = False
        self._refresh()
        self.retranslate()

    def look(self, layout: PaperLayout, speed_mm_s: float, gain_mm_mv: float) -> None:
        """Show in another layout, at another speed and gain; nothing is done where all of it is so already."""
        scale = replace(self._scale, speed_mm_s=speed_mm_s, gain_mm_mv=gain_mm_mv)
        if (layout, scale) != (self._layout, self._scale):
            self._layout = layout
            self.set_scale(scale)

    def set_band(self, band: str) -> None:
        """Say which frequencies were let through; it is shown with the scale."""
        self._band = band
        self.retranslate()

    def show_marks(self, marks: Sequence[tuple[float, str]]) -> None:
        """Show words that were put beside moments: seconds from the beginning, and words."""
        self._marks = tuple(marks)
        self.retranslate()

    def set_layout(self, layout: PaperLayout) -> None:
        """Set the leads otherwise."""
        self._layout = layout
        self._take_away()
        self._lay_out()

    def set_scale(self, scale: PaperScale) -> None:
        """Show at another speed, gain or size of the screen."""
        self._scale = scale
        self._take_away()
        self._lay_out()

    def set_speed(self, mm_s: float) -> None:
        """Show at another paper speed."""
        self.set_scale(replace(self._scale, speed_mm_s=mm_s))

    def set_gain(self, mm_mv: float) -> None:
        """Show one millivolt at another height."""
        self.set_scale(replace(self._scale, gain_mm_mv=mm_mv))

    def put_calipers(self) -> None:
        """Put calipers in the middle of what is seen; the arrow keys move them."""
        if self._cells:
            self._put(self._calipers_in_the_middle())

    def reading(self) -> Reading | None:
        """Return what the calipers span, or None without calipers."""
        if self._calipers is None:
            return None
        calipers = self._calipers
        cell = self._cell_at(calipers.x0, calipers.y0)
        reading = calipers.read(self._scale.px_per_s, self._scale.px_per_mv, cell.trace.label if cell else "")
        if cell is None or not calipers.is_box or not cell.trace.is_millivolts:
            return reading
        first, last = sorted(max(0.0, self._seconds_at(x)) for x in (calipers.x0, calipers.x1))
        between = cell.trace.samples[round(first * cell.trace.rate_hz) : round(last * cell.trace.rate_hz) + 1]
        return reading.over(between - np.float32(cell.trace.middle))

    def scale_words(self) -> str:
        """Return speed, gain and band in the language of the windows."""
        speed = show_number(self._scale.speed_mm_s, language.current())
        gain = show_number(self._scale.gain_mm_mv, language.current())
        words = [_("{value} mm/s", value=speed), _("{value} mm/mV", value=gain)]
        return "   ".join([*words, self._band] if self._band else words)

    def retranslate(self) -> None:
        """Say for a screen reader what is shown and measured."""
        words = [counted("{count} lead", "{count} leads", len({cell.trace.label for cell in self._cells}))]
        reading = self.reading()
        words += [self.scale_words()] + ([reading.words()] if reading else [])
        words += [mark for _seconds, mark in self._marks]
        self.setAccessibleDescription(", ".join(words))
        QAccessible.updateAccessibility(QAccessibleEvent(self, QAccessible.Event.DescriptionChanged))
        self.viewport().update()

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Copy the paper, then draw the calipers and the scale over it."""
        view = self._view()
        if self._is_to_draw:
            self._is_to_draw = False
            self.picture.draw(view, self._cells, keeps_last=self._is_same_paper)
            self._is_same_paper = True
        painter = QPainter(self.viewport())
        self.picture.paint(painter, QRectF(self.viewport().rect()), view)
        paint_marks(painter, view, self._marks)
        self._paint_scale(painter)
        if self._calipers is not None:
            self._paint_calipers(painter)
        if self.hasFocus():
            painter.setPen(QPen(theme.token("focus", "clinical"), 2))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRect(self.viewport().rect().adjusted(1, 1, -1, -1))

    def resizeEvent(self, _event: QResizeEvent) -> None:
        """Lay out anew."""
        self._lay_out()

    def scrollContentsBy(self, _dx: int, _dy: int) -> None:
        """Draw the part that is seen now."""
        self._refresh()

    def event(self, event: QEvent) -> bool:
        """Take the mouse on the frame as on the paper; a scroll area would drop it."""
        if isinstance(event, QMouseEvent):
            handler = {
                QEvent.Type.MouseButtonPress: self.mousePressEvent,
                QEvent.Type.MouseMove: self.mouseMoveEvent,
                QEvent.Type.MouseButtonRelease: self.mouseReleaseEvent,
            }.get(event.type())
            if handler is not None:
                handler(event)
                return True
        return super().event(event)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Put the first mark."""
        if event.button() != Qt.MouseButton.LeftButton or not self._cells:
            return
        at = self._on_paper(event.position())
        self._is_dragging = True
        is_box = bool(event.modifiers() & Qt.KeyboardModifier.ShiftModifier)
        self._put(Calipers(at.x(), at.y(), at.x(), at.y(), is_box))

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Move the second mark."""
        if self._is_dragging and self._calipers is not None:
            at = self._on_paper(event.position())
            self._put(replace(self._calipers, x1=at.x(), y1=at.y()))

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """Leave the marks; a click without a drag takes them away."""
        if not self._is_dragging:
            return
        self.mouseMoveEvent(event)
        self._is_dragging = False
        if self._calipers is not None and abs(self._calipers.x1 - self._calipers.x0) < 2:
            self._take_away()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Scroll and measure without a mouse."""
        key, letter = Qt.Key(event.key()), letter_of(event)
        if key in _ARROWS:
            self._arrow(*_ARROWS[key], event.modifiers())
        elif letter == "C":
            self.put_calipers()
        elif letter in _NOTES and self._calipers is not None:
            self._note(letter)
        elif key == Qt.Key.Key_Escape and self._calipers is not None:
            self._take_away()
        elif key in (Qt.Key.Key_Home, Qt.Key.Key_End):
            bar = self.horizontalScrollBar()
            bar.setValue(bar.minimum() if key == Qt.Key.Key_Home else bar.maximum())
        else:
            event.ignore()

    def _arrow(self, dx: int, dy: int, modifiers: Qt.KeyboardModifier) -> None:
        step = self._scale.px_per_mm if modifiers & Qt.KeyboardModifier.ShiftModifier else 1.0
        if self._calipers is None:
            mm = round(5 * self._scale.px_per_mm)
            self.horizontalScrollBar().setValue(self.horizontalScrollBar().value() + dx * mm)
            self.verticalScrollBar().setValue(self.verticalScrollBar().value() + dy * mm)
        elif modifiers & Qt.KeyboardModifier.ControlModifier:
            self._put(self._calipers.moved(dx * step, dy * step))
        else:
            self._put(self._calipers.end_moved(dx * step, dy * step))

    def _note(self, letter: str) -> None:
        """Make the calipers a rectangle, or take what they span for QT or RR."""
        if letter == "B" and self._calipers is not None:
            self._put(replace(self._calipers, is_box=not self._calipers.is_box))
        elif letter == "Q":
            self.qt_noted.emit(self.reading())
        elif letter == "R":
            self.rr_noted.emit(self.reading())

    def _calipers_in_the_middle(self) -> Calipers:
        at = self._on_paper(QPointF(self.viewport().rect().center()))
        row = int((at.y() - self._top()) / self._row_height())
        middle = self._top() + (row + 0.5) * self._row_height()
        return Calipers(at.x(), middle, at.x() + 0.2 * self._scale.px_per_s, middle)

    def _put(self, calipers: Calipers) -> None:
        self._calipers = calipers
        self.retranslate()
        self.measured.emit(self.reading())

    def _take_away(self) -> None:
        if self._calipers is not None:
            self._calipers = None
            self.retranslate()
            self.measured.emit(None)

    def _on_paper(self, at: QPointF) -> QPointF:
        return QPointF(at.x() + self.horizontalScrollBar().value(), at.y() + self.verticalScrollBar().value())

    def _seconds_at(self, x: float) -> float:
        return (x - margin_mm(self._scale) * self._scale.px_per_mm) / self._scale.px_per_s

    def _cell_at(self, x: float, y: float) -> PaperCell | None:
        seconds = self._seconds_at(x)
        row = int((y - self._top()) / self._row_height())
        return next((c for c in self._cells if c.row == row and c.start_s <= seconds < c.end_s), None)

    def _row_height(self) -> float:
        """Return the logical pixels of a row: the view is shared out, within bounds; a millivolt has room in it."""
        rows = 1 + max((cell.row for cell in self._cells), default=0)
        bound = self._scale.px_per_mm
        room = self.viewport().height() - self._top()
        least = max(LEAST_ROW_MM, CALIBRATION_MV * self._scale.gain_mm_mv)
        return min(max(room / rows, least * bound), max(MOST_ROW_MM, least) * bound)

    def _top(self) -> float:
        """Return the logical pixels above the first row."""
        return TOP_MM * self._scale.px_per_mm

    def _lay_out(self) -> None:
        self._cells = cells_of(self._traces, self._layout)
        rows = 1 + max((cell.row for cell in self._cells), default=-1)
        length_s = max((cell.end_s for cell in self._cells), default=0.0)
        width = margin_mm(self._scale) * self._scale.px_per_mm + length_s * self._scale.px_per_s
        for bar, size, seen in (
            (self.horizontalScrollBar(), width, self.viewport().width()),
            (self.verticalScrollBar(), self._top() + rows * self._row_height(), self.viewport().height()),
        ):
            bar.setRange(0, max(0, round(size) - seen))
            bar.setPageStep(seen)
            bar.setSingleStep(round(5 * self._scale.px_per_mm))
        self._is_same_paper = False
        self._refresh()
        self.retranslate()

    def _refresh(self) -> None:
        self._is_to_draw = True
        self.viewport().update()

    def _fit_screen(self) -> None:
        self.set_scale(replace(self._scale, px_per_mm=screen_scales().px_per_mm(self)))

    def _view(self) -> PaperView:
        ratio = self.devicePixelRatioF()
        size = self.viewport().size()
        return PaperView(
            replace(self._scale, px_per_mm=self._scale.px_per_mm * ratio),
            self.horizontalScrollBar().value() * ratio,
            self.verticalScrollBar().value() * ratio,
            round(size.width() * ratio),
            round(size.height() * ratio),
            self._row_height() * ratio,
            ratio,
        )

    def _paint_scale(self, painter: QPainter) -> None:
        if not self._cells:
            return
        painter.setFont(theme.body_font(9.0, QFont.Weight.DemiBold))
        words = self.scale_words()
        height = self.viewport().height()
        plate = QRectF(6, height - 26, painter.fontMetrics().horizontalAdvance(words) + 16, 20)
        ground = theme.token("surface", "clinical")
        painter.fillRect(plate, ground)
        painter.setPen(theme.token("overlay", "clinical"))
        painter.drawText(plate, Qt.AlignmentFlag.AlignCenter, words)

    def _paint_calipers(self, painter: QPainter) -> None:
        calipers, reading = self._calipers, self.reading()
        if calipers is not None and reading is not None:
            dx, dy = self.horizontalScrollBar().value(), self.verticalScrollBar().value()
            seen = self.viewport().rect()
            paint_calipers(painter, calipers.moved(-dx, -dy), seen, reading.words())
