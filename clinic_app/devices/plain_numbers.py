"""Numbers in the text of a stranger's message."""

from __future__ import annotations

from decimal import Decimal, InvalidOperation
from typing import Final

from clinic_app.foundation.numbers import is_writable

LONGEST: Final = 24
_LARGEST: Final = 10**12


def decimal_of(text: str) -> Decimal | None:
    """Return the number in ``text``, or None where it is none, endless, or larger than anything measured."""
    try:
        number = Decimal(text) if len(text) <= LONGEST and text.isascii() and "_" not in text else None
    except InvalidOperation:
        return None
    is_usable = number is not None and number.is_finite() and is_writable(number) and abs(number) < _LARGEST
    return number if is_usable else None
