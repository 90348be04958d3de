"""How quickly this link really takes bytes, measured where they are sent, and how small records become for it."""

from __future__ import annotations

import threading
from collections import deque
from typing import Final

KEPT: Final = 60
"""Requests that count; older ones tell of another hour."""
LEAST_BYTES: Final = 4096
"""Fewer bytes tell of the way to the hub and back, not of the width of the link."""

AROUND_BYTES: Final = 700
"""About what the headers of a request and its answer are."""


class Pace:
    """Bytes sent and seconds taken by the last requests; may be told and asked from any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self.total_bytes = 0
        """All that was sent and received, with what every request and answer has around it."""
        self._sent: deque[tuple[int, float]] = deque(maxlen=KEPT)
        self._packed: deque[tuple[int, int]] = deque(maxlen=KEPT)

    def note(self, size_bytes: int, taken_s: float) -> None:
        """Note one request that the hub answered; empty ones, and clocks that ran backwards, do not count."""
        self.carried(size_bytes + AROUND_BYTES)
        if size_bytes > 0 and taken_s > 0:
            with self._lock:
                self._sent.append((size_bytes, taken_s))

    def carried(self, size_bytes: int) -> None:
        """Note bytes that went over the link in either direction."""
        with self._lock:
            self.total_bytes += size_bytes

    def bytes_per_s(self) -> float | None:
        """Return the bytes sent per second, or None while too little has been sent to say."""
        with self._lock:
            sent = tuple(self._sent)
        size_bytes = sum(size for size, _ in sent)
        return size_bytes / sum(taken for _, taken in sent) if size_bytes >= LEAST_BYTES else None

    def note_packed(self, plain_bytes: int, packed_bytes: int) -> None:
        """Note how small a message became for the way."""
        if plain_bytes > 0:
            with self._lock:
                self._packed.append((plain_bytes, packed_bytes))

    def packed_share(self) -> float:
        """Return which part of a record's bytes really goes over the link, as of late; 1 while nothing was packed."""
        with self._lock:
            packed = tuple(self._packed)
        return sum(small for _, small in packed) / sum(plain for plain, _ in packed) if packed else 1.0
