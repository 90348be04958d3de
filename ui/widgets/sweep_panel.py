"""One block of lanes of a sweep: lanes below each other, one moving edge, one background.

The picture of a panel is kept; with every tick only the new columns are drawn, over a strip of fresh background that
reaches a little ahead (the erase bar). Everything here is in device pixels of the sweep's own picture.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

import numpy as np
from PySide6.QtCore import QPointF, QRect, QRectF
from PySide6.QtGui import QPainter, QPen, QPixmap

from ui import theme
from ui.widgets.playout import Playout
from ui.widgets.pulse_words import write_pulse
from ui.widgets.sweep_source import Lane, SweepSource
from ui.widgets.trace_columns import Samples, all_lines, column_edges, draw_trace, extremes
from ui.widgets.trace_scale import CALIBRATION_MV, CALIBRATION_S, PaperScale, pulse_mv

_PULSE_LEFT_MM: Final = 2.0
_PULSE_FOOT_MM: Final = 1.2
_PULSE_ROOM_PX: Final = 1
_PULSE_LANES: Final = 1.3
"""A pulse may rise so far that its lane is this much higher: into the lane above, where its own upper half ends."""
ERASE_MM: Final = 4.0
FILL: Final = 0.7
"""Part of its lane that a signal without a true scale fills."""
_SETTLING_S: Final = (0.4, 1.5, 4.0)
_LOOK_BACK_S: Final = 5.0


def gutter_mm(scale: PaperScale) -> float:
    """Return the room left of the traces: the calibration pulse with its feet, the lead's name below it."""
    return _PULSE_LEFT_MM + CALIBRATION_S * scale.speed_mm_s + 2 * _PULSE_FOOT_MM


@dataclass
class LanePlace:
    """Where a lane lies and how its samples become heights.

    Args:
        lane: what is shown.
        channel: its row in what the source reads.
        middle: y of its middle.
        height: of the lane.
    """

    lane: Lane
    channel: int
    middle: float
    height: float
    zero: float = 0.0
    px_per_unit: float = 0.0

    def settle(self, recent: Samples, px_per_mv: float) -> None:
        """Put the signal's median on the middle; a signal without a true scale also fills its lane."""
        known = recent[~np.isnan(recent)]
        if self.lane.millivolts_per_unit is not None:
            self.px_per_unit = self.lane.millivolts_per_unit * px_per_mv
            self.zero = float(np.median(known)) if known.size else self.zero
        elif known.size:
            low, high = float(known.min()), float(known.max())
            self.px_per_unit = self.height * FILL / (high - low) if high > low else 0.0
            self.zero = (low + high) / 2


@dataclass
class Standing:
    """How far a panel's source has been followed; outlives the panel when the layout changes.

    Args:
        playout: makes the edge move evenly.
        edge: up to which sample the traces are drawn.
        stream_start: the sample at which watching began.
        last_end: one after the newest sample seen; -1 before the first look.
        unsettled: seconds after the start at which the lanes are still to be placed anew.
    """

    playout: Playout = field(default_factory=Playout)
    edge: float = 0.0
    stream_start: int = 0
    last_end: int = -1
    unsettled: list[float] = field(default_factory=lambda: list(_SETTLING_S))


class SweepPanel:
    """A block of lanes of one source.

    Args:
        source: where the samples come from.
        places: the lanes with their heights, in device pixels.
        area: the panel with its gutter, in device pixels.
        scale: true scale, per device pixel.
        ratio: device pixels in a logical one.
    """

    def __init__(
        self, source: SweepSource, places: list[LanePlace], area: QRect, scale: PaperScale, ratio: float = 1.0
    ) -> None:
        self.source = source
        self.places = places
        self.area = area
        self.scale = scale
        self.standing = Standing()
        gutter = round(gutter_mm(scale) * scale.px_per_mm)
        self.field = area.adjusted(gutter, 0, 0, 0)
        self.width = max(1, self.field.width())
        self.back_s = 0.0
        self._channels = [place.channel for place in places]
        self._heights = (np.zeros((len(places), 1)), np.zeros((len(places), 1)))
        self._colours: dict[str, list[int]] = {}
        for row, place in enumerate(places):
            self._colours.setdefault(place.lane.colour, []).append(row)
        self.ratio = ratio
        self._drawn = 0
        self._is_new = True

    @property
    def samples_per_column(self) -> float:
        """Samples in one device pixel; a fraction."""
        return self.source.rate_hz() / self.scale.px_per_s

    @property
    def edge_column(self) -> int:
        """One after the newest column drawn, counted from the start of the stream."""
        return self._drawn

    def x_of(self, column: int) -> int:
        """Return the x of a column that is on the picture now."""
        return self.field.left() + column % self.width

    def column_at(self, x: float) -> int:
        """Return the column that lies at an x of the picture; beyond the edge it is one of the round before."""
        column = self._drawn // self.width * self.width + round(x) - self.field.left()
        return column if column < self._drawn else column - self.width

    @property
    def seconds(self) -> float:
        """Length of what is seen at once."""
        return self.width / self.scale.px_per_s

    @property
    def shown_edge(self) -> float:
        """One after the newest sample on the picture; ``back_s`` before the edge while somebody looks back."""
        return self.standing.edge - self.back_s * self.source.rate_hz()

    def inherit(self, before: SweepPanel | None) -> None:
        """Go on where the panel stood that this one replaces."""
        if before is not None and before.source is self.source:
            self.standing = before.standing

    def follow(self, now_s: float) -> float:
        """Look how far the source has come; return the edge that would be drawn now."""
        end, standing = self.source.end_index(), self.standing
        if end < standing.last_end or standing.last_end < 0:
            standing.stream_start = end
            standing.unsettled = list(_SETTLING_S)
            self._is_new = True
        standing.last_end = end
        return standing.playout.edge(now_s, end, self.source.rate_hz())

    def advance(self, now_s: float) -> None:
        """Let the edge move on; draws nothing."""
        self.standing.edge = self.follow(now_s)

    def step(self, picture: QPixmap, background: QPixmap) -> list[QRect]:
        """Draw the columns that came since the last step; return what changed on the picture."""
        newest = self._newest()
        if newest <= self._drawn and not self._is_new:
            return []
        if self._is_new or newest - self._drawn >= self.width // 2 or self._is_to_settle():
            self.redraw(picture, background)
            return [self.area]
        if newest // self.width != self._drawn // self.width:
            self._settle()
        return self._add(picture, background, newest)

    def redraw(self, picture: QPixmap, background: QPixmap) -> None:
        """Draw the whole panel anew, up to its edge."""
        self._is_new = False
        self._settle()
        newest = self._newest()
        painter = QPainter(picture)
        painter.drawPixmap(self.area, background, self.area)
        self._draw_whole(painter, background, newest)
        painter.end()
        self._drawn = newest

    def _newest(self) -> int:
        return int(self.shown_edge / self.samples_per_column)

    def _add(self, picture: QPixmap, background: QPixmap, newest: int) -> list[QRect]:
        """Draw the columns up to ``newest`` beside those that are there."""
        painter = QPainter(picture)
        parts = list(self._unwrapped(self._drawn, newest))
        dirty = [self._draw(painter, background, first, last) for first, last in parts]
        painter.end()
        self._drawn = newest
        return dirty

    def _draw_whole(self, painter: QPainter, background: QPixmap, newest: int) -> None:
        oldest = max(0, newest - self.width + self._erase_px)
        for first, last in self._unwrapped(oldest, newest):
            self._draw(painter, background, first, last, is_fresh=True)

    @property
    def _erase_px(self) -> int:
        return max(2, round(ERASE_MM * self.scale.px_per_mm))

    def _is_to_settle(self) -> bool:
        """Look whether enough has come since the stream began to place the lanes better."""
        seconds = (self.standing.edge - self.standing.stream_start) / self.source.rate_hz()
        if self.standing.unsettled and seconds >= self.standing.unsettled[0]:
            self.standing.unsettled.pop(0)
            return True
        return False

    def _settle(self) -> None:
        end = math.ceil(self.shown_edge)
        recent = self.source.read(max(0, end - round(_LOOK_BACK_S * self.source.rate_hz())), end)
        for place in self.places:
            place.settle(recent[place.channel], self.scale.px_per_mv)
        placed = np.array([(p.middle + p.zero * p.px_per_unit, p.px_per_unit) for p in self.places])
        self._heights = (placed[:, :1], placed[:, 1:])

    def _unwrapped(self, first: int, last: int) -> Iterator[tuple[int, int]]:
        """Return the columns in pieces that do not run over the right edge."""
        while first < last:
            end = min(last, (first // self.width + 1) * self.width)
            yield first, end
            first = end

    def _draw(self, painter: QPainter, background: QPixmap, first: int, last: int, *, is_fresh: bool = False) -> QRect:
        x = first % self.width
        left = self.field.left() + x
        strip = QRect(left, self.area.top(), last - first, self.area.height()).adjusted(-min(1, x), 0, 0, 0)
        bar = strip.adjusted(0, 0, self._erase_px, 0) & self.field
        if not is_fresh:
            painter.drawPixmap(bar, background, bar)
        painter.save()
        painter.setClipRect(strip)
        back = min(2, x)
        self._draw_lanes(painter, first - back, last, left - back + 0.5)
        painter.restore()
        return bar

    def _draw_lanes(self, painter: QPainter, first: int, last: int, left: float) -> None:
        edges = column_edges(first, last, self.samples_per_column)
        samples = self.source.read(int(edges[0]), int(edges[-1]))
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        low, high = extremes(samples[self._channels], edges)
        shifts, scales = self._heights
        lines = all_lines(left, shifts - low * scales, shifts - high * scales)
        for colour, rows in self._colours.items():
            draw_trace(
                painter, [line for row in rows for line in lines[row]], theme.token(colour, "clinical"), self.ratio
            )


def paint_background(painter: QPainter, panel: SweepPanel) -> None:
    """Draw a panel's ground once: grid of 5 mm, gutter with the calibration pulse.

    Every lane with a scale has one; where the lanes are too low for that, the first of them. Where even that one has no
    room for 1 mV, it has a smaller pulse with its height in words.
    """
    field, step = QRectF(panel.field), 5 * panel.scale.px_per_mm
    painter.fillRect(panel.area, theme.token("bg", "clinical"))
    painter.setPen(QPen(theme.token("trace_grid", "clinical"), 1))
    for number in range(int(field.width() / step) + 1):
        x = round(field.left() + number * step)
        painter.drawLine(x, panel.area.top(), x, panel.area.bottom())
    for number in range(int(field.height() / step) + 1):
        y = round(field.top() + number * step)
        painter.drawLine(round(field.left()), y, panel.area.right(), y)
    for number, place in enumerate(panel.places):
        has_room = number == 0 or place.height >= _PULSE_LANES * CALIBRATION_MV * panel.scale.px_per_mv
        if place.lane.millivolts_per_unit is not None and has_room:
            inside = place.middle - panel.area.top() - _PULSE_ROOM_PX
            over_it = place.height / _PULSE_LANES if panel.area.top() > 0 else 0.0
            room = max(inside, over_it)
            _paint_pulse(painter, panel, place, pulse_mv(panel.scale.px_per_mv, room))


def _paint_pulse(painter: QPainter, panel: SweepPanel, place: LanePlace, millivolts: float) -> None:
    """Draw a pulse of 0.2 s at the scale of the traces, standing on the line of the lane."""
    if not millivolts:
        return
    scale = panel.scale
    left = round(panel.area.left() + _PULSE_LEFT_MM * scale.px_per_mm)
    right = round(left + CALIBRATION_S * scale.px_per_s)
    base, top = round(place.middle), round(place.middle - millivolts * scale.px_per_mv)
    foot = round(_PULSE_FOOT_MM * scale.px_per_mm)
    painter.setPen(QPen(theme.token("muted", "clinical"), max(1.0, panel.scale.px_per_mm / 4)))
    for x0, y0, x1, y1 in (
        (left - foot, base, left, base), (left, base, left, top), (left, top, right, top),
        (right, top, right, base), (right, base, right + foot, base),
    ):  # fmt: skip
        painter.drawLine(x0, y0, x1, y1)
    if millivolts != CALIBRATION_MV:
        write_pulse(painter, QPointF(panel.area.left(), top), millivolts, panel.ratio)
