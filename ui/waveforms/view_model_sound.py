"""A recorded heart or lung sound: which side of the stethoscope, what is heard, where one listens."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QObject, QTimer, Signal

from clinic_app.foundation.errors import ClinicError
from clinic_app.waveforms import SOUND_BANDS, Band, RecordedChannel, Recording
from clinic_app.waveforms.filters import RAW
from clinic_app.waveforms.sound import Spectrogram, heard, sound_of, spectrogram
from clinic_app.waveforms.sound_output import SoundOut
from ui.tasks import TaskRunner

CURSOR_MS: Final = 33
SIDES: Final = {"whole": RAW, **SOUND_BANDS}


@dataclass(frozen=True, eq=False)
class SoundPicture:
    """What is shown of a sound.

    Args:
        channel: as it was recorded.
        samples: as it is heard through the chosen side.
        spectrum: of what is heard.
        lead: an ECG lead recorded at the same time, or None.
        side: ``whole``, ``bell`` or ``diaphragm``.
    """

    channel: RecordedChannel
    samples: NDArray[np.float32]
    spectrum: Spectrogram
    lead: RecordedChannel | None
    side: str

    @property
    def seconds(self) -> float:
        """Its length."""
        return len(self.samples) / self.channel.rate_hz


def picture_of(recording: Recording, side: str) -> SoundPicture | None:
    """Return what is to be shown of a recording with a sound in it, or None; for the background."""
    channel = sound_of(recording)
    if channel is None:
        return None
    band: Band = SIDES[side]
    samples = heard(channel, band)
    leads = {lead.label: lead for lead in recording.leads}
    lead = leads.get("II") or next(iter(leads.values()), None)
    return SoundPicture(channel, samples, spectrogram(samples, channel.rate_hz), lead, side)


class SoundViewModel(QObject):
    """What is listened to.

    Args:
        out: the loudspeaker.
        runner: the way into the background.

    Signals: ``changed``: another picture; ``moved``: the cursor, or it plays or stopped; ``refused(Text)``.
    """

    changed = Signal()
    moved = Signal()
    refused = Signal(object)

    def __init__(self, out: SoundOut, runner: TaskRunner) -> None:
        super().__init__()
        self._out = out
        self._runner = runner
        self._recording: Recording | None = None
        self._side = "whole"
        self._asked = 0
        self._begin_s = 0.0
        self.picture: SoundPicture | None = None
        self.cursor_s = 0.0
        self.is_playing = False
        self._timer = QTimer(self, interval=CURSOR_MS)
        self._timer.timeout.connect(self._follow)

    @property
    def side(self) -> str:
        """The side of the stethoscope that is chosen."""
        return self._side

    def show(self, recording: Recording | None) -> None:
        """Show a recording's sound, or nothing."""
        self.stop()
        self._recording, self.picture, self.cursor_s = recording, None, 0.0
        self.changed.emit()
        self._compute()

    def choose(self, side: str) -> None:
        """Listen through another side; it goes on from the same moment."""
        if side in SIDES and side != self._side:
            self._side = side
            self._compute()

    def toggle(self) -> None:
        """Play from the cursor, or stop there."""
        if self.is_playing:
            self.stop()
        else:
            self._play()

    def stop(self) -> None:
        """Be quiet; the cursor stays."""
        if self.is_playing:
            self.is_playing = False
            self._asked += 1
            self._timer.stop()
            self._out.stop()
            self.moved.emit()

    def go(self, seconds: float) -> None:
        """Put the cursor somewhere; what plays goes on from there."""
        if self.picture is None:
            return
        self.cursor_s = min(max(0.0, seconds), self.picture.seconds)
        if self.is_playing:
            self._play()
        self.moved.emit()

    def _compute(self) -> None:
        recording, side = self._recording, self._side
        if recording is None:
            return
        self._runner.run(
            lambda: picture_of(recording, side), owner=self, done=lambda picture: self._take(recording, side, picture)
        )

    def _take(self, recording: Recording, side: str, picture: SoundPicture | None) -> None:
        if recording is not self._recording or side != self._side:
            return
        self.picture = picture
        self.changed.emit()
        if self.is_playing:
            self._play()

    def _play(self) -> None:
        picture = self.picture
        if picture is None:
            return
        begin_s = self.cursor_s if self.cursor_s < picture.seconds - 0.05 else 0.0
        rest = picture.samples[round(begin_s * picture.channel.rate_hz) :]
        self._asked += 1
        number = self._asked
        self.is_playing = True
        self._begin_s = begin_s
        self._runner.run(
            lambda: self._out.play(rest, picture.channel.rate_hz),
            owner=self,
            done=lambda _none: self._begin(number),
            failed=self._fail,
        )
        self.moved.emit()

    def _begin(self, number: int) -> None:
        if number == self._asked and self.is_playing:
            self._timer.start()
        elif not self.is_playing:
            self._out.stop()  # somebody stopped it before it began

    def _follow(self) -> None:
        played_s = self._out.played_s()
        if played_s is None:
            self.cursor_s = self.picture.seconds if self.picture else 0.0
            self.stop()
        else:
            self.cursor_s = self._begin_s + played_s
            self.moved.emit()

    def _fail(self, error: ClinicError) -> None:
        self.is_playing = False
        self._timer.stop()
        self.moved.emit()
        self.refused.emit(error.text)
