"""Simulated amplifiers and oximeters: a recording in endless turns, as fast as the real device would send it."""

from __future__ import annotations

from typing import Final

import numpy as np

from clinic_app.devices.oximeter.frames import RATE_HZ, OximeterFrame, build_five, build_nine
from clinic_app.devices.replay import Replay
from clinic_app.devices.serial_ecg.frames import (
    Description,
    SampleFrame,
    build_description,
    build_samples,
    framed,
)

DESCRIBED_S: Final = 1.0
MOST_SAMPLES: Final = 25
"""Of one frame of the amplifier: 50 ms at 500 Hz."""
_LATE_S: Final = 2.0
"""A player that was not asked for so long goes on from now: what it would have sent is lost, as with a real device."""


class EcgPlayer:
    """A serial ECG amplifier.

    Args:
        replay: what it plays; its channels are ECG leads in microvolts.
        run: another number after every switching-on.
        first: number of the first sample.
    """

    def __init__(self, replay: Replay, run: int, first: int = 0) -> None:
        self._replay = replay
        leads = tuple(channel.code for channel in replay.channels)
        self._step_nv = max(round(replay.resolution * 1000), 1)
        self._description = Description(run, replay.rate_hz, self._step_nv, leads, "SIMULATED-ECG")
        self.first = first
        self.sent = 0
        """Samples since the switching-on; a listener that was not there has missed some."""
        self._begun_s: float | None = None
        self._described_s = float("-inf")

    def begin(self, at_s: float) -> bytes:
        """Say what it is; whoever comes in the middle of a frame finds the beginning of the next."""
        self._described_s = at_s
        if self._begun_s is None:
            self._begun_s = at_s
        return b"\x00" + framed(build_description(self._description))

    def step(self, _heard: bytes, at_s: float) -> bytes:
        """Return the samples that were taken by now."""
        begun_s = self._begun_s if self._begun_s is not None else at_s
        self._begun_s = begun_s
        due = int((at_s - begun_s) * self._replay.rate_hz)
        if due - self.sent > _LATE_S * self._replay.rate_hz:
            self.sent = due
        out = b""
        if at_s - self._described_s >= DESCRIBED_S:
            out += self.begin(at_s)
        while due - self.sent >= MOST_SAMPLES:
            out += framed(build_samples(self._frame(self.sent, MOST_SAMPLES)))
            self.sent += MOST_SAMPLES
        return out

    def _frame(self, place: int, count: int) -> SampleFrame:
        microvolts = self._replay.cut(place, count)
        steps = np.clip(np.round(microvolts * 1000 / self._step_nv), -32768, 32767).astype(np.int16)
        return SampleFrame(self._description.run, (self.first + place) % (1 << 32), False, frozenset(), steps)


class OximeterPlayer:
    """A finger oximeter of either dialect.

    Args:
        replay: a pleth curve in percent.
        is_newer: nine bytes a frame, else five.
        saturation: what it shows, in percent.
        pulse: what it shows, in beats a minute.
    """

    def __init__(self, replay: Replay, *, is_newer: bool = True, saturation: int = 96, pulse: int = 72) -> None:
        self._replay = replay
        self._build = build_nine if is_newer else build_five
        self._numbers = (pulse, saturation)
        self.sent = 0
        self._begun_s: float | None = None

    def begin(self, at_s: float) -> bytes:
        """Say nothing before the first frame."""
        self._begun_s = at_s if self._begun_s is None else self._begun_s
        return b""

    def step(self, _heard: bytes, at_s: float) -> bytes:
        """Return the frames of the time that passed."""
        begun_s = self._begun_s if self._begun_s is not None else at_s
        self._begun_s = begun_s
        due = int((at_s - begun_s) * RATE_HZ)
        if due - self.sent > _LATE_S * RATE_HZ:
            self.sent = due
        out = b"".join(self._build(self._frame(place)) for place in range(self.sent, due))
        self.sent = due
        return out

    def _frame(self, place: int) -> OximeterFrame:
        at = int(place * self._replay.rate_hz / RATE_HZ)
        wave = int(np.clip(self._replay.cut(at, 1)[0, 0], 0, 127))
        return OximeterFrame(wave, *self._numbers)
