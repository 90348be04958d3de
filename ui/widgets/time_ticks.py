"""Where the marks of a time axis lie and what they say: local time of day, and the day wherever a new one begins.

The marks lie on round times of the clock on the wall, not on round distances from the edge, and the first of them says
its day, so that nobody takes yesterday's evening for today's.
"""

from __future__ import annotations

import math
from datetime import datetime, timedelta
from typing import Final

STEPS_S: Final = (
    1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10_800, 14_400, 21_600, 43_200, 86_400, 172_800,
    604_800,
)  # fmt: skip
MOST_TICKS: Final = 64
_DAY_S: Final = 86_400


def step_s(seconds: float, most: int) -> int:
    """Return the distance of the marks: the least round one of which so many fit into a span."""
    return next((each for each in STEPS_S if seconds / each <= most), STEPS_S[-1])


def time_ticks(origin: datetime, first_s: float, last_s: float, most: int) -> list[tuple[float, str]]:
    """Return the marks between two moments: seconds from the origin, and words.

    Args:
        origin: an aware moment.
        first_s: the left edge, in seconds from the origin.
        last_s: the right edge.
        most: at most about so many marks have room.
    """
    step = max(step_s(last_s - first_s, max(most, 1)), math.ceil((last_s - first_s) / MOST_TICKS), 1)
    begin = (origin + timedelta(seconds=first_s)).astimezone()
    since_midnight_s = (begin - begin.replace(hour=0, minute=0, second=0, microsecond=0)).total_seconds()
    number = math.ceil(since_midnight_s / step)
    ticks: list[tuple[float, str]] = []
    day = None
    while (at_s := first_s - since_midnight_s + number * step) <= last_s:
        at = (origin + timedelta(seconds=at_s + 1e-3)).astimezone()
        ticks.append((at_s, _words(at, step, is_new_day=at.date() != day)))
        day = at.date()
        number += 1
    return ticks


def _words(at: datetime, step: int, *, is_new_day: bool) -> str:
    if step >= _DAY_S:
        return f"{at:%d.%m}"
    time = f"{at:%H:%M}" if step >= 60 else f"{at:%H:%M:%S}"
    return f"{at:%d.%m} {time}" if is_new_day else time
