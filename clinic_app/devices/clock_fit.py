"""The line between a stream's sample count and this computer's steady clock, and where a block belongs on it.

No device samples exactly at the rate it announces, and nothing arrives on time: a cable, a radio and an operating
system only ever add delay. So the line is laid through the earliest arrivals of the last minute, robustly, and tells
when a sample was taken far better than the arrival of its own block. With it a lost block shows as a gap of the right
length, a counter that rolled over is unrolled, and a device that was switched off and on again begins a new stream.
Source of the cases: a 32-bit counter of 125 us ticks rolls over after 6 days and made stamps jump back an hour in a
public project; missing samples that are neither padded nor split slide every mark behind them.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from fractions import Fraction
from typing import Final

import numpy as np

from clinic_app.devices.block import Block
from clinic_app.foundation.ids import new_id

WINDOW_S: Final = 60.0
_BIN_S: Final = 0.5
_LEAST_SPAN_S: Final = 5.0
"""A shorter stretch says nothing about the rate."""
_FURTHEST_OFF: Final = 0.02
"""No quartz is wrong by more than this part; what looks so is delay."""
_EARLY: Final = 10
"""The percentile of the arrivals the line runs through."""
TOLERANCE_S: Final = 2.0
"""How far a counted block may lie in the future before its counter was set anew."""
LONGEST_GAP_S: Final = 600.0
"""A longer silence begins a new stream; the display keeps ten minutes."""
_LEAST_GAP_S: Final = 0.5
_LATE_S: Final = 10.0
"""A counted block that lies further back than this is no late one: the device began anew, or stopped counting."""


class ClockFit:
    """A robust line through the arrivals of one stream: steady seconds over sample indexes.

    Args:
        rate_hz: samples per second as the device announced it.
        window_s: seconds of arrivals that count.
    """

    def __init__(self, rate_hz: Fraction, window_s: float = WINDOW_S) -> None:
        self._nominal_hz = float(rate_hz)
        self._bins: deque[tuple[int, float, int]] = deque(maxlen=max(round(window_s / _BIN_S), 2))
        """Number of the bin, earliest delay in it (arrival minus index at the announced rate), index of that."""
        self._slope = 0.0
        self._delay_s: float | None = None

    @property
    def rate_hz(self) -> float:
        """Samples per second as measured, the announced rate until there is enough."""
        return 1 / (1 / self._nominal_hz + self._slope)

    @property
    def is_begun(self) -> bool:
        """Whether anything has arrived."""
        return self._delay_s is not None

    def add(self, end_index: int, monotonic_s: float) -> None:
        """Note an arrival.

        Args:
            end_index: one after the newest sample that came, counted from the start of the stream.
            monotonic_s: when it came, by the steady clock.
        """
        delay_s = monotonic_s - end_index / self._nominal_hz
        place = int(monotonic_s / _BIN_S)
        if self._bins and self._bins[-1][0] == place:
            if delay_s < self._bins[-1][1]:
                self._bins[-1] = (place, delay_s, end_index)
        else:
            self._fit()
            self._bins.append((place, delay_s, end_index))
        if self._delay_s is None or len(self._bins) < 3:
            self._delay_s = min(each[1] for each in self._bins)

    def monotonic_at(self, index: float) -> float:
        """Return when the sample before ``index`` arrived at the earliest, by the steady clock."""
        return index * (1 / self._nominal_hz + self._slope) + (self._delay_s or 0.0)

    def index_at(self, monotonic_s: float) -> float:
        """Return the index the stream had reached at a moment of the steady clock."""
        return (monotonic_s - (self._delay_s or 0.0)) * self.rate_hz

    def _fit(self) -> None:
        """Lay the line anew: the slope is the median of those between bins, the height an early percentile."""
        if len(self._bins) < 3:
            return
        delays = np.array([each[1] for each in self._bins])
        ends = np.array([each[2] for each in self._bins], dtype=np.float64)
        if (ends[-1] - ends[0]) / self._nominal_hz >= _LEAST_SPAN_S:
            first, second = np.triu_indices(len(ends), k=max(len(ends) // 3, 1))
            runs = ends[second] - ends[first]
            slopes = (delays[second] - delays[first])[runs > 0] / runs[runs > 0]
            if len(slopes):
                most = _FURTHEST_OFF / self._nominal_hz
                self._slope = float(np.clip(np.median(slopes), -most, most))
        self._delay_s = float(np.percentile(delays - self._slope * ends, _EARLY))


class SteadyPlace:
    """Places blocks of a device that counts nothing: what comes far too late has lost samples before it.

    Args:
        rate_hz: samples per second as announced.
    """

    def __init__(self, rate_hz: Fraction) -> None:
        self._rate_hz = rate_hz
        self.stream_id = new_id()
        self._next_index = 0
        self._fit = ClockFit(rate_hz)

    @property
    def next_index(self) -> int:
        """One after the newest sample."""
        return self._next_index

    @property
    def fit(self) -> ClockFit:
        """The clock of the stream that runs now."""
        return self._fit

    def place(self, count: int, monotonic_s: float) -> int:
        """Return the index of the first sample of a block that came now; `stream_id` changes after a long silence.

        Args:
            count: its samples.
            monotonic_s: when its last byte came.
        """
        behind = self._fit.index_at(monotonic_s) - (self._next_index + count) if self._fit.is_begun else 0.0
        if behind > LONGEST_GAP_S * self._rate_hz:
            self.stream_id = new_id()
            self._begin()
            behind = 0.0
        is_gap = behind > max(1.5 * count, _LEAST_GAP_S * self._rate_hz)
        index = self._next_index + (round(behind) if is_gap else 0)
        self._next_index = index + count
        self._fit.add(self._next_index, monotonic_s)
        return index

    def _begin(self) -> None:
        self._fit = ClockFit(self._rate_hz)
        self._next_index = 0


class CountedPlace:
    """Places blocks of a device that counts samples, blocks or ticks in a counter that rolls over.

    Args:
        rate_hz: samples per second as announced.
        bits: width of the counter.
        samples_per_count: samples that pass while the counter goes up by one: 1 for a counter of samples, ``n`` for one
            of blocks of ``n`` samples, ``rate / 8000`` for ticks of 125 us.
    """

    def __init__(self, rate_hz: Fraction, bits: int, samples_per_count: Fraction = Fraction(1)) -> None:
        self._rate_hz = rate_hz
        self._round = 1 << bits
        self._samples_per_count = samples_per_count
        self.restarts = 0
        """How often the counter was set anew, or the silence was too long."""
        self.stream_id = new_id()
        self._first_counter = 0
        self._next_index = 0
        self._fit = ClockFit(rate_hz)

    @property
    def next_index(self) -> int:
        """One after the newest sample."""
        return self._next_index

    @property
    def fit(self) -> ClockFit:
        """The clock of the stream that runs now."""
        return self._fit

    def place(self, counter: int, count: int, monotonic_s: float) -> int:
        """Return the index of the first sample of a block; `stream_id` changes where the device began anew.

        A block that came before keeps its place, a late one fills its gap.

        Args:
            counter: as the device sent it with the block, for the block's first sample.
            count: the block's samples.
            monotonic_s: when it came.
        """
        counter %= self._round
        if not self._fit.is_begun:
            self._first_counter = counter
        index = self._unrolled(counter, count, monotonic_s)
        if self._cannot_be(index, count, monotonic_s):
            self.restarts += 1
            self.stream_id = new_id()
            self._begin(counter)
            index = 0
        if index + count > self._next_index or not self._fit.is_begun:
            self._next_index = max(self._next_index, index + count)
            self._fit.add(index + count, monotonic_s)
        return index

    def _begin(self, counter: int) -> None:
        self._fit = ClockFit(self._rate_hz)
        self._first_counter = counter
        self._next_index = 0

    def _unrolled(self, counter: int, count: int, monotonic_s: float) -> int:
        """Return the index a counter stands for: the one that follows, else the one nearest to what time tells."""
        passed = (counter - self._first_counter) % self._round
        near = self._turned(passed, self._next_index)
        if not self._fit.is_begun:
            return near
        expected = self._fit.index_at(monotonic_s) - count
        if abs(near - self._next_index) <= max(1, count // 2) and expected - near <= _LATE_S * self._rate_hz:
            return near if self._samples_per_count.denominator == 1 else self._next_index
        is_ambiguous = self._round * self._samples_per_count <= 2 * LONGEST_GAP_S * self._rate_hz
        return self._turned(passed, expected) if is_ambiguous else near

    def _turned(self, passed: int, expected: float) -> int:
        """Return the sample of a counter's value that lies nearest to an expected one."""
        turns = round((expected / float(self._samples_per_count) - passed) / self._round)
        return round((passed + max(turns, 0) * self._round) * self._samples_per_count)

    def _cannot_be(self, index: int, count: int, monotonic_s: float) -> bool:
        """Return whether a block at ``index`` shows that the counter was set anew."""
        if not self._fit.is_begun:
            return False
        ahead_s = (index + count - self._fit.index_at(monotonic_s)) / float(self._rate_hz)
        gap_s = (index - self._next_index) / float(self._rate_hz)
        return not -_LATE_S <= ahead_s <= TOLERANCE_S or not -_LATE_S <= gap_s <= LONGEST_GAP_S


def fit_of(blocks: Iterable[Block]) -> ClockFit | None:
    """Return the clock of blocks of one stream, in the order they came; None of none."""
    fit: ClockFit | None = None
    for block in blocks:
        fit = fit or ClockFit(block.rate_hz)
        fit.add(block.first_index + block.samples.shape[1], block.monotonic_s)
    return fit
