"""Where a wave belongs in its stream: the device's time stamps become sample indexes.

A device's clock may be wrong by years, and may be set while it runs; between two messages it still tells how much time
passed. So the index of a wave follows from the distance to the first one. A clock that goes back, or leaps further than
a monitor can be silent, begins a new stream.
Source of the case: devices whose 32-bit counters roll over make stamps jump back (seen in public issue threads).
"""

from __future__ import annotations

from datetime import datetime
from fractions import Fraction
from typing import Final

from clinic_app.foundation.ids import new_id

LONGEST_GAP_S: Final = 600.0
"""A longer silence or leap begins a new stream; the display keeps ten minutes."""


class StreamClock:
    """Counts the samples of one stream by the device's time stamps.

    Args:
        rate_hz: samples per second.
    """

    def __init__(self, rate_hz: Fraction) -> None:
        self._rate_hz = rate_hz
        self._begin: datetime | None = None
        self._next_index = 0
        self.stream_id = new_id()

    def place(self, start_at: datetime, length: int) -> int:
        """Return the index of a wave's first sample.

        Args:
            start_at: the wave's time stamp.
            length: its samples.

        A wave that lies at most half of itself from the expected place stands exactly there: stamps are rounded, and
        small errors must not add up to gaps. One that came before keeps its old place.
        """
        if self._begin is None:
            self._begin = start_at
        index = round((start_at - self._begin).total_seconds() * self._rate_hz)
        distance = index - self._next_index
        if abs(distance) / self._rate_hz > LONGEST_GAP_S or index < 0:
            self._restart(start_at)
            index = 0
        elif abs(distance) <= length / 2:
            index = self._next_index
        self._next_index = max(self._next_index, index + length)
        return index

    def _restart(self, start_at: datetime) -> None:
        self._begin = start_at
        self._next_index = 0
        self.stream_id = new_id()
