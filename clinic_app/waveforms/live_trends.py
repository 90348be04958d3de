"""The numbers of the last day, one a second, for the view of trends: what a device told, and what was counted here."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Final

import numpy as np
from numpy.typing import NDArray

from clinic_app.devices import Numerics
from clinic_app.waveforms.store.long_recording import Trend

KEPT_S: Final = 24 * 3600
_PIECE_S: Final = 600
MOST_CURVES: Final = 256
"""Codes of all devices together; the one heard longest ago goes first."""


class _Curve:
    """One number, second by second, in pieces of ten minutes that are made when they are needed."""

    def __init__(self) -> None:
        self.unit = ""
        self.heard_s = 0.0
        self._pieces: dict[int, NDArray[np.float32]] = {}

    def put(self, second: int, value: float) -> None:
        piece, place = divmod(second, _PIECE_S)
        if piece not in self._pieces:
            kept = {each: values for each, values in self._pieces.items() if piece - each <= KEPT_S // _PIECE_S}
            self._pieces = {**kept, piece: np.full(_PIECE_S, np.nan, dtype=np.float32)}
        self._pieces[piece][place] = value

    def read(self, first: int, last: int) -> NDArray[np.float32]:
        pieces = self._pieces
        empty = np.full(_PIECE_S, np.nan, dtype=np.float32)
        begin, end = first // _PIECE_S, last // _PIECE_S + 1
        joined = np.concatenate([pieces.get(each, empty) for each in range(begin, end)])
        return joined[first - begin * _PIECE_S : last - begin * _PIECE_S]


class LiveTrends:
    """Keeps the numbers that come in. Hand `take_in` to whatever delivers. Safe for use from several threads.

    Args:
        monotonic: the steady clock.
    """

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._monotonic = monotonic
        self._lock = threading.Lock()
        self._curves: dict[tuple[str, str], _Curve] = {}

    def take_in(self, item: Numerics) -> None:
        """Take numbers; of several in one second the last stays."""
        for code, number in item.values.items():
            key = (item.source, code)
            with self._lock:
                if key not in self._curves:
                    if len(self._curves) >= MOST_CURVES:
                        oldest = min(self._curves, key=lambda each: self._curves[each].heard_s)
                        self._curves = {each: kept for each, kept in self._curves.items() if each != oldest}
                    self._curves = {**self._curves, key: _Curve()}
                curve = self._curves[key]
                curve.unit, curve.heard_s = number.unit, item.monotonic_s
                curve.put(int(item.monotonic_s), float(number.value))

    def codes(self, source: str) -> tuple[str, ...]:
        """Return which numbers of a device there are."""
        return tuple(code for name, code in self._curves if name == source)

    def trend(self, source: str, code: str, seconds: float) -> Trend:
        """Return the newest ``seconds`` of one number; ``times_s`` are negative, now is 0; NaN where none came."""
        curve = self._curves.get((source, code))
        length = max(min(round(seconds), KEPT_S), 0)
        last = int(self._monotonic()) + 1
        times_s = np.arange(-length + 1, 1, dtype=np.float64)
        if curve is None:
            return Trend(times_s, np.full(length, np.nan, dtype=np.float32), "")
        return Trend(times_s, curve.read(last - length, last), curve.unit)
