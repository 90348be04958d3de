"""Doing something that may be refused, for properties over whatever hypothesis thinks of."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from clinic_app.foundation.errors import ClinicError

T = TypeVar("T")


def outcome(call: Callable[[], T]) -> tuple[T | None, ClinicError | None]:
    """Return what ``call`` gave, or the sentence it was refused with; any other error goes on its way."""
    try:
        return call(), None
    except ClinicError as error:
        return None, error
