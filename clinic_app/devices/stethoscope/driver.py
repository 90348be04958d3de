"""A stethoscope as a device: its sound in blocks, its holes as gaps."""

from __future__ import annotations

import threading
from collections.abc import Callable
from fractions import Fraction
from typing import Final

import numpy as np

from clinic_app.devices.arrival_count import ArrivalCount
from clinic_app.devices.block import Block, ChannelInfo, Flags, Samples
from clinic_app.devices.driver import Line
from clinic_app.devices.stethoscope.microphone import Heard, Microphone, SoundIn
from clinic_app.devices.stethoscope.thinning import Thinner, step_for
from clinic_app.foundation.errors import DeviceError
from clinic_app.foundation.texts import Text

CHANNEL: Final = ChannelInfo("SOUND", "Sound", "1")
SILENT_S: Final = 3.0
"""A microphone that gives nothing for so long, not even silence, is gone."""
_WAIT_S: Final = 0.2
_CLIPPED: Final = 0.999


class StethoscopeDriver:
    """Listens to one microphone.

    Args:
        name: the device's name here.
        microphone: what the system calls it; empty for the usual one.
        open_sound: opens it; raises DeviceError.
    """

    def __init__(self, name: str, microphone: str, open_sound: Callable[[str], SoundIn] = Microphone) -> None:
        self._name = name
        self._microphone = microphone
        self._open_sound = open_sound

    def run(self, line: Line, stopping: threading.Event) -> None:
        """Listen until ``stopping`` is set.

        Raises:
            DeviceError: there is no such microphone, or it was pulled out.
        """
        sound = self._open_sound(self._microphone)
        try:
            line.connected()
            self._listen(sound, line, stopping)
        finally:
            sound.close()

    def _listen(self, sound: SoundIn, line: Line, stopping: threading.Event) -> None:
        thinner = Thinner(step_for(sound.rate_hz))
        rate_hz = Fraction(sound.rate_hz).limit_denominator(1000) / thinner.step
        count, heard_s = ArrivalCount(rate_hz), line.now().monotonic_s
        while not stopping.is_set():
            heard = sound.read(_WAIT_S)
            now_s = line.now().monotonic_s
            if heard is None and now_s - heard_s > SILENT_S:
                raise DeviceError(Text("The microphone was pulled out."))
            if heard is None:
                continue
            heard_s = now_s
            line.heard(4 * len(heard.samples))
            if heard.is_after_hole:
                thinner.restart()
            block = self._block(heard, thinner.thin(heard.samples), count, rate_hz, line)
            if block is not None:
                line.deliver(block)

    def _block(self, heard: Heard, thin: Samples, count: ArrivalCount, rate_hz: Fraction, line: Line) -> Block | None:
        if not len(thin):
            return None
        at = line.now()
        index = count.place(len(thin), at.monotonic_s, is_after_hole=heard.is_after_hole)
        is_clipped = bool(np.abs(heard.samples).max() >= _CLIPPED)
        return Block(
            self._name,
            count.stream_id,
            (CHANNEL,),
            index,
            rate_hz,
            thin[np.newaxis],
            at.at,
            at.monotonic_s,
            flags=Flags.CLIPPED if is_clipped else Flags(0),
        )
