"""Live traces that sweep from left to right at true scale, as on a patient monitor.

Why not a plotting library: every frame it would draw every sample again (about forty times the work, measured). Here
the picture is kept and each frame adds the few columns that are new. What a sweep must never do is look alive when
nothing comes: where the newest sample is old, a veil with words lies over the traces. Frozen, the right edge stays
where it is while samples go on arriving behind it.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Final

from PySide6.QtCore import QRect, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QFont, QHideEvent, QPainter, QPaintEvent, QPixmap, QResizeEvent, QShowEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from ui import theme
from ui.language import Translated, _, counted
from ui.widgets.sweep_panel import LanePlace, SweepPanel, paint_background
from ui.widgets.sweep_source import Lane, SweepGroup
from ui.widgets.sweep_ticker import ticker
from ui.widgets.trace_scale import PaperScale, guess_px_per_mm

STALE_S: Final = 3.0
"""Older than this, a newest sample no longer counts as now."""
_UNSCALED_WEIGHT: Final = 1.15
"""A signal without a true scale gets a little more height than a lead."""


class Sweep(Translated, QWidget):
    """A block of live traces.

    Args:
        name: stable object name.
        clock: steady seconds; tests hand in their own.

    Signal ``stale_changed`` carries whether any group's newest sample is old.
    """

    stale_changed = Signal(bool)

    def __init__(self, name: str, clock: Callable[[], float] = time.monotonic) -> None:
        super().__init__()
        self.setObjectName(name)
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setMinimumSize(320, 200)
        self._clock = clock
        self._groups: tuple[SweepGroup, ...] = ()
        self._columns = 2
        self._scale = PaperScale(guess_px_per_mm())
        self._panels: list[tuple[SweepGroup, SweepPanel]] = []
        self._picture = QPixmap()
        self._background = QPixmap()
        self._is_frozen = False
        self._overlays: dict[int, str] = {}
        self.retranslate()

    def sizeHint(self) -> QSize:
        """Return a size at which six rows in two columns are easy to read."""
        return QSize(960, 560)

    @property
    def scale(self) -> PaperScale:
        """Millimetres on this screen, paper speed and gain."""
        return self._scale

    @property
    def panels(self) -> tuple[SweepPanel, ...]:
        """The blocks of lanes, from left to right and from top to bottom."""
        return tuple(panel for _group, panel in self._panels)

    @property
    def is_frozen(self) -> bool:
        """Whether the picture stands still on purpose."""
        return self._is_frozen

    @property
    def is_stale(self) -> bool:
        """Whether the veil lies over some of the traces."""
        return bool(self._overlays)

    def set_groups(self, groups: Sequence[SweepGroup]) -> None:
        """Show these channels; the picture begins anew."""
        self._groups = tuple(groups)
        self._is_frozen = False
        self._rebuild()

    def set_scale(self, scale: PaperScale) -> None:
        """Show at another speed, gain or size of the screen."""
        self._scale = scale
        self._rebuild()

    def set_speed(self, mm_s: float) -> None:
        """Show at another paper speed."""
        self.set_scale(replace(self._scale, speed_mm_s=mm_s))

    def set_gain(self, mm_mv: float) -> None:
        """Show one millivolt at another height."""
        self.set_scale(replace(self._scale, gain_mm_mv=mm_mv))

    def set_columns(self, columns: int) -> None:
        """Set the lanes of a splittable group in so many columns (1 or 2)."""
        self._columns = columns
        self._rebuild()

    def freeze(self, is_frozen: bool) -> None:
        """Hold the picture, or go on with what is new by now."""
        self._is_frozen = is_frozen
        if not is_frozen:
            self._redraw()
        self.retranslate()
        self.update()

    def tick(self) -> None:
        """Move to this moment: called by the one timer of all sweeps."""
        now_s = self._clock()
        if self._is_frozen:
            for panel in self.panels:
                panel.follow(now_s)
        else:
            self._draw_new(now_s)
        self._look_at_ages()

    def paintEvent(self, event: QPaintEvent) -> None:
        """Copy the picture's changed part, then what lies over it."""
        painter = QPainter(self)
        if self._picture.isNull() or not self._panels:
            painter.fillRect(event.rect(), theme.token("bg", "clinical"))
            return
        ratio = self.devicePixelRatioF()
        changed = QRectF(event.rect())
        source = QRectF(changed.x() * ratio, changed.y() * ratio, changed.width() * ratio, changed.height() * ratio)
        painter.drawPixmap(changed, self._picture, source)
        self._paint_labels(painter, event.rect())
        self._paint_overlays(painter)

    def resizeEvent(self, _event: QResizeEvent) -> None:
        """Lay out and draw anew."""
        self._rebuild()

    def showEvent(self, _event: QShowEvent) -> None:
        """Move while it can be seen."""
        ticker().join(self)

    def hideEvent(self, _event: QHideEvent) -> None:
        """Rest while it cannot."""
        ticker().leave(self)

    def retranslate(self) -> None:
        """Say for a screen reader what is shown; the words on the picture are said anew too."""
        self._overlays = self._stale()
        count = sum(len(group.lanes) for group in self._groups)
        words = [counted("{count} live trace", "{count} live traces", count)]
        words += [_("frozen")] if self._is_frozen else []
        words += list(dict.fromkeys(self._overlays.values()))
        self.setAccessibleDescription(", ".join(words))
        self.update()

    def _draw_new(self, now_s: float) -> None:
        """Draw the new columns of every panel and ask for a repaint of just these."""
        dirty: list[QRect] = []
        painter = QPainter(self._picture) if not self._picture.isNull() else None
        for panel in self.panels:
            panel.advance(now_s)
            if painter is not None:
                dirty += panel.step(painter, self._background)
        if painter is not None:
            painter.end()
        for rect in dirty:
            self.update(self._logical(rect))

    def _redraw(self) -> None:
        """Draw every panel whole, up to its edge."""
        if self._picture.isNull():
            return
        now_s = self._clock()
        painter = QPainter(self._picture)
        for panel in self.panels:
            panel.advance(now_s)
            panel.redraw(painter, self._background)
        painter.end()
        self.update()

    def _rebuild(self) -> None:
        """Lay the lanes out for this size, draw the background and what is known of the traces."""
        ratio = self.devicePixelRatioF()
        size = QSize(round(self.width() * ratio), round(self.height() * ratio))
        if not self._groups or size.isEmpty():
            self._panels = []
            self.update()
            return
        before = {id(group): panel for group, panel in self._panels}
        scale = replace(self._scale, px_per_mm=self._scale.px_per_mm * ratio)
        self._panels = lay_out(self._groups, size, scale, self._columns, ratio)
        for group, panel in self._panels:
            panel.inherit(before.get(id(group)))
        self._background = QPixmap(size)
        self._background.fill(theme.token("bg", "clinical"))
        painter = QPainter(self._background)
        for panel in self.panels:
            paint_background(painter, panel)
        painter.end()
        self._picture = QPixmap(self._background)
        if self._is_frozen:
            self._redraw_at_edge()
        else:
            self._redraw()
        self._look_at_ages()
        self.retranslate()

    def _redraw_at_edge(self) -> None:
        painter = QPainter(self._picture)
        for panel in self.panels:
            panel.redraw(painter, self._background)
        painter.end()
        self.update()

    def _look_at_ages(self) -> None:
        """Lay the veil over groups whose newest sample is old; lift it where samples come again."""
        was = self._overlays
        if self._stale() != was:
            self.retranslate()
        if bool(self._overlays) != bool(was):
            self.stale_changed.emit(self.is_stale)

    def _stale(self) -> dict[int, str]:
        """Return what is to be said of each group whose newest sample is old."""
        return {
            number: self._stale_words(group)
            for number, group in enumerate(self._groups if self._panels else ())
            if group.source.age_s() > STALE_S
        }

    @staticmethod
    def _stale_words(group: SweepGroup) -> str:
        age_s = group.source.age_s()
        title = group.title()
        words = _("No signal") if age_s == float("inf") else _("No signal for {seconds} s", seconds=int(age_s))
        return f"{title}: {words}" if title else words

    def _logical(self, rect: QRect) -> QRect:
        ratio = self.devicePixelRatioF()
        if ratio == 1.0:
            return rect
        whole = QRectF(rect.x() / ratio, rect.y() / ratio, rect.width() / ratio, rect.height() / ratio)
        return whole.toAlignedRect()

    def _paint_labels(self, painter: QPainter, changed: QRect) -> None:
        ratio = self.devicePixelRatioF()
        painter.setFont(theme.body_font(10.0, QFont.Weight.DemiBold))
        for panel in self.panels:
            for place in panel.places:
                area = QRectF(panel.area.left() / ratio + 4, place.middle / ratio + 3, 120, 18)
                if area.toAlignedRect().intersects(changed):
                    painter.setPen(theme.token(place.lane.colour, "clinical"))
                    painter.drawText(area, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignTop, place.lane.label())

    def _paint_overlays(self, painter: QPainter) -> None:
        for number, words in self._overlays.items():
            field = QRect()
            for group, panel in self._panels:
                field = field.united(self._logical(panel.area)) if group is self._groups[number] else field
            veil = theme.token("bg", "clinical")
            veil.setAlpha(175)
            painter.fillRect(field, veil)
            hatch = theme.token("warn", "clinical")
            hatch.setAlpha(40)
            painter.fillRect(field, hatch)
            paint_plate(painter, QRectF(field), words, "warn")
        if self._is_frozen and self._panels:
            paint_plate(painter, QRectF(0, 0, self.width(), 44), _("Frozen. The signal goes on."), "info")


def paint_plate(painter: QPainter, area: QRectF, words: str, tone: str) -> None:
    """Write words on a plate in the middle of ``area``."""
    painter.setFont(theme.body_font(11.0, QFont.Weight.DemiBold))
    width = min(area.width() - 8, painter.fontMetrics().horizontalAdvance(words) + 36.0)
    plate = QRectF(area.center().x() - width / 2, area.center().y() - 17, width, 34)
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(theme.token(tone, "clinical"))
    painter.setBrush(theme.token(f"{tone}_soft", "clinical"))
    painter.drawRoundedRect(plate, 5, 5)
    painter.drawText(plate, Qt.AlignmentFlag.AlignCenter, words)
    painter.restore()


def lay_out(
    groups: Sequence[SweepGroup], size: QSize, scale: PaperScale, columns: int, ratio: float
) -> list[tuple[SweepGroup, SweepPanel]]:
    """Return the panels: groups below each other, a splittable group's lanes shared by the columns.

    Args:
        groups: from top to bottom.
        size: of the whole, in device pixels.
        scale: true scale, per device pixel.
        columns: for groups that may be split.
        ratio: device pixels in a logical one.
    """
    heights = [_rows(group, columns) for group in groups]
    px_per_row = size.height() / sum(heights)
    panels: list[tuple[SweepGroup, SweepPanel]] = []
    top = 0.0
    for group, rows in zip(groups, heights, strict=True):
        bottom = top + rows * px_per_row
        parts = _columns_of(group, columns)
        for place, (first, last) in enumerate(parts):
            left, right = size.width() * place // len(parts), size.width() * (place + 1) // len(parts)
            area = QRect(left, round(top), right - left, round(bottom) - round(top))
            rows_here = -(-len(group.lanes) // len(parts))
            lanes = _places(group.lanes, first, last, area, rows_here, scale.px_per_mv)
            panels.append((group, SweepPanel(group.source, lanes, area, scale, ratio)))
        top = bottom
    return panels


def _rows(group: SweepGroup, columns: int) -> float:
    parts = _columns_of(group, columns)
    is_scaled = group.lanes[0].millivolts_per_unit is not None
    return max(last - first for first, last in parts) * (1.0 if is_scaled else _UNSCALED_WEIGHT)


def _columns_of(group: SweepGroup, columns: int) -> list[tuple[int, int]]:
    """Return the lanes of each column as (first, one after the last)."""
    count = len(group.lanes)
    if not group.is_split or columns < 2 or count < 4:
        return [(0, count)]
    each = -(-count // columns)
    return [(first, min(first + each, count)) for first in range(0, count, each)]


def _places(lanes: Sequence[Lane], first: int, last: int, area: QRect, rows: int, px_per_mv: float) -> list[LanePlace]:
    """Return the lanes' places; the first calibration pulse is not cut off at the top."""
    missing = px_per_mv + 4 - area.height() / rows / 2
    is_scaled = lanes[first].millivolts_per_unit is not None
    top = min(max(missing, 0.0), 0.1 * area.height()) if is_scaled else 0.0
    height = (area.height() - top) / rows
    return [
        LanePlace(lanes[channel], channel, area.top() + top + (channel - first + 0.5) * height, height)
        for channel in range(first, last)
    ]
