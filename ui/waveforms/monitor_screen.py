"""The live monitor: traces that sweep, numbers with their age, freeze, record ten seconds, take over vital signs.

Dark whatever the windows wear. It is no bedside alarm monitor and says so.
"""

from __future__ import annotations

import platform
from dataclasses import asdict
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QHideEvent, QKeyEvent, QShowEvent
from PySide6.QtWidgets import QComboBox, QHBoxLayout, QStackedWidget, QVBoxLayout, QWidget

from clinic_app.access import Draft
from clinic_app.encounters import VitalsForm
from clinic_app.foundation.dates import form_moment
from clinic_app.records import Patient
from clinic_app.terminology.leads import PLETH
from ui import icons, theme
from ui.language import _, counted, say
from ui.waveforms.numbers_panel import NumbersPanel
from ui.waveforms.scale_bar import ScaleBar
from ui.waveforms.view_model import RECORD_S, MonitorState, MonitorViewModel
from ui.waveforms.vitals_panel import FIELDS, VitalsPanel
from ui.widgets.busy_line import BusyLine
from ui.widgets.buttons import Button
from ui.widgets.chip import Chip, ChipLook, Tone
from ui.widgets.empty_state import EmptyState
from ui.widgets.labels import Card, label, plain_tip
from ui.widgets.page import Page, scrolled
from ui.widgets.patient_words import list_name
from ui.widgets.sweep import Sweep
from ui.widgets.sweep_source import Lane, Picked, SweepGroup

if TYPE_CHECKING:
    from clinic_app.devices import ChannelInfo
    from clinic_app.waveforms import LiveStream

SIDE_PX: Final = 340
MOST_OTHERS: Final = 4
_PER_MILLIVOLT: Final = {"uV": 0.001, "mV": 1.0}
_CHIPS: Final[dict[str, tuple[Tone, str]]] = {
    "off": ("neutral", "unlink"),
    "waiting": ("neutral", "monitor"),
    "live": ("ok", "activity"),
    "silent": ("warn", "triangle-alert"),
    "gone": ("warn", "unlink"),
}


def groups_of(stream: LiveStream) -> list[SweepGroup]:
    """Return a stream as the sweep draws it: leads together at true scale, every other curve in a lane of its own."""
    lanes = [_lane(channel) for channel in stream.channels]
    leads = tuple(row for row, lane in enumerate(lanes) if lane.millivolts_per_unit is not None)
    others = [row for row in range(len(lanes)) if row not in leads][:MOST_OTHERS]
    groups = [SweepGroup(Picked(stream, leads), tuple(lanes[row] for row in leads), True, lambda: _("ECG"))]
    groups = groups if leads else []
    return groups + [SweepGroup(Picked(stream, (row,)), (lanes[row],), False, lanes[row].label) for row in others]


def _lane(channel: ChannelInfo) -> Lane:
    colour = "trace_pleth" if channel.code == PLETH else "overlay"
    colour = "trace_ecg" if channel.unit in _PER_MILLIVOLT else colour
    name = channel.label
    is_plain_pleth = channel.code == PLETH and name.casefold() == "pleth"
    words = (lambda: _("Pleth")) if is_plain_pleth else (lambda: name)
    return Lane(words, colour, _PER_MILLIVOLT.get(channel.unit))


class MonitorScreen(Page):
    """The screen of live signals.

    Args:
        model: the monitor.
        place: what it will stand in (see `Page`).

    Signal ``draft_left(Draft)``: another patient came in hand while vital signs were typed for this one.
    """

    draft_left = Signal(object)

    def __init__(self, model: MonitorViewModel, place: QWidget | None = None) -> None:
        super().__init__("monitor", place)
        theme.make_clinical(self)
        self._model = model
        self._patient: Patient | None = None
        self.sweep = Sweep("monitor.sweep")
        self.sweep.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self._state = Chip("monitor.state")
        self._sources = QComboBox()
        self._sources.setObjectName("monitor.source")
        self._disclaimer = label("muted")
        self._empty = EmptyState("monitor.empty", "monitor")
        self._freeze = Button("monitor.freeze", "plain", "snowflake")
        self._freeze.setCheckable(True)
        self._record = Button("monitor.record", "plain", "circle-dot")
        self._busy = BusyLine("monitor.progress")
        self._scale = ScaleBar("monitor.scale", (("2", "6 × 2"), ("1", "12 × 1")))
        self._numbers = NumbersPanel()
        self._vitals = VitalsPanel()
        self._numbers_heading = label("heading")
        self._is_due = False
        self._build()
        self._connect()
        icons.redraw_in(self)
        self.retranslate()
        self._show_patient()

    def _build(self) -> None:
        for place, part in enumerate((self._state, self._sources)):
            self.head.insertWidget(1 + place, part)
        self.head.addWidget(self._disclaimer)
        body = QHBoxLayout()
        body.setSpacing(14)
        self.column.addLayout(body, 1)
        left = QVBoxLayout()
        left.setSpacing(10)
        body.addLayout(left, 1)
        self._stack = QStackedWidget(self)
        self._stack.addWidget(self._empty)
        self._stack.addWidget(self.sweep)
        left.addWidget(self._stack, 1)
        left.addLayout(self._bar())
        body.addWidget(self._side())
        self._scale.choose("2")

    def _bar(self) -> QHBoxLayout:
        bar = QHBoxLayout()
        bar.setSpacing(10)
        bar.addWidget(self._freeze)
        bar.addWidget(self._record)
        bar.addWidget(self._busy, 1)
        bar.addStretch()
        bar.addWidget(self._scale)
        return bar

    def _side(self) -> Card:
        side = Card(margin=0, parent=self)
        side.setProperty("role", "plain")
        side.setFixedWidth(SIDE_PX)
        inside = Card(margin=0, spacing=12, parent=side)
        inside.setProperty("role", "plain")
        side.column.addWidget(scrolled(inside))
        numbers = Card(margin=12, spacing=6)
        inside.column.addWidget(numbers)
        numbers.column.addWidget(self._numbers_heading)
        numbers.column.addWidget(self._numbers)
        inside.column.addWidget(self._vitals)
        inside.column.addStretch()
        return side

    def _connect(self) -> None:
        model = self._model
        model.changed.connect(self._show_state)
        model.streams_changed.connect(self._show_streams)
        model.recording_changed.connect(self._show_recording)
        model.recorded.connect(self._after_record)
        model.vitals_saved.connect(self._after_vitals)
        model.errors_found.connect(self._vitals.show_errors)
        model.refused.connect(lambda text: self.noticed.emit(say(text), "warn"))
        model.patient_changed.connect(self._show_patient)
        self._sources.textActivated.connect(model.choose)
        self._freeze.clicked.connect(self._toggle_freeze)
        self._record.clicked.connect(model.record)
        self._busy.cancelled.connect(model.cancel_recording)
        self._scale.layout_chosen.connect(lambda columns: self.sweep.set_columns(int(columns)))
        self._scale.speed_chosen.connect(self.sweep.set_speed)
        self._scale.gain_chosen.connect(self.sweep.set_gain)
        self._vitals.take_over_asked.connect(lambda: self._vitals.fill(model.take_over()))
        self._vitals.save_asked.connect(model.save_vitals)
        self._vitals.typed.connect(model.typed)
        self.shortcut("Ctrl+R", model.record)
        self.primary_shortcut(self._vitals.send)

    def entered(self) -> None:
        """Begin where Space freezes."""
        self.sweep.setFocus()

    def showEvent(self, _event: QShowEvent) -> None:
        """Look at the monitor while the screen is to be seen."""
        self._model.watch(True)

    def hideEvent(self, _event: QHideEvent) -> None:
        """Rest."""
        self._model.watch(False)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Space freezes, unless a button or a field has taken it."""
        if event.key() == Qt.Key.Key_Space and not event.modifiers():
            self._freeze.click()
        else:
            super().keyPressEvent(event)

    def retranslate(self) -> None:
        """Say everything anew."""
        self.title.setText(_("Signals"))
        self.sweep.setAccessibleName(_("Live traces"))
        self._sources.setAccessibleName(_("Monitor"))
        self._numbers_heading.setText(_("From the monitor"))
        self._disclaimer.setText(_("No alarms are given here: this is not a bedside alarm monitor."))
        self._record.say(_("Record {seconds} s", seconds=int(RECORD_S)), "Ctrl+R")
        self._say_freeze()
        self._show_state()

    def _say_freeze(self) -> None:
        self._freeze.say(_("Go on") if self.sweep.is_frozen else _("Freeze"), _("Space"))

    def _toggle_freeze(self) -> None:
        self.sweep.freeze(not self.sweep.is_frozen)
        self._freeze.setChecked(self.sweep.is_frozen)
        self._say_freeze()
        if self._is_due and not self.sweep.is_frozen:
            self._show_streams()

    def _show_streams(self) -> None:
        """Show the monitor's streams; a frozen picture is kept until it is let go."""
        self._is_due = self.sweep.is_frozen
        if self._is_due:
            return
        groups = [group for stream in self._model.streams() for group in groups_of(stream)]
        self.sweep.set_groups(groups)
        self._stack.setCurrentWidget(self.sweep if groups else self._empty)
        self._freeze.setEnabled(bool(groups))

    def _show_state(self) -> None:
        state = self._model.state()
        tone, sign = _CHIPS[state.kind]
        look = ChipLook(state_words(state), tone, sign)
        if look != self._state.look:
            self._state.show_look(look)
        self._state.setToolTip(plain_tip(say(state.error) if state.error else look.text))
        self._say_empty(state)
        self._show_sources()
        values = self._model.values()
        self._numbers.show_values(values)
        self._record.setEnabled(self._model.can_record)
        self._freeze.setEnabled(self._stack.currentWidget() is self.sweep)
        self._vitals.allow(
            has_patient=self._model.patient is not None,
            can_save=self._model.can_save_vitals,
            has_values=any(value.is_fresh for value in values.values()),
        )

    def _say_empty(self, state: MonitorState) -> None:
        if state.kind == "off":
            self._empty.say(
                _("Monitors are turned off"),
                _("Ask your IT to set “monitor_port” in the settings file of this workstation, then start it again."),
            )
        else:
            place = f"{platform.node()}:{self._model.port}"
            self._empty.say(
                _("No monitor has called yet"),
                _("Turn on the HL7 output of the patient monitor and let it send to {place}.", place=place),
            )

    def _show_sources(self) -> None:
        names = list(self._model.sources())
        if names != [self._sources.itemText(row) for row in range(self._sources.count())]:
            self._sources.clear()
            self._sources.addItems(names)
        self._sources.setCurrentText(self._model.source)
        self._sources.setVisible(len(names) > 1)

    def _show_recording(self) -> None:
        progress = self._model.progress
        if progress is None:
            self._busy.end()
            self._scale.show()
        else:
            self._scale.hide()  # before the bar comes: both at once would widen the window
            if self._busy.isHidden():
                self._busy.begin(_("Recording {seconds} s", seconds=int(RECORD_S)), can_cancel=True)
            self._busy.progress(round(progress * 100), 100)
        self._record.setEnabled(self._model.can_record)

    def _after_record(self, _document: object) -> None:
        leads = sum(len(stream.channels) for stream in self._model.streams())
        words = counted("{count} channel", "{count} channels", leads)
        self.noticed.emit(
            _("{seconds} s of {channels} are recorded and saved.", seconds=int(RECORD_S), channels=words), "ok"
        )

    def _after_vitals(self, _count: int) -> None:
        self._vitals.clear()
        self.noticed.emit(_("The vital signs are saved."), "ok")

    def _show_patient(self) -> None:
        old, new = self._patient, self._model.patient
        if old is None or new is None or old.id != new.id:
            for draft in self.drafts():
                self.draft_left.emit(draft)
            self._vitals.clear()
        self._patient = new
        self._show_state()

    def has_unsaved(self) -> bool:
        """Return whether vital signs stand in the form."""
        return self._vitals.form() != VitalsForm()

    def drafts(self) -> tuple[Draft, ...]:
        """Return the vital signs in the form."""
        if self._patient is None or not self.has_unsaved():
            return ()
        words = {key: value for key, value in asdict(self._vitals.form()).items() if value}
        return (Draft(kind="monitor_vitals", patient_id=self._patient.id, name=list_name(self._patient), values=words),)

    def take_draft(self, draft: Draft) -> None:
        """Put vital signs back into the form; from now on they count as typed."""
        self._vitals.fill(VitalsForm(**{key: draft.values.get(key, "") for key in FIELDS}))

    def is_working(self) -> bool:
        """Return whether a recording runs."""
        return self._model.progress is not None


def state_words(state: MonitorState) -> str:
    """Return how the monitor is, in the language of the windows."""
    if state.kind == "off":
        return _("Monitors are turned off")
    if state.kind == "waiting":
        return _("No monitor connected")
    if state.kind == "live":
        return _("{name}: receiving", name=state.name)
    if state.kind == "silent":
        return _("{name}: connected, no signal", name=state.name)
    if state.last_seen_at is None:
        return _("{name}: disconnected", name=state.name)
    return _("{name}: disconnected, last seen {moment}", name=state.name, moment=form_moment(state.last_seen_at))
