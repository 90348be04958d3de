"""A recording of hours, read by the time of day: only the chunks of the stretch that is asked for are opened.

Within a stretch the samples of one stream stand by their count, so that no clock's trembling tears or squeezes them;
only another stream, after the device was switched off and on, stands by its time. What is not there is NaN. Every
stretch is laid beside the wall clock anew: two neighbours may share or miss a few milliseconds. Who needs every sample
once takes `LongRecording.hours`.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from fractions import Fraction
from typing import Final

import numpy as np
from numpy.typing import NDArray

from clinic_app.devices import ChannelInfo
from clinic_app.foundation.errors import DamagedError, InvalidInputError, NotFoundError
from clinic_app.foundation.texts import Text
from clinic_app.waveforms.formats.hours import PIECE_S, Hours, Piece, Run
from clinic_app.waveforms.recording import RAW_BAND, EventMark, RecordedChannel, Recording
from clinic_app.waveforms.store.chunk import Chunk, Number, Part, decode
from clinic_app.waveforms.store.ledger import Head, Line

MOST_AT_ONCE_S: Final = 3600.0
"""More is read in pieces."""
_KEPT_CHUNKS: Final = 64
_DRIFT: Final = timedelta(seconds=30)
"""How far the count of a stream and the wall clock may go apart in a recording of days."""


@dataclass(frozen=True)
class Stretch:
    """A stretch of time."""

    begins_at: datetime
    ends_at: datetime


@dataclass(frozen=True, eq=False)
class Trend:
    """One number over time.

    Args:
        times_s: seconds since the recording's start, rising.
        values: as many.
        unit: of the values.
    """

    times_s: NDArray[np.float64]
    values: NDArray[np.float32]
    unit: str


class LongRecording:
    """One recording. Reading opens files: not for the thread of the windows. Safe for use from one thread at a time.

    Args:
        head: its head.
        lines: its chunks, in the order in which they were written.
        read_content: gives the bytes of a chunk.
        marks: what people marked.
    """

    def __init__(
        self,
        head: Head,
        lines: Iterable[Line],
        read_content: Callable[[str], bytes],
        marks: tuple[EventMark, ...] = (),
    ) -> None:
        self.head = head
        self.lines = tuple(lines)
        self.marks = marks
        self.damaged = 0
        """Chunks that were asked for and could not be read."""
        self._read_content = read_content
        self._chunks: OrderedDict[str, Chunk | None] = OrderedDict()

    @property
    def begins_at(self) -> datetime:
        """When its first sample was taken."""
        return min((line.begins_at for line in self.lines), default=self.head.started_at)

    @property
    def ends_at(self) -> datetime:
        """The moment after its last sample."""
        return max((line.ends_at for line in self.lines), default=self.head.started_at)

    @property
    def duration_s(self) -> float:
        """From the first to the last sample, gaps included."""
        return (self.ends_at - self.begins_at).total_seconds()

    def covered(self) -> tuple[Stretch, ...]:
        """Return the stretches in which something was received, in the order of time; between them are long gaps."""
        covered: list[Stretch] = []
        for line in sorted(self.lines, key=lambda each: each.begins_at):
            if covered and line.begins_at - covered[-1].ends_at <= timedelta(seconds=1):
                covered[-1] = Stretch(covered[-1].begins_at, max(covered[-1].ends_at, line.ends_at))
            else:
                covered.append(Stretch(line.begins_at, line.ends_at))
        return tuple(covered)

    def channels(self) -> tuple[tuple[ChannelInfo, Fraction], ...]:
        """Return what was recorded, with rates: of the first and the last chunk."""
        found: dict[ChannelInfo, Fraction] = {}
        for line in (*self.lines[:1], *self.lines[-1:]):
            chunk = self._chunk(line)
            for part in chunk.parts if chunk else ():
                found.update({channel: part.rate_hz for channel in part.channels if channel not in found})
        return tuple(found.items())

    def read(self, begins_at: datetime, ends_at: datetime, codes: Sequence[str] | None = None) -> Recording:
        """Return a stretch, raw, NaN where nothing was received, with the marks in it.

        Args:
            begins_at: of the stretch; it may lie outside of what was recorded.
            ends_at: the moment after it.
            codes: only these channels.

        Raises:
            InvalidInputError: more than an hour, or nothing.
        """
        if not 0 < (ends_at - begins_at).total_seconds() <= MOST_AT_ONCE_S:
            raise InvalidInputError(Text("A stretch of a recording is between nothing and an hour long."))
        parts = [part for chunk in self._chunks_in(begins_at, ends_at) for part in chunk.parts]
        seconds = _seconds(ends_at - begins_at)
        runs = _laid(parts, _Places(begins_at), (Fraction(0), seconds), codes)
        marks = tuple(mark for mark in self.marks if begins_at <= mark.at < ends_at)
        return Recording(tuple(run.channel for run in runs), begins_at, self.head.source, marks=marks)

    def hours(
        self, begins_at: datetime | None = None, ends_at: datetime | None = None, codes: Sequence[str] | None = None
    ) -> Hours:
        """Return a stretch of any length, or all of it, to be read piece by piece: every received sample exactly once.

        The samples of a stream stand by their count from where it begins here, so that the end of a night may lie some
        seconds beside the wall clock where the device's clock goes otherwise; without an end nothing is cut off there.

        Args:
            begins_at: of the stretch; by default the first sample.
            ends_at: the moment after it; by default whatever is the last sample.
            codes: only these channels.
        """
        first_at, last_at = begins_at or self.begins_at, ends_at or self.ends_at
        whole_s = _seconds(ends_at - first_at) if ends_at is not None else None
        marks = tuple(mark for mark in self.marks if first_at <= mark.at and (ends_at is None or mark.at < ends_at))
        seconds = (last_at - first_at).total_seconds()
        return Hours(
            lambda: self._pieces(first_at, last_at, whole_s, codes),
            first_at, seconds, self.head.source, RAW_BAND, marks,
        )  # fmt: skip

    def _pieces(
        self, first_at: datetime, last_at: datetime, whole_s: Fraction | None, codes: Sequence[str] | None
    ) -> Iterator[Piece]:
        places, last_s = _Places(first_at), _seconds(last_at - first_at)
        begin_s, step_s = Fraction(0), Fraction(PIECE_S)
        end_s = whole_s if whole_s is not None else last_s + _seconds(_DRIFT)
        while begin_s < end_s:
            until_s = min(begin_s + step_s, end_s)
            begins_at = first_at + timedelta(seconds=float(begin_s))
            chunks = self._chunks_in(begins_at - _DRIFT, begins_at + timedelta(seconds=float(step_s)) + _DRIFT)
            runs = _laid([part for chunk in chunks for part in chunk.parts], places, (begin_s, until_s), codes)
            if whole_s is None and until_s > last_s:
                runs = [run for each in runs if (run := _trimmed(each, last_s)) is not None]
            yield Piece(tuple(runs), until_s)
            begin_s = until_s

    def numbers(self, code: str, begins_at: datetime | None = None, ends_at: datetime | None = None) -> Trend:
        """Return one number of the device over time."""
        first, last = begins_at or self.begins_at, ends_at or self.ends_at + timedelta(seconds=1)
        found: list[Number] = [
            number
            for chunk in self._chunks_in(first, last)
            for number in chunk.numbers
            if number.code == code and first <= number.at < last
        ]
        found.sort(key=lambda each: each.at)
        times_s = np.array([(each.at - self.begins_at).total_seconds() for each in found], dtype=np.float64)
        return Trend(
            times_s, np.array([float(each.value) for each in found], np.float32), found[-1].unit if found else ""
        )

    def number_codes(self) -> tuple[str, ...]:
        """Return which numbers the device told: of the first and the last chunk."""
        chunks = [self._chunk(line) for line in (*self.lines[:1], *self.lines[-1:])]
        return tuple(dict.fromkeys(number.code for chunk in chunks if chunk for number in chunk.numbers))

    def leads_off(self, begins_at: datetime, ends_at: datetime) -> tuple[tuple[str, Stretch], ...]:
        """Return where in a stretch an electrode lay nowhere, by the code of the channel."""
        found: list[tuple[str, Stretch]] = []
        for chunk in self._chunks_in(begins_at, ends_at):
            for part in chunk.parts:
                for first, last, code in part.leads_off:
                    off = [
                        part.at + timedelta(seconds=float((i - part.first_index) / part.rate_hz)) for i in (first, last)
                    ]
                    if off[0] < ends_at and off[1] > begins_at:
                        found.append((code, Stretch(off[0], off[1])))
        return tuple(found)

    def _chunks_in(self, begins_at: datetime, ends_at: datetime) -> list[Chunk]:
        lines = (line for line in self.lines if line.begins_at < ends_at and line.ends_at >= begins_at)
        return [chunk for line in lines if (chunk := self._chunk(line))]

    def _chunk(self, line: Line) -> Chunk | None:
        """Return a chunk, or None for one that is damaged or not here: the others can be read all the same."""
        if line.sha256 in self._chunks:
            self._chunks.move_to_end(line.sha256)
            return self._chunks[line.sha256]
        try:
            chunk = decode(self._read_content(line.sha256))
        except (DamagedError, NotFoundError):
            chunk = None
            self.damaged += 1
        self._chunks[line.sha256] = chunk
        while len(self._chunks) > _KEPT_CHUNKS:
            self._chunks.popitem(last=False)
        return chunk


class _Places:
    """Where streams stand, in whole samples from one moment; what was learned once holds for every piece."""

    def __init__(self, origin: datetime) -> None:
        self._origin = origin
        self._bases: dict[tuple[str, Fraction], int] = {}

    def first(self, part: Part) -> int:
        """Return the index of a part's first sample."""
        run = part.stream_id, part.rate_hz
        if run not in self._bases:
            by_time = (_seconds(part.at - self._origin) * part.rate_hz + Fraction(1, 2)) // 1
            self._bases[run] = by_time - part.first_index
        return self._bases[run] + part.first_index


def _laid(
    parts: Sequence[Part], places: _Places, span_s: tuple[Fraction, Fraction], codes: Sequence[str] | None
) -> list[Run]:
    """Return parts laid into a stretch, both ends in seconds from the moment of the places."""
    channels: dict[tuple[str, Fraction], Run] = {}
    for part in parts:
        begin, end = (-int(-each * part.rate_hz // 1) for each in span_s)
        first = places.first(part)
        if first >= end or first + part.samples.shape[1] <= begin:
            continue
        for row, channel in enumerate(part.channels):
            if codes is None or channel.code in codes:
                key = (channel.code, part.rate_hz)
                if key not in channels:
                    channels[key] = Run(_empty(channel, part, row, end - begin), begin)
                _lay(part.samples[row], first - begin, channels[key].channel.samples)
    return list(channels.values())


def _seconds(span: timedelta) -> Fraction:
    return Fraction(span // timedelta(microseconds=1), 1_000_000)


def _trimmed(run: Run, last_s: Fraction) -> Run | None:
    """Return a run without what fills it behind the end of the recording and behind the last sample that came."""
    received = np.flatnonzero(np.isfinite(run.channel.samples))
    due = -int(-last_s * Fraction(run.channel.rate_hz) // 1) - run.first
    keep = max(due, int(received[-1]) + 1 if len(received) else 0)
    return Run(replace(run.channel, samples=run.channel.samples[:keep]), run.first) if keep > 0 else None


def _empty(channel: ChannelInfo, part: Part, row: int, length: int) -> RecordedChannel:
    samples = np.full(length, np.nan, dtype=np.float32)
    rate_hz = float(part.rate_hz)
    return RecordedChannel(channel.code, channel.label, channel.unit, rate_hz, samples, part.resolutions[row])


def _lay(samples: NDArray[np.float32], first: int, into: NDArray[np.float32]) -> None:
    """Lay what was received over what is there; a lost sample hides nothing."""
    begin, end = max(first, 0), min(first + len(samples), len(into))
    if begin < end:
        piece = samples[begin - first : end - first]
        is_received = np.isfinite(piece)
        into[begin:end][is_received] = piece[is_received]
