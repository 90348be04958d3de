"""One error of every kind a service of the core may raise."""

from __future__ import annotations

from typing import Final

from clinic_app.foundation import errors
from clinic_app.foundation.texts import Text

SENTENCE: Final = Text("The disk is full.")
EVERY_ERROR: Final = tuple(
    kind(SENTENCE)
    for kind in (
        errors.ClinicError,
        errors.InvalidInputError,
        errors.NotAllowedError,
        errors.NotFoundError,
        errors.ConflictError,
        errors.StorageError,
        errors.DiskFullError,
        errors.DamagedError,
        errors.KeyLockedError,
        errors.ClockError,
        errors.LinkError,
        errors.DeviceError,
        errors.UnreadableFileError,
    )
)


def kind_of(error: errors.ClinicError) -> str:
    """Return the name of an error's class, to call a test by."""
    return type(error).__name__
