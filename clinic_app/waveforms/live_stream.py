"""One stream of a monitor as it comes in: channels that are sampled together, and how old the newest sample is."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import datetime, timedelta
from fractions import Fraction
from typing import Final

import numpy as np

from clinic_app.devices import Block, ChannelInfo
from clinic_app.waveforms.trace_buffer import Samples, TraceBuffer

WINDOW_S: Final = 600.0
MOST_BYTES: Final = 20 << 20
"""Largest ring; a stream that would need more keeps fewer minutes."""


class LiveStream:
    """Channels of one device that are sampled together.

    Args:
        block: the stream's first block; tells source, channels and rate.
        monotonic: the steady clock.

    Whoever reads takes no lock: the screen must not wait for a device.
    """

    def __init__(self, block: Block, monotonic: Callable[[], float]) -> None:
        self.source = block.source
        self.stream_id = block.stream_id
        self.channels: tuple[ChannelInfo, ...] = block.channels
        self._rate_hz = block.rate_hz
        self._rows = {channel: row for row, channel in enumerate(block.channels)}
        bytes_per_s = float(block.rate_hz) * len(block.channels) * 4
        self._buffer = TraceBuffer(len(block.channels), block.rate_hz, min(WINDOW_S, MOST_BYTES / bytes_per_s))
        self._monotonic = monotonic
        self._lock = threading.Lock()
        self._newest_s = block.monotonic_s
        self._began_at = block.stream_began_at
        self._off: frozenset[int] = frozenset()
        self._resolutions: dict[ChannelInfo, float | None] = {}

    def rate_hz(self) -> float:
        """Return samples per second."""
        return float(self._rate_hz)

    @property
    def exact_rate_hz(self) -> Fraction:
        """Samples per second as the device announced it."""
        return self._rate_hz

    @property
    def size_bytes(self) -> int:
        """What its ring takes."""
        return self._buffer.size_bytes

    def resolution(self, channel: ChannelInfo) -> float | None:
        """Return a channel's unit for one step of the device's own integers, or None where it is not known."""
        return self._resolutions.get(channel)

    def end_index(self) -> int:
        """Return one after the newest sample, counted from the start of the stream."""
        return self._buffer.end_index

    def read(self, first: int, last: int) -> Samples:
        """Return samples, shape ``(channels, last - first)``, NaN where there are none."""
        return self._buffer.read(first, last)

    def age_s(self) -> float:
        """Return seconds since a new sample arrived; what is sent again makes nothing younger."""
        return max(0.0, self._monotonic() - self._newest_s)

    def ends_at(self) -> datetime | None:
        """Return the moment after the newest sample, by the device's clock, or None where it tells none."""
        began_at = self._began_at
        return began_at + self._length(self.end_index()) if began_at is not None else None

    def kept_s(self) -> float:
        """Return how many seconds before the newest sample can still be read."""
        return self._buffer.size / float(self._rate_hz)

    def off(self) -> frozenset[int]:
        """Return the channels whose electrode the device says is off now."""
        return self._off

    def index_at(self, moment: datetime | None) -> int | None:
        """Return the index of the sample taken at a moment of the device's clock, or None where it tells no time."""
        began_at = self._began_at
        if began_at is None or moment is None:
            return None
        return round((moment - began_at).total_seconds() * self._rate_hz)

    def write(self, block: Block) -> None:
        """Take a block of this stream; a channel it does not have is a gap."""
        samples = block.samples
        if block.channels != self.channels:
            samples = np.full((len(self.channels), samples.shape[1]), np.nan, dtype=np.float32)
            for channel, values in zip(block.channels, block.samples, strict=True):
                samples[self._rows[channel]] = values
        is_news = block.first_index + samples.shape[1] > self._buffer.end_index
        self._buffer.write(block.first_index, samples)
        if block.resolutions:
            self._resolutions.update(zip(block.channels, block.resolutions, strict=True))
        if is_news:
            self._off = frozenset(row for channel, row in self._rows.items() if channel.code in block.leads_off)
            with self._lock:
                self._newest_s = max(self._newest_s, block.monotonic_s)
                self._began_at = block.stream_began_at

    def fits(self, block: Block) -> bool:
        """Return whether a block goes on with this stream; channels may be absent for a while, never new."""
        same = (self.stream_id, self._rate_hz) == (block.stream_id, block.rate_hz)
        return same and all(channel in self._rows for channel in block.channels)

    def is_followed_by(self, block: Block) -> bool:
        """Return whether a block begins what comes instead of this stream: one of its channels is sent anew."""
        codes = {channel.code for channel in self.channels}
        return self.source == block.source and any(channel.code in codes for channel in block.channels)

    def _length(self, samples: int) -> timedelta:
        return timedelta(seconds=float(samples / self._rate_hz))
