"""Decimal numbers as staff type them: with a comma or a point, never silently as zero; and as strangers write them."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Final

from clinic_app.foundation.errors import InvalidInputError
from clinic_app.foundation.texts import Language, Text

_NUMBER = re.compile(r"[+-]?\d{1,12}(?:[.,]\d{1,6})?", re.ASCII)

_MOST_PLACES: Final = 64
_LONGEST: Final = 128
"""FHIR asks for 18 digits; more than these nobody has measured."""


def parse_number(typed: str, field: str = "") -> Decimal:
    """Return the number in ``typed``; ``36,6`` and ``36.6`` are the same.

    Raises:
        InvalidInputError: it is no plain decimal number.
    """
    plain = typed.strip().replace("\u2212", "-")
    if not _NUMBER.fullmatch(plain):
        raise InvalidInputError(Text("“{typed}” is not a number.", typed=typed.strip()), field)
    return Decimal(plain.replace(",", "."))


def is_writable(number: Decimal) -> bool:
    """Return whether a finite number can be written out or made a fraction: ``1E-99999999`` is 100 million digits.

    To be asked of every decimal a stranger wrote, before anything is done with it.
    """
    return abs(number.adjusted()) <= _MOST_PLACES and len(str(number)) <= _LONGEST


def show_number(number: Decimal | float, language: Language) -> str:
    """Return the number with the language's decimal sign: ``36,6`` in kk and ru, ``36.6`` in en."""
    plain = format(number, "f") if isinstance(number, Decimal) else f"{number:g}"
    return plain if language == "en" else plain.replace(".", ",")
