"""Samples come in lumps; the eye wants an edge that moves evenly.

A monitor sends a second of samples at once, a network holds some back. Drawn as they come, a trace leaps and stands.
`Playout` lets the drawn edge run at the signal's own speed, just so far behind the newest sample that it does not have
to stop before the next lump is there. It never runs ahead of what has arrived, and never goes back. Lumps no longer
than a few frames need none of this: the eye sees no steps in them, and whoever watches wants the newest sample now.
"""

from __future__ import annotations

from collections import deque
from typing import Final

REMEMBERED_S: Final = 8.0
"""How long the latest of the arrivals decides the delay."""
MOST_DELAY_S: Final = 2.5
"""Further behind than this the edge jumps: better a jump than an old heart."""
SHORT_S: Final = 0.06
"""Where lumps are no longer than this on the whole, they are drawn as they come."""
_NEWEST_COUNTS: Final = 0.1
"""Part of the newest lump in what counts as usual."""
CATCHING_UP: Final = 0.08
"""Part by which the edge may run faster than time while its delay is longer than needed."""


class _Most:
    """The greatest of what was told in the last seconds; what can never be the greatest again is forgotten."""

    def __init__(self) -> None:
        self._told: deque[tuple[float, float]] = deque()

    def tell(self, now_s: float, value: float) -> float:
        """Take a value; return the greatest."""
        while self._told and self._told[-1][1] <= value:
            self._told.pop()
        self._told.append((now_s, value))
        while self._told[0][0] < now_s - REMEMBERED_S:
            self._told.popleft()
        return self._told[0][1]


class Playout:
    """The edge up to which one stream is drawn.

    All times are seconds of one steady clock; positions are samples counted from the start of the stream.
    """

    def __init__(self) -> None:
        self._needed = _Most()
        self._lump_s = 0.0
        self._end = -1
        self._lag_s = 0.0
        self._position = 0.0
        self._last_s = 0.0
        self._wanted_s: float | None = None

    def edge(self, now_s: float, end_index: int, rate_hz: float) -> float:
        """Return how far to draw now, at most ``end_index``.

        Args:
            now_s: this moment.
            end_index: one after the newest sample that arrived; smaller than before means a new stream.
            rate_hz: samples per second.
        """
        if self._end < 0 or end_index < self._end:
            self._begin(now_s, end_index, rate_hz)
        elif end_index > self._end:
            self._take(now_s, end_index, rate_hz)
        self._drift(now_s)
        even = float(end_index) if self._lump_s <= SHORT_S else min(float(end_index), (now_s - self._lag_s) * rate_hz)
        self._position = max(self._position, even)
        return self._position

    @property
    def position(self) -> float:
        """How far the edge went at last."""
        return self._position

    def _begin(self, now_s: float, end_index: int, rate_hz: float) -> None:
        self._needed = _Most()
        self._wanted_s, self._lump_s = None, 0.0
        self._end = end_index
        self._lag_s = now_s - end_index / rate_hz
        self._position = float(end_index)
        self._last_s = now_s

    def _take(self, now_s: float, end_index: int, rate_hz: float) -> None:
        """A lump came: had the edge run on evenly, it would have reached the old end only now."""
        newest = now_s - end_index / rate_hz
        needed = min(now_s - self._end / rate_hz, newest + MOST_DELAY_S)
        self._wanted_s = self._needed.tell(now_s, needed)
        lump_s = max(
            0.0, (end_index - self._end) / rate_hz - (now_s - self._last_s)
        )  # what it was late by is not its own
        self._lump_s += (lump_s - self._lump_s) * _NEWEST_COUNTS
        self._lag_s = min(max(self._lag_s, needed), newest + MOST_DELAY_S)
        self._end = end_index

    def _drift(self, now_s: float) -> None:
        """Come nearer to the newest sample, slowly, when less delay would do."""
        passed_s, self._last_s = max(0.0, now_s - self._last_s), now_s
        if self._wanted_s is not None:
            self._lag_s = max(min(self._lag_s, self._wanted_s), self._lag_s - CATCHING_UP * passed_s)
