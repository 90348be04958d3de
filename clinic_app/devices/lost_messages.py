"""Whether whole messages are missing before a wave, where the device's stamps are too coarse to tell.

A monitor that stamps whole seconds and sends one message a second says the same with and without a lost message: a
stamp that goes on by two may be a second that is missing, or a clock whose fraction came over the edge. So two more
witnesses are heard. The steady clock: what comes after a loss is late, and stays late; what comes after a stall of the
line is late too, but the backlog follows at once. And the numbers of the messages, where the device counts them. A wave
that comes late waits until the ones behind it have shown which of the two it was; all others wait for nothing.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from fractions import Fraction
from itertools import pairwise
from typing import Final

CLOCK_SET: Final = -1
"""What `LostMessages.missing` says where no loss explains a stamp."""
COARSE: Final = 4.0
"""A stamp that tells time no finer than this part of a wave leaves doubt."""
LONGEST_WAIT_S: Final = 10.0
MOST_WAITING: Final = 64
_WINDOW_S: Final = 30.0
"""Quartzes run apart by 6 ms in this time: less than anything that is looked for."""
_LENGTHS: Final = 32
_STAMPS: Final = 512
_MOST_GUESSES: Final = 512
_STEP_S: Final = 1.0
_EARLIER_S: Final = 0.04
"""A computer is late, never early; by so much it may seem to be."""
_SILENCE: Final = 1.5
_MOSTLY: Final = 0.6
_TRUST: Final = 1.5
"""How much more an arrival counts than a stamp, where both say how many messages are missing."""
_SAME_S: Final = 0.02
"""Stamps that agree so far say the same."""


@dataclass(frozen=True)
class StampedWave:
    """What is known of when a wave was taken.

    Args:
        start_at: the device's stamp of its first sample.
        length: its samples.
        resolution_s: how finely the stamp tells time.
        arrived_s: when it came, by the steady clock; None where nobody knows.
        skipped: messages that are missing before it by the device's own count, with waves or without; None from a
            device that does not count.
        is_again: whether its message has the number of one that came before.
        mark: the same for waves with the same samples.
    """

    start_at: datetime
    length: int
    resolution_s: float = 0.0
    arrived_s: float | None = None
    skipped: int | None = None
    is_again: bool = False
    mark: int = 0

    def is_coarse(self, rate_hz: Fraction) -> bool:
        """Return whether its stamp leaves doubt about a lost message."""
        return self.resolution_s * COARSE * rate_hz >= self.length


class LostMessages:
    """The witnesses of one stream.

    Args:
        rate_hz: samples per second.
    """

    def __init__(self, rate_hz: Fraction) -> None:
        self._rate_hz = float(rate_hz)
        self._epoch: datetime | None = None
        self._offsets: deque[tuple[int, float]] = deque(maxlen=_STAMPS)
        """Of the waves of the last time: end index, and what the stamp says beyond the count, in seconds."""
        self._begins: deque[tuple[float, float]] = deque()
        """Of each second: when it was, and when sample 0 would have come, by its earliest arrival."""
        self._lowest = self._highest = 0.0
        """Of those offsets."""
        self._resolution_s = 0.0
        self._lengths: deque[int] = deque(maxlen=_LENGTHS)
        self._counts: deque[int] = deque(maxlen=_STAMPS)
        """By how much the numbers of the messages went on beyond one, from wave to wave."""
        self._is_improving = False

    def missing(self, waiting: Sequence[StampedWave], next_index: int, now_s: float | None) -> int | None:
        """Return how many samples are missing before the first of the waves, or `CLOCK_SET`.

        None says that this cannot be known before more has come.

        Args:
            waiting: the waves that have no place yet, in the order they came.
            next_index: the place of the first one if nothing is missing.
            now_s: the steady clock; None where it has to be decided now.
        """
        first = waiting[0]
        if self._epoch is None:
            return 0
        offsets = self._offsets_of(waiting, next_index)
        if counted := self._counted(first, offsets[0]):
            return counted
        lates = self._lates(waiting, next_index)
        if lates is None or self._is_early(lates[0], first):
            return self._by_stamps(first, offsets[:1])
        unit = self._usual_length()
        whole_s = unit / self._rate_hz
        late_s = min(lates)
        if late_s < whole_s / 2:
            return self._on_time(first, offsets[0])
        mates = [offset for offset, late in zip(offsets, lates, strict=True) if late < late_s + 0.6 * whole_s]
        guesses = self._guesses(mates, whole_s, late_s)
        as_lost = min((self._spread(mates, number * whole_s) for number in guesses), default=math.inf)
        is_full = late_s >= whole_s - min(_EARLIER_S, whole_s / 5)
        is_later = first.skipped == 0 and any(each.skipped for each in waiting)
        if is_later or (not first.skipped and as_lost > self._spread(mates) + (_SAME_S if is_full else -_SAME_S)):
            return self._on_time(first, offsets[0])
        if now_s is not None and self._may_catch_up(waiting, lates, now_s, max(whole_s, first.resolution_s)):
            return None
        if now_s is None and first.skipped == 0 and self._counts_waves():
            return self._on_time(first, offsets[0])  # the line stood still at the end
        best = self._likely(mates, whole_s, late_s) or self._likely(offsets[:1], whole_s, late_s)
        return round(best * unit) if best else self._on_time(first, offsets[0])

    def note(self, wave: StampedWave, index: int) -> None:
        """Remember a wave that has its place now."""
        if self._epoch is None:
            self._epoch = wave.start_at
        end = index + wave.length
        self._lengths.append(wave.length)
        if wave.skipped is not None and not wave.is_again:
            self._counts.append(wave.skipped)
        self._offsets.append((end, self._stamp_s(wave) - index / self._rate_hz))
        while (end - self._offsets[0][0]) / self._rate_hz > _WINDOW_S:
            self._offsets.popleft()
        known = [offset for _, offset in self._offsets]
        self._lowest, self._highest = min(known), max(known)
        if wave.arrived_s is None:
            return
        begin_s = wave.arrived_s - end / self._rate_hz
        is_first = not self._begins
        self._is_improving = not is_first and self._is_early(begin_s - self._earliest(), wave)
        if not is_first and wave.arrived_s - self._begins[-1][0] < _STEP_S:
            at_s, earliest_s = self._begins[-1]
            self._begins[-1] = (at_s, min(begin_s, earliest_s))
        else:
            self._begins.append((wave.arrived_s, begin_s))
        while wave.arrived_s - self._begins[0][0] > _WINDOW_S:
            self._begins.popleft()

    def _counted(self, wave: StampedWave, offset: float) -> int:
        """Return the samples that are missing by the device's count alone; 0 where it does not tell."""
        if not wave.skipped or wave.is_again or not self._counts_waves():
            return 0
        unit = self._usual_length()
        missing_s = wave.skipped * unit / self._rate_hz
        return round(wave.skipped * unit) if self._can_be([offset - missing_s], unit / self._rate_hz) else 0

    def _counts_waves(self) -> bool:
        """Return whether the device's numbers mostly go on by one from wave to wave: nothing else is counted then."""
        return self._counts.count(0) > _MOSTLY * len(self._counts)

    def _usual_length(self) -> float:
        """Return the samples of a message; not always the same number at 62.5 Hz."""
        return sum(self._lengths) / len(self._lengths)

    # --- the device's stamps ---

    def _stamp_s(self, wave: StampedWave) -> float:
        return (wave.start_at - self._epoch).total_seconds() if self._epoch else 0.0

    def _offsets_of(self, waiting: Sequence[StampedWave], next_index: int) -> list[float]:
        offsets = []
        for wave in waiting:
            offsets.append(self._stamp_s(wave) - next_index / self._rate_hz)
            next_index += wave.length
        self._resolution_s = waiting[0].resolution_s
        return offsets

    def _spread(self, offsets: Sequence[float], missing_s: float = 0.0) -> float:
        """Return how far the stamps lie apart with these, if so much is missing before them.

        The stamps of one stream lie apart by less than their resolution.
        """
        most = max(self._highest, max(offsets) - missing_s)
        return most - min(self._lowest, min(offsets) - missing_s)

    def _guesses(self, offsets: Sequence[float], whole_s: float, late_s: float) -> range:
        """Return how many messages may be missing, by the stamps; at least one."""
        room_s = self._resolution_s + whole_s / 2 + _SAME_S
        least = math.ceil((max(offsets) - self._lowest - room_s) / whole_s)
        most = math.floor((min(offsets) - self._highest + room_s) / whole_s)
        most = min(most, round(late_s / whole_s) + 1, least + _MOST_GUESSES)
        return range(max(least, 1), most + 1)

    def _likely(self, offsets: Sequence[float], whole_s: float, late_s: float) -> int:
        """Return how many messages are missing if some are, as stamps and lateness say; 0 where no number fits."""

        def cost(number: int) -> float:
            return self._spread(offsets, number * whole_s) + _TRUST * abs(number * whole_s - late_s)

        return min(self._guesses(offsets, whole_s, late_s), key=cost, default=0)

    def _told(self, wave: StampedWave, offset: float, whole_s: float) -> int:
        """Return how many of the messages that are missing by the device's count had waves; 0 where none is."""

        def misfit(number: int) -> tuple[int, int]:
            return round(self._spread([offset], number * whole_s) / _SAME_S), -number

        return min(range(1, min(wave.skipped or 0, _MOST_GUESSES) + 1), key=misfit, default=0)

    def _can_be(self, offsets: Sequence[float], whole_s: float) -> bool:
        return self._spread(offsets) <= self._resolution_s + whole_s / 2 + _SAME_S

    def _on_time(self, wave: StampedWave, offset: float) -> int:
        """Judge a wave that did not come late: nothing is missing, unless its clock says what cannot be."""
        unit = self._usual_length()
        whole_s = unit / self._rate_hz
        told = self._told(wave, offset, whole_s)
        if self._spread([offset], told * whole_s) + max(_SAME_S, whole_s / 2) < self._spread([offset]):
            return round(told * unit)
        room_s = 1.5 * self._resolution_s + whole_s
        return 0 if self._spread([offset]) <= room_s else CLOCK_SET

    def _by_stamps(self, wave: StampedWave, offsets: Sequence[float]) -> int:
        """Judge a wave whose arrival says nothing: one of a backlog, or of a device that plays faster than time."""
        unit = self._usual_length()
        whole_s = unit / self._rate_hz
        spread = self._spread(offsets)
        if wave.skipped == 0 and self._can_be(offsets, whole_s):
            return 0
        told = self._told(wave, offsets[0], whole_s)
        if told and self._can_be([offsets[0] - told * whole_s], whole_s):
            return round(told * unit)
        if spread <= self._resolution_s - _SAME_S:
            return 0
        best = self._likely(offsets, whole_s, offsets[0] - self._lowest)
        if best and self._spread(offsets, best * whole_s) < spread - _SAME_S:
            return round(best * unit)
        return 0 if self._can_be(offsets, whole_s) else CLOCK_SET

    # --- the steady clock ---

    def _earliest(self) -> float:
        return min(begin for _, begin in self._begins)

    def _lates(self, waiting: Sequence[StampedWave], next_index: int) -> list[float] | None:
        """Return by how much each comes late if nothing is missing; None where the arrivals say nothing."""
        if self._is_improving or not self._begins:
            return None
        earliest_s, lates = self._earliest(), []
        for wave in waiting:
            if wave.arrived_s is None:
                return None
            next_index += wave.length
            lates.append(wave.arrived_s - next_index / self._rate_hz - earliest_s)
        return lates

    def _is_early(self, late_s: float, wave: StampedWave) -> bool:
        return late_s < -_EARLIER_S - 0.1 * wave.length / self._rate_hz

    def _may_catch_up(
        self, waiting: Sequence[StampedWave], lates: Sequence[float], now_s: float, wait_s: float
    ) -> bool:
        """Return whether a backlog may still be on its way.

        Each wave that is less late, and each after a silence, makes the wait begin anew; in a silence nothing is
        decided.
        """
        arrivals = [each.arrived_s or 0.0 for each in waiting]
        if now_s - arrivals[0] > LONGEST_WAIT_S or len(waiting) >= MOST_WAITING:
            return False
        pace_s = self._usual_length() / self._rate_hz
        since_s, least_s = arrivals[0], lates[0]
        for (before_s, arrived_s), late_s in zip(pairwise(arrivals), lates[1:], strict=True):
            if late_s < least_s - 0.1 * pace_s or arrived_s - before_s > _SILENCE * pace_s:
                least_s, since_s = min(late_s, least_s), arrived_s
        return now_s - arrivals[-1] > _SILENCE * pace_s or now_s - since_s < 1.1 * wait_s
