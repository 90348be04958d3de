"""Live traces at true scale, as on a patient monitor: they sweep from left to right, or run like paper.

Why not a plotting library: every frame it would draw every sample again (about forty times the work, measured). Here
the picture is kept and each frame adds the few columns that are new. What a sweep must never do is look alive when
nothing comes: where the newest sample is old, a veil with words lies over the traces. Frozen, the picture is set in
the order of time with the newest at the right; from there it can be moved back as far as samples are kept, while new
ones go on arriving behind it.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Final

from PySide6.QtCore import QRect, QRectF, QSize, Qt, Signal
from PySide6.QtGui import (
    QHideEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPixmap,
    QResizeEvent,
    QShowEvent,
    QWheelEvent,
)
from PySide6.QtWidgets import QSizePolicy, QWidget

from ui import theme
from ui.language import Translated, _, counted
from ui.widgets.calipers import Reading
from ui.widgets.screen_scale import screen_scales
from ui.widgets.sweep_layout import SweepLayout, lay_out, new_panel
from ui.widgets.sweep_marks import SweepMarks
from ui.widgets.sweep_overlays import SweepOverlays
from ui.widgets.sweep_panel import SweepPanel, paint_background
from ui.widgets.sweep_paper import paper_panel
from ui.widgets.sweep_source import SweepGroup
from ui.widgets.sweep_ticker import ticker
from ui.widgets.trace_scale import PaperScale

WHEEL_STEP: Final = 0.1
"""Part of a page by which one notch of the wheel moves."""
_NOTCH: Final = 120


class Sweep(Translated, QWidget):
    """A block of live traces.

    Args:
        name: stable object name.
        clock: steady seconds; tests hand in their own.

    Signals: ``stale_changed`` carries whether any group's newest sample is old; ``frozen_changed`` whether the picture
    stands; ``looked_back`` the seconds between the right edge and the moment of freezing; ``measured`` a `Reading`, or
    None when the calipers were taken away; ``clicked``: somebody pressed on the running traces.
    """

    stale_changed = Signal(bool)
    frozen_changed = Signal(bool)
    looked_back = Signal(float)
    measured = Signal(object)
    clicked = Signal()

    def __init__(self, name: str, clock: Callable[[], float] = time.monotonic) -> None:
        super().__init__()
        self.setObjectName(name)
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setMinimumSize(320, 200)
        self._clock = clock
        self._groups: tuple[SweepGroup, ...] = ()
        self._layout: SweepLayout = "6x2"
        self._scale = PaperScale(screen_scales().px_per_mm())
        self._panels: list[tuple[SweepGroup, SweepPanel]] = []
        self._picture = QPixmap()
        self._background = QPixmap()
        self._is_frozen = False
        self._is_paper = False
        self._back_s = 0.0
        self.overlays = SweepOverlays(self)
        self.marks = SweepMarks(self)
        screen_scales().changed.connect(self._fit_screen)
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
    def groups(self) -> tuple[SweepGroup, ...]:
        """What is shown."""
        return self._groups

    @property
    def is_frozen(self) -> bool:
        """Whether the picture stands still on purpose."""
        return self._is_frozen

    @property
    def is_stale(self) -> bool:
        """Whether the veil lies over some of the traces."""
        return bool(self.overlays.stale)

    @property
    def back_s(self) -> float:
        """Seconds between the right edge of what is seen and the moment of freezing."""
        return self._back_s

    @property
    def page_s(self) -> float:
        """Seconds that are seen at once in the widest panel."""
        return max((panel.seconds for panel in self.panels), default=0.0)

    @property
    def kept_s(self) -> float:
        """Seconds before the moment of freezing that can still be read, by the stream that keeps least."""
        return min((_kept_s(panel) for panel in self.panels), default=0.0)

    def set_groups(self, groups: Sequence[SweepGroup]) -> None:
        """Show these channels; the picture begins anew."""
        self._groups = tuple(groups)
        self._let_go()
        self._rebuild()

    def replace_groups(self, groups: Sequence[SweepGroup]) -> None:
        """Show the same channels by other sources, as many and in the same order; a frozen picture stays."""
        fresh = {id(old): new for old, new in zip(self._groups, groups, strict=True)}
        self._panels = [(fresh[id(group)], panel) for group, panel in self._panels]
        self._groups = tuple(groups)
        for group, panel in self._panels:
            panel.source = group.source
        self._redraw()
        self._look_at_ages()

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

    def set_layout(self, layout: SweepLayout) -> None:
        """Set the lanes of a splittable group otherwise."""
        self._layout = layout
        self._rebuild()

    def set_paper(self, is_paper: bool) -> None:
        """Let the live traces run like paper, or sweep."""
        self._is_paper = is_paper
        self._rebuild()

    def freeze(self, is_frozen: bool) -> None:
        """Hold the picture in the order of time, or go on with what is new by now."""
        if is_frozen == self._is_frozen or (is_frozen and not self._panels):
            return
        if is_frozen:
            self._is_frozen = True
        else:
            self._let_go()
        self._rebuild()
        self.frozen_changed.emit(self._is_frozen)

    def look_back(self, seconds: float) -> None:
        """Show what lay at the right edge so long before the freeze; freezes if need be, stops at what is kept."""
        self.freeze(True)
        if not self._is_frozen:
            return
        self._back_s = max(0.0, min(seconds, self.kept_s - self.page_s))
        self.marks.take_away()
        for panel in self.panels:
            panel.back_s = self._back_s
        self._redraw()
        self.retranslate()
        self.looked_back.emit(self._back_s)

    def look_further(self, pages: float) -> None:
        """Move so many pages further back; negative goes towards now."""
        self.look_back(self._back_s + pages * self.page_s)

    def marked_back_s(self) -> float:
        """Return how long before the freeze the first caliper lies, or the right edge where there is none."""
        calipers = self.marks.calipers
        if calipers is None or not self._panels:
            return self._back_s
        ratio = self.devicePixelRatioF()
        x = calipers.x0 * ratio
        panel = next((each for each in self.panels if each.area.left() <= x <= each.area.right()), self.panels[0])
        return self._back_s + (panel.field.right() - x) / panel.scale.px_per_s

    def show_events(self, events: Sequence[tuple[float, str]]) -> None:
        """Show what was marked while the picture stands: seconds before the freeze, and words."""
        self.overlays.events = tuple(events)
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
        self.overlays.paint(painter, event.rect(), [group for group, _panel in self._panels])

    def resizeEvent(self, _event: QResizeEvent) -> None:
        """Lay out and draw anew."""
        self._rebuild()

    def showEvent(self, _event: QShowEvent) -> None:
        """Move while it can be seen."""
        ticker().join(self)

    def hideEvent(self, _event: QHideEvent) -> None:
        """Rest while it cannot."""
        ticker().leave(self)

    def wheelEvent(self, event: QWheelEvent) -> None:
        """Turn back to look at what was; turn forth again to come nearer to now."""
        turn = event.angleDelta().y() or -event.angleDelta().x()
        if turn > 0 or self._is_frozen:
            self.look_further(turn / _NOTCH * WHEEL_STEP)
        event.accept()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Put the first mark on a picture that stands; a running one is only clicked."""
        if event.button() == Qt.MouseButton.LeftButton:
            if self._is_frozen:
                self.marks.press(event.position(), is_box=bool(event.modifiers() & Qt.KeyboardModifier.ShiftModifier))
            else:
                self.clicked.emit()

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Move the second mark."""
        self.marks.drag(event.position())

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """Leave the marks; a click without a drag takes them away."""
        self.marks.release(event.position())

    def reading(self) -> Reading | None:
        """Return what the calipers span, or None without calipers."""
        return self.marks.reading()

    def retranslate(self) -> None:
        """Say for a screen reader what is shown; the words on the picture are said anew too."""
        self.overlays.look()
        count = sum(len(group.lanes) for group in self._groups)
        words = [counted("{count} live trace", "{count} live traces", count)]
        words += [_("frozen")] if self._is_frozen else []
        words += [self.overlays.back_words()] if self._back_s else []
        words += list(dict.fromkeys(self.overlays.stale.values()))
        reading = self.marks.reading()
        words += [reading.words()] if reading else []
        self.setAccessibleDescription(", ".join(words))
        self.update()

    def _let_go(self) -> None:
        self._is_frozen, self._back_s = False, 0.0
        self.marks.take_away()

    def _fit_screen(self) -> None:
        self.set_scale(replace(self._scale, px_per_mm=screen_scales().px_per_mm(self)))

    def _draw_new(self, now_s: float) -> None:
        """Draw the new columns of every panel and ask for a repaint of just these."""
        if self._picture.isNull():
            return
        for panel in self.panels:
            panel.advance(now_s)
            for rect in panel.step(self._picture, self._background):
                self.update(self.logical(rect))

    def _redraw(self) -> None:
        """Draw every panel whole, up to the edge that is shown."""
        if self._picture.isNull():
            return
        now_s = self._clock()
        for panel in self.panels:
            if not self._is_frozen:
                panel.advance(now_s)
            panel.redraw(self._picture, self._background)
        self.update()

    def _rebuild(self) -> None:
        """Lay the lanes out for this size, draw the background and what is known of the traces."""
        ratio = self.devicePixelRatioF()
        size = QSize(round(self.width() * ratio), round(self.height() * ratio))
        if not self._groups or size.isEmpty():
            self._panels = []
            self.update()
            return
        self._lay_out(size, ratio)
        self._background = QPixmap(size)
        self._background.fill(theme.token("bg", "clinical"))
        painter = QPainter(self._background)
        for panel in self.panels:
            paint_background(painter, panel)
        painter.end()
        self._picture = QPixmap(self._background)
        self.marks.take_away()
        self._redraw()
        self._look_at_ages()
        self.retranslate()

    def _lay_out(self, size: QSize, ratio: float) -> None:
        before = {id(group): panel for group, panel in self._panels}
        scale = replace(self._scale, px_per_mm=self._scale.px_per_mm * ratio)
        make = paper_panel if self._is_paper or self._is_frozen else new_panel
        self._panels = lay_out(self._groups, size, scale, self._layout, ratio, make)
        for group, panel in self._panels:
            panel.inherit(before.get(id(group)))
            panel.back_s = self._back_s

    def _look_at_ages(self) -> None:
        """Lay the veil over groups whose newest sample is old; lift it where samples come again."""
        was, was_off = self.overlays.stale, self.overlays.off
        self.overlays.look()
        if self.overlays.stale != was or self.overlays.off != was_off:
            self.retranslate()
        if self.is_stale != bool(was):
            self.stale_changed.emit(self.is_stale)

    def logical(self, rect: QRect) -> QRect:
        """Return what of the picture lies where on the widget."""
        ratio = self.devicePixelRatioF()
        if ratio == 1.0:
            return rect
        whole = QRectF(rect.x() / ratio, rect.y() / ratio, rect.width() / ratio, rect.height() / ratio)
        return whole.toAlignedRect()


def _kept_s(panel: SweepPanel) -> float:
    """Return how many seconds before a panel's edge can still be read."""
    rate_hz, end = panel.source.rate_hz(), panel.source.end_index()
    oldest = max(0.0, end - panel.source.kept_s() * rate_hz)
    return max(0.0, panel.standing.edge - oldest) / rate_hz
