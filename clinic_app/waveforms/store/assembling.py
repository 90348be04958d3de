"""The blocks of one device put together until they are a chunk.

Blocks come late, twice, with channels missing, and with holes between them. A stretch of a stream holds what lies near
each other, lost samples as NaN; what lies far apart becomes a stretch of its own, so that a long silence takes no room.
When a sample was taken follows from the line between its stream's count and the steady clock, beside the wall clock at
the recording's start: a wall clock that is set meanwhile moves nothing.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from fractions import Fraction
from typing import Final

import numpy as np

from clinic_app.devices import Block, ChannelInfo, Numerics
from clinic_app.devices.clock_fit import ClockFit
from clinic_app.waveforms.store.chunk import Chunk, Number, Part

_TOGETHER_S: Final = 10.0
"""A longer hole divides a stretch in two."""
_MOST_STREAMS: Final = 64
_MOST_NUMBERS: Final = 20_000


@dataclass(frozen=True)
class Anchor:
    """One moment on both clocks."""

    at: datetime
    monotonic_s: float

    def at_monotonic(self, monotonic_s: float) -> datetime:
        """Return the wall clock at a moment of the steady one, whatever was set meanwhile."""
        return self.at + timedelta(seconds=monotonic_s - self.monotonic_s)


@dataclass
class _Stream:
    clock: ClockFit
    blocks: list[Block] = field(default_factory=list)


class Assembler:
    """Puts the chunks of one recording together. Not safe for use from several threads.

    Args:
        recording_id: whose chunks.
        number: of the next one.
        anchor: the recording's time.
    """

    def __init__(self, recording_id: str, number: int, anchor: Anchor) -> None:
        self._recording_id = recording_id
        self._number = number
        self.anchor = anchor
        """The recording's time."""
        self._streams: dict[tuple[str, Fraction], _Stream] = {}
        self._numbers: list[Number] = []
        self.oldest_s: float | None = None
        """When the oldest of what waits came, by the steady clock; None while nothing waits."""

    def take(self, item: Block | Numerics) -> None:
        """Take what the device delivered."""
        if isinstance(item, Block):
            self._take_block(item)
        else:
            at = self.anchor.at_monotonic(item.monotonic_s)
            told = [Number(at, code, number.value, number.unit) for code, number in item.values.items()]
            self._numbers += told[: max(_MOST_NUMBERS - len(self._numbers), 0)]
        if self.oldest_s is None:
            self.oldest_s = item.monotonic_s

    def cut(self) -> Chunk | None:
        """Return what waits as a chunk and begin the next; None where nothing waits."""
        if self.oldest_s is None:
            return None
        parts = [part for stream in self._streams.values() for part in self._parts(stream)]
        chunk = Chunk(self._recording_id, self._number, tuple(parts), tuple(self._numbers))
        for stream in self._streams.values():
            stream.blocks = []
        self._numbers = []
        self.oldest_s = None
        self._number += 1
        return chunk

    def _take_block(self, block: Block) -> None:
        key = (block.stream_id, block.rate_hz)
        if key not in self._streams:
            while len(self._streams) >= _MOST_STREAMS:
                silent = next((each for each, stream in self._streams.items() if not stream.blocks), None)
                if silent is None:
                    return
                del self._streams[silent]
            self._streams[key] = _Stream(ClockFit(block.rate_hz))
        stream = self._streams[key]
        stream.clock.add(block.first_index + block.samples.shape[1], block.monotonic_s)
        stream.blocks.append(block)

    def _parts(self, stream: _Stream) -> list[Part]:
        parts: list[list[Block]] = []
        end = 0
        for block in sorted(stream.blocks, key=lambda each: each.first_index):
            if not parts or block.first_index - end > _TOGETHER_S * block.rate_hz:
                parts.append([])
                end = 0
            parts[-1].append(block)
            end = max(end, block.first_index + block.samples.shape[1])
        return [self._part(stream.clock, blocks) for blocks in parts]

    def _part(self, clock: ClockFit, blocks: list[Block]) -> Part:
        first = blocks[0].first_index
        last = max(block.first_index + block.samples.shape[1] for block in blocks)
        resolutions: dict[ChannelInfo, float | None] = {}
        for block in blocks:
            told = block.resolutions or (None,) * len(block.channels)
            resolutions.update(zip(block.channels, told, strict=True))
        rows = {channel: row for row, channel in enumerate(resolutions)}
        samples = np.full((len(rows), last - first), np.nan, dtype=np.float32)
        for block in blocks:
            place = slice(block.first_index - first, block.first_index - first + block.samples.shape[1])
            samples[[rows[channel] for channel in block.channels], place] = block.samples
        at = self.anchor.at_monotonic(clock.monotonic_at(first))
        off = tuple(stretch for block in blocks for stretch in _leads_off(block))
        return Part(
            blocks[0].stream_id,
            tuple(rows),
            tuple(resolutions.values()),
            blocks[0].rate_hz,
            first,
            at,
            samples,
            _joined(off),
        )


def _leads_off(block: Block) -> list[tuple[int, int, str]]:
    return [(block.first_index, block.first_index + block.samples.shape[1], code) for code in sorted(block.leads_off)]


def _joined(stretches: tuple[tuple[int, int, str], ...]) -> tuple[tuple[int, int, str], ...]:
    """Return stretches of one code that touch as one."""
    joined: dict[str, list[tuple[int, int]]] = {}
    for first, last, code in stretches:
        of_code = joined.setdefault(code, [])
        if of_code and of_code[-1][1] >= first:
            of_code[-1] = (of_code[-1][0], max(last, of_code[-1][1]))
        else:
            of_code.append((first, last))
    return tuple((first, last, code) for code, of_code in joined.items() for first, last in of_code)
