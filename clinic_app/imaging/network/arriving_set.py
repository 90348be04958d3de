"""The dataset of an image while it arrives: the first megabytes in memory, the rest sealed on the disk.

An ultrasound film has half a gigabyte and several devices may send at once; so the memory one of them takes is bounded.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import Any, Final

from clinic_app.storage.contents.sealed_spool import SealedSpool

IN_MEMORY_BYTES: Final = 32 << 20
_PIECE_BYTES: Final = 1 << 20


class ArrivingSet(io.BytesIO):
    """Takes what is written; pynetdicom wants a BytesIO.

    Args:
        most_bytes: of the whole set; what is written beyond is dropped, and `is_too_large` says so.
        in_memory_bytes: kept in memory.
    """

    def __init__(self, most_bytes: int, in_memory_bytes: int = IN_MEMORY_BYTES) -> None:
        super().__init__()
        self._most_bytes = most_bytes
        self._in_memory_bytes = in_memory_bytes
        self._rest = SealedSpool()
        self._pending = bytearray()
        self.size = 0
        """Bytes that came, dropped ones too."""
        self.failure: OSError | None = None
        """What the disk said when it took no more; the rest is dropped then."""

    @property
    def is_too_large(self) -> bool:
        """Whether more came than is taken."""
        return self.size > self._most_bytes

    @property
    def is_whole(self) -> bool:
        """Whether all that came was kept, up to now; the last of it goes to the disk here."""
        self._flush(1)
        return not self.is_too_large and self.failure is None

    def write(self, data: Any, /) -> int:  # noqa: ANN401 - any buffer, as BytesIO says
        """Take a piece; one that cannot be kept is dropped, so that its sender can be answered when all has come."""
        self.size += len(data)
        if self.is_too_large or self.failure is not None:
            return len(data)
        room = self._in_memory_bytes - self.tell()
        super().write(data[:room] if room < len(data) else data)
        if room < len(data):
            self._pending += data[max(room, 0) :]
            self._flush(_PIECE_BYTES)
        return len(data)

    def beginning(self) -> memoryview:
        """Return what is in memory."""
        return self.getbuffer()

    def pieces(self) -> Iterator[bytes | memoryview]:
        """Yield the whole set in order; may be asked again."""
        self._flush(1)
        yield self.getbuffer()
        yield from self._rest.pieces()

    def discard(self) -> None:
        """Forget what is on the disk."""
        self._rest.close()

    def _flush(self, least: int) -> None:
        try:
            while len(self._pending) >= least:
                piece = bytes(self._pending[:_PIECE_BYTES])
                del self._pending[:_PIECE_BYTES]
                self._rest.append(piece)
        except OSError as error:
            self.failure = error
