"""Heart beats in one ECG lead, found as the samples come, and whether they can be trusted.

The detector is causal: a beat is told `DELAY_S` after its peak at the latest, one that search-back finds later (within
1.66 of the usual interval). A hump of the energy curve is a beat when it stands out from what usually lies between
beats; both levels are learned and followed. Where no sample was received there is no beat, and where beats and noise
are alike the answer is "noisy" instead of a number. This is no alarm: asystole is "no beats", and a person looks.
Source: thresholds and search-back as in Hamilton, "Open source ECG analysis" (2002); a QRS below 0.15 mV is none
(IEC 60601-2-27).
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median
from typing import Final, Literal

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from clinic_app.waveforms.beat_energy import LEAST_RATE_HZ, BeatEnergy, Curve
from clinic_app.waveforms.signal_shape import LOOKED_AT_S, is_counted_tone, is_cut_off

DELAY_S: Final = 0.25
LEAST_QRS_UV: Final = 150.0
"""From its lowest to its highest sample; what is smaller is no QRS."""
_FLOOR_UV: Final = 12.0
"""Of the energy curve: what a wide QRS of that size gives."""
_ALONE_S: Final = 0.1
"""A hump is the highest so far to both sides."""
_REFRACTORY_S: Final = 0.2
_T_WAVE_S: Final = 0.36
_T_WAVE_PART: Final = 0.5
_LEARNING_S: Final = 2.0
_LOST_S: Final = 4.0
"""No beat for so long: the levels are learned anew, and there is no heart rate."""
_SEARCH_BACK: Final = 1.66
_PART: Final = 0.33
"""Where between noise and beats the threshold lies."""
_LATE_PART: Final = 0.5
"""Of the threshold, for search-back."""
_STILL_UV_PER_MS: Final = 40.0
"""The usual slope of a line with nothing on it is less; a hum of 0.2 mV has more."""
_REMEMBERED: Final = 8
_JUDGED_S: Final = 10.0
_PEAK_S: Final = 0.07
_BASELINE_S: Final = 0.2
_KEPT_S: Final = 1.0
_LEAST_CONTRAST: Final = 1.7
_LEAST_CONTRAST_UNSTEADY: Final = 2.5
"""Of a rhythm without a beat of its own; fibrillating atria in a fair signal have more, noise has less."""
_STEADY: Final = 0.2
_REGULAR: Final = 0.1
"""Deviation of the intervals, in parts of their mean; noise is never regular, a wide tachycardia is."""
_GOOD_CONTRAST: Final = 5.0
_MOST_MISSING: Final = 0.3
_PIECE_S: Final = 10.0
_LEAST_RISE: Final = 1.5
"""A hump over the lowest point shortly before it; a hum has none."""
_RISE_S: Final = 0.25
_USUAL_S: Final = 0.6
_USUAL_WEIGHT: Final = 1.2
_MOST_UV: Final = 5000.0
"""Of the energy curve: a narrow QRS of 25 mV; no body gives as much."""
Trouble = Literal["", "learning", "noise", "no beats", "gaps", "slow rate", "leads off", "no signal"]


@dataclass(frozen=True)
class Beat:
    """One beat.

    Args:
        index: of its peak, counted from the first sample the finder was fed.
        amplitude: of the peak over what was before it, in the unit of the samples; negative for one that points down.
    """

    index: int
    amplitude: float


@dataclass(frozen=True)
class Quality:
    """How much the beats of the last seconds can be trusted.

    Args:
        value: 0 (nothing is known) to 1.
        is_noisy: a heart rate would be a guess.
        trouble: what is the matter, or nothing.
    """

    value: float
    is_noisy: bool
    trouble: Trouble = ""


@dataclass(frozen=True)
class _Hump:
    """A hump of the energy curve.

    Args:
        index: of its top.
        height: there.
        usual: the middle one of the heights before it, over `_USUAL_S`.
        stands_out: whether it may be a beat; else it can only be noise.
    """

    index: int
    height: float
    usual: float
    stands_out: bool


class BeatFinder:
    """Finds the beats of one lead.

    Args:
        rate_hz: samples per second; below `LEAST_RATE_HZ` nothing is found.
        per_millivolt: what a millivolt is in the samples: 1000 for uV.

    Not safe for use from several threads.
    """

    def __init__(self, rate_hz: float, per_millivolt: float = 1000.0) -> None:
        self.per_millivolt = per_millivolt
        self._rate_hz = rate_hz
        self._floor = _FLOOR_UV * per_millivolt / 1000
        self._most = _MOST_UV * per_millivolt / 1000
        self._least_qrs = LEAST_QRS_UV * per_millivolt / 1000
        self._energy = BeatEnergy(rate_hz) if rate_hz >= LEAST_RATE_HZ else None
        self._alone = max(round(_ALONE_S * rate_hz), 1)
        self._end = 0
        self._judged: tuple[int, Quality] | None = None
        self._lost: deque[tuple[int, int]] = deque()
        self._last: _Hump | None = None
        self._last_peak = -1
        self._began = 0
        self._learn(0)
        self._restart(0)

    @property
    def heart_rate(self) -> float | None:
        """Beats per minute over the last intervals, or None where it is not known."""
        found = [interval for at, interval in self._intervals if self._end - at <= _JUDGED_S * self._rate_hz]
        is_old = self._end - self._last_peak > _LOST_S * self._rate_hz
        if len(found) < 2 or is_old or self.quality.is_noisy:
            return None
        return 60 * self._rate_hz * len(found) / sum(found)

    @property
    def quality(self) -> Quality:
        """How much the beats of the last ten seconds can be trusted."""
        if self._judged is None or self._judged[0] != self._end:
            self._judged = (self._end, self._judged_quality())
        return self._judged[1]

    def _judged_quality(self) -> Quality:
        if self._energy is None:
            return Quality(0.0, True, "slow rate")
        since = self._end - _JUDGED_S * self._rate_hz
        missing = sum(last - max(first, since) for first, last in self._lost if last > since)
        if missing > _MOST_MISSING * min(_JUDGED_S * self._rate_hz, self._end):
            return Quality(0.0, True, "gaps")
        beats = [each for each in self._beats if each.index > since]
        if not beats or self._end - self._last_peak > _LOST_S * self._rate_hz:
            if self._is_quiet():
                return Quality(0.0, False, "no beats")
            is_new = self._is_learning and self._end - self._began < _LOST_S * self._rate_hz
            return Quality(0.0, not is_new, "learning" if is_new else "noise")
        if self._is_no_heart():
            return Quality(0.0, True, "noise")
        spread = self._spread()
        between = [each for each in self._humps if each.index > since]
        contrast = _contrast(beats, between, self._floor, is_regular=spread < _REGULAR)
        value = min(max((contrast - 1) / (_GOOD_CONTRAST - 1), 0.0), 1.0)
        least = _LEAST_CONTRAST if spread < _STEADY else _LEAST_CONTRAST_UNSTEADY
        return Quality(value, contrast < least, "noise" if contrast < least else "")

    def _is_quiet(self) -> bool:
        """Return whether the last two seconds hold nothing at all: no hump, and no hum of the mains either."""
        last = round(_LEARNING_S * self._rate_hz)
        steps = np.abs(np.diff(self._samples[-last:]))
        usual_step = float(np.median(steps)) if len(steps) else 0.0
        is_still = usual_step * self._rate_hz / 1000 < _STILL_UV_PER_MS * self.per_millivolt / 1000
        return bool(is_still and self._curve[-last:].max(initial=0.0) < self._floor)

    def _is_no_heart(self) -> bool:
        """Return whether what is counted is a generator, a loose plug or a converter at the end of its range."""
        if len(self._shape) < LOOKED_AT_S * self._rate_hz:
            return False
        if is_cut_off(self._shape):
            return True
        intervals = [interval for _, interval in self._intervals]
        usual = self._rate_hz / median(intervals) if intervals else 0.0
        return bool(intervals) and is_counted_tone(self._shape, self._rate_hz, usual)

    def _spread(self) -> float:
        """Return how much the last intervals differ, in parts of their mean; few tell nothing."""
        intervals = [interval for _, interval in self._intervals]
        if len(intervals) < 4:
            return np.inf
        mean = sum(intervals) / len(intervals)
        return math.sqrt(sum((each - mean) ** 2 for each in intervals) / len(intervals)) / mean

    def feed(self, samples: NDArray[np.float32] | Curve) -> tuple[Beat, ...]:
        """Take the next samples; return the beats that are certain by now, in the order of time.

        Args:
            samples: shape (n,), NaN where one was lost.
        """
        found: list[Beat] = []
        piece = round(_PIECE_S * self._rate_hz)
        for start in range(0, len(samples), piece):
            found += self._feed_piece(np.asarray(samples[start : start + piece], dtype=np.float64))
        return tuple(found)

    def _feed_piece(self, samples: Curve) -> list[Beat]:
        if self._energy is None:
            self._end += len(samples)
            return []
        found: list[Beat] = []
        edges = np.flatnonzero(np.diff(np.isfinite(samples).astype(np.int8), prepend=0, append=0))
        begin = self._end
        for first, last in zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True):
            self._skip_to(begin + first)
            found += self._take(self._energy, samples[first:last])
        self._skip_to(begin + len(samples))
        return found

    def _skip_to(self, index: int) -> None:
        """Note that the samples up to ``index`` were lost; what comes after has nothing to do with what was."""
        if index == self._end:
            return
        self._lost.append((self._end, index))
        while self._lost and self._lost[0][1] < index - _JUDGED_S * self._rate_hz:
            self._lost.popleft()
        self._end = index
        self._last = None
        self._began = index
        self._restart(index)

    def _restart(self, index: int) -> None:
        self._begin = index
        self._samples: Curve = np.empty(0)
        self._curve: Curve = np.empty(0)
        self._looked = index
        self._shape: Curve = np.empty(0)
        self._waiting: list[_Hump] = []
        if self._energy is not None:
            self._energy.restart()

    def _learn(self, index: int) -> None:
        self._is_learning = True
        self._learns_from = index
        self._last = None
        self._intervals: deque[tuple[int, int]] = deque(maxlen=_REMEMBERED)
        self._beats: deque[_Hump] = deque(maxlen=4 * _REMEMBERED)
        self._humps: deque[_Hump] = deque(maxlen=8 * _REMEMBERED)

    def _take(self, energy: BeatEnergy, samples: Curve) -> list[Beat]:
        self._samples = np.concatenate([self._samples, samples])
        self._shape = np.concatenate([self._shape, samples])[-math.ceil(LOOKED_AT_S * self._rate_hz) :]
        self._curve = np.concatenate([self._curve, energy.run(samples)])
        self._end += len(samples)
        found: list[Beat] = []
        for hump in self._new_humps():
            found += [*self._search_back(hump.index), *self._judge(hump)]
        found += self._search_back(self._looked)
        self._forget_old()
        return found

    def _new_humps(self) -> Sequence[_Hump]:
        """Return the humps that are the highest within `_ALONE_S`, up to where that is known."""
        side = self._alone
        first = max(self._looked - self._begin, side)
        last = len(self._curve) - side
        if first >= last:
            return ()
        region = self._curve[first - side : last + side]
        highest = sliding_window_view(region, 2 * side + 1).max(axis=1)
        middle = region[side:-side]
        places = np.flatnonzero((middle == highest) & (middle > region[side - 1 : -side - 1]))
        self._looked = self._begin + last
        return [self._hump(first + int(place)) for place in places]

    def _hump(self, place: int) -> _Hump:
        height = float(self._curve[place])
        before = self._curve[max(place - round(_USUAL_S * self._rate_hz), 0) : place]
        lowest = before[-round(_RISE_S * self._rate_hz) :].min(initial=np.inf)
        _, around = self._around(self._begin + place)
        is_a_rise = _LEAST_RISE * lowest <= height <= self._most
        stands_out = bool(is_a_rise and np.ptp(around) >= self._least_qrs)
        return _Hump(self._begin + place, height, float(np.median(before)), stands_out)

    def _judge(self, hump: _Hump) -> list[Beat]:
        if self._is_learning:
            self._waiting.append(hump)
            return self._learned(hump.index)
        since_last = (hump.index - self._last.index) / self._rate_hz if self._last else np.inf
        if since_last < _REFRACTORY_S:
            return []
        is_wave = self._last is not None and since_last < _T_WAVE_S and hump.height < _T_WAVE_PART * self._last.height
        if hump.stands_out and hump.height >= self._threshold() and not is_wave:
            return [self._accepted(hump)]
        self._waiting.append(hump)
        self._humps.append(hump)
        return []

    def _learned(self, index: int) -> list[Beat]:
        """Learn the levels once there is enough to learn from; return the beats among what was waiting."""
        if index - self._learns_from < _LEARNING_S * self._rate_hz:
            return []
        waiting, self._waiting = self._waiting, []
        highest = max((hump.height for hump in waiting if hump.stands_out), default=0.0)
        if highest < self._floor:
            self._waiting = waiting[1:]
            self._learns_from = waiting[1].index if len(waiting) > 1 else index
            return []
        high = [hump for hump in waiting if hump.stands_out and hump.height > highest / 2]
        self._is_learning = False
        self._levels: deque[float] = deque([float(np.median([hump.height for hump in high]))], _REMEMBERED)
        self._noises: deque[float] = deque(maxlen=_REMEMBERED)
        return [beat for hump in waiting for beat in self._judge(hump)]

    def _threshold(self) -> float:
        noise = median([hump.height for hump in list(self._humps)[-_REMEMBERED:]]) if self._humps else 0.0
        level = median(self._levels)
        return max(noise + _PART * (level - noise), self._floor)

    def _search_back(self, reached: int) -> list[Beat]:
        """Return what was missed where the pause is too long for this rhythm; learn anew where it goes on.

        Args:
            reached: up to here all humps were judged.
        """
        found: list[Beat] = []
        while not self._is_learning:
            last = self._last.index if self._last else self._learns_from
            missed = self._missed(last, reached)
            if missed is None:
                if reached - last > _LOST_S * self._rate_hz:
                    self._learn(last + round(_LOST_S * self._rate_hz))
                    self._waiting = []
                return found
            after = [hump for hump in self._waiting if hump.index > missed.index]
            self._humps = deque((hump for hump in self._humps if hump.index != missed.index), self._humps.maxlen)
            found.append(self._accepted(missed))
            self._waiting = after
        return found

    def _missed(self, last: int, reached: int) -> _Hump | None:
        if len(self._intervals) < 3:
            return None
        usual = median(interval for _, interval in self._intervals)
        if reached - last < _SEARCH_BACK * usual:
            return None
        first = last + _T_WAVE_S * self._rate_hz
        late = [hump for hump in self._waiting if hump.stands_out and hump.index > first]
        best = max(late, key=lambda hump: hump.height, default=None)
        least = max(_LATE_PART * self._threshold(), self._floor)
        return best if best is not None and best.height >= least else None

    def _accepted(self, hump: _Hump) -> Beat:
        beat = self._peak(hump)
        if self._last is not None:
            self._intervals.append((beat.index, beat.index - self._last_peak))
        self._last, self._last_peak = hump, beat.index
        self._levels.append(hump.height)
        self._beats.append(hump)
        self._waiting = []
        return beat

    def _peak(self, hump: _Hump) -> Beat:
        """Return the beat whose energy makes a hump: the sample furthest from what was before it."""
        first, around = self._around(hump.index)
        before = self._samples[max(first - round(_BASELINE_S * self._rate_hz), 0) : first + len(around) // 2]
        heights = around - np.median(before if len(before) else around)
        place = int(np.argmax(np.abs(heights)))
        return Beat(self._begin + first + place, float(heights[place]))

    def _around(self, index: int) -> tuple[int, Curve]:
        """Return the samples a hump with its top at ``index`` comes from, and where they begin in what is kept."""
        assert self._energy is not None
        centre = index - self._energy.delay - self._begin
        side = max(round(_PEAK_S * self._rate_hz), 1)
        first = max(centre - side, 0)
        return first, self._samples[first : max(centre + side, first + 1)]

    def _forget_old(self) -> None:
        oldest = self._looked - 2 * self._alone
        if self._waiting:
            oldest = min(oldest, self._waiting[0].index)
        drop = int(oldest - _KEPT_S * self._rate_hz) - self._begin
        if drop > 0:
            self._samples, self._curve = self._samples[drop:], self._curve[drop:]
            self._begin += drop


def find_beats(samples: NDArray[np.float32] | Curve, rate_hz: float, per_millivolt: float = 1000.0) -> tuple[Beat, ...]:
    """Return the beats of a whole lead, as the live detector finds them.

    Args:
        samples: shape (n,), NaN where one was lost.
        rate_hz: samples per second.
        per_millivolt: what a millivolt is in the samples: 1000 for uV.
    """
    return BeatFinder(rate_hz, per_millivolt).feed(samples)


def _contrast(beats: Sequence[_Hump], between: Sequence[_Hump], floor: float, *, is_regular: bool) -> float:
    """Return how far the weaker beats stand out from the stronger of what lies between them, and from what is usual."""
    weaker = _quantile([each.height for each in beats], 0.2)
    stronger = _quantile([each.height for each in between], 0.9) if between else 0.0
    usual = 0.0 if is_regular else _USUAL_WEIGHT * median(each.usual for each in (*beats, *between))
    return weaker / max(stronger, usual, floor / 4)


def _quantile(values: Sequence[float], part: float) -> float:
    """Return the value below which a part of a few values lies, between the two nearest."""
    ordered = sorted(values)
    place = part * (len(ordered) - 1)
    low = int(place)
    high = min(low + 1, len(ordered) - 1)
    return ordered[low] + (place - low) * (ordered[high] - ordered[low])
