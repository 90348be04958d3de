"""Where samples belong that carry no number and no time: by when they came, and only where something is missing.

Some devices send one sample after the other and nothing to count them by. As long as the line is whole, a sample's
index follows from the one before. Where bytes were lost nobody can say how many samples went with them; the time that
passed can. The earliest arrivals show how the device's samples lie against this computer's steady clock (a computer is
late, never early), and what came after a hole is placed by that.
"""

from __future__ import annotations

from collections import deque
from fractions import Fraction
from typing import Final

from clinic_app.foundation.ids import new_id

LONGEST_GAP_S: Final = 600.0
"""A longer silence begins a new stream; the display keeps ten minutes."""
UNSEEN_S: Final = 1.0
"""Samples that are so late against the clock were lost without a trace in the bytes."""
_WINDOW_S: Final = 60.0
_STEP_S: Final = 1.0


class ArrivalCount:
    """Counts the samples of one stream.

    Args:
        rate_hz: samples per second as the device's manual says; the true rate may differ by a part in a hundred.
    """

    def __init__(self, rate_hz: Fraction) -> None:
        self._rate_hz = float(rate_hz)
        self._next_index = 0
        self._earliest: deque[tuple[float, float]] = deque()
        self.stream_id = new_id()

    def place(self, length: int, at_s: float, *, is_after_hole: bool = False) -> int:
        """Return the index of the first of ``length`` samples.

        Args:
            length: how many came.
            at_s: when the last of them came, by the steady clock.
            is_after_hole: whether bytes before them could not be read.
        """
        index = self._next_index
        by_time = self._by_time(at_s) - length
        missing = by_time - index
        if is_after_hole:
            index = max(by_time, index + 1) if self._earliest else index
        elif missing > UNSEEN_S * self._rate_hz:
            index = by_time
        if (index - self._next_index) / self._rate_hz > LONGEST_GAP_S:
            self._restart()
            index = 0
        self._next_index = index + length
        self._note(at_s)
        return index

    def _by_time(self, at_s: float) -> int:
        """Return how many samples there ought to be by now."""
        if not self._earliest:
            return 0
        begin_s = min(begin for _, begin in self._earliest)
        return round((at_s - begin_s) * self._rate_hz)

    def _note(self, at_s: float) -> None:
        """Remember when sample 0 would have come, by the earliest arrival of each second of the last minute."""
        begin_s = at_s - self._next_index / self._rate_hz
        if self._earliest and at_s - self._earliest[-1][0] < _STEP_S:
            last_s, earliest_s = self._earliest[-1]
            self._earliest[-1] = (last_s, min(earliest_s, begin_s))
        else:
            self._earliest.append((at_s, begin_s))
        while at_s - self._earliest[0][0] > _WINDOW_S:
            self._earliest.popleft()

    def _restart(self) -> None:
        self._next_index = 0
        self._earliest.clear()
        self.stream_id = new_id()
