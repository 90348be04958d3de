"""A recording as the specialist reads it: on millimetre paper, with calipers, at the speed and gain he is used to."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Final, cast

from PySide6.QtWidgets import QHBoxLayout, QSizePolicy, QVBoxLayout, QWidget

from clinic_app.foundation.dates import form_moment
from ui import icons, theme
from ui.language import Translated, _
from ui.widgets.buttons import Button
from ui.widgets.ecg_paper import EcgPaper
from ui.widgets.labels import label, plain_tip
from ui.widgets.paper_layout import PaperLayout
from ui.widgets.qt_line import QtLine
from ui.widgets.recording_traces import marks_of, traces_of
from ui.widgets.segmented import Option, Segmented

if TYPE_CHECKING:
    from clinic_app.waveforms import Recording

_RAW: Final = "raw"


class RecordingView(Translated, QWidget):
    """Paper and its settings.

    Args:
        place: what it will stand in (see `Page`).
    """

    def __init__(self, place: QWidget | None = None) -> None:
        super().__init__(place)
        theme.make_clinical(self)
        self._recording: Recording | None = None
        self.paper = EcgPaper("consultation.ecg")
        self._qt = QtLine("consultation.ecg_qt")
        self._layout = _choice("layout", {"3x4": "3×4", "12x1": "12×1"})
        self._speed = _choice("speed", {"25": "25", "50": "50"})
        self._gain = _choice("gain", {"5": "5", "10": "10", "20": "20"})
        self._speed_unit, self._gain_unit = label("muted"), label("muted")
        self._measure = Button("consultation.ecg_measure", "plain", "ruler")
        self._about = label("muted")
        self._about.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        self._build()
        self._layout.chosen.connect(lambda value: self.paper.set_layout(cast("PaperLayout", value)))
        self._speed.chosen.connect(lambda value: self.paper.set_speed(float(value)))
        self._gain.chosen.connect(lambda value: self.paper.set_gain(float(value)))
        self._measure.clicked.connect(self._put_calipers)
        self.paper.qt_noted.connect(self._qt.note_qt)
        self.paper.rr_noted.connect(self._qt.note_rr)
        self.setFocusProxy(self.paper)
        self.retranslate()

    def _build(self) -> None:
        self.setProperty("role", "page")
        row = QHBoxLayout()
        row.setContentsMargins(8, 8, 8, 0)
        row.setSpacing(6)
        for part, value in ((self._layout, "3x4"), (self._speed, "25"), (self._gain, "10")):
            part.choose(value)
        row.addWidget(self._layout)
        row.addSpacing(8)
        row.addWidget(self._speed)
        row.addWidget(self._speed_unit)
        row.addSpacing(8)
        row.addWidget(self._gain)
        row.addWidget(self._gain_unit)
        row.addSpacing(8)
        row.addWidget(self._measure)
        row.addSpacing(8)
        row.addWidget(self._about, 1)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(6)
        column.addLayout(row)
        column.addWidget(self.paper, 1)
        column.addWidget(self._qt)
        icons.redraw_in(self)

    def show_recording(self, recording: Recording) -> None:
        """Put a recording on the paper."""
        self._recording = recording
        self.paper.show_recording(traces_of(recording))
        self.paper.show_marks(marks_of(recording))
        self._qt.forget()
        self.retranslate()

    def retranslate(self) -> None:
        """Say everything anew."""
        self.paper.setAccessibleName(_("ECG on millimetre paper; C puts calipers on it"))
        for part, words in ((self._layout, _("Leads")), (self._speed, _("Paper speed")), (self._gain, _("Gain"))):
            part.setAccessibleName(words)
            part.setToolTip(plain_tip(words))
            part.retranslate()
        self._speed_unit.setText(_("mm/s"))
        self._gain_unit.setText(_("mm/mV"))
        self._measure.say(_("Measure"), "C")
        recording = self._recording
        if recording is not None:
            self.paper.set_band(_("unfiltered") if recording.band == _RAW else recording.band)
            self._about.setText(f"{form_moment(recording.started_at)} · {recording.device}")
            self._about.setToolTip(plain_tip(self._about.text()))

    def _put_calipers(self) -> None:
        self.paper.setFocus()
        self.paper.put_calipers()


def _choice(name: str, words: dict[str, str]) -> Segmented:
    return Segmented(f"consultation.ecg_{name}", [Option(value, _fixed(said)) for value, said in words.items()])


def _fixed(words: str) -> Callable[[], str]:
    return lambda: words
