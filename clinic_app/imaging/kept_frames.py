"""Decoded pictures in memory: those looked at last of all series that are open, bounded by their bytes.

Nine panes with a large series each would fill the memory if every series kept its own share. What a series kept goes
when the series is closed.
"""

from __future__ import annotations

import itertools
import threading
from collections import OrderedDict
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from clinic_app.imaging.frame import Frame

KEPT_BYTES: Final = 128 << 20
"""Of a study of computed tomography 250 images; the rest is decoded again faster than it is turned."""
_NAMES: Final = itertools.count()


class KeptFrames:
    """The memory. Safe for use from several threads.

    Args:
        most_bytes: of stored values; the picture put last stays, however large it is.
    """

    def __init__(self, most_bytes: int = KEPT_BYTES) -> None:
        self._most_bytes = most_bytes
        self._lock = threading.Lock()
        self._frames: OrderedDict[tuple[int, int], Frame] = OrderedDict()
        self._bytes = 0

    @property
    def size_bytes(self) -> int:
        """How much is kept."""
        return self._bytes

    def new_series(self) -> int:
        """Return the name of a series nobody else has."""
        return next(_NAMES)

    def get(self, series: int, number: int) -> Frame | None:
        """Return a picture, which is now the one looked at last; None where it is not kept."""
        with self._lock:
            found = self._frames.get((series, number))
            if found is not None:
                self._frames.move_to_end((series, number))
            return found

    def has(self, series: int, number: int) -> bool:
        """Return whether a picture is kept, without looking at it."""
        with self._lock:
            return (series, number) in self._frames

    def put(self, series: int, number: int, frame: Frame) -> None:
        """Keep a picture; those nobody looked at for the longest time make room."""
        with self._lock:
            self._drop((series, number))
            self._frames[series, number] = frame
            self._bytes += frame.stored.nbytes
            while len(self._frames) > 1 and self._bytes > self._most_bytes:
                self._drop(next(iter(self._frames)))

    def forget(self, series: int) -> None:
        """Let all pictures of a series go."""
        with self._lock:
            for key in [key for key in self._frames if key[0] == series]:
                self._drop(key)

    def _drop(self, key: tuple[int, int]) -> None:
        before = self._frames.pop(key, None)
        if before is not None:
            self._bytes -= before.stored.nbytes
