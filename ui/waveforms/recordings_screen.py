"""The patient's recordings on millimetre paper, with calipers. Dark whatever the windows wear."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from PySide6.QtGui import QHideEvent, QShowEvent
from PySide6.QtWidgets import QHBoxLayout, QSizePolicy, QStackedWidget, QVBoxLayout, QWidget

from clinic_app.foundation.dates import form_moment
from clinic_app.foundation.numbers import show_number
from clinic_app.records import DocumentReference
from ui import icons, language, theme
from ui.language import _, counted, say
from ui.waveforms.scale_bar import ScaleBar
from ui.waveforms.view_model_recordings import RecordingsViewModel
from ui.widgets.buttons import Button
from ui.widgets.calipers import Reading
from ui.widgets.ecg_paper import EcgPaper
from ui.widgets.empty_state import EmptyState
from ui.widgets.labels import label
from ui.widgets.page import Page
from ui.widgets.record_table import Column, RecordTable
from ui.widgets.recording_traces import traces_of

if TYPE_CHECKING:
    from clinic_app.waveforms import Recording

LIST_PX: Final = 168
_RAW: Final = "raw"


class RecordingsScreen(Page):
    """List and paper.

    Args:
        model: the shelf.
        place: what it will stand in (see `Page`).
    """

    def __init__(self, model: RecordingsViewModel, place: QWidget | None = None) -> None:
        super().__init__("recordings", place)
        theme.make_clinical(self)
        self._model = model
        self._list: RecordTable[DocumentReference] = RecordTable(
            "recordings.list", (Column(lambda: _("Recorded at"), _moment, is_strong=True),), "activity"
        )
        self.paper = EcgPaper("recordings.paper")
        self._caption = label("strong")
        self._disclaimer = label("muted")
        self._reading = label("muted", is_wrapped=True)
        self._reading.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        self._reading.setObjectName("recordings.reading")
        self._caliper = Button("recordings.caliper", "plain", "ruler")
        self._scale = ScaleBar("recordings.scale", (("3x4", "3 × 4"), ("12x1", "12 × 1")), (25.0, 50.0))
        self._closed = EmptyState("recordings.closed", "activity")
        self._none = EmptyState("recordings.none", "activity")
        self._build()
        self._connect()
        icons.redraw_in(self)
        self.retranslate()
        self._show_list()

    def _build(self) -> None:
        self._scale.choose("3x4")
        self.head.insertWidget(1, self._caption)
        self.head.addWidget(self._disclaimer)
        self._list.setFixedWidth(LIST_PX)
        self._stack = QStackedWidget()
        self.column.addWidget(self._stack, 1)
        self._stack.addWidget(self._none)
        self._body = QWidget(self._stack)
        row = QHBoxLayout(self._body)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(12)
        row.addWidget(self._list)
        right = QVBoxLayout()
        right.setSpacing(10)
        row.addLayout(right, 1)
        self._paper_stack = QStackedWidget(self._body)
        self._paper_stack.addWidget(self._closed)
        self._paper_stack.addWidget(self.paper)
        bar = QHBoxLayout()
        bar.setSpacing(10)
        bar.addWidget(self._caliper)
        bar.addWidget(self._reading, 1)
        bar.addWidget(self._scale)
        right.addWidget(self._paper_stack, 1)
        right.addLayout(bar)
        self._stack.addWidget(self._body)

    def _connect(self) -> None:
        model = self._model
        model.listed.connect(self._show_list)
        model.opened.connect(self._show_recording)
        model.closed.connect(self._show_recording)
        model.refused.connect(lambda text: self.noticed.emit(say(text), "warn"))
        self._list.selected.connect(model.open)
        self._list.chosen.connect(lambda _document: self.paper.setFocus())
        self.paper.measured.connect(self._show_reading)
        self._caliper.clicked.connect(self._put_calipers)
        self._scale.layout_chosen.connect(self.paper.set_layout)
        self._scale.speed_chosen.connect(self.paper.set_speed)
        self._scale.gain_chosen.connect(self.paper.set_gain)
        self._none.action.clicked.connect(lambda: self.went.emit("signals"))

    def entered(self) -> None:
        """Begin in the list; the newest recording opens by itself."""
        self._list.view.setFocus()

    def showEvent(self, _event: QShowEvent) -> None:
        """List anew."""
        self._model.watch(True)

    def hideEvent(self, _event: QHideEvent) -> None:
        """Rest."""
        self._model.watch(False)

    def retranslate(self) -> None:
        """Say everything anew."""
        self.title.setText(_("Recordings"))
        self._list.set_name(_("Recordings of the patient"))
        self._disclaimer.setText(_("Not a certified diagnostic display."))
        self._caliper.say(_("Measure"), "C")
        self._none.say(
            _("No recordings yet"),
            _("Record ten seconds from a patient monitor; they will appear here."),
            _("To the live signals"),
        )
        self._closed.say(_("No recording is open"), _("Choose one from the list on the left."))
        self._show_caption()
        self._show_reading(self.paper.reading())

    def _show_list(self) -> None:
        rows = self._model.documents
        self._stack.setCurrentWidget(self._body if rows else self._none)
        self._list.show_rows(rows)
        if rows and self._list.current_row() is None:
            self._list.view.selectRow(0)
        elif rows:
            self._model.open(self._list.current_row())

    def _show_recording(self) -> None:
        recording = self._model.recording
        is_open = recording is not None
        self._paper_stack.setCurrentWidget(self.paper if is_open else self._closed)
        self._caliper.setEnabled(is_open)
        self.paper.show_recording(traces_of(recording) if recording else ())
        self._show_caption()

    def _show_caption(self) -> None:
        recording = self._model.recording
        self.paper.set_band(_band_words(recording))
        if recording is None:
            self._caption.setText("")
            return
        length = show_number(round(recording.duration_s, 1), language.current())
        parts = [
            form_moment(recording.started_at),
            recording.device,
            _("{seconds} s", seconds=length),
            counted("{count} channel", "{count} channels", len(recording.channels)),
        ]
        self._caption.setText("  ·  ".join(part for part in parts if part))
        self.paper.setAccessibleName(_("ECG of {moment}", moment=form_moment(recording.started_at)))

    def _put_calipers(self) -> None:
        self.paper.setFocus()
        self.paper.put_calipers()

    def _show_reading(self, reading: Reading | None) -> None:
        hint = _("Drag over the trace to measure: time, rate, amplitude.")
        self._reading.setText(reading.words() if reading else hint)
        theme_role = "strong" if reading else "muted"
        if self._reading.property("role") != theme_role:
            self._reading.setProperty("role", theme_role)
            self._reading.style().unpolish(self._reading)
            self._reading.style().polish(self._reading)


def _moment(document: DocumentReference) -> str:
    return form_moment(document.date) if document.date else "—"


def _band_words(recording: Recording | None) -> str:
    """Return which frequencies came through; the band itself is written by the device."""
    if recording is None:
        return ""
    return _("unfiltered") if recording.band == _RAW else recording.band
