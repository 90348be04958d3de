"""MLLP: messages in a stream of bytes, each between a start byte and two end bytes.

Source: HL7 v2.x, Transport Specification MLLP, Release 1. The peer is untrusted: a message has a largest size, and what
lies between two messages is dropped, not kept.
"""

from __future__ import annotations

from typing import Final

from clinic_app.foundation.errors import DeviceError
from clinic_app.foundation.texts import Text

START: Final = b"\x0b"
END: Final = b"\x1c\x0d"
LARGEST_MESSAGE_BYTES: Final = 1 << 20


def frame(message: bytes) -> bytes:
    """Return ``message`` as it goes over the wire."""
    return START + message + END


class Deframer:
    """Finds the messages in a stream that arrives in pieces.

    Args:
        largest_bytes: a longer message is refused.
    """

    def __init__(self, largest_bytes: int = LARGEST_MESSAGE_BYTES) -> None:
        self._largest_bytes = largest_bytes
        self._pending = bytearray()
        self._searched = 0

    @property
    def is_inside(self) -> bool:
        """Whether a message has begun and not ended."""
        return bool(self._pending)

    def feed(self, data: bytes) -> list[bytes]:
        """Take the next bytes and return the messages they complete.

        Raises:
            DeviceError: a message grows past the largest size; the connection should be closed.
        """
        self._pending += data
        found: list[bytes] = []
        while True:
            self._drop_noise()
            end = self._pending.find(END, max(self._searched, 1))
            if end < 0:
                break
            found.append(bytes(self._pending[1:end]))
            del self._pending[: end + len(END)]
            self._searched = 0
        self._searched = max(len(self._pending) - 1, 0)
        if len(self._pending) > self._largest_bytes:
            self._pending.clear()
            self._searched = 0
            raise DeviceError(
                Text(
                    "The monitor sent a message of more than {count} bytes; it was refused.", count=self._largest_bytes
                )
            )
        return found

    def _drop_noise(self) -> None:
        if self._pending[:1] == START:
            return
        start = self._pending.find(START)
        del self._pending[: start if start >= 0 else len(self._pending)]
        self._searched = 0
