"""A stream of the Lab Streaming Layer as a device."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from fractions import Fraction
from typing import Final

import numpy as np
from numpy.typing import NDArray

from clinic_app.devices.arrival_count import ArrivalCount
from clinic_app.devices.block import Block, ChannelInfo, Samples
from clinic_app.devices.driver import Line
from clinic_app.devices.hl7.message import printable
from clinic_app.devices.lsl.inlet import Inlet, LslInlet, StreamInfo
from clinic_app.foundation.errors import DeviceError
from clinic_app.foundation.texts import Text
from clinic_app.terminology.leads import LEADS

MOST_CHANNELS: Final = 64
MOST_RATE_HZ: Final = 10_000.0
HOLE_S: Final = 0.25
"""Senders push samples in bursts, and their times stand as close together; what is missing for longer is missing."""
_WAIT_S: Final = 0.2
_UNITS: Final = {"microvolts": ("uV", 1.0), "uv": ("uV", 1.0), "µv": ("uV", 1.0), "millivolts": ("uV", 1000.0),
                 "mv": ("uV", 1000.0), "volts": ("uV", 1e6), "v": ("uV", 1e6)}  # fmt: skip
_LEADS: Final = {label.upper(): code for code, label in LEADS.items()}


class LslDriver:
    """Listens to one stream.

    Args:
        name: the device's name here.
        stream: the stream's name.
        open_inlet: finds and opens it; raises DeviceError.
    """

    def __init__(self, name: str, stream: str, open_inlet: Callable[[str], Inlet] = LslInlet) -> None:
        self._name = name
        self._stream = stream
        self._open_inlet = open_inlet

    def run(self, line: Line, stopping: threading.Event) -> None:
        """Listen until ``stopping`` is set.

        Raises:
            DeviceError: nobody streams under this name, the stream has no rate, or it has ended.
        """
        inlet = self._open_inlet(self._stream)
        try:
            info = inlet.info
            if not 0 < info.rate_hz <= MOST_RATE_HZ or not 0 < len(info.labels) <= MOST_CHANNELS:
                raise DeviceError(Text("The stream “{name}” has no steady rate, or too many channels.", name=info.name))
            line.connected()
            self._listen(inlet, info, line, stopping)
        finally:
            inlet.close()

    def _listen(self, inlet: Inlet, info: StreamInfo, line: Line, stopping: threading.Event) -> None:
        channels, scale = _channels(info)
        rate_hz = Fraction(info.rate_hz).limit_denominator(1000)
        count, last_s = ArrivalCount(rate_hz), None
        while not stopping.is_set():
            samples, times = inlet.pull(_WAIT_S)
            if not len(times):
                continue
            line.heard(samples.nbytes)
            for part, part_times in _runs(samples, times, HOLE_S + 1 / info.rate_hz):
                hole = last_s is not None and part_times[0] - last_s > HOLE_S + 1 / info.rate_hz
                index = count.place(part.shape[1], float(part_times[-1]), is_after_hole=hole)
                last_s = float(part_times[-1])
                at = line.now()
                line.deliver(
                    Block(self._name, count.stream_id, channels, index, rate_hz, part * scale, at.at, at.monotonic_s)
                )


def _runs(samples: Samples, times: NDArray[np.float64], hole_s: float) -> Iterator[tuple[Samples, NDArray[np.float64]]]:
    """Yield what follows on each other without a hole."""
    cuts = np.flatnonzero(np.diff(times) > hole_s) + 1
    for part in np.split(np.arange(len(times)), cuts):
        yield samples[:, part], times[part]


def _channels(info: StreamInfo) -> tuple[tuple[ChannelInfo, ...], Samples]:
    """Return the channels and what their samples are multiplied by; leads of an ECG get their codes."""
    made, scale = [], []
    for place, (label, written) in enumerate(zip(info.labels, info.units, strict=True)):
        unit, factor = _UNITS.get(written.strip().lower(), (printable(written)[:16] or "1", 1.0))
        words = printable(label)[:24] or f"{place + 1}"
        code = _LEADS.get(words.upper(), "") if info.kind.upper() == "ECG" else ""
        made.append(ChannelInfo(code or f"LSL_{info.kind.upper()[:16]}_{place + 1}", words, unit))
        scale.append(factor)
    return tuple(made), np.asarray(scale, np.float32)[:, np.newaxis]
