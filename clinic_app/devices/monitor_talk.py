"""What is known of one connection with a monitor: its name, and the streams its waves belong to."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from fractions import Fraction
from typing import Final

from clinic_app.devices.block import Block, Numerics
from clinic_app.devices.hl7 import Message
from clinic_app.devices.sources import Sources
from clinic_app.devices.stream_clock import StreamClock
from clinic_app.devices.waves import Wave, read_numerics, read_waves
from clinic_app.foundation.errors import DeviceError
from clinic_app.foundation.texts import Text

_MOST_STREAMS: Final = 64


@dataclass
class _Stream:
    rate_hz: Fraction
    codes: set[str]
    clock: StreamClock


class MonitorTalk:
    """The memory of one connection.

    Args:
        address: host and port of the peer.
        sources: where names are given out.
    """

    def __init__(self, address: tuple[str, int], sources: Sources) -> None:
        self._address = address
        self._sources = sources
        self._wanted = ""
        self._streams: list[_Stream] = []
        self.name = f"{address[0]}:{address[1]}"

    @property
    def is_stranger(self) -> bool:
        """Whether it never said who it is."""
        return not self._wanted

    def name_yourself(self, message: Message) -> None:
        """Take the name the device gives itself in a message.

        Raises:
            DeviceError: another connection of the same device took the name over; this one should close.
        """
        wanted = message.sender
        if wanted and wanted != self._wanted:
            self.leave()
            self._wanted = wanted
            self.name = self._sources.name_for(wanted, self._address)
        elif not self.is_current:
            raise DeviceError(Text("The monitor connected again; its old connection was closed."))

    @property
    def is_current(self) -> bool:
        """Whether what it says about its name still counts."""
        return self.is_stranger or self._sources.holds(self.name, self._address)

    def leave(self) -> None:
        """Give the name back."""
        self._sources.forget(self.name, self._address, is_stranger=self.is_stranger)

    def items(self, message: Message, now: datetime) -> Iterator[Block | Numerics]:
        """Yield what is in a message, the numbers first: a wave that cannot be right does not take them along.

        Raises:
            DeviceError: it is of a kind that is not used, or a wave in it cannot be right.
        """
        if message.kind != "ORU^R01":
            raise DeviceError(
                Text("The monitor sent a message of the kind {kind}, which is not used.", kind=message.kind[:32])
            )
        steady_s = time.monotonic()
        numerics = read_numerics(message)
        if numerics:
            yield Numerics(self.name, numerics, now, steady_s)
        for wave in read_waves(message):
            yield self._block(wave, now, steady_s)

    def _block(self, wave: Wave, now: datetime, steady_s: float) -> Block:
        clock = self._stream_of(wave).clock
        index = clock.place(wave.start_at, wave.samples.shape[1], wave.start_resolution_s)
        return Block(
            self.name,
            clock.stream_id,
            wave.channels,
            index,
            wave.rate_hz,
            wave.samples,
            now,
            steady_s,
            clock.begin_at,
        )

    def _stream_of(self, wave: Wave) -> _Stream:
        """Return the stream that has one of the wave's channels at its rate; a channel may be absent for a while."""
        codes = {channel.code for channel in wave.channels}
        for stream in self._streams:
            if stream.rate_hz == wave.rate_hz and stream.codes & codes:
                stream.codes |= codes
                return stream
        if len(self._streams) >= _MOST_STREAMS:
            raise DeviceError(Text("The monitor sent a wave that cannot be right; it was left out."))
        self._streams.append(_Stream(wave.rate_hz, codes, StreamClock(wave.rate_hz)))
        return self._streams[-1]
