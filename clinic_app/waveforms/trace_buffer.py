"""The last minutes of channels that are sampled together, kept in a ring.

A device delivers blocks at its own pace and loses some of them. The buffer keeps a fixed window of the newest samples,
has NaN where a block was lost (a gap must look like a gap, never like a flat heart), and hands out copies.

The drawing thread waits for nobody: whoever writes first says how far he will write, and whoever reads looks at that
after he has copied; what was being overwritten meanwhile is too old for the window and given as NaN.
"""

from __future__ import annotations

import threading
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

Samples = NDArray[np.float32]


class TraceBuffer:
    """A ring of the newest ``window_s`` seconds.

    Args:
        channels: number of rows, > 0.
        rate_hz: samples per second as the device announced it, > 0.
        window_s: seconds kept; older samples are dropped.

    The unit of the samples belongs to the channel and is not touched here. Safe to write and read from several
    threads; reading takes no lock.
    """

    def __init__(self, channels: int, rate_hz: Fraction, window_s: float) -> None:
        self._size = max(int(rate_hz * Fraction(window_s)), 1)
        self._ring = np.full((channels, self._size), np.nan, dtype=np.float32)
        self._end = 0
        self._claimed = 0
        self._lock = threading.Lock()

    @property
    def size_bytes(self) -> int:
        """What the ring takes of the memory."""
        return self._ring.nbytes

    @property
    def size(self) -> int:
        """Samples of each channel that are kept."""
        return self._size

    @property
    def end_index(self) -> int:
        """One after the newest sample, counted from the start of the stream."""
        return self._end

    def write(self, first_index: int, samples: Samples) -> None:
        """Put a block in its place; what lies between it and the newest sample becomes a gap.

        Args:
            first_index: the block's first sample, counted from the start of the stream, >= 0.
            samples: shape ``(channels, n)``.
        """
        if samples.shape[1] > self._size:
            first_index += samples.shape[1] - self._size
            samples = samples[:, -self._size :]
        last = first_index + samples.shape[1]
        with self._lock:
            self._claimed = max(self._end, last)
            oldest = self._claimed - self._size
            if first_index > self._end:
                self._ring[:, self._slots(max(self._end, first_index - self._size), first_index)] = np.nan
            kept = max(first_index, oldest, 0)
            if kept < last:
                self._ring[:, self._slots(kept, last)] = samples[:, kept - first_index :]
            self._end = self._claimed

    def read(self, first: int, last: int) -> Samples:
        """Return a copy of the samples from ``first`` up to, not with, ``last``.

        Returns:
            Shape ``(channels, last - first)``; NaN where a sample was lost, has not come, or is kept no longer.
        """
        result = np.full((self._ring.shape[0], max(last - first, 0)), np.nan, dtype=np.float32)
        newest = self._end
        begin, end = max(first, newest - self._size, 0), min(last, newest)
        if begin < end:
            result[:, begin - first : end - first] = self._ring[:, self._slots(begin, end)]
            overwritten = min(self._claimed - self._size, end)
            result[:, begin - first : max(overwritten, begin) - first] = np.nan
        return result

    def _slots(self, first: int, last: int) -> NDArray[np.int64]:
        return np.arange(first, last, dtype=np.int64) % self._size
