"""Bytes of a stranger for a parser that knows no limits: it may ask for so many pieces and no more.

A file of seven megabytes can be a million elements of seven bytes; a parser in Python then sits for minutes over what
was copied in a second. The pieces it asks for are what it costs, so they are what is counted.
"""

from __future__ import annotations

import io

from clinic_app.foundation.errors import UnreadableFileError
from clinic_app.foundation.texts import Text


class BoundedStream(io.BytesIO):
    """A file in memory that can be read from only so often.

    Args:
        data: what is in it.
        most_reads: how often `read` answers.
    """

    def __init__(self, data: bytes, most_reads: int) -> None:
        super().__init__(data)
        self._reads_left = most_reads

    def read(self, size: int | None = -1) -> bytes:
        """Return the next bytes.

        Raises:
            UnreadableFileError: that was once too often.
        """
        self._reads_left -= 1
        if self._reads_left < 0:
            raise UnreadableFileError(Text("The file has more parts than this program takes from anybody."))
        return super().read(size)
