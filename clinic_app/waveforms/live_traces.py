"""What the monitors send right now: streams of traces and the latest numbers, each with its age.

A device's thread writes, a screen reads from its own timer; there is no signal per sample. What is old says so: a trace
that stopped must never look alive.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Final

import numpy as np

from clinic_app.devices import Block, ChannelInfo, Numerics
from clinic_app.foundation.clock import Clock, SystemClock
from clinic_app.foundation.errors import DeviceError
from clinic_app.foundation.texts import Text
from clinic_app.waveforms.recording import RecordedChannel, Recording
from clinic_app.waveforms.trace_buffer import Samples, TraceBuffer

WINDOW_S: Final = 600.0
MOST_STREAMS: Final = 64
FRESH_S: Final = 5.0
"""A stream whose newest sample is older is not recorded."""


@dataclass(frozen=True)
class LiveNumber:
    """A number a device computed, and how old it is."""

    value: Decimal
    unit: str
    age_s: float


class LiveStream:
    """Channels of one device that are sampled together.

    Args:
        block: the stream's first block; tells source, channels and rate.
        monotonic: the steady clock.
    """

    def __init__(self, block: Block, monotonic: Callable[[], float]) -> None:
        self.source = block.source
        self.stream_id = block.stream_id
        self.channels: tuple[ChannelInfo, ...] = block.channels
        self._rate_hz = block.rate_hz
        self._buffer = TraceBuffer(len(block.channels), block.rate_hz, WINDOW_S)
        self._monotonic = monotonic
        self._newest_s = block.monotonic_s

    def rate_hz(self) -> float:
        """Return samples per second."""
        return float(self._rate_hz)

    def end_index(self) -> int:
        """Return one after the newest sample, counted from the start of the stream."""
        return self._buffer.end_index

    def read(self, first: int, last: int) -> Samples:
        """Return samples, shape ``(channels, last - first)``, NaN where there are none."""
        return self._buffer.read(first, last)

    def age_s(self) -> float:
        """Return seconds since a sample arrived."""
        return max(0.0, self._monotonic() - self._newest_s)

    def write(self, block: Block) -> None:
        """Take a block of this stream."""
        self._buffer.write(block.first_index, block.samples)
        self._newest_s = max(self._newest_s, block.monotonic_s)

    def fits(self, block: Block) -> bool:
        """Return whether a block goes on with this stream."""
        same = (self.stream_id, self.channels, self._rate_hz)
        return same == (block.stream_id, block.channels, block.rate_hz)

    @property
    def exact_rate_hz(self) -> Fraction:
        """Samples per second as the device announced it."""
        return self._rate_hz


class LiveTraces:
    """Everything that comes in now. Hand `take_in` to the listener.

    Args:
        clock: the wall clock, for the time of a recording.
        monotonic: the steady clock.
    """

    def __init__(self, clock: Clock | None = None, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock or SystemClock()
        self._monotonic = monotonic
        self._lock = threading.Lock()
        self._streams: dict[tuple[str, str, Fraction], LiveStream] = {}
        self._numbers: dict[str, dict[str, tuple[Decimal, str, float]]] = {}

    def take_in(self, item: Block | Numerics) -> None:
        """Take what a device delivered; called on the device's thread."""
        if isinstance(item, Block):
            self._take_block(item)
        else:
            with self._lock:
                kept = self._numbers.setdefault(item.source, {})
                kept.update({code: (n.value, n.unit, item.monotonic_s) for code, n in item.values.items()})

    def sources(self) -> tuple[str, ...]:
        """Return the devices that sent traces, the one heard last first."""
        with self._lock:
            streams = sorted(self._streams.values(), key=lambda stream: stream.age_s())
        return tuple(dict.fromkeys(stream.source for stream in streams))

    def streams(self, source: str | None = None) -> tuple[LiveStream, ...]:
        """Return a device's streams, the one with most channels first; by default of the device heard last."""
        chosen = source or next(iter(self.sources()), None)
        with self._lock:
            found = [stream for stream in self._streams.values() if stream.source == chosen]
        return tuple(sorted(found, key=lambda stream: -len(stream.channels)))

    def channels(self, source: str | None = None) -> tuple[ChannelInfo, ...]:
        """Return the channels of a device."""
        return tuple(channel for stream in self.streams(source) for channel in stream.channels)

    def window(self, code: str, seconds: float, source: str | None = None) -> Samples:
        """Return the newest ``seconds`` of one channel: shape ``(n,)``, NaN for lost samples; empty if unknown."""
        for stream in self.streams(source):
            for row, channel in enumerate(stream.channels):
                if channel.code == code:
                    end = stream.end_index()
                    rows = stream.read(end - round(seconds * stream.rate_hz()), end)
                    return np.asarray(rows[row])
        return np.empty(0, dtype=np.float32)

    def numbers(self, source: str | None = None) -> dict[str, LiveNumber]:
        """Return a device's latest numbers by reference identifier, with their age."""
        now_s = self._monotonic()
        chosen = source or next(iter(self.sources()), None) or next(iter(self._numbers), None)
        with self._lock:
            kept = dict(self._numbers.get(chosen or "", {}))
        return {code: LiveNumber(value, unit, max(0.0, now_s - at_s)) for code, (value, unit, at_s) in kept.items()}

    def take(self, seconds: float, source: str | None = None) -> Recording:
        """Return the newest ``seconds`` of every fresh stream of a device, raw, with gaps as NaN.

        Raises:
            DeviceError: no device is sending.
        """
        fresh = [stream for stream in self.streams(source) if stream.age_s() <= FRESH_S]
        if not fresh:
            raise DeviceError(Text("No monitor is sending; there is nothing to record."))
        channels = tuple(channel for stream in fresh for channel in _recorded(stream, seconds))
        return Recording(channels, self._clock.now() - timedelta(seconds=seconds), fresh[0].source)

    def _take_block(self, block: Block) -> None:
        key = (block.source, block.channels[0].code, block.rate_hz)
        with self._lock:
            stream = self._streams.get(key)
            if stream is None or not stream.fits(block):
                if len(self._streams) >= MOST_STREAMS and key not in self._streams:
                    del self._streams[max(self._streams, key=lambda each: self._streams[each].age_s())]
                stream = self._streams[key] = LiveStream(block, self._monotonic)
        stream.write(block)


def _recorded(stream: LiveStream, seconds: float) -> tuple[RecordedChannel, ...]:
    end = stream.end_index()
    samples = stream.read(end - round(seconds * stream.rate_hz()), end)
    return tuple(
        RecordedChannel(channel.code, channel.label, channel.unit, stream.rate_hz(), samples[row])
        for row, channel in enumerate(stream.channels)
    )
