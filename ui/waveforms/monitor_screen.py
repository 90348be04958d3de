"""The live monitor: traces that sweep, numbers with their age, freeze, record ten seconds, take over vital signs.

Dark whatever the windows wear. It is no bedside alarm monitor and says so.
"""

from __future__ import annotations

import platform
from dataclasses import asdict
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import Signal
from PySide6.QtGui import QHideEvent, QKeyEvent, QShowEvent
from PySide6.QtWidgets import QComboBox, QHBoxLayout, QStackedWidget, QVBoxLayout, QWidget

from clinic_app.access import Draft
from clinic_app.encounters import VitalsForm
from clinic_app.foundation.dates import form_moment
from clinic_app.records import Patient
from clinic_app.waveforms.replay_device import is_replay
from ui import icons, theme
from ui.language import _, counted, say
from ui.waveforms.alarm_line import AlarmLine
from ui.waveforms.beds_view import BedsView
from ui.waveforms.interrupted_line import InterruptedLine
from ui.waveforms.limits_dialog import LimitsDialog
from ui.waveforms.long_bar import LongBar
from ui.waveforms.numbers_panel import NumbersPanel
from ui.waveforms.traces_panel import TracesPanel
from ui.waveforms.trends_panel import TrendsPanel
from ui.waveforms.view_model import RECORD_S, MonitorState, MonitorViewModel
from ui.waveforms.vitals_panel import FIELDS, VitalsPanel
from ui.waveforms.whose_monitor import whose_monitor
from ui.widgets.busy_line import BusyLine
from ui.widgets.buttons import Button
from ui.widgets.calibration_dialog import CalibrationDialog
from ui.widgets.chip import Chip, ChipLook, Tone
from ui.widgets.empty_state import EmptyState
from ui.widgets.flow_row import FlowRow
from ui.widgets.labels import Card, label, plain_tip
from ui.widgets.page import Page, scrolled
from ui.widgets.patient_words import list_name
from ui.widgets.trace_choices import TraceChoices, choices_from
from ui.widgets.whose_question import WhoseQuestion

if TYPE_CHECKING:
    from ui.remembered import Remembered
    from ui.waveforms.view_model_bedside import BedsideViewModel
    from ui.waveforms.view_model_interrupted import InterruptedModel
    from ui.waveforms.view_model_long import LongViewModel
    from ui.waveforms.view_model_whose import BedOwner

SIDE_PX: Final = 340
_CHIPS: Final[dict[str, tuple[Tone, str]]] = {
    "off": ("neutral", "unlink"),
    "waiting": ("neutral", "monitor"),
    "live": ("ok", "activity"),
    "silent": ("warn", "triangle-alert"),
    "gone": ("warn", "unlink"),
}


class MonitorScreen(Page):
    """The screen of live signals.

    Args:
        model: the monitor.
        place: what it will stand in (see `Page`).
        remembered: what this person chose the last time; None remembers nothing.
        bedside: technical messages, our own heart rate, limits, trends; None has none of them.
        long: recording for hours, and marks; None has neither.
        interrupted: recordings of hours without an end; None looks for none.
        owner: asks who lies at a monitor that is recorded for somebody else; None asks nothing.

    Signal ``draft_left(Draft)``: another patient came in hand while vital signs were typed for this one.
    """

    draft_left = Signal(object)

    def __init__(
        self,
        model: MonitorViewModel,
        place: QWidget | None = None,
        remembered: Remembered | None = None,
        bedside: BedsideViewModel | None = None,
        long: LongViewModel | None = None,
        interrupted: InterruptedModel | None = None,
        owner: BedOwner | None = None,
    ) -> None:
        super().__init__("monitor", place)
        theme.make_clinical(self)
        self._model = model
        self._bedside = bedside
        self._long = LongBar(long) if long is not None else None
        self._long_model = long
        self._interrupted = interrupted
        self._owner = owner
        self._whose = WhoseQuestion("monitor.whose", whose_monitor) if owner is not None else None
        self._trends: TrendsPanel | None = None
        self._frozen_at: datetime | None = None
        self._remembered = remembered
        self._patient: Patient | None = None
        self.traces = TracesPanel("monitor")
        self.sweep = self.traces.sweep
        self._state = Chip("monitor.state")
        self._sources = QComboBox()
        self._sources.setObjectName("monitor.source")
        self._alarms = AlarmLine("monitor.alarms")
        self._all = Button("monitor.all_beds", "plain", "grid-2x2")
        self._all.setCheckable(True)
        self.beds = BedsView(model, lambda: self.traces.choices.filter)
        self._size = Button("monitor.screen_size", "quiet", "ruler")
        self._trend = Button("monitor.show_trends", "plain", "chart-column")
        self._trend.setCheckable(True)
        self._empty = EmptyState("monitor.empty", "monitor")
        self._freeze = Button("monitor.freeze", "plain", "snowflake")
        self._freeze.setCheckable(True)
        self._record = Button("monitor.record", "plain", "circle-dot")
        self._measure = Button("monitor.measure", "plain", "crosshair")
        self._busy = BusyLine("monitor.progress")
        self._numbers = NumbersPanel()
        self._vitals = VitalsPanel()
        self._numbers_heading = label("heading")
        self._limits = Button("monitor.limits", "quiet", "gauge")
        self._is_due = self._has_traces = False
        self._build()
        self._connect()
        icons.redraw_in(self)
        self.retranslate()
        self._show_patient()

    def _build(self) -> None:
        for place, part in enumerate((self._state, self._sources)):
            self.head.insertWidget(1 + place, part)
        self.head.addWidget(self._trend)
        self._trend.setHidden(self._bedside is None)
        self.head.addWidget(self._all)
        self.head.addWidget(self._size)
        self.column.addWidget(self._alarms)
        if self._interrupted is not None:
            line = InterruptedLine("monitor.interrupted", self._interrupted)
            line.noticed.connect(self.noticed)
            self.column.addWidget(line)
        if self._whose is not None:
            self.column.addWidget(self._whose)
        body = QHBoxLayout()
        body.setSpacing(14)
        self.column.addLayout(body, 1)
        left = QVBoxLayout()
        left.setSpacing(10)
        body.addLayout(left, 1)
        self._stack = QStackedWidget(self)
        self._stack.addWidget(self._empty)
        self._stack.addWidget(self.traces)
        left.addWidget(self._stack, 1)
        self._bar_row = self._bar()
        left.addWidget(self._bar_row)
        self._stack.addWidget(self.beds)
        self._panel = self._side()
        body.addWidget(self._panel)
        self._limits.setHidden(self._bedside is None)  # it has its place now; shown before, it would be a window

    def _bar(self) -> QWidget:
        """Return the actions; in a narrow window they go on in a second row."""
        long = [self._long] if self._long is not None else []
        parts: list[QWidget] = [self._freeze, self._measure, self._record, self._busy, *long]
        return FlowRow(parts, [self._busy, *long])

    def _side(self) -> Card:
        side = Card(margin=0, parent=self)
        side.setProperty("role", "plain")
        side.setFixedWidth(SIDE_PX)
        inside = Card(margin=0, spacing=12, parent=side)
        inside.setProperty("role", "plain")
        side.column.addWidget(scrolled(inside))
        numbers = Card(margin=12, spacing=6)
        inside.column.addWidget(numbers)
        heading = QHBoxLayout()
        heading.addWidget(self._numbers_heading, 1)
        heading.addWidget(self._limits)
        numbers.column.addLayout(heading)
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
        self._freeze.clicked.connect(lambda: self.sweep.freeze(not self.sweep.is_frozen))
        self._measure.clicked.connect(self._put_calipers)
        self._all.clicked.connect(self._show_front)
        self._trend.clicked.connect(self._show_front)
        self.shortcut("F9", self._trend.click)
        self._connect_long()
        self._connect_owner()
        if self._bedside is not None:
            self._bedside.refused.connect(lambda text: self.noticed.emit(say(text), "warn"))
        self.beds.opened.connect(self._open_bed)
        self._size.clicked.connect(self._measure_screen)
        self._limits.clicked.connect(self._ask_limits)
        self.traces.frozen_changed.connect(self._show_frozen)
        self.traces.chosen.connect(self._remember)
        if self._remembered is not None:
            self._remembered.known.connect(self._take_remembered)
            self._remembered.load()
        self._record.clicked.connect(model.record)
        self._busy.cancelled.connect(model.cancel_recording)
        self._vitals.take_over_asked.connect(self._take_over)
        self._vitals.save_asked.connect(model.save_vitals)
        self._vitals.typed.connect(model.typed)
        self.shortcut("Ctrl+R", model.record)
        self.primary_shortcut(self._vitals.send)

    def _take_over(self) -> None:
        """Put the monitor's numbers into the form, if they are the patient's in hand."""
        model = self._model
        if model.may_file(model.source, self._take_over):
            self._vitals.fill(model.take_over(), model.taken_at)

    def _start_long(self) -> None:
        """Record until somebody ends it, if what comes is the patient's in hand."""
        model, long = self._model, self._long_model
        if long is not None and model.may_file(model.source, self._start_long):
            long.start(model.source, self.traces.choices.filter.words)

    def _ask_whose(self) -> None:
        """Ask who lies at a monitor, or take the question away."""
        if self._owner is not None and self._whose is not None:
            had_keys = self._whose.isAncestorOf(self.focusWidget()) if self.focusWidget() is not None else False
            self._whose.ask(self._owner.doubt)
            if had_keys and self._owner.doubt is None:
                self.sweep.setFocus()

    def _connect_owner(self) -> None:
        owner, whose = self._owner, self._whose
        if owner is None or whose is None:
            return
        self._model.may_file = owner.may_file
        owner.changed.connect(self._ask_whose)
        whose.confirmed.connect(owner.confirm)
        whose.declined.connect(owner.decline)

    def _connect_long(self) -> None:
        bar, long = self._long, self._long_model
        if bar is None or long is None:
            return
        self._model.marks_of = long.marks
        long.refused.connect(lambda text: self.noticed.emit(say(text), "warn"))
        long.changed.connect(self._show_marks)
        if self._interrupted is not None:
            self._interrupted.settled.connect(long.changed)
        bar.start_asked.connect(self._start_long)
        bar.stop_asked.connect(lambda: long.stop(self._model.source))
        bar.moment_asked.connect(self._ask_mark)
        bar.marked.connect(lambda moment, words: long.mark(self._model.source, moment, words))
        bar.left.connect(self.sweep.setFocus)
        self.traces.mark_asked.connect(self._ask_mark)

    def _ask_mark(self) -> None:
        """Ask for the words of a mark: at the first caliper or the right edge of what stands, else now."""
        if self._long is None or self._long_model is None or not self._model.source:
            return
        moment = self._long_model.now()
        if self._frozen_at is not None:
            moment = self._frozen_at - timedelta(seconds=self.sweep.marked_back_s())
        self._long.begin_mark(moment)

    def _show_marks(self) -> None:
        """Show the marks of the last minutes where the picture stands."""
        if self._long_model is None or self._frozen_at is None:
            return
        frozen_at = self._frozen_at
        marks = self._long_model.marks(self._model.source)
        events = [((frozen_at - mark.at).total_seconds(), mark.text) for mark in marks]
        self.sweep.show_events(events)
        self.traces.overview.show_marks([back_s for back_s, _words in events])

    def entered(self) -> None:
        """Begin where Space freezes."""
        self.sweep.setFocus()

    def showEvent(self, _event: QShowEvent) -> None:
        """Look at the monitor while the screen is to be seen."""
        self._model.watch(True)
        if self._interrupted is not None:
            self._interrupted.look()

    def hideEvent(self, _event: QHideEvent) -> None:
        """Rest."""
        self._model.watch(False)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Do what a key stands for (see `TracesPanel`), unless a button or a field has taken it."""
        if self._stack.currentWidget() is not self.traces or not self.traces.act(event):
            super().keyPressEvent(event)

    def retranslate(self) -> None:
        """Say everything anew."""
        self.title.setText(_("Signals"))
        self._sources.setAccessibleName(_("Monitor"))
        self._numbers_heading.setText(_("From the monitor"))
        self._size.say(_("Size of this screen"))
        self._limits.say(_("Limits"))
        self._measure.say(_("Measure"), "C")
        self._trend.say(_("Trends"), "F9")
        self._record.say(_("Record {seconds} s", seconds=int(RECORD_S)), "Ctrl+R")
        self._say_freeze()
        self._show_state()

    def _say_freeze(self) -> None:
        self._freeze.say(_("Go on") if self.sweep.is_frozen else _("Freeze"), _("Space"))

    def _show_frozen(self, is_frozen: bool) -> None:
        self._freeze.setChecked(is_frozen)
        self._frozen_at = self._long_model.now() if is_frozen and self._long_model is not None else None
        self._show_marks()
        self._say_freeze()
        if self._is_due and not is_frozen:
            self._show_streams()

    def _show_front(self) -> None:
        """Bring to the front what is wanted: every monitor, the chosen one, or the words that there is none."""
        shows_all = self._all.isChecked() and self._all.isVisibleTo(self)
        front: QWidget = self.beds if shows_all else self.traces if self._has_traces else self._empty
        if shows_all:
            self.beds.look()
        elif self._trend.isChecked() and self._bedside is not None:
            front = self._trends_panel(self._bedside)
        self._panel.setVisible(not shows_all)
        self._bar_row.setVisible(not shows_all)
        self._stack.setCurrentWidget(front)
        for button in (self._freeze, self._measure):
            button.setEnabled(front is self.traces)

    def _trends_panel(self, bedside: BedsideViewModel) -> QWidget:
        """Return the page of trends; it is made when somebody first looks."""
        if self._trends is None:
            self._trends = TrendsPanel(bedside, bedside.runner, self._model.now)
            self._stack.addWidget(self._trends)
            icons.redraw_in(self._trends)
        self._trends.show_source(self._model.source)
        return self._trends

    def _open_bed(self, source: str) -> None:
        """Show one of the monitors whole."""
        self._all.setChecked(False)
        self.sweep.freeze(False)
        self._model.choose(source)
        self._show_front()
        self.sweep.setFocus()

    def _put_calipers(self) -> None:
        self.sweep.setFocus()
        self.traces.measure()

    def _measure_screen(self) -> None:
        dialog = CalibrationDialog(self)
        dialog.finished.connect(dialog.deleteLater)
        dialog.open()

    def _ask_limits(self) -> None:
        """Ask for the limits of the monitor that is shown now, whichever is shown when the answer comes."""
        bedside, source = self._bedside, self._model.source
        if bedside is None or not source:
            return
        dialog = LimitsDialog(source, bedside.limits(source), self)
        dialog.chosen.connect(lambda limits: bedside.set_limits(source, limits))
        dialog.reset.connect(lambda: bedside.reset_limits(source))
        dialog.finished.connect(dialog.deleteLater)
        dialog.open()

    def _remember(self, choices: TraceChoices) -> None:
        if self._remembered is not None:
            self._remembered.put(**choices.as_kept())

    def _take_remembered(self) -> None:
        if self._remembered is not None and self._remembered.values:
            self.traces.use(choices_from(self._remembered.values))

    def _show_streams(self) -> None:
        """Show the monitor's streams; a frozen picture is kept until it is let go."""
        self._is_due = self.sweep.is_frozen
        if self._is_due:
            return
        has_traces = self.traces.show_streams(self._model.streams())
        self._has_traces = has_traces
        self._show_front()

    def _show_state(self) -> None:
        state = self._model.state()
        tone, sign = _CHIPS["silent" if state.kind == "live" and is_replay(state.name) else state.kind]
        look = ChipLook(state_words(state), tone, sign)
        if look != self._state.look:
            self._state.show_look(look)
        self._state.setToolTip(plain_tip(say(state.error) if state.error else look.text))
        self._say_empty(state)
        self._show_sources()
        values = self._model.values()
        self._show_bedside(state)
        self._numbers.show_values(values)
        self._record.setEnabled(self._model.can_record)
        self._vitals.allow(
            has_patient=self._model.patient is not None,
            can_save=self._model.can_save_vitals,
            has_values=any(value.is_fresh for value in values.values()),
        )

    def _show_bedside(self, state: MonitorState) -> None:
        """Show what the standing services say of this monitor, or of all of them."""
        source = self._model.source
        if self._owner is not None and self._owner.doubt is not None and self._owner.doubt.source != source:
            self._owner.decline()
        if self._bedside is not None:
            messages = self._bedside.technical("" if self._all.isChecked() else source)
            self._alarms.show_words([say(text) for text in messages])
            self._numbers.show_heart(self._bedside.heart(source))
            self._numbers.use_limits(self._bedside.limits(source))
            self._limits.setEnabled(bool(source) and self._bedside.can_set_limits)
        if self._trends is not None:
            self._trends.show_source(source)
        if self._long is not None:
            self._long.show_source(source, is_there=state.kind == "live")

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
        self._sources.setVisible(len(names) > 1 and not self._all.isChecked())
        self._all.setVisible(len(names) > 1)
        self._all.say(_("All monitors ({count})", count=len(names)))
        if self._all.isChecked():
            self._show_front()

    def _show_recording(self) -> None:
        progress = self._model.progress
        if self._long is not None:
            self._long.setVisible(progress is None)
        if progress is None:
            self._busy.end()
        else:
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
    if state.kind == "live" and is_replay(state.name):
        return _("{name}: a file is played", name=state.name)
    if state.kind == "live":
        return _("{name}: receiving", name=state.name)
    if state.kind == "silent":
        return _("{name}: connected, no signal", name=state.name)
    if state.last_seen_at is None:
        return _("{name}: disconnected", name=state.name)
    return _("{name}: disconnected, last seen {moment}", name=state.name, moment=form_moment(state.last_seen_at))
