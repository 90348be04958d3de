"""What the monitors send right now: streams of traces and the latest numbers, each with its age.

A device's thread writes, a screen reads from its own timer; there is no signal per sample. What is old says so: a trace
that stopped must never look alive. A reader waits for nobody: a device's thread makes a new table of streams or numbers
beside the old one and puts it in its place; the lock is between the devices only.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Final

import numpy as np

from clinic_app.devices import Block, ChannelInfo, Numerics
from clinic_app.foundation.clock import Clock, SystemClock
from clinic_app.foundation.errors import DeviceError
from clinic_app.foundation.texts import Text
from clinic_app.waveforms.live_stream import LiveStream
from clinic_app.waveforms.recording import RecordedChannel, Recording
from clinic_app.waveforms.trace_buffer import Samples

FRESH_S: Final = 5.0
"""A stream whose newest sample is older is not recorded."""
_SAME_CLOCK_S: Final = 2 * FRESH_S
"""Fresh streams of one device that lie further apart have clocks that cannot be compared."""
MOST_STREAMS: Final = 64
MOST_BYTES: Final = 384 << 20
"""What all rings together may take; the stream heard longest ago goes first."""
MOST_SOURCES: Final = 64
MOST_NUMBERS: Final = 256
_Key = tuple[str, str]
"""A device and one of its streams."""


@dataclass(frozen=True)
class LiveNumber:
    """A number a device computed, and how old it is."""

    value: Decimal
    unit: str
    age_s: float


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
        self._streams: dict[_Key, LiveStream] = {}
        self._numbers: dict[str, dict[str, tuple[Decimal, str, float]]] = {}

    def take_in(self, item: Block | Numerics) -> None:
        """Take what a device delivered; called on the device's thread."""
        if isinstance(item, Block):
            self._take_block(item)
        else:
            self._take_numbers(item)

    def sources(self) -> tuple[str, ...]:
        """Return the devices that sent traces, the one heard last first."""
        streams = sorted(self._streams.values(), key=lambda stream: stream.age_s())
        return tuple(dict.fromkeys(stream.source for stream in streams))

    def streams(self, source: str | None = None) -> tuple[LiveStream, ...]:
        """Return a device's streams, the one with most channels first; by default of the device heard last."""
        chosen = source or next(iter(self.sources()), None)
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
        chosen = source or next(iter(self.sources()), None)
        numbers = self._numbers
        kept = numbers.get(chosen or next(iter(numbers), ""), {})
        now_s = self._monotonic()
        return {code: LiveNumber(value, unit, max(0.0, now_s - at_s)) for code, (value, unit, at_s) in kept.items()}

    def take(self, seconds: float, source: str | None = None) -> Recording:
        """Return the newest ``seconds`` of every fresh stream of a device, raw, with gaps as NaN.

        All channels end with the widest stream, by the device's clock: a curve that stopped before it ends in NaN.

        Raises:
            DeviceError: no device is sending.
        """
        fresh = [stream for stream in self.streams(source) if stream.age_s() <= FRESH_S]
        if not fresh:
            raise DeviceError(Text("No monitor is sending; there is nothing to record."))
        widest = fresh[0]
        channels = tuple(channel for stream in fresh for channel in _recorded(stream, seconds, widest.ends_at()))
        began_at = self._clock.now() - timedelta(seconds=seconds + widest.age_s())
        return Recording(channels, began_at, widest.source)

    def _take_block(self, block: Block) -> None:
        with self._lock:
            stream = self._streams.get((block.source, block.stream_id))
            if stream is None or not stream.fits(block):
                kept = {key: each for key, each in self._streams.items() if not each.is_followed_by(block)}
                stream = LiveStream(block, self._monotonic)
                kept = _with_room(kept, stream.size_bytes)
                self._streams = {**kept, (block.source, block.stream_id): stream}
        stream.write(block)

    def _take_numbers(self, item: Numerics) -> None:
        with self._lock:
            kept = dict(self._numbers.get(item.source, {}))
            for code, number in item.values.items():
                if code in kept or len(kept) < MOST_NUMBERS:
                    kept[code] = (number.value, number.unit, item.monotonic_s)
            others = [(source, each) for source, each in self._numbers.items() if source != item.source]
            self._numbers = {**dict(others[-(MOST_SOURCES - 1) :]), item.source: kept}


def _with_room(streams: dict[_Key, LiveStream], size_bytes: int) -> dict[_Key, LiveStream]:
    """Return the streams that can stay beside a new one of this size."""
    taken = sum(each.size_bytes for each in streams.values())
    while streams and (len(streams) >= MOST_STREAMS or taken + size_bytes > MOST_BYTES):
        oldest = max(streams.values(), key=lambda each: each.age_s())
        taken -= oldest.size_bytes
        streams = {key: each for key, each in streams.items() if each is not oldest}
    return streams


def _recorded(stream: LiveStream, seconds: float, ends_at: datetime | None) -> tuple[RecordedChannel, ...]:
    end = stream.end_index()
    in_time = stream.index_at(ends_at)
    if in_time is not None and abs(in_time - end) <= _SAME_CLOCK_S * stream.rate_hz():
        end = in_time
    samples = stream.read(end - round(seconds * stream.rate_hz()), end)
    return tuple(
        RecordedChannel(
            channel.code, channel.label, channel.unit, stream.rate_hz(), samples[row], stream.resolution(channel)
        )
        for row, channel in enumerate(stream.channels)
    )
