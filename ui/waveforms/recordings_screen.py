"""The patient's recordings on millimetre paper, with calipers. Dark whatever the windows wear."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from PySide6.QtCore import Qt
from PySide6.QtGui import QHideEvent, QKeyEvent, QShowEvent
from PySide6.QtWidgets import QHBoxLayout, QSizePolicy, QStackedWidget, QVBoxLayout, QWidget

from clinic_app.foundation.dates import form_moment
from clinic_app.foundation.numbers import show_number
from clinic_app.records import DocumentReference
from clinic_app.waveforms.recording import UNSTATED_BAND
from clinic_app.waveforms.sound import sound_of
from ui import icons, language, theme
from ui.language import _, counted, say
from ui.waveforms.files_panel import FilesPanel
from ui.waveforms.interrupted_line import InterruptedLine
from ui.waveforms.long_taking import length_words
from ui.waveforms.long_view import LongView
from ui.waveforms.recording_rows import moment_words, what_words, when_words
from ui.waveforms.sound_view import SoundView
from ui.waveforms.view_model_files import FilesModel
from ui.waveforms.view_model_recordings import RecordingsViewModel
from ui.widgets.buttons import Button
from ui.widgets.calibration_dialog import CalibrationDialog
from ui.widgets.calipers import Reading
from ui.widgets.ecg_paper import EcgPaper
from ui.widgets.empty_state import EmptyState
from ui.widgets.labels import OneLine, label
from ui.widgets.page import Page
from ui.widgets.qt_line import QtLine
from ui.widgets.record_table import Column, RecordTable
from ui.widgets.recording_traces import marks_of, traces_of
from ui.widgets.scale_bar import ScaleBar
from ui.widgets.trace_choices import TraceChoices, choices_from

if TYPE_CHECKING:
    from ui.remembered import Remembered
    from ui.waveforms.view_model_interrupted import InterruptedModel
    from ui.waveforms.view_model_long_reading import LongReadingModel
    from ui.waveforms.view_model_long_taking import LongTakingModel
    from ui.waveforms.view_model_sound import SoundViewModel

LIST_PX: Final = 280
_RAW: Final = "raw"
PARTS: Final = ("layout", "speed", "gain", "band", "notch")
USUAL: Final = TraceChoices(layout="3x4", band="raw")
"""A recording is first seen as it was stored."""


class RecordingsScreen(Page):
    """List and paper.

    Args:
        model: the shelf.
        place: what it will stand in (see `Page`).
        remembered: what this person chose the last time; None remembers nothing.
        sound: where heart and lung sounds are listened to; None shows them on paper.
        reader: reads recordings of hours; None opens none.
        files: brings recordings in and takes them out; None where nobody may.
        interrupted: recordings of hours without an end; None looks for none.
        taking: takes stretches out of recordings of hours; None takes none.
    """

    def __init__(
        self,
        model: RecordingsViewModel,
        place: QWidget | None = None,
        remembered: Remembered | None = None,
        sound: SoundViewModel | None = None,
        files: FilesModel | None = None,
        reader: LongReadingModel | None = None,
        interrupted: InterruptedModel | None = None,
        taking: LongTakingModel | None = None,
    ) -> None:
        super().__init__("recordings", place)
        theme.make_clinical(self)
        self._model = model
        self._remembered = remembered
        self._sound = sound
        self._sound_view: SoundView | None = None
        self._reader = reader
        self._interrupted = interrupted
        self._taking = taking
        self._long_view: LongView | None = None
        self._files = FilesPanel(files) if files is not None else None
        self._list: RecordTable[DocumentReference] = RecordTable(
            "recordings.list",
            (
                Column(
                    lambda: _("Recorded at"),
                    lambda each: when_words(each, model.hours.get(each.id)),
                    is_strong=True,
                    detail=lambda each: what_words(each, model.hours.get(each.id)),
                ),
            ),
            "activity",
        )
        self.paper = EcgPaper("recordings.paper")
        self._caption = OneLine("", 120)
        self._origin = OneLine("", 120)
        self._origin.setObjectName("recordings.origin")
        self._disclaimer = label("muted")
        self._reading = label("muted", is_wrapped=True)
        self._reading.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        self._reading.setObjectName("recordings.reading")
        self._caliper = Button("recordings.caliper", "plain", "ruler")
        self._qt = QtLine("recordings.qt")
        self._size = Button("recordings.screen_size", "quiet", "ruler")
        self._scale = ScaleBar("recordings.scale", PARTS)
        self._closed = EmptyState("recordings.closed", "activity")
        self._none = EmptyState("recordings.none", "activity")
        self._build()
        self._connect()
        icons.redraw_in(self)
        self.retranslate()
        self._show_list()

    def _build(self) -> None:
        self._scale.show_choices(USUAL)
        self.paper.set_layout("3x4")
        self.head.insertWidget(1, self._caption, 3)
        self.head.addWidget(self._disclaimer)
        self.head.addWidget(self._size)
        if self._files is not None:
            self.head.addWidget(self._files.buttons)
            self.column.addWidget(self._files)
        if self._interrupted is not None:
            line = InterruptedLine("recordings.interrupted", self._interrupted)
            line.noticed.connect(self.noticed)
            self.column.addWidget(line)
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
        right.addWidget(self._scale)
        right.addWidget(self._origin)
        right.addWidget(self._paper_stack, 1)
        right.addWidget(self._qt)
        right.addLayout(bar)
        self._stack.addWidget(self._body)

    def _connect(self) -> None:
        model = self._model
        model.listed.connect(self._show_list)
        model.opened.connect(self._show_recording)
        model.closed.connect(self._show_recording)
        model.filtered.connect(self._show_filtered)
        model.long_chosen.connect(self._show_long)
        model.refused.connect(lambda text: self.noticed.emit(say(text), "warn"))
        self._list.selected.connect(model.open)
        self._list.chosen.connect(lambda _document: self.paper.setFocus())
        self.paper.measured.connect(self._show_reading)
        self._caliper.clicked.connect(self._put_calipers)
        self.paper.qt_noted.connect(self._qt.note_qt)
        self.paper.rr_noted.connect(self._qt.note_rr)
        self._size.clicked.connect(self._measure_screen)
        self._scale.chosen.connect(self._choose)
        if self._taking is not None:
            self._taking.cut_out.connect(lambda: model.watch(self.isVisible()))
        if self._interrupted is not None:
            self._interrupted.settled.connect(lambda: model.watch(self.isVisible()))
        if self._files is not None:
            self._files.noticed.connect(self.noticed)
            self._files.taken.connect(lambda: model.watch(self.isVisible()))
        if self._remembered is not None:
            self._remembered.known.connect(self._take_remembered)
            self._remembered.load()
        self._none.action.clicked.connect(lambda: self.went.emit("signals"))

    def entered(self) -> None:
        """Begin in the list; the newest recording opens by itself."""
        self._list.view.setFocus()

    def showEvent(self, _event: QShowEvent) -> None:
        """List anew."""
        self._model.watch(True)
        if self._interrupted is not None:
            self._interrupted.look()

    def hideEvent(self, _event: QHideEvent) -> None:
        """Rest, and be quiet."""
        self._model.watch(False)
        if self._sound is not None:
            self._sound.stop()

    def retranslate(self) -> None:
        """Say everything anew."""
        self.title.setText(_("Recordings"))
        self._list.set_name(_("Recordings of the patient"))
        self._disclaimer.setText(_("Not a certified diagnostic display."))
        self._caliper.say(_("Measure"), "C")
        self._size.say(_("Size of this screen"))
        self._none.say(
            _("No recordings yet"),
            _("Record ten seconds from a patient monitor; they will appear here."),
            _("To the live signals"),
        )
        self._say_closed()
        self._show_caption()
        self._show_reading(self.paper.reading())

    def _say_closed(self) -> None:
        """Say that nothing is open, or that it is being opened."""
        if self._model.document is not None:
            self._closed.say(_("The recording is being opened…"), "")
        else:
            self._closed.say(_("No recording is open"), _("Choose one from the list on the left."))

    def _show_list(self) -> None:
        rows = self._model.documents
        self._stack.setCurrentWidget(self._body if rows else self._none)
        self._list.show_rows(rows)
        if rows and not self._list.view.selectionModel().hasSelection():
            self._list.view.selectRow(max(0, self._list.view.currentIndex().row()))  # focus alone marks no row
        if rows:
            self._model.open(self._list.current_row())

    def _show_recording(self) -> None:
        recording = self._model.recording
        is_open, is_sound = recording is not None, recording is not None and sound_of(recording) is not None
        is_sound = is_sound and self._sound is not None
        self._say_closed()
        for part in (self._scale, self._caliper, self._reading):
            part.setVisible(not is_sound)
        if self._sound is not None:
            self._sound.show(recording if is_sound else None)
        self._paper_stack.setCurrentWidget(self._front(is_open=is_open, is_sound=is_sound))
        self._caliper.setEnabled(is_open)
        self.paper.show_recording(traces_of(recording) if recording and not is_sound else ())
        self.paper.show_marks(marks_of(recording) if recording and not is_sound else ())
        self._qt.forget()
        if self._files is not None:
            self._files.show_document(self._model.document if is_open else None)
            self._files.offer_export(True)
        self._show_caption()
        if self._reader is not None and self._reader.overview is not None:
            self._reader.close()

    def _show_long(self, document: DocumentReference) -> None:
        """Read a recording of hours; its view is made when the first one is opened."""
        reader = self._reader
        if reader is None:
            return
        if self._long_view is None:
            self._long_view = LongView(reader, self._scale.choices, self._taking)
            self._paper_stack.addWidget(self._long_view)
            icons.redraw_in(self._long_view)
            self._long_view.measured.connect(self._show_reading)
            self._long_view.noticed.connect(self.noticed)
            reader.opened.connect(self._show_long_caption)
            reader.refused.connect(lambda text: self.noticed.emit(say(text), "warn"))
        self._paper_stack.setCurrentWidget(self._long_view)
        self._caliper.setEnabled(True)
        if self._files is not None:
            self._files.offer_export(False)  # the long view has its own
        reader.open(document)

    def _show_long_caption(self) -> None:
        overview = self._reader.overview if self._reader is not None else None
        if overview is not None:
            document_id = self._reader.document_id if self._reader is not None else ""
            hours = self._model.hours.get(document_id)
            parts = [form_moment(overview.begins_at), hours.source if hours else "", length_words(overview.seconds)]
            self._caption.say("  ·  ".join(part for part in parts if part))
            self._show_band()

    @property
    def _measured_paper(self) -> EcgPaper:
        """The paper that is in front."""
        is_long = self._long_view is not None and self._paper_stack.currentWidget() is self._long_view
        return self._long_view.paper if is_long and self._long_view is not None else self.paper

    def _show_band(self) -> None:
        """Say on the paper in front what was let through: by the device, then on the screen."""
        before, band = self._model.bands
        words = [_("filter not stated") if before == UNSTATED_BAND else before] if before != _RAW else []
        words += [say(band.text)] if band.name != _RAW else []
        is_open = self._model.document is not None
        self._measured_paper.set_band((" + ".join(words) or _("unfiltered")) if is_open else "")

    def _front(self, *, is_open: bool, is_sound: bool) -> QWidget:
        """Return what is to be seen; the view of sounds is made when the first one is opened."""
        if not is_open:
            return self._closed
        if not is_sound or self._sound is None:
            return self.paper
        if self._sound_view is None:
            self._sound_view = SoundView(self._sound)
            self._paper_stack.addWidget(self._sound_view)
            icons.redraw_in(self._sound_view)
            self._sound.refused.connect(lambda text: self.noticed.emit(say(text), "warn"))
        return self._sound_view

    def _show_filtered(self) -> None:
        """Show the same recording through another filter, where one looks at it."""
        recording = self._model.recording
        self.paper.replace_traces(traces_of(recording) if recording else ())
        self._show_caption()

    def _show_origin(self) -> None:
        """Say what the open recording was cut out of, if it was."""
        document = self._model.document
        origin = document.relates_to[0].target.display or "" if document is not None and document.relates_to else ""
        self._origin.say(_("Cut out of the recording of {origin}", origin=origin) if origin else "")
        self._origin.setVisible(bool(origin))

    def _show_caption(self) -> None:
        recording = self._model.recording
        self._show_band()
        self._show_origin()
        if recording is None:
            self._caption.say("")
            return
        length = show_number(round(recording.duration_s, 1), language.current())
        parts = [
            moment_words(recording.started_at),
            recording.device,
            _("{seconds} s", seconds=length),
            counted("{count} channel", "{count} channels", len(recording.channels)),
        ]
        self._caption.say("  ·  ".join(part for part in parts if part))
        self.paper.setAccessibleName(_("ECG of {moment}", moment=moment_words(recording.started_at)))

    def _choose(self, choices: TraceChoices) -> None:
        if self._remembered is not None:
            self._remembered.put(**choices.as_kept())
        self._look(choices)

    def _take_remembered(self) -> None:
        if self._remembered is not None and self._remembered.values:
            self._scale.show_choices(choices_from(self._remembered.values))
            self._look(self._scale.choices)

    def _look(self, choices: TraceChoices) -> None:
        """Show the recording as it was chosen."""
        self.paper.look(choices.sweep_layout, float(choices.speed), float(choices.gain))
        self._model.see_through(choices.filter)
        if self._long_view is not None:
            self._long_view.look(choices)
            self._show_band()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """F6 goes through the layouts, F7 through the filters; + and - change the gain."""
        part = {Qt.Key.Key_F6: "layout", Qt.Key.Key_F7: "band"}.get(Qt.Key(event.key()))
        step = {Qt.Key.Key_Plus: 1, Qt.Key.Key_Equal: 1, Qt.Key.Key_Minus: -1}.get(Qt.Key(event.key()))
        if part:
            self._scale.turn(part)
        elif step:
            self._scale.step("gain", step)
        else:
            super().keyPressEvent(event)

    def _measure_screen(self) -> None:
        dialog = CalibrationDialog(self)
        dialog.finished.connect(dialog.deleteLater)
        dialog.open()

    def _put_calipers(self) -> None:
        self._measured_paper.setFocus()
        self._measured_paper.put_calipers()

    def _show_reading(self, reading: Reading | None) -> None:
        hint = _("Drag over the trace to measure: time, rate, amplitude.")
        self._reading.setText(reading.words() if reading else hint)
        theme_role = "strong" if reading else "muted"
        if self._reading.property("role") != theme_role:
            self._reading.setProperty("role", theme_role)
            self._reading.style().unpolish(self._reading)
            self._reading.style().polish(self._reading)
