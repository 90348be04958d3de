"""How fast a loop runs: what its file says, and which picture is due after so much time.

The clock is the time that has passed, not a count of ticks: a computer that is too slow shows fewer pictures of a
heart, never a slower heart.

Sources: DICOM PS3.3 C.7.6.5 (cine), C.7.6.6 (multi-frame: the pointer to what tells frames apart).
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import Final, Literal

from pydicom.dataset import Dataset
from pydicom.tag import BaseTag, Tag

from clinic_app.foundation.texts import Text
from clinic_app.imaging.display.elements import numbers_of
from clinic_app.imaging.reading import READING_ERRORS, frame_count

DEFAULT_RATE_HZ: Final = 15.0
LEAST_RATE_HZ, MOST_RATE_HZ = 0.1, 240.0
SPEEDS: Final = (0.1, 0.25, 0.5, 0.75, 1.0, 1.5, 2.0, 4.0)
_FRAME_TIME_VECTOR: Final = Tag(0x0018, 0x1065)
Way = Literal["loop", "swing", "once"]


@dataclass(frozen=True)
class Timing:
    """How long each picture of a loop is seen.

    Args:
        durations_ms: of each picture; empty: all last as long as the rate says.
        rate_hz: pictures a second, on average.
        origin: where that comes from.
        is_stated: the file says it.
        way: how the file wants it to go on at the end.
        trim: the pictures the file wants to be seen, from 1; None: all.
    """

    durations_ms: tuple[float, ...]
    rate_hz: float
    origin: Text
    is_stated: bool = True
    way: Way = "loop"
    trim: tuple[int, int] | None = None

    def durations(self, count: int) -> tuple[float, ...]:
        """Return how long each of so many pictures is seen, in ms."""
        if len(self.durations_ms) == count:
            return self.durations_ms
        return (1000.0 / self.rate_hz,) * count


def unstated() -> Timing:
    """Return the timing of a stack whose files say nothing."""
    words = Text("the file does not say how fast")
    return Timing((), DEFAULT_RATE_HZ, words, is_stated=False)


def timing_of(dataset: Dataset) -> Timing:
    """Return what a file says about how fast its pictures follow one another."""
    count = frame_count(dataset)
    way: Way = "swing" if numbers_of(dataset, "PreferredPlaybackSequencing") == (1.0,) else "loop"
    trim = _trim(dataset, count)
    for durations, rate, words in _told(dataset, count):
        if LEAST_RATE_HZ <= rate <= MOST_RATE_HZ:
            return Timing(durations, rate, words, way=way, trim=trim)
    plain = unstated()
    return Timing((), plain.rate_hz, plain.origin, is_stated=False, way=way, trim=trim)


def _told(dataset: Dataset, count: int) -> list[tuple[tuple[float, ...], float, Text]]:
    vector = _vector(dataset, count)
    mean_ms = sum(vector) / len(vector) if vector else 0.0
    by_vector = (vector, 1000 / mean_ms if mean_ms > 0 else 0.0, Text("frame time vector"))
    time_ms = _positive(dataset, "FrameTime")
    by_time: tuple[tuple[float, ...], float, Text] = ((), 1000 / time_ms if time_ms else 0.0, Text("frame time"))
    duration_ms = _positive(dataset, "ActualFrameDuration")
    first = [by_vector, by_time] if _is_pointed_at(dataset, _FRAME_TIME_VECTOR) else [by_time, by_vector]
    return [
        *first,
        ((), _positive(dataset, "CineRate"), Text("cine rate")),
        ((), _positive(dataset, "RecommendedDisplayFrameRate"), Text("recommended display rate")),
        ((), 1000 / duration_ms if duration_ms else 0.0, Text("actual frame duration")),
    ]


def _vector(dataset: Dataset, count: int) -> tuple[float, ...]:
    """Return how long each picture is seen: the vector holds the times from one to the next, the first is none."""
    steps = numbers_of(dataset, "FrameTimeVector")
    if len(steps) != count or count < 2 or min(steps) < 0:
        return ()
    lasting = [*steps[1:], 0.0]
    usual = sum(lasting) / (count - 1)
    lasting[-1] = usual  # nobody says how long the last one is seen
    least = 1000 / MOST_RATE_HZ
    return tuple(max(each, least) for each in lasting) if usual > 0 else ()


def _is_pointed_at(dataset: Dataset, tag: BaseTag) -> bool:
    try:
        return bool(dataset.get("FrameIncrementPointer") == tag)
    except READING_ERRORS:
        return False


def _positive(dataset: Dataset, keyword: str) -> float:
    found = numbers_of(dataset, keyword)
    return found[0] if found and found[0] > 0 else 0.0


def _trim(dataset: Dataset, count: int) -> tuple[int, int] | None:
    first, last = (numbers_of(dataset, keyword) for keyword in ("StartTrim", "StopTrim"))
    if not first or not last or not 1 <= first[0] < last[0] <= count:
        return None
    return None if (first[0], last[0]) == (1, count) else (int(first[0]), int(last[0]))


@dataclass
class Clock:
    """Which picture is due.

    Args:
        durations_ms: of each picture of the loop, at its own speed.
        first: the first picture of the part that runs, from 1.
        last: the last one.
        speed: how much faster than the file says.
        way: what comes after the last one.
    """

    durations_ms: Sequence[float]
    first: int
    last: int
    speed: float = 1.0
    way: Way = "loop"
    _order: tuple[int, ...] = ()
    _ends_s: tuple[float, ...] = ()
    _began_s: float = 0.0

    def __post_init__(self) -> None:
        """Lay out one round."""
        there = tuple(range(self.first, self.last + 1))
        back = tuple(reversed(there[1:-1])) if self.way == "swing" else ()
        self._order = there + back
        self._ends_s = tuple(accumulate(self.durations_ms[n - 1] / 1000 / self.speed for n in self._order))

    def begin(self, now_s: float, number: int) -> None:
        """Start so that a picture is seen now."""
        place = self._order.index(number) if number in self._order else 0
        self._began_s = now_s - (self._ends_s[place - 1] if place else 0.0)

    def due(self, now_s: float) -> tuple[int, int]:
        """Return how many pictures were due since the round began, and which one is due now."""
        passed, round_s, count = max(now_s - self._began_s, 0.0), self._ends_s[-1], len(self._order)
        rounds = int(passed // round_s)
        if self.way == "once" and rounds:
            return count - 1, self._order[-1]
        place = min(bisect_right(self._ends_s, passed - rounds * round_s), count - 1)
        return rounds * count + place, self._order[place]

    def is_over(self, now_s: float) -> bool:
        """Return whether a loop that runs once has ended."""
        return self.way == "once" and now_s - self._began_s >= self._ends_s[-1]
