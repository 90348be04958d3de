"""Where a wave belongs in its stream: the device's time stamps become sample indexes.

A device's clock may be wrong by years, and may be set while it runs; between two messages it still tells how much time
passed. So the index of a wave follows from the distance to the first one. A clock that goes back, or leaps further than
a monitor can be silent, begins a new stream. No device samples exactly at the rate it announces: a slow drift between
its two clocks is followed, and never mistaken for lost samples. Where a stamp is too coarse to tell a lost message,
further witnesses are heard (`clinic_app.devices.lost_messages`).
Source of the case: devices whose 32-bit counters roll over make stamps jump back (seen in public issue threads).
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from datetime import datetime, timedelta
from fractions import Fraction
from typing import Final

from clinic_app.devices.lost_messages import CLOCK_SET, LostMessages, StampedWave
from clinic_app.foundation.ids import new_id

LONGEST_GAP_S: Final = 600.0
"""A longer silence or leap begins a new stream; the display keeps ten minutes."""


_REMEMBERED: Final = 256
"""Waves whose places are remembered, to know a late one from a clock that was set back."""
_FOLLOWED: Final = 0.0625
"""Part of the distance between stamp and count by which the start is moved, for each wave."""


@dataclass(frozen=True)
class Place:
    """Where a wave belongs.

    Args:
        index: of its first sample.
        stream_id: of the stream.
        began_at: when that stream's sample 0 was taken, by the device's clock.
        is_new: whether the stream begins with it because the clock was set or the silence was too long.
    """

    index: int
    stream_id: str
    began_at: datetime
    is_new: bool


@dataclass(frozen=True)
class _Placed:
    start_at: datetime
    index: int
    length: int
    mark: int


class StreamClock:
    """Counts the samples of one stream by the device's time stamps.

    Args:
        rate_hz: samples per second.
    """

    def __init__(self, rate_hz: Fraction) -> None:
        self._rate_hz = rate_hz
        self._begin: datetime | None = None
        self._next_index = 0
        self._placed: deque[_Placed] = deque(maxlen=_REMEMBERED)
        self._lost = LostMessages(rate_hz)
        self._waiting: deque[StampedWave] = deque()
        self.stream_id = new_id()

    @property
    def begin_at(self) -> datetime | None:
        """When sample 0 was taken, by the device's clock; None before the first wave."""
        return self._begin

    @property
    def is_waiting(self) -> bool:
        """Whether a wave has no place yet, because those after it must show whether something is missing before it."""
        return bool(self._waiting)

    def place(self, start_at: datetime, length: int, resolution_s: float = 0.0) -> int:
        """Return the index of the first sample of a wave whose arrival nobody knows; see `take`."""
        (*_, place) = self.take(StampedWave(start_at, length, resolution_s))
        return place.index

    def take(self, wave: StampedWave) -> list[Place]:
        """Return the places of the waves that have one now, the oldest first.

        A wave with a fine stamp that lies at most half of itself (and what its stamp cannot tell) from the expected
        place stands exactly there: stamps are rounded, and small errors must not add up to gaps. One that came before
        keeps its old place, a late one fills its gap; one that would overlie other samples shows that the clock was
        set back.
        """
        self._waiting.append(wave)
        return self.settle(wave.arrived_s)

    def settle(self, now_s: float | None) -> list[Place]:
        """Return the places of waves that have one by now.

        Args:
            now_s: the steady clock; None where nothing more will come that could show anything.
        """
        found: list[Place] = []
        while self._waiting:
            place = self._place_next(now_s)
            if place is None:
                break
            self._waiting.popleft()
            found.append(place)
        return found

    def _place_next(self, now_s: float | None) -> Place | None:
        wave = self._waiting[0]
        if self._begin is None:
            self._begin = wave.start_at
        before = self.stream_id
        index = self._coarse(wave, now_s) if wave.is_coarse(self._rate_hz) else self._fine(wave)
        if index is None:
            return None
        if index < 0 or (index - self._next_index) / self._rate_hz > LONGEST_GAP_S:
            self._restart(wave.start_at)
            index = 0
        self._placed.append(_Placed(wave.start_at, index, wave.length, wave.mark))
        if index >= self._next_index:
            self._lost.note(wave, index)
        self._next_index = max(self._next_index, index + wave.length)
        return Place(index, self.stream_id, self._begin, before != self.stream_id)

    def _fine(self, wave: StampedWave) -> int:
        assert self._begin is not None
        index = round((wave.start_at - self._begin).total_seconds() * self._rate_hz)
        distance = index - self._next_index
        slack = wave.length / 2 + wave.resolution_s * self._rate_hz
        if abs(distance) <= slack:
            self._follow(wave.start_at, self._next_index)
            return self._next_index
        return self._place_of_late(wave, index) if distance < 0 else index

    def _coarse(self, wave: StampedWave, now_s: float | None) -> int | None:
        for placed in self._placed:
            is_alike = (placed.start_at, placed.length, placed.mark) == (wave.start_at, wave.length, wave.mark)
            if is_alike and wave.is_again:
                return placed.index
        missing = self._lost.missing(self._waiting, self._next_index, now_s)
        if missing is None:
            return None
        if missing == CLOCK_SET:
            return -1
        self._follow(wave.start_at, self._next_index + missing)
        return self._next_index + missing

    def _follow(self, start_at: datetime, index: int) -> None:
        assert self._begin is not None
        distance_s = (start_at - self._begin).total_seconds() - float(index / self._rate_hz)
        self._begin += timedelta(seconds=distance_s * _FOLLOWED)

    def _place_of_late(self, wave: StampedWave, index: int) -> int:
        """Return where a wave from the past belongs, or -1 where it cannot be from this stream's past."""
        for each in self._placed:
            if (each.start_at, each.length) == (wave.start_at, wave.length):
                return each.index
        places = [(each.index, each.index + each.length) for each in self._placed]
        overlaid = any(first < index + wave.length and index < last for first, last in places)
        is_remembered = bool(places) and index >= min(places)[0]
        return index if is_remembered and not overlaid else -1

    def _restart(self, start_at: datetime) -> None:
        self._begin = start_at
        self._next_index = 0
        self._placed.clear()
        self._lost = LostMessages(self._rate_hz)
        self.stream_id = new_id()
