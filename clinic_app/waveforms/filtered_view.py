"""Live samples as they are seen through a filter: the newest run with its state, older ones when they are looked at.

Only the view is filtered; the ring behind it stays raw. What is looked at long after it came is filtered page by page,
each begun early enough that the filter has settled when the page begins.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from fractions import Fraction
from typing import Final, Protocol

import numpy as np

from clinic_app.waveforms.filters import Band, StreamFilter
from clinic_app.waveforms.trace_buffer import Samples, TraceBuffer

WINDOW_S: Final = 60.0
"""What is kept filtered; a screen at the slowest speed shows some 45 s."""
BACKFILL_S: Final = 24.0
"""So much is filtered at once when a filter is chosen: a page, and what it takes to settle."""
SETTLING_S: Final = 16.0
"""Five time constants of the slowest pole (0.05 Hz)."""
PAGE_S: Final = 8.0
_MOST_PAGES: Final = 24


class Source(Protocol):
    """What samples come from (see `LiveStream`)."""

    def rate_hz(self) -> float:
        """Return samples per second."""
        ...

    def end_index(self) -> int:
        """Return one after the newest sample."""
        ...

    def read(self, first: int, last: int) -> Samples:
        """Return samples, shape ``(channels, last - first)``."""
        ...

    def age_s(self) -> float:
        """Return seconds since a sample arrived."""
        ...

    def kept_s(self) -> float:
        """Return seconds that can be read."""
        ...

    def off(self) -> frozenset[int]:
        """Return the channels whose electrode is off."""
        ...


class FilteredView:
    """A source through a band; a source itself. For one thread, that of the windows.

    Args:
        whole: the raw samples.
        band: what passes.
    """

    def __init__(self, whole: Source, band: Band) -> None:
        self._whole = whole
        self.band = band.at(whole.rate_hz())
        self._begin = self._end = -1
        self._pages: OrderedDict[int, Samples] = OrderedDict()

    def rate_hz(self) -> float:
        """Return the source's rate."""
        return self._whole.rate_hz()

    def end_index(self) -> int:
        """Return the source's end."""
        return self._whole.end_index()

    def age_s(self) -> float:
        """Return the source's age."""
        return self._whole.age_s()

    def kept_s(self) -> float:
        """Return what the source keeps."""
        return self._whole.kept_s()

    def off(self) -> frozenset[int]:
        """Return the source's channels whose electrode is off."""
        return self._whole.off()

    def read(self, first: int, last: int) -> Samples:
        """Return filtered samples, shape ``(channels, last - first)``; NaN where the source has none."""
        self._follow()
        if first >= self._kept_from():
            return self._buffer.read(first, last)
        length = round(PAGE_S * self.rate_hz())
        result = np.full((self._channels, max(0, last - first)), np.nan, dtype=np.float32)
        numbers = range(max(0, first) // length, -(-max(0, last) // length))
        pages = self._pages_of([number for number in numbers if number * length < self._kept_from()], length)
        for number in numbers:
            begin, end = max(first, number * length), min(last, (number + 1) * length)
            if begin < end:
                is_kept = begin >= self._kept_from()
                page = (
                    self._buffer.read(begin, end) if is_kept else pages[number][:, begin % length :][:, : end - begin]
                )
                result[:, begin - first : end - first] = page
        return result

    def _kept_from(self) -> int:
        return max(self._begin, self._end - self._buffer.size)

    def _pages_of(self, numbers: Sequence[int], length: int) -> dict[int, Samples]:
        """Return pages of the past; those that are not known yet are filtered in one run, which settles but once."""
        missing = [number for number in numbers if number not in self._pages]
        fresh = self._filtered(missing[0], missing[-1], length) if missing else {}
        pages = {number: fresh.get(number, self._pages.get(number)) for number in numbers}
        for number, page in fresh.items():
            if (number + 1) * length <= self._end:  # a page that still fills is not kept
                self._pages[number] = page
        for number in numbers:
            if number in self._pages:
                self._pages.move_to_end(number)
        while len(self._pages) > _MOST_PAGES:
            self._pages.popitem(last=False)
        return {number: page for number, page in pages.items() if page is not None}

    def _filtered(self, first: int, last: int, length: int) -> dict[int, Samples]:
        """Return the pages from ``first`` to ``last``, filtered from so early that the filter has settled."""
        start = max(0, first * length - round(SETTLING_S * self.rate_hz()))
        seen = StreamFilter(self.band, self.rate_hz(), self._channels).run(self._whole.read(start, (last + 1) * length))
        return {
            number: seen[:, number * length - start : (number + 1) * length - start]
            for number in range(first, last + 1)
        }

    def _follow(self) -> None:
        """Filter what came since the last look."""
        end = self._whole.end_index()
        if self._end < 0 or end < self._end or end - self._end > BACKFILL_S * self.rate_hz():
            self._start(end)
        if end > self._end:
            raw = self._whole.read(self._end, end)
            self._buffer.write(self._end, self._filter.run(raw))
            self._end = end

    def _start(self, end: int) -> None:
        """Begin anew near the end of the source."""
        if end < self._end:
            self._pages.clear()
        rate_hz = self.rate_hz()
        self._channels = self._whole.read(0, 0).shape[0]
        window_s = min(WINDOW_S, self.kept_s())
        self._buffer = TraceBuffer(self._channels, Fraction(rate_hz).limit_denominator(10_000), window_s)
        self._filter = StreamFilter(self.band, rate_hz, self._channels)
        self._end = max(0, end - round(BACKFILL_S * rate_hz))
        self._begin = min(end, self._end + round(SETTLING_S * rate_hz)) if self._end else 0
