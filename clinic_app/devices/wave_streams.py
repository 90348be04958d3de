"""The streams that the waves of one device belong to, and where in them, by the device's own time stamps."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Final
from zlib import crc32

from clinic_app.devices.block import Block, Numerics
from clinic_app.devices.driver import Arrival, Event, EventKind
from clinic_app.devices.hl7.message import Message
from clinic_app.devices.hl7.waves import Wave, read_numerics, read_waves
from clinic_app.devices.lost_messages import StampedWave
from clinic_app.devices.message_numbers import NOT_COUNTED, MessageNumbers, Numbered
from clinic_app.devices.stream_clock import LONGEST_GAP_S, Place, StreamClock
from clinic_app.foundation.errors import DeviceError
from clinic_app.foundation.texts import Text

_MOST_STREAMS: Final = 64


@dataclass(frozen=True, eq=False)
class _Held:
    """A wave that waits for its place."""

    name: str
    wave: Wave
    at: Arrival


@dataclass
class _Stream:
    rate_hz: Fraction
    codes: set[str]
    clock: StreamClock
    heard_s: float
    held: deque[_Held] = field(default_factory=deque)
    skipped: int = 0
    """Messages of the device that are missing since the stream's last wave."""


class WaveStreams:
    """The memory for the waves of one device, over its connections: what was sent in between is a gap."""

    def __init__(self) -> None:
        self._streams: list[_Stream] = []
        self._numbers = MessageNumbers()

    @property
    def is_holding(self) -> bool:
        """Whether a wave waits for its place: `settle` has to be called now and then when nothing more comes."""
        return any(stream.held for stream in self._streams)

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
        numbered = self._numbers.heard(message.control_id, message.sequence)
        for stream in self._streams:
            stream.skipped += numbered.missing or 0
        numerics = read_numerics(message)
        if numerics:
            yield Numerics(name, numerics, at.at, at.monotonic_s)
        for wave in read_waves(message):
            yield from self.blocks(name, wave, at, numbered)

    def blocks(self, name: str, wave: Wave, at: Arrival, numbered: Numbered = NOT_COUNTED) -> Iterator[Block | Event]:
        """Yield the waves of a stream that have their place now; before them an event, where its clock was set.

        A wave whose stamp leaves doubt whether something is missing before it waits for the ones behind it. A device
        that was silent for too long begins a new stream too, and its clock is not to blame.

        Args:
            name: of the device.
            wave: what it sent.
            at: when that came.
            numbered: what the number of its message says.

        Raises:
            DeviceError: the device has more streams than any device has.
        """
        stream = self._stream_of(wave, at)
        stream.held.append(_Held(name, wave, at))
        skipped, stream.skipped = (None if numbered.missing is None else stream.skipped), 0
        stamped = StampedWave(
            wave.start_at,
            wave.samples.shape[1],
            wave.start_resolution_s,
            at.monotonic_s,
            skipped,
            numbered.is_again,
            crc32(wave.samples.tobytes()),
        )
        yield from self._placed(stream, stream.clock.take(stamped))

    def settle(self, now_s: float | None) -> Iterator[Block | Event]:
        """Yield the waves that have their place by now although nothing more came.

        Args:
            now_s: the steady clock; None at the end of a talk, where nothing can be waited for.
        """
        for stream in self._streams:
            if stream.held:
                yield from self._placed(stream, stream.clock.settle(now_s))

    def _placed(self, stream: _Stream, places: Iterable[Place]) -> Iterator[Block | Event]:
        for place in places:
            held = stream.held.popleft()
            name, wave, at = held.name, held.wave, held.at
            was_silent = at.monotonic_s - stream.heard_s > LONGEST_GAP_S
            stream.heard_s = at.monotonic_s
            if place.is_new and not was_silent:
                text = Text("The clock of {name} jumped; its traces begin anew.", name=name)
                yield Event(name, EventKind.CLOCK_JUMP, text, at.at, at.monotonic_s, place.stream_id)
            yield Block(
                name,
                place.stream_id,
                wave.channels,
                place.index,
                wave.rate_hz,
                wave.samples,
                at.at,
                at.monotonic_s,
                place.began_at,
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
