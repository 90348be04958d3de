"""A stream of the Lab Streaming Layer behind a port: what it is, and its samples with their times."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final, Protocol

import numpy as np
from numpy.typing import NDArray

from clinic_app.devices.block import Samples
from clinic_app.foundation.errors import DeviceError
from clinic_app.foundation.texts import Text

RESOLVE_S: Final = 2.0
MOST_SAMPLES: Final = 4096


@dataclass(frozen=True)
class StreamInfo:
    """What a stream says of itself.

    Args:
        name: its name.
        kind: ``ECG``, ``EEG``.
        rate_hz: nominal samples per second; 0 for one that comes as it likes.
        labels: of its channels.
        units: of its channels, as they are written there.
    """

    name: str
    kind: str
    rate_hz: float
    labels: tuple[str, ...]
    units: tuple[str, ...]


class Inlet(Protocol):
    """An open stream."""

    @property
    def info(self) -> StreamInfo:
        """What it says of itself."""
        ...

    def pull(self, timeout_s: float) -> tuple[Samples, NDArray[np.float64]]:
        """Return new samples, shape ``(channels, n)``, and the times they were taken; none when nothing came.

        Raises:
            DeviceError: the stream is gone.
        """
        ...

    def close(self) -> None:
        """Let go of it."""
        ...


class LslInlet:
    """A stream found by its name.

    Args:
        name: of the stream.

    Raises:
        DeviceError: the library is not installed, or nobody streams under this name.
    """

    def __init__(self, name: str) -> None:
        try:
            import pylsl
        except (ImportError, RuntimeError, OSError) as error:
            raise DeviceError(Text("The Lab Streaming Layer is not installed on this computer.")) from error
        self._lost: type[Exception] = pylsl.util.LostError
        found = pylsl.resolve_byprop("name", name, 1, RESOLVE_S)
        if not found:
            raise DeviceError(Text("Nobody streams under the name “{name}”.", name=name))
        smoothed = pylsl.proc_clocksync | pylsl.proc_dejitter
        self._inlet: Any = pylsl.StreamInlet(found[0], max_buflen=30, recover=False, processing_flags=smoothed)
        try:
            self._info = _read(self._inlet.info(RESOLVE_S))
        except (self._lost, TimeoutError) as error:
            self._inlet.close_stream()
            raise DeviceError(Text("Nobody streams under the name “{name}”.", name=name)) from error

    @property
    def info(self) -> StreamInfo:
        """What it says of itself."""
        return self._info

    def pull(self, timeout_s: float) -> tuple[Samples, NDArray[np.float64]]:
        """Return new samples (see `Inlet`)."""
        try:
            samples, times = self._inlet.pull_chunk(timeout=timeout_s, max_samples=MOST_SAMPLES)
        except self._lost as error:
            raise DeviceError(Text("The stream has ended.")) from error
        values = np.asarray(samples, np.float32).reshape(len(times), len(self._info.labels)).T
        return values, np.asarray(times, np.float64)

    def close(self) -> None:
        """Let go of it."""
        self._inlet.close_stream()


def _read(info: Any) -> StreamInfo:  # noqa: ANN401 - no type hints
    labels, units = [], []
    channel = info.desc().child("channels").child("channel")
    for place in range(info.channel_count()):
        labels.append(channel.child_value("label") or f"{place + 1}")
        units.append(channel.child_value("unit"))
        channel = channel.next_sibling("channel")
    return StreamInfo(info.name(), info.type(), info.nominal_srate(), tuple(labels), tuple(units))
