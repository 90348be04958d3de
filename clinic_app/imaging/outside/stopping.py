"""Stopping in the middle: whoever watches something leave may want no more of it."""

from __future__ import annotations

from collections.abc import Callable

from clinic_app.foundation.errors import ClinicError
from clinic_app.foundation.texts import Text

Watch = Callable[[int, int], None]
"""Told how many files of how many are done; whoever wants to stop raises `StoppedError` in it."""


class StoppedError(ClinicError):
    """Somebody asked to stop; nothing half-made remains."""

    def __init__(self) -> None:
        super().__init__(Text("Stopped. Nothing was kept of it."))


def unwatched(_done: int, _of: int) -> None:
    """Watch nothing."""
