"""A recording as the specialist reads it: on millimetre paper, with calipers, at the speed and gain he is used to."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from clinic_app.foundation.dates import form_moment
from ui import theme
from ui.language import Translated, _
from ui.widgets.ecg_paper import EcgPaper
from ui.widgets.labels import label
from ui.widgets.paper_layout import PaperLayout, PaperTrace
from ui.widgets.segmented import Option, Segmented

if TYPE_CHECKING:
    from clinic_app.waveforms import Recording


class RecordingView(Translated, QWidget):
    """Paper and its settings."""

    def __init__(self) -> None:
        super().__init__()
        self._recording: Recording | None = None
        self.paper = EcgPaper("consultation.ecg")
        layouts = [Option("3x4", lambda: "3×4"), Option("12x1", lambda: "12×1")]
        speeds = [Option(each, lambda each=each: _("{value} mm/s", value=each)) for each in ("25", "50")]  # type: ignore[misc]
        gains = [Option(each, lambda each=each: _("{value} mm/mV", value=each)) for each in ("5", "10", "20")]  # type: ignore[misc]
        self._layout = Segmented("consultation.ecg_layout", layouts)
        self._speed = Segmented("consultation.ecg_speed", speeds)
        self._gain = Segmented("consultation.ecg_gain", gains)
        self._about = label("muted")
        self._build()
        self._layout.chosen.connect(lambda value: self.paper.set_layout(cast("PaperLayout", value)))
        self._speed.chosen.connect(lambda value: self.paper.set_speed(float(value)))
        self._gain.chosen.connect(lambda value: self.paper.set_gain(float(value)))
        self.setFocusProxy(self.paper)
        self.retranslate()

    def _build(self) -> None:
        self.setProperty("role", "page")
        theme.make_clinical(self)
        row = QHBoxLayout()
        row.setContentsMargins(8, 8, 8, 0)
        row.setSpacing(10)
        for part, value in ((self._layout, "3x4"), (self._speed, "25"), (self._gain, "10")):
            part.choose(value)
            row.addWidget(part)
        row.addStretch()
        row.addWidget(self._about)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(6)
        column.addLayout(row)
        column.addWidget(self.paper, 1)

    def show_recording(self, recording: Recording) -> None:
        """Put a recording on the paper."""
        self._recording = recording
        traces = [
            PaperTrace(channel.label, channel.millivolts, channel.rate_hz)
            if channel.unit in ("uV", "mV")
            else PaperTrace(channel.label, channel.samples, channel.rate_hz, is_millivolts=False)
            for channel in recording.channels
        ]
        self.paper.show_recording(traces, recording.band)
        self.retranslate()

    def retranslate(self) -> None:
        """Say everything anew."""
        self.paper.setAccessibleName(_("ECG on millimetre paper; C puts calipers on it"))
        self._layout.setAccessibleName(_("Leads"))
        self._speed.setAccessibleName(_("Paper speed"))
        self._gain.setAccessibleName(_("Gain"))
        for part in (self._layout, self._speed, self._gain):
            part.retranslate()
        if self._recording is not None:
            self._about.setText(f"{self._recording.device} · {form_moment(self._recording.started_at)}")
