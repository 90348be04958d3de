"""Where a wave belongs in its stream: the device's time stamps become sample indexes.

A device's clock may be wrong by years, and may be set while it runs; between two messages it still tells how much time
passed. So the index of a wave follows from the distance to the first one. A clock that goes back, or leaps further than
a monitor can be silent, begins a new stream. No device samples exactly at the rate it announces: a slow drift between
its two clocks is followed, and never mistaken for lost samples.
Source of the case: devices whose 32-bit counters roll over make stamps jump back (seen in public issue threads).
"""

from __future__ import annotations

from collections import deque
from datetime import datetime, timedelta
from fractions import Fraction
from typing import Final

from clinic_app.foundation.ids import new_id

LONGEST_GAP_S: Final = 600.0
"""A longer silence or leap begins a new stream; the display keeps ten minutes."""


_REMEMBERED: Final = 256
"""Waves whose places are remembered, to know a late one from a clock that was set back."""
_FOLLOWED: Final = 0.0625
"""Part of the distance between stamp and count by which the start is moved, for each wave."""


class StreamClock:
    """Counts the samples of one stream by the device's time stamps.

    Args:
        rate_hz: samples per second.
    """

    def __init__(self, rate_hz: Fraction) -> None:
        self._rate_hz = rate_hz
        self._begin: datetime | None = None
        self._next_index = 0
        self._placed: deque[tuple[datetime, int, int]] = deque(maxlen=_REMEMBERED)
        self.stream_id = new_id()

    @property
    def begin_at(self) -> datetime | None:
        """When sample 0 was taken, by the device's clock; None before the first wave."""
        return self._begin

    def place(self, start_at: datetime, length: int, resolution_s: float = 0.0) -> int:
        """Return the index of a wave's first sample.

        Args:
            start_at: the wave's time stamp.
            length: its samples.
            resolution_s: how finely the stamp tells time.

        A wave that lies at most half of itself (and what its stamp cannot tell) from the expected place stands exactly
        there: stamps are rounded, and small errors must not add up to gaps. One that came before keeps its old place, a
        late one fills its gap; one that would overlie other samples shows that the clock was set back.
        """
        if self._begin is None:
            self._begin = start_at
        index = round((start_at - self._begin).total_seconds() * self._rate_hz)
        distance = index - self._next_index
        slack = length / 2 + resolution_s * self._rate_hz
        if abs(distance) <= slack:
            index = self._next_index
            self._begin += timedelta(seconds=float(distance / self._rate_hz) * _FOLLOWED)
        elif distance < 0:
            index = self._place_of_late(start_at, index, length)
        if index < 0 or distance / self._rate_hz > LONGEST_GAP_S:
            self._restart(start_at)
            index = 0
        self._placed.append((start_at, index, length))
        self._next_index = max(self._next_index, index + length)
        return index

    def _place_of_late(self, start_at: datetime, index: int, length: int) -> int:
        """Return where a wave from the past belongs, or -1 where it cannot be from this stream's past."""
        for stamp, placed, its_length in self._placed:
            if (stamp, its_length) == (start_at, length):
                return placed
        places = [(placed, placed + its_length) for _, placed, its_length in self._placed]
        overlaid = any(first < index + length and index < last for first, last in places)
        is_remembered = bool(places) and index >= min(places)[0]
        return index if is_remembered and not overlaid else -1

    def _restart(self, start_at: datetime) -> None:
        self._begin = start_at
        self._next_index = 0
        self._placed.clear()
        self.stream_id = new_id()
