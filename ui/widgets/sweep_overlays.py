"""What lies over the traces of a sweep: names of leads, the veil over old signals, electrodes off, marks, calipers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QPointF, QRect, QRectF, Qt
from PySide6.QtGui import QFont, QPainter

from ui import theme
from ui.language import _
from ui.widgets.caliper_painter import paint_calipers
from ui.widgets.plates import paint_hatch, paint_plate, paint_veil
from ui.widgets.sweep_source import SweepGroup

if TYPE_CHECKING:
    from ui.widgets.sweep import Sweep

STALE_S: Final = 3.0
"""Older than this, a newest sample no longer counts as now."""
_MINUTE_S: Final = 60
_LABEL_PX: Final = 124
_HEAD_PX: Final = 44


class SweepOverlays:
    """The overlays of one sweep, in its logical pixels.

    Args:
        sweep: what they lie over.
    """

    def __init__(self, sweep: Sweep) -> None:
        self._sweep = sweep
        self.stale: dict[int, str] = {}
        """By group: what is said of one whose newest sample is old."""
        self.off: dict[int, frozenset[int]] = {}
        """By group: the channels whose electrode is off."""
        self.events: tuple[tuple[float, str], ...] = ()
        """Seconds before the freeze, and words."""

    def look(self) -> None:
        """Look how old the signals are and what is off."""
        groups = self._sweep.groups if self._sweep.panels else ()
        self.stale = {
            number: _stale_words(group) for number, group in enumerate(groups) if group.source.age_s() > STALE_S
        }
        self.off = {number: off for number, group in enumerate(groups) if (off := group.source.off())}

    def back_words(self) -> str:
        """Return how far back one looks."""
        minutes, seconds = divmod(round(self._sweep.back_s), 60)
        if not minutes:
            return _("{seconds} s back", seconds=seconds)
        return _("{minutes} min {seconds} s back", minutes=minutes, seconds=seconds)

    def frozen_words(self) -> str:
        """Return what stands over a picture that stands: how far back it is, and whether anything still comes."""
        stale = age_words(min(_ages(self._sweep.groups))) if len(self.stale) == len(self._sweep.groups) else ""
        if self._sweep.back_s >= 1:
            return f"{self.back_words()} · {stale}" if stale else self.back_words()
        return " ".join((_("Frozen."), stale)) if stale else _("Frozen. The signal goes on.")

    def paint(self, painter: QPainter, changed: QRect, panels: Sequence[SweepGroup]) -> None:
        """Draw all of them.

        Args:
            painter: of the sweep.
            changed: what has to be drawn anew.
            panels: the group of every panel of the sweep, in order.
        """
        sweep = self._sweep
        self._paint_labels(painter, changed)
        for number, off in self.off.items():
            if not sweep.is_frozen:
                self._paint_off(painter, sweep.groups[number], off, panels)
        is_all = len(self.stale) == len(sweep.groups) > 1 and not sweep.is_frozen
        for number, words in self.stale.items():
            if sweep.is_frozen:  # what stands on purpose is no longer taken for now, and is there to be read
                break
            field = QRect()
            for group, panel in zip(panels, sweep.panels, strict=True):
                field = field.united(sweep.logical(panel.area)) if group is sweep.groups[number] else field
            paint_veil(painter, QRectF(field))
            if not is_all:
                paint_plate(painter, QRectF(field), words, "warn")
        if is_all:  # once is enough, and there is room for it
            paint_plate(painter, QRectF(sweep.rect()), age_words(min(_ages(sweep.groups))), "warn")
        if sweep.is_frozen and sweep.panels:
            words = self.frozen_words()
            paint_plate(painter, QRectF(0, 0, sweep.width(), _HEAD_PX), words, "info")
            self._paint_events(painter)
        reading = sweep.reading()
        if sweep.marks.calipers is not None and reading is not None:
            paint_calipers(painter, sweep.marks.calipers, sweep.rect(), reading.words())

    def _paint_labels(self, painter: QPainter, changed: QRect) -> None:
        ratio = self._sweep.devicePixelRatioF()
        painter.setFont(theme.body_font(10.0, QFont.Weight.DemiBold))
        for panel in self._sweep.panels:
            if changed.left() > panel.area.left() / ratio + _LABEL_PX:
                continue
            for place in panel.places:
                area = QRectF(panel.area.left() / ratio + 4, place.middle / ratio + 3, 120, 18)
                if area.toAlignedRect().intersects(changed):
                    painter.setPen(theme.token(place.lane.colour, "clinical"))
                    painter.drawText(area, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignTop, place.lane.label())

    def _paint_events(self, painter: QPainter) -> None:
        """Draw a line at every mark that is seen, with its words at the top."""
        ratio = self._sweep.devicePixelRatioF()
        painter.setFont(theme.body_font(9.0, QFont.Weight.DemiBold))
        painter.setPen(theme.token("warn", "clinical"))
        for panel in self._sweep.panels:
            for back_s, words in self.events:
                sample = panel.standing.edge - back_s * panel.source.rate_hz()
                x = panel.x_of(round(sample / panel.samples_per_column))
                if panel.field.left() <= x <= panel.field.right():
                    top, bottom = panel.area.top() / ratio, panel.area.bottom() / ratio
                    painter.drawLine(QPointF(x / ratio, top), QPointF(x / ratio, bottom))
                    painter.drawText(QPointF(x / ratio + 4, max(top + 14, 60.0)), words)

    def _paint_off(
        self, painter: QPainter, group: SweepGroup, off: frozenset[int], panels: Sequence[SweepGroup]
    ) -> None:
        """Hatch the lanes whose electrode is off."""
        ratio = self._sweep.devicePixelRatioF()
        for mine, panel in zip(panels, self._sweep.panels, strict=True):
            for place in panel.places:
                if mine is group and place.channel in off:
                    top, height = (place.middle - place.height / 2) / ratio, place.height / ratio
                    area = QRectF(panel.field.left() / ratio, top, panel.field.width() / ratio, height)
                    paint_hatch(painter, area.adjusted(0, 2, 0, -2), _("Electrode off"))


def age_words(age_s: float) -> str:
    """Return for how long no signal has come."""
    if age_s == float("inf"):
        return _("No signal")
    if age_s < _MINUTE_S:
        return _("No signal for {seconds} s", seconds=int(age_s))
    return _("No signal for {minutes} min", minutes=int(age_s // _MINUTE_S))


def _ages(groups: Sequence[SweepGroup]) -> list[float]:
    return [group.source.age_s() for group in groups]


def _stale_words(group: SweepGroup) -> str:
    title, words = group.title(), age_words(group.source.age_s())
    return f"{title}: {words}" if title else words
