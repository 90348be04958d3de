"""Draws a recording on millimetre paper, in device pixels: grid, calibration pulses, traces, lead names."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from PySide6.QtCore import QPointF, QRectF, QSizeF, Qt
from PySide6.QtGui import QFont, QPainter, QPen, QPolygonF

from ui import theme
from ui.widgets.paper_layout import PaperCell
from ui.widgets.pulse_words import write_pulse
from ui.widgets.trace_columns import column_edges, column_lines, draw_trace, extremes
from ui.widgets.trace_scale import CALIBRATION_MV, CALIBRATION_S, PaperScale, pulse_mv

FOOT_MM: Final = 1.5
GAP_MM: Final = 1.0
TOP_MM: Final = 4.0
"""Room above the first row, for what rises over it."""
FILL: Final = 0.7


@dataclass(frozen=True)
class PaperView:
    """The part of the paper that is to be seen; all in device pixels.

    Args:
        scale: true scale, per device pixel.
        left: x of the paper at the left edge of the view.
        top: y of the paper at the top edge.
        width: of the view.
        height: of the view.
        row_height: of one row.
        ratio: device pixels in a logical one.
    """

    scale: PaperScale
    left: float
    top: float
    width: int
    height: int
    row_height: float
    ratio: float

    @property
    def margin(self) -> float:
        """Room for the calibration pulse, before the traces begin."""
        return margin_mm(self.scale) * self.scale.px_per_mm

    def x_of(self, seconds: float) -> float:
        """Return the x of a moment of the recording in the view."""
        return self.margin + seconds * self.scale.px_per_s - self.left

    def middle_of(self, row: int) -> float:
        """Return the y of a row's line in the view."""
        return TOP_MM * self.scale.px_per_mm + (row + 0.5) * self.row_height - self.top


def margin_mm(scale: PaperScale) -> float:
    """Return the room the calibration pulse takes."""
    return CALIBRATION_S * scale.speed_mm_s + 2 * FOOT_MM + GAP_MM


def paint_paper(painter: QPainter, view: PaperView, cells: Sequence[PaperCell]) -> None:
    """Draw everything that lies in the view at once (see `PaperPicture` for a window that must go on answering)."""
    paint_ground(painter, view, cells)
    for cell in cells:
        paint_cell(painter, view, cell)


def paint_ground(painter: QPainter, view: PaperView, cells: Sequence[PaperCell]) -> None:
    """Draw what lies below the traces: the lines of the paper, the calibration pulses."""
    painter.fillRect(QRectF(0, 0, view.width, view.height), theme.token("bg", "clinical"))
    _paint_grid(painter, view)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    for row, is_scaled in {cell.row: cell.trace.is_millivolts for cell in cells}.items():
        if is_scaled:
            _paint_pulse(painter, view, row)


def paint_cell(painter: QPainter, view: PaperView, cell: PaperCell) -> None:
    """Draw one trace, as far as it lies in the view, and its name."""
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    _paint_trace(painter, view, cell)
    _paint_label(painter, view, cell)


def _paint_grid(painter: QPainter, view: PaperView) -> None:
    """Draw lines every millimetre, stronger every fifth; the millimetres only where they do not run together."""
    fine, strong = theme.token("trace_grid", "clinical"), theme.token("border", "clinical")
    step = view.scale.px_per_mm
    for every, colour in ((1, fine.darker(112)), (5, strong)):
        if every == 1 and step < 3:
            continue
        painter.setPen(QPen(colour, 1))
        for number in range(int(view.left / step) // every * every, int((view.left + view.width) / step) + 1, every):
            x = round(number * step - view.left)
            painter.drawLine(x, 0, x, view.height)
        for number in range(int(view.top / step) // every * every, int((view.top + view.height) / step) + 1, every):
            y = round(number * step - view.top)
            painter.drawLine(0, y, view.width, y)


def _paint_pulse(painter: QPainter, view: PaperView, row: int) -> None:
    """Draw 1 mV for 0.2 s before the row, or a lower pulse with its height in words where that one has no room."""
    room = TOP_MM * view.scale.px_per_mm + view.row_height / 2 - 1
    millivolts = pulse_mv(view.scale.px_per_mv, room)
    if not millivolts:
        return
    foot = FOOT_MM * view.scale.px_per_mm
    left, base = round(foot - view.left) + 0.5, round(view.middle_of(row)) + 0.5
    right, top = left + round(CALIBRATION_S * view.scale.px_per_s), base - round(view.scale.px_per_mv * millivolts)
    points = ((left - foot, base), (left, base), (left, top), (right, top), (right, base), (right + foot, base))
    painter.setPen(QPen(theme.token("text", "clinical"), view.ratio))
    painter.drawPolyline(QPolygonF([QPointF(x, y) for x, y in points]))
    if millivolts != CALIBRATION_MV:
        write_pulse(painter, QPointF(left - foot, top), millivolts, view.ratio)


def _paint_trace(painter: QPainter, view: PaperView, cell: PaperCell) -> None:
    trace = cell.trace
    begin = view.x_of(cell.start_s)
    first = max(0, int(-begin))
    end_s = min(cell.end_s, trace.seconds)  # a trace that ends before its cell must not go on as a flat line
    last = min(int((end_s - cell.start_s) * view.scale.px_per_s), int(view.width - begin) + 1)
    if last <= first:
        return
    per_column = trace.rate_hz / view.scale.px_per_s
    shift = round(cell.start_s * trace.rate_hz)
    edges = (column_edges(first, last, per_column) + shift).clip(max=len(trace.samples))
    low, high = extremes(trace.samples[edges[0] : edges[-1]], edges)
    px_per_unit = view.scale.px_per_mv
    if not trace.is_millivolts:
        px_per_unit = view.row_height * FILL / (trace.span or 1.0)
    middle = view.middle_of(cell.row)
    lines = column_lines(
        begin + first + 0.5, middle - (low - trace.middle) * px_per_unit, middle - (high - trace.middle) * px_per_unit
    )
    colour = theme.token("trace_ecg" if trace.is_millivolts else "trace_pleth", "clinical")
    draw_trace(painter, lines, colour, view.ratio)


def _paint_label(painter: QPainter, view: PaperView, cell: PaperCell) -> None:
    """Write the lead's name: below the pulse at the beginning of a row, elsewhere above a mark that parts two leads."""
    x, middle = view.x_of(cell.start_s), view.middle_of(cell.row)
    painter.setFont(theme.body_font(10.0 * view.ratio, QFont.Weight.Bold))
    painter.setPen(QPen(theme.token("overlay", "clinical"), view.ratio))
    is_first = cell.start_s <= 0
    above = max(middle - view.row_height / 2 + 3 * view.ratio, middle - view.scale.px_per_mm * 12)
    place = QPointF(x - view.margin + 3 * view.ratio, middle + 3 * view.ratio) if is_first else QPointF(x + 6, above)
    painter.drawText(QRectF(place, QSizeF(200, 20) * view.ratio), Qt.AlignmentFlag.AlignLeft, cell.trace.label)
    if not is_first:
        tick = 2.5 * view.scale.px_per_mm
        painter.drawLine(QPointF(x, middle - 2 * tick), QPointF(x, middle - tick))
        painter.drawLine(QPointF(x, middle + tick), QPointF(x, middle + 2 * tick))


def paint_marks(painter: QPainter, view: PaperView, marks: Sequence[tuple[float, str]]) -> None:
    """Draw a line with its words at every moment that was marked; in logical pixels, over the picture."""
    painter.setFont(theme.body_font(9.0, QFont.Weight.DemiBold))
    painter.setPen(QPen(theme.token("warn", "clinical"), 1))
    for seconds, words in marks:
        x = view.x_of(seconds) / view.ratio
        if 0 <= x <= view.width / view.ratio:
            painter.drawLine(QPointF(x, 0), QPointF(x, view.height / view.ratio))
            painter.drawText(QPointF(x + 4, 13), words)
