"""A recording as the specialist reads it: on millimetre paper, with calipers, at the speed and gain he is used to.

He also chooses what lies between the patient and the picture: raw as it was stored first, then any filter, with its
band on the paper. What is stored and what was measured stay as they are.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import Qt
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QHBoxLayout, QSizePolicy, QVBoxLayout, QWidget

from clinic_app.foundation.dates import form_moment
from clinic_app.waveforms.filters import RAW, band_on
from clinic_app.waveforms.recording import UNSTATED_BAND
from ui import icons, theme
from ui.language import Translated, _, say
from ui.widgets.buttons import Button
from ui.widgets.ecg_paper import EcgPaper
from ui.widgets.labels import label, plain_tip
from ui.widgets.qt_line import QtLine
from ui.widgets.recording_traces import marks_of, traces_of
from ui.widgets.scale_bar import ScaleBar
from ui.widgets.trace_choices import TraceChoices

if TYPE_CHECKING:
    from clinic_app.waveforms import Band, Recording

PARTS: Final = ("layout", "speed", "gain", "band", "notch")
USUAL: Final = TraceChoices(layout="3x4", band=RAW.name)
"""A recording is first seen as it was stored."""
_STEPS: Final = {Qt.Key.Key_Plus: 1, Qt.Key.Key_Equal: 1, Qt.Key.Key_Minus: -1}
_TURNS: Final = {Qt.Key.Key_F6: "layout", Qt.Key.Key_F7: "band"}

SeeThrough = Callable[["Recording", "Band", Callable[["Recording"], None]], None]


class RecordingView(Translated, QWidget):
    """Paper and its settings. F6 goes through the layouts, F7 through the filters; + and - change the gain.

    Args:
        place: what it will stand in (see `Page`).
        see_through: filters a recording in the background and hands it back; None shows what is stored only.
    """

    def __init__(self, place: QWidget | None = None, see_through: SeeThrough | None = None) -> None:
        super().__init__(place)
        theme.make_clinical(self)
        self._recording: Recording | None = None
        self._seen: Recording | None = None
        self._see_through = see_through
        self.paper = EcgPaper("consultation.ecg")
        self._qt = QtLine("consultation.ecg_qt")
        self.scale = ScaleBar("consultation.ecg_scale", PARTS)
        self._measure = Button("consultation.ecg_measure", "plain", "ruler")
        self._about = label("muted")
        self._about.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        self._build()
        self.scale.chosen.connect(self._look)
        self._measure.clicked.connect(self._put_calipers)
        self.paper.qt_noted.connect(self._qt.note_qt)
        self.paper.rr_noted.connect(self._qt.note_rr)
        self.setFocusProxy(self.paper)
        self._look(USUAL)
        self.retranslate()

    def _build(self) -> None:
        self.setProperty("role", "page")
        self.scale.show_choices(USUAL)
        row = QHBoxLayout()
        row.setContentsMargins(8, 0, 8, 0)
        row.setSpacing(8)
        row.addWidget(self._measure)
        row.addWidget(self._about, 1)
        choices = QHBoxLayout()
        choices.setContentsMargins(8, 8, 8, 0)
        choices.addWidget(self.scale)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(6)
        column.addLayout(choices)
        column.addLayout(row)
        column.addWidget(self.paper, 1)
        column.addWidget(self._qt)
        icons.redraw_in(self)

    def show_recording(self, recording: Recording) -> None:
        """Put a recording on the paper, seen through the filter that is chosen."""
        self._recording = self._seen = recording
        self.paper.show_recording(traces_of(recording))
        self.paper.show_marks(marks_of(recording))
        self._qt.forget()
        self.retranslate()
        self._filter()

    def retranslate(self) -> None:
        """Say everything anew."""
        self.paper.setAccessibleName(_("ECG on millimetre paper; C puts calipers on it"))
        self._measure.say(_("Measure"), "C")
        recording = self._recording
        if recording is not None:
            self._say_band()
            self._about.setText(f"{form_moment(recording.started_at)} · {recording.device}")
            self._about.setToolTip(plain_tip(self._about.text()))

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Go through layouts, filters and gains."""
        key = Qt.Key(event.key())
        if key in _TURNS:
            self.scale.turn(_TURNS[key])
        elif key in _STEPS:
            self.scale.step("gain", _STEPS[key])
        else:
            super().keyPressEvent(event)

    def _look(self, choices: TraceChoices) -> None:
        """Show as it was chosen."""
        self.paper.look(choices.sweep_layout, float(choices.speed), float(choices.gain))
        self._filter()

    def _filter(self) -> None:
        """Show the recording through the filter that is chosen; the paper says which one is on it at any moment."""
        recording, band = self._recording, self.scale.choices.filter
        if recording is None:
            return
        if band == RAW or self._see_through is None:
            self._take(recording, recording, band)
        else:
            self._see_through(recording, band, lambda seen: self._take(recording, seen, band))

    def _take(self, recording: Recording, seen: Recording, band: Band) -> None:
        """Put a filtered recording on the paper, unless another one or another filter was chosen meanwhile."""
        if recording is not self._recording or band != self.scale.choices.filter or seen is self._seen:
            return
        self._seen = seen
        self.paper.replace_traces(traces_of(seen))
        self._say_band()

    def _say_band(self) -> None:
        """Say on the paper what was let through: by the device, then here."""
        recording, seen = self._recording, self._seen
        if recording is None or seen is None:
            return
        said = _("filter not stated") if recording.band == UNSTATED_BAND else recording.band
        words = [said] if recording.band != RAW.name else []
        ours = band_on(recording, self.scale.choices.filter) if seen is not recording else None
        words += [say(ours.text)] if ours is not None else []
        self.paper.set_band(" + ".join(words) or _("unfiltered"))

    def _put_calipers(self) -> None:
        self.paper.setFocus()
        self.paper.put_calipers()
