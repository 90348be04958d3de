"""The left part of the monitor: the choices, the traces, and while they stand still the strip of the last minutes.

Keys, wherever they were not taken: Space freezes. Up and Down change the gain, with Ctrl the speed. F6 goes through the
layouts, F7 through the filters, F8 changes between sweep and paper. While the picture stands: Left and Right move by a
second, Page keys by a page, Home and End to the ends, C puts calipers, B makes them a rectangle, Q and R note QT
and RR; the arrows move the second mark (with Shift by 1 mm, with Ctrl both), and Escape takes them away.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QVBoxLayout, QWidget

from clinic_app.terminology.leads import PLETH
from clinic_app.waveforms import Band
from clinic_app.waveforms.filtered_view import FilteredView
from clinic_app.waveforms.filters import RAW
from ui.language import Translated, _
from ui.widgets.letters import letter_of
from ui.widgets.qt_line import QtLine
from ui.widgets.scale_bar import ScaleBar
from ui.widgets.sweep import Sweep
from ui.widgets.sweep_source import Lane, Picked, SweepGroup
from ui.widgets.trace_choices import TraceChoices
from ui.widgets.trace_overview import TraceOverview
from ui.widgets.trace_scale import PaperScale

if TYPE_CHECKING:
    from clinic_app.devices import ChannelInfo
    from clinic_app.waveforms import LiveStream

MOST_OTHERS: Final = 4
PARTS: Final = ("layout", "speed", "gain", "band", "notch", "mode")
PER_MILLIVOLT: Final = {"uV": 0.001, "mV": 1.0}
_ARROWS: Final = {
    Qt.Key.Key_Left: (-1, 0), Qt.Key.Key_Right: (1, 0), Qt.Key.Key_Up: (0, -1), Qt.Key.Key_Down: (0, 1),
}  # fmt: skip
_TURNS: Final = {Qt.Key.Key_F6: "layout", Qt.Key.Key_F7: "band", Qt.Key.Key_F8: "mode"}
_PAGES: Final = {Qt.Key.Key_PageUp: 0.9, Qt.Key.Key_PageDown: -0.9}
_NOTES: Final = ("Q", "R")
_STEP_S: Final = 1.0


def groups_of(stream: LiveStream, band: Band = RAW) -> list[SweepGroup]:
    """Return a stream as the sweep draws it: leads together at true scale, every other curve in a lane of its own.

    Args:
        stream: what comes in.
        band: the filter through which the leads are seen; other curves are shown as they come.
    """
    lanes = [lane_of(channel) for channel in stream.channels]
    leads = tuple(row for row, lane in enumerate(lanes) if lane.millivolts_per_unit is not None)
    others = [row for row in range(len(lanes)) if row not in leads][:MOST_OTHERS]
    groups: list[SweepGroup] = []
    if leads:
        picked = Picked(stream, leads)
        seen = picked if band == RAW else FilteredView(picked, band)
        groups.append(SweepGroup(seen, tuple(lanes[row] for row in leads), True, lambda: _("ECG")))
    return groups + [SweepGroup(Picked(stream, (row,)), (lanes[row],), False, lanes[row].label) for row in others]


def lane_of(channel: ChannelInfo) -> Lane:
    """Return how one channel is shown."""
    colour = "trace_pleth" if channel.code == PLETH else "overlay"
    colour = "trace_ecg" if channel.unit in PER_MILLIVOLT else colour
    name = channel.label
    is_plain_pleth = channel.code == PLETH and name.casefold() == "pleth"
    words = (lambda: _("Pleth")) if is_plain_pleth else (lambda: name)
    return Lane(words, colour, PER_MILLIVOLT.get(channel.unit), name)


class TracesPanel(Translated, QWidget):
    """Choices, traces, overview.

    Signals: ``chosen(TraceChoices)``: somebody chose; ``frozen_changed(bool)``; ``mark_asked``: the key of a mark.
    """

    chosen = Signal(object)
    frozen_changed = Signal(bool)
    mark_asked = Signal()

    def __init__(self, name: str) -> None:
        super().__init__()
        self.sweep = Sweep(f"{name}.sweep")
        self.sweep.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.bar = ScaleBar(f"{name}.scale", PARTS)
        self.overview = TraceOverview(f"{name}.overview")
        self.overview.hide()
        self.qt = QtLine(f"{name}.qt")
        self._streams: tuple[LiveStream, ...] = ()
        self._taken: TraceChoices | None = None
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(8)
        column.addWidget(self.bar)
        column.addWidget(self.sweep, 1)
        column.addWidget(self.overview)
        column.addWidget(self.qt)
        self.bar.chosen.connect(self._take)
        self.bar.chosen.connect(self.chosen)
        self.overview.moved.connect(self.sweep.look_back)
        self.sweep.looked_back.connect(lambda back_s: self.overview.show_page(self.sweep.page_s, back_s))
        self.sweep.frozen_changed.connect(self._show_frozen)
        self._take(self.bar.choices)
        self.retranslate()

    @property
    def choices(self) -> TraceChoices:
        """What is chosen."""
        return self.bar.choices

    def use(self, choices: TraceChoices) -> None:
        """Look as somebody chose before."""
        self.bar.show_choices(choices)
        self._take(self.bar.choices)

    def show_streams(self, streams: Sequence[LiveStream]) -> bool:
        """Show a monitor's streams; return whether there is anything to be drawn."""
        self._streams = tuple(streams)
        groups = [group for stream in streams for group in groups_of(stream, self.choices.filter)]
        self.sweep.set_groups(groups)
        return bool(groups)

    def retranslate(self) -> None:
        """Say everything anew."""
        self.sweep.setAccessibleName(_("Live traces"))

    def act(self, event: QKeyEvent) -> bool:
        """Do what a key stands for; return whether it stands for anything."""
        key, modifiers = Qt.Key(event.key()), event.modifiers() & ~Qt.KeyboardModifier.KeypadModifier
        if key == Qt.Key.Key_Space and not modifiers:
            self.sweep.freeze(not self.sweep.is_frozen)
        elif key in _TURNS and not modifiers:
            self.bar.turn(_TURNS[key])
        elif self.sweep.is_frozen and self._act_frozen(key, event):
            pass
        elif key in (Qt.Key.Key_Up, Qt.Key.Key_Down) and not modifiers & ~Qt.KeyboardModifier.ControlModifier:
            self.bar.step("speed" if modifiers else "gain", 1 if key == Qt.Key.Key_Up else -1)
        elif letter_of(event) == "M":
            self.mark_asked.emit()
        else:
            return False
        return True

    def measure(self) -> None:
        """Hold the picture and put calipers on it."""
        self.sweep.freeze(True)
        self.sweep.marks.put_in_the_middle()

    def _act_frozen(self, key: Qt.Key, event: QKeyEvent) -> bool:
        sweep, letter = self.sweep, letter_of(event)
        if sweep.marks.calipers is not None and letter in _NOTES:
            (self.qt.note_qt if letter == "Q" else self.qt.note_rr)(sweep.reading())
        elif sweep.marks.calipers is not None and (key in _ARROWS or key == Qt.Key.Key_Escape or letter == "B"):
            self._move_calipers(key, event.modifiers())
        elif key in (Qt.Key.Key_Left, Qt.Key.Key_Right) and not event.modifiers():
            sweep.look_back(sweep.back_s + (_STEP_S if key == Qt.Key.Key_Left else -_STEP_S))
        elif key in _PAGES:
            sweep.look_further(_PAGES[key])
        elif key in (Qt.Key.Key_Home, Qt.Key.Key_End):
            sweep.look_back(sweep.kept_s if key == Qt.Key.Key_Home else 0.0)
        elif letter == "C":
            sweep.marks.put_in_the_middle()
        else:
            return False
        return True

    def _move_calipers(self, key: Qt.Key, modifiers: Qt.KeyboardModifier) -> None:
        marks = self.sweep.marks
        if key == Qt.Key.Key_Escape:
            marks.take_away()
        elif key not in _ARROWS:
            marks.turn()
        else:
            is_far = bool(modifiers & Qt.KeyboardModifier.ShiftModifier)
            step = self.sweep.scale.px_per_mm if is_far else 1.0
            dx, dy = _ARROWS[key]
            marks.move(dx * step, dy * step, is_whole=bool(modifiers & Qt.KeyboardModifier.ControlModifier))

    def _take(self, choices: TraceChoices) -> None:
        """Look as it was chosen; only another filter needs other sources."""
        scale = self.sweep.scale
        was = self._taken
        if (scale.speed_mm_s, scale.gain_mm_mv) != (float(choices.speed), float(choices.gain)):
            self.sweep.set_scale(_scaled(scale, choices))
        if was is None or was.layout != choices.layout:
            self.sweep.set_layout(choices.sweep_layout)
        if was is None or was.mode != choices.mode:
            self.sweep.set_paper(choices.mode == "paper")
        if was is not None and was.filter != choices.filter:
            self._filter_anew()
        self._taken = choices
        self.overview.show_page(self.sweep.page_s, self.sweep.back_s)

    def _filter_anew(self) -> None:
        """See the same streams through another filter; a picture that stands goes on standing."""
        groups = [group for stream in self._streams for group in groups_of(stream, self.choices.filter)]
        if groups:
            self.sweep.replace_groups(groups)

    def _show_frozen(self, is_frozen: bool) -> None:
        sweep = self.sweep
        self.overview.setVisible(is_frozen)
        self.qt.stand(is_frozen)
        if is_frozen:
            panel = sweep.panels[0]
            places = {place.lane.lead: place.channel for place in panel.places}
            row = places.get("II", panel.places[0].channel)
            self.overview.show_source(panel.source, row, round(panel.standing.edge), sweep.kept_s)
            self.overview.show_page(sweep.page_s, sweep.back_s)
        else:
            self.overview.show_source(None, 0, 0, 0.0)
        self.frozen_changed.emit(is_frozen)


def _scaled(scale: PaperScale, choices: TraceChoices) -> PaperScale:
    return replace(scale, speed_mm_s=float(choices.speed), gain_mm_mv=float(choices.gain))
