"""A file that is played as if it were a device: for teaching, and for trying out what stands behind devices.

Every trace says in its label that it is a replay, and so does the name it goes out under, which stays with whatever is
recorded of it: nobody takes it for the patient in the bed.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from datetime import datetime
from fractions import Fraction
from pathlib import Path
from typing import Final

import numpy as np

from clinic_app.devices import Block, ChannelInfo, Family, Option
from clinic_app.devices.block import Samples
from clinic_app.devices.driver import Driver, Line, OptionValue
from clinic_app.foundation.errors import DeviceError, StorageError, UnreadableFileError
from clinic_app.foundation.ids import new_id
from clinic_app.foundation.texts import Text
from clinic_app.waveforms.recording import RecordedChannel, Recording

PERIOD_S: Final = 0.1
MARK: Final = "(replay)"
_MOST_RATE_HZ: Final = 10_000
_MOST_CHANNELS: Final = 64


def is_replay(source: str) -> bool:
    """Return whether a name is that of a file that is played."""
    return MARK in source


class FileReplay:
    """The driver of a file.

    Args:
        path: the file, of any format that can be read here.
        is_looped: whether it begins anew at its end.
        speed: times real time; for tests.
    """

    def __init__(self, path: Path, *, is_looped: bool = True, speed: float = 1.0) -> None:
        self._path = path
        self._is_looped = is_looped
        self._speed = speed

    def run(self, line: Line, stopping: threading.Event) -> None:
        """Play until ``stopping`` is set; a file that is not looped ends and stays silent.

        Raises:
            DeviceError: there is no such file, or nothing in it that can be played.
        """
        recording = self._read()
        streams = [_Stream(rate_hz, channels) for rate_hz, channels in _grouped(recording).items()]
        if not streams:
            raise DeviceError(Text("{name} holds no signal that can be played.", name=self._path.name))
        line.connected()
        begun = line.now()
        place = 0
        while not stopping.wait(self._rest_s(place, begun.monotonic_s, line)):
            place += 1
            if self._is_looped or (place - 1) * PERIOD_S < recording.duration_s:
                now = line.now()
                for stream in streams:
                    for block in stream.blocks(f"{line.name} {MARK}", place, now.at, now.monotonic_s, begun.at):
                        line.deliver(block)

    def _read(self) -> Recording:
        from clinic_app.waveforms.formats import read

        try:
            return read(self._path)
        except (UnreadableFileError, StorageError) as error:
            raise DeviceError(error.text) from error

    def _rest_s(self, place: int, begun_s: float, line: Line) -> float:
        return max(0.0, begun_s + (place + 1) * PERIOD_S / self._speed - line.now().monotonic_s)


class _Stream:
    """The channels of one rate, played in a loop."""

    def __init__(self, rate_hz: Fraction, channels: list[RecordedChannel]) -> None:
        self._rate_hz = rate_hz
        self._id = new_id()
        self._channels = tuple(ChannelInfo(each.code, f"{each.label} {MARK}", each.unit) for each in channels)
        self._samples = np.full((len(channels), max(len(each.samples) for each in channels)), np.nan, np.float32)
        for row, each in enumerate(channels):
            self._samples[row, : len(each.samples)] = each.samples

    def blocks(self, source: str, place: int, at: datetime, monotonic_s: float, begun_at: datetime) -> Iterator[Block]:
        """Yield the ``place``-th tenth of a second, unless nothing falls into it."""
        first, last = (int(each * PERIOD_S * self._rate_hz) for each in (place - 1, place))
        if last > first:
            samples = self._cut(first, last)
            yield Block(source, self._id, self._channels, first, self._rate_hz, samples, at, monotonic_s, begun_at)

    def _cut(self, first: int, last: int) -> Samples:
        cut: Samples = self._samples[:, np.arange(first, last) % self._samples.shape[1]]
        return cut


def _grouped(recording: Recording) -> dict[Fraction, list[RecordedChannel]]:
    """Return the channels that can be played, by their rate."""
    groups: dict[Fraction, list[RecordedChannel]] = {}
    for channel in recording.channels[:_MOST_CHANNELS]:
        if len(channel.samples) and 0 < channel.rate_hz <= _MOST_RATE_HZ:
            groups.setdefault(Fraction(channel.rate_hz).limit_denominator(_MOST_RATE_HZ), []).append(channel)
    return groups


def _make(_name: str, options: Mapping[str, OptionValue]) -> Driver:
    return FileReplay(Path(str(options["file"])), is_looped=bool(options["is_looped"]))


REPLAY: Final[Family] = Family(
    "replay",
    Text("A recording that is played (for teaching)"),
    ("own",),
    (
        Option("file", Text("Recording"), "", kind="file", is_required=True),
        Option("is_looped", Text("Begin anew at its end"), default=True, kind="yes-no"),
    ),
    make_driver=_make,
    delivers=Text("Waves, marked as a replay"),
)
