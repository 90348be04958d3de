"""A recording that is longer than the memory: read piece by piece, as often as a format needs.

Every format that can be written so is written only so; a recording of seconds is one of few pieces. A writer first
looks at all of it (`surveyed`), because a file's header comes before its samples, and then takes it once more in
stretches of its own (`Feed`). Nothing of it ever lies on a disk but the finished file.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from fractions import Fraction
from typing import Final

import numpy as np
from numpy.typing import NDArray

from clinic_app.foundation.errors import InvalidInputError
from clinic_app.foundation.texts import Text
from clinic_app.waveforms.formats.digits import ScaleSearch
from clinic_app.waveforms.formats.limits import Watch
from clinic_app.waveforms.recording import EventMark, PatientText, RecordedChannel, Recording

PIECE_S: Final = 60
MOST_GAPS: Final = 1_000_000
"""Of all channels together."""
Key = tuple[str, float, int]
"""A channel: its code, its rate, and which of those that have both alike."""


@dataclass(frozen=True, eq=False)
class Run:
    """What a piece holds of one channel.

    Args:
        channel: with the samples of this piece.
        first: index of the first of them, counted from the start of the recording.
    """

    channel: RecordedChannel
    first: int


@dataclass(frozen=True, eq=False)
class Piece:
    """The next seconds of a recording.

    Args:
        runs: a channel that is not among them has nothing in it.
        until_s: where the piece ends, in seconds from the start of the recording.
    """

    runs: tuple[Run, ...]
    until_s: Fraction


@dataclass(frozen=True, eq=False)
class Hours:
    """A recording that is read in pieces.

    Args:
        pieces: begins anew with every call; the pieces follow each other without a hole.
        started_at: when the first sample was taken.
        seconds: its length, gaps included.
        device: name of the device.
        band: what filter was applied.
        marks: words put beside the signal.
        patient_text: whose it is, in words.
    """

    pieces: Callable[[], Iterator[Piece]]
    started_at: datetime
    seconds: float
    device: str
    band: str
    marks: tuple[EventMark, ...] = ()
    patient_text: PatientText = field(default_factory=PatientText)


@dataclass(eq=False)
class Surveyed:
    """What is known of one channel once all of it was seen.

    Args:
        key: which one.
        channel: without samples.
        search: its lowest and highest value, and what step keeps it.
        length: samples, lost ones between them included.
        gaps: first and end of every stretch that was lost, in order; they do not touch.
    """

    key: Key
    channel: RecordedChannel
    search: ScaleSearch
    length: int = 0
    gaps: list[tuple[int, int]] = field(default_factory=list)

    def see(self, run: Run) -> None:
        """Take the next of it."""
        samples = run.channel.samples
        is_lost = ~np.isfinite(samples)
        if run.first > self.length:
            self._lose(self.length, run.first)
        if is_lost.any():
            edges = np.flatnonzero(np.diff(is_lost.astype(np.int8), prepend=0, append=0)) + run.first
            for begin, end in zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True):
                self._lose(begin, end)
            samples = samples[~is_lost]
        self.search.see(samples.astype(np.float64), run.channel.resolution, run.channel.offset)
        self.length = max(self.length, run.first + len(is_lost))

    def _lose(self, begin: int, end: int) -> None:
        if self.gaps and self.gaps[-1][1] >= begin:
            self.gaps[-1] = (self.gaps[-1][0], end)
        else:
            self.gaps.append((begin, end))


def surveyed(hours: Hours, watch: Watch) -> tuple[Surveyed, ...]:
    """Return the channels of a recording, all of it seen once.

    Raises:
        InvalidInputError: there is nothing in it, or it is all holes.
    """
    found: dict[Key, Surveyed] = {}
    for piece in hours.pieces():
        watch(min(int(piece.until_s), int(hours.seconds)), 2 * int(hours.seconds) + 2)
        for key, run in keyed(piece):
            if key not in found:
                channel = run.channel
                found[key] = Surveyed(key, channel, ScaleSearch(channel.resolution, channel.offset))
            found[key].see(run)
        if sum(len(each.gaps) for each in found.values()) > MOST_GAPS:
            raise InvalidInputError(Text("This recording has too many holes for a file; choose a shorter part."))
    if not found:
        raise InvalidInputError(Text("There is nothing in this recording."))
    return tuple(found.values())


def keyed(piece: Piece) -> Iterator[tuple[Key, Run]]:
    """Yield what a piece holds, each with the key of its channel."""
    seen: dict[tuple[str, float], int] = {}
    for run in piece.runs:
        alike = run.channel.code, run.channel.rate_hz
        seen[alike] = seen.get(alike, -1) + 1
        yield (*alike, seen[alike]), run


class Feed:
    """Hands out the samples of channels in order, a stretch at a time; NaN where nothing came.

    Args:
        hours: the recording.
        channels: those wanted.
        watch: told how far it is.
    """

    def __init__(self, hours: Hours, channels: Sequence[Surveyed], watch: Watch) -> None:
        self._hours, self._watch = hours, watch
        self._pieces = hours.pieces()
        self._rates = [each.channel.rate_hz for each in channels]
        self._places = {each.key: place for place, each in enumerate(channels)}
        self._waiting: list[list[Run]] = [[] for _ in channels]
        self._at = [0] * len(channels)
        self._until_s: float | None = 0.0

    def until(self, ends: Sequence[int]) -> list[NDArray[np.float32]]:
        """Return what comes next of every channel, up to these indices."""
        while self._until_s is not None and any(
            self._until_s * rate - 2 < end for rate, end in zip(self._rates, ends, strict=True)
        ):
            self._pull()
        return [self._take(place, end) for place, end in enumerate(ends)]

    def _pull(self) -> None:
        piece = next(self._pieces, None)
        if piece is None:
            self._until_s = None
            return
        self._until_s = float(piece.until_s)
        whole = int(self._hours.seconds)
        self._watch(whole + 1 + min(int(self._until_s), whole), 2 * whole + 2)
        for key, run in keyed(piece):
            if key in self._places:
                self._waiting[self._places[key]].append(run)

    def _take(self, place: int, end: int) -> NDArray[np.float32]:
        begin, self._at[place] = self._at[place], end
        taken = np.full(end - begin, np.nan, np.float32)
        left = []
        for run in self._waiting[place]:
            samples = run.channel.samples
            first, last = max(run.first, begin), min(run.first + len(samples), end)
            if first < last:
                taken[first - begin : last - begin] = samples[first - run.first : last - run.first]
            if run.first + len(samples) > end:
                left.append(run)
        self._waiting[place] = left
        return taken


def hours_of(recording: Recording) -> Hours:
    """Return a recording that lies in the memory as one that is read in pieces."""
    channels = [channel for channel in recording.channels if len(channel.samples)]
    seconds = max((channel.duration_s for channel in channels), default=0.0)

    def pieces() -> Iterator[Piece]:
        for number in range(int(seconds // PIECE_S) + 1):
            until_s = Fraction((number + 1) * PIECE_S)
            runs = []
            for channel in channels:
                rate = Fraction(channel.rate_hz)
                first, end = (-int(-(each * PIECE_S * rate) // 1) for each in (number, number + 1))
                if len(channel.samples) > first:
                    runs.append(Run(_part(channel, first, end), first))
            yield Piece(tuple(runs), until_s)

    band, marks, said = recording.band, recording.marks, recording.patient_text
    return Hours(pieces, recording.started_at, seconds, recording.device, band, marks, said)


def gathered(hours: Hours, watch: Watch) -> Recording:
    """Return all of a recording at once; who asks has looked at its length."""
    found = surveyed(hours, watch)
    samples = Feed(hours, found, watch).until([each.length for each in found])
    channels = tuple(
        RecordedChannel(
            each.channel.code, each.channel.label, each.channel.unit, each.channel.rate_hz, part,
            each.search.resolution, each.search.offset,
        )
        for each, part in zip(found, samples, strict=True)
    )  # fmt: skip
    return Recording(channels, hours.started_at, hours.device, hours.band, hours.marks, hours.patient_text)


def _part(channel: RecordedChannel, first: int, end: int) -> RecordedChannel:
    part = channel.samples[first:end]
    return RecordedChannel(
        channel.code, channel.label, channel.unit, channel.rate_hz, part, channel.resolution, channel.offset
    )
