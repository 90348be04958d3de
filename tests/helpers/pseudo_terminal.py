"""A serial cable without a cable: a pair of pseudo-terminals of the test's own computer."""

from __future__ import annotations

import os
import pty
import select
import tty
from contextlib import suppress


class PseudoCable:
    """The device's end of a cable; the program opens ``port``."""

    def __init__(self) -> None:
        self._device, self._program = pty.openpty()
        tty.setraw(self._device)
        tty.setraw(self._program)
        self.port = os.ttyname(self._program)

    def write(self, data: bytes) -> None:
        """Send from the device to the program."""
        os.write(self._device, data)

    def read(self, timeout_s: float = 0.0) -> bytes:
        """Return what the program sent."""
        ready, _, _ = select.select([self._device], [], [], timeout_s)
        return os.read(self._device, 4096) if ready else b""

    def pull_out(self) -> None:
        """Close both ends."""
        for end in (self._device, self._program):
            with suppress(OSError):
                os.close(end)
