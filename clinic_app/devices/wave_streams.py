"""The streams that the waves of one device belong to, and where in them, by the device's own time stamps."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import Final

from clinic_app.devices.block import Block, Numerics
from clinic_app.devices.driver import Arrival, Event, EventKind
from clinic_app.devices.hl7.message import Message
from clinic_app.devices.hl7.waves import Wave, read_numerics, read_waves
from clinic_app.devices.stream_clock import LONGEST_GAP_S, StreamClock
from clinic_app.foundation.errors import DeviceError
from clinic_app.foundation.texts import Text

_MOST_STREAMS: Final = 64


@dataclass
class _Stream:
    rate_hz: Fraction
    codes: set[str]
    clock: StreamClock
    heard_s: float


class WaveStreams:
    """The memory for the waves of one device, over its connections: what was sent in between is a gap."""

    def __init__(self) -> None:
        self._streams: list[_Stream] = []

    def items(self, name: str, message: Message, at: Arrival) -> Iterator[Block | Numerics | Event]:
        """Yield what is in an ORU^R01, numbers first: a wave that cannot be right does not take them along.

        Args:
            name: of the device.
            message: what it sent.
            at: when that came.

        Raises:
            DeviceError: it is of a kind that is not used, speaks of several patients, or a wave in it cannot be right.
        """
        if message.kind != "ORU^R01":
            raise DeviceError(
                Text("The monitor sent a message of the kind {kind}, which is not used.", kind=message.kind[:32])
            )
        if message.is_of_several:
            raise DeviceError(Text("The monitor spoke of several patients in one message; it was left out."))
        numerics = read_numerics(message)
        if numerics:
            yield Numerics(name, numerics, at.at, at.monotonic_s)
        for wave in read_waves(message):
            yield from self.blocks(name, wave, at)

    def blocks(self, name: str, wave: Wave, at: Arrival) -> Iterator[Block | Event]:
        """Yield a wave as a block of its stream; before it an event, where the device's clock was set.

        A device that was silent for too long begins a new stream too, and its clock is not to blame.

        Raises:
            DeviceError: the device has more streams than any device has.
        """
        stream = self._stream_of(wave, at)
        clock = stream.clock
        before = clock.stream_id if clock.begin_at else None
        index = clock.place(wave.start_at, wave.samples.shape[1], wave.start_resolution_s)
        was_silent = at.monotonic_s - stream.heard_s > LONGEST_GAP_S
        stream.heard_s = at.monotonic_s
        if before not in (None, clock.stream_id) and not was_silent:
            text = Text("The clock of {name} jumped; its traces begin anew.", name=name)
            yield Event(name, EventKind.CLOCK_JUMP, text, at.at, at.monotonic_s, clock.stream_id)
        yield Block(
            name,
            clock.stream_id,
            wave.channels,
            index,
            wave.rate_hz,
            wave.samples,
            at.at,
            at.monotonic_s,
            clock.begin_at,
            resolutions=wave.resolutions,
        )

    def _stream_of(self, wave: Wave, at: Arrival) -> _Stream:
        """Return the stream that has one of the wave's channels at its rate; a channel may be absent for a while."""
        codes = {channel.code for channel in wave.channels}
        for stream in self._streams:
            if stream.rate_hz == wave.rate_hz and stream.codes & codes:
                stream.codes |= codes
                return stream
        if len(self._streams) >= _MOST_STREAMS:
            raise DeviceError(Text("The monitor sent a wave that cannot be right; it was left out."))
        self._streams.append(_Stream(wave.rate_hz, codes, StreamClock(wave.rate_hz), at.monotonic_s))
        return self._streams[-1]
