"""Every monitor at once, up to sixteen: a tile each with three curves, the pulse and the oxygen; a click opens one."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Final, Protocol

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QKeyEvent, QMouseEvent, QResizeEvent
from PySide6.QtWidgets import QFrame, QGridLayout, QHBoxLayout, QVBoxLayout, QWidget

from clinic_app.foundation.numbers import show_number
from clinic_app.waveforms.filtered_view import FilteredView
from clinic_app.waveforms.filters import RAW
from ui import language
from ui.language import Translated, _, say
from ui.strokes import next_turn
from ui.waveforms.traces_panel import lane_of
from ui.widgets.labels import OneLine, label, wear
from ui.widgets.sweep import Sweep
from ui.widgets.sweep_source import Picked, SweepGroup
from ui.widgets.trace_scale import GAINS_MM_MV

if TYPE_CHECKING:
    from collections.abc import Mapping

    from clinic_app.waveforms import Band, LiveStream
    from ui.waveforms.monitor_values import MonitorValue

MOST_BEDS: Final = 16
TRACES: Final = 3
MOST_COLUMNS: Final = 4
SPEED_MM_S: Final = 12.5
USUAL_GAIN_MM_MV: Final = 10.0
SEEN_MV: Final = 1.25
"""So much of an R wave has room above its line, by a lower gain where the tiles are low."""
_FIRST_LEADS: Final = ("II", "I", "V5")
_FIGURES: Final = ("heart_rate", "spo2")


class Beds(Protocol):
    """What the tiles are filled from."""

    def sources(self) -> Sequence[str]:
        """Return every monitor, in a steady order."""
        ...

    def streams_of(self, source: str) -> Sequence[LiveStream]:
        """Return a monitor's streams."""
        ...

    def values_of(self, source: str) -> Mapping[str, MonitorValue]:
        """Return a monitor's numbers."""
        ...


def bed_groups(streams: Sequence[LiveStream], band: Band) -> list[SweepGroup]:
    """Return the three curves of a tile: one lead, then the pleth, then what else there is."""
    leads: list[tuple[str, SweepGroup]] = []
    others: list[SweepGroup] = []
    for stream in streams:
        for row, channel in enumerate(stream.channels):
            lane, source = lane_of(channel), Picked(stream, (row,))
            if lane.millivolts_per_unit is None:
                others.append(SweepGroup(source, (lane,), False, lane.label))
            else:  # one lead is filtered, not all twelve
                seen = source if band == RAW else FilteredView(source, band)
                leads.append((lane.lead, SweepGroup(seen, (lane,), False, lambda: _("ECG"))))
    others.sort(key=lambda group: group.lanes[0].colour != "trace_pleth")
    leads.sort(key=lambda each: _FIRST_LEADS.index(each[0]) if each[0] in _FIRST_LEADS else len(_FIRST_LEADS))
    return ([group for _lead, group in leads[:1]] + others)[:TRACES]


class BedTile(Translated, QFrame):
    """One monitor.

    Args:
        source: its name.

    Signal ``opened(str)``: somebody wants to see it whole.
    """

    opened = Signal(str)

    def __init__(self, source: str) -> None:
        super().__init__()
        self.setObjectName(f"monitor.bed.{source}")
        self.setProperty("role", "card")
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.source = source
        self.sweep = Sweep(f"monitor.bed.{source}.sweep")
        self.sweep.setMinimumSize(120, 60)
        self.sweep.set_speed(SPEED_MM_S)
        self.sweep.clicked.connect(lambda: self.opened.emit(source))
        self._stream_ids: tuple[str, ...] = ()
        self._band = ""
        self._name = OneLine(source, 60)
        self._figures = [label("strong") for _field in _FIGURES]
        self._age = label("muted")
        self._age.setObjectName(f"monitor.bed.{source}.age")
        head = QHBoxLayout()
        head.setSpacing(10)
        head.addWidget(self._name, 1)
        for figure in self._figures:
            head.addWidget(figure)
        head.addWidget(self._age)
        column = QVBoxLayout(self)
        column.setContentsMargins(6, 4, 6, 6)
        column.setSpacing(3)
        column.addLayout(head)
        column.addWidget(self.sweep, 1)
        self._values: Mapping[str, MonitorValue] = {}
        self.retranslate()

    def show_bed(self, streams: Sequence[LiveStream], values: Mapping[str, MonitorValue], band: Band) -> None:
        """Show how it is now; the curves begin anew only where the monitor sends other streams."""
        ids = tuple(stream.stream_id for stream in streams)
        if (ids, band.name) != (self._stream_ids, self._band):
            self._stream_ids, self._band = ids, band.name
            self.sweep.set_groups(bed_groups(streams, band))
        self._values = values
        self.retranslate()

    def retranslate(self) -> None:
        """Say everything anew."""
        told: list[str] = []
        for figure, field in zip(self._figures, _FIGURES, strict=True):
            value = self._values.get(field)
            words = "—" if value is None or not value.is_shown else show_figure(value)
            name = _("HR") if field == "heart_rate" else _("SpO₂")
            figure.setText(f"{name} {words}")
            is_plain = value is None or value.is_now or value.is_zero
            wear(figure, "strong" if is_plain else "muted")
            told.append(f"{name} {words}")
        age = tile_age(tuple(value for field in _FIGURES if (value := self._values.get(field)) is not None))
        self._age.setText(age)
        says_zero = any(value.is_zero and not value.is_gone for value in self._values.values())
        wear(self._age, "error" if says_zero else "muted")
        self._age.setVisible(bool(age))
        self.setAccessibleName(_("Monitor {name}", name=self.source))
        self.setAccessibleDescription(", ".join([*told, age] if age else told))

    def resizeEvent(self, _event: QResizeEvent) -> None:
        """Take the highest usual gain at which a heart beat has room in its lane."""
        scale = self.sweep.scale
        room_mm = (self.sweep.height() or self.height()) / TRACES / 2 / scale.px_per_mm
        gains = [gain for gain in GAINS_MM_MV if gain <= USUAL_GAIN_MM_MV and gain * SEEN_MV <= room_mm]
        gain = max(gains, default=min(GAINS_MM_MV))
        if gain != scale.gain_mm_mv:
            self.sweep.set_gain(gain)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Open it."""
        if event.button() == Qt.MouseButton.LeftButton:
            self.opened.emit(self.source)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Enter and Space open it."""
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Space) and not event.isAutoRepeat():
            self.opened.emit(self.source)
        else:
            super().keyPressEvent(event)


class BedsView(QWidget):
    """The tiles.

    Args:
        beds: what they are filled from.
        band: gives the filter of the leads.

    Signal ``opened(str)``: a monitor somebody wants to see whole.
    """

    opened = Signal(str)

    def __init__(self, beds: Beds, band: Callable[[], Band]) -> None:
        super().__init__()
        self.setObjectName("monitor.beds")
        self._beds = beds
        self._band = band
        self._tiles: dict[str, BedTile] = {}
        self._is_making = False
        self._grid = QGridLayout(self)
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setSpacing(8)

    @property
    def tiles(self) -> tuple[BedTile, ...]:
        """The tiles, in the order in which they lie."""
        return tuple(self._tiles.values())

    def look(self) -> None:
        """Fill the tiles with how the monitors are now; new ones come one at a turn."""
        wanted = tuple(self._beds.sources())[:MOST_BEDS]
        for gone in [source for source in self._tiles if source not in wanted]:
            tile = self._tiles.pop(gone)
            self._grid.removeWidget(tile)
            tile.hide()
            tile.deleteLater()
        for source, tile in self._tiles.items():
            tile.show_bed(self._beds.streams_of(source), self._beds.values_of(source), self._band())
        if not self._is_making and any(source not in self._tiles for source in wanted):
            self._is_making = True
            next_turn(self, self._make_one)

    def _make_one(self) -> None:
        self._is_making = False
        wanted = tuple(self._beds.sources())[:MOST_BEDS]
        source = next((each for each in wanted if each not in self._tiles), None)
        if source is None:
            return
        tile = BedTile(source)
        tile.opened.connect(self.opened)
        self._tiles = {each: self._tiles.get(each, tile) for each in wanted if each in self._tiles or each == source}
        self._lay_out()
        self.look()

    def _lay_out(self) -> None:
        columns = columns_for(len(self._tiles))
        for place, tile in enumerate(self._tiles.values()):
            self._grid.addWidget(tile, place // columns, place % columns)


def columns_for(beds: int) -> int:
    """Return the columns in which so many tiles are widest without being flat."""
    return next(columns for columns in (1, 2, 3, MOST_COLUMNS) if beds <= columns**2 or columns == MOST_COLUMNS)


def tile_age(values: Sequence[MonitorValue]) -> str:
    """Return what stands behind the figures of a tile: how old they are where they are not of now, or why none."""
    if any(value.is_zero and not value.is_gone for value in values):
        return _("look at the patient")
    if any(not value.is_possible and not value.is_gone for value in values):
        return _("not possible")
    aged = [value.age_s for value in values if value.is_shown and not value.is_now]
    return _("{seconds} s", seconds=int(max(aged))) if aged else ""


def show_figure(value: MonitorValue) -> str:
    """Return a number with its unit."""
    return f"{show_number(value.value, language.current())} {say(value.sign.sign.unit)}"
