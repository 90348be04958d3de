"""Telling ``Dala-hub.exe``, which is this very process, that the hub listens: by the event whose number it named."""

from __future__ import annotations

import os
import sys
from typing import Final

VARIABLE: Final = "DALA_HUB_READY"

if sys.platform == "win32":
    import ctypes

    def tell_ready() -> None:
        """Set the event, if the service has started this process."""
        number = os.environ.pop(VARIABLE, "")
        if number.isascii() and number.isdigit():
            ctypes.windll.kernel32.SetEvent(ctypes.c_void_p(int(number)))
