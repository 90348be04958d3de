"""The individual identification number of Kazakhstan (ИИН / ЖСН): twelve digits, the last one a check.

The check digit is blind: of single wrong digits at position 11 it catches 8 %, because the weight there is a
multiple of the modulus. So a right check digit never joins two records by itself. The first seven digits used to
say birth date and sex; since resolution No 853 of 26.08.2013 they need not, so what they say is a hint, never an
error.

Sources: Government resolutions No 565 (11.06.2003), No 406 (22.05.2007) and No 853 (26.08.2013).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from typing import Final

from clinic_app.foundation.errors import InvalidInputError
from clinic_app.foundation.texts import Text
from clinic_app.records import AdministrativeGender

_DIVIDERS: Final = re.compile(r"[\s\u00a0-]+")
_DIGITS: Final = re.compile(r"\d{12}", re.ASCII)
_FIRST_WEIGHTS: Final = (1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11)
_SECOND_WEIGHTS: Final = (3, 4, 5, 6, 7, 8, 9, 10, 11, 1, 2)
_CENTURIES: Final = {1: 1800, 2: 1800, 3: 1900, 4: 1900, 5: 2000, 6: 2000}


@dataclass(frozen=True)
class IinHint:
    """What a number made in the old way says about its owner."""

    birth_date: date | None
    gender: AdministrativeGender | None


def check_iin(typed: str) -> str:
    """Return the twelve digits of a number, typed with or without spaces.

    Raises:
        InvalidInputError: not twelve digits, or the check digit is wrong.
    """
    digits = _DIVIDERS.sub("", typed)
    if not _DIGITS.fullmatch(digits):
        raise InvalidInputError(Text("An IIN has 12 digits; this one has {count}.", count=len(digits)), "iin")
    if check_digit(digits[:11]) != int(digits[11]):
        raise InvalidInputError(Text("The check digit of this IIN is wrong; compare it with the document."), "iin")
    return digits


def check_digit(first_eleven: str) -> int | None:
    """Return the check digit for eleven digits, or None where no number is issued."""
    for weights in (_FIRST_WEIGHTS, _SECOND_WEIGHTS):
        digit = sum(int(d) * w for d, w in zip(first_eleven, weights, strict=True)) % 11
        if digit < 10:
            return digit
    return None


def iin_hint(iin: str) -> IinHint:
    """Return what the first seven digits of a checked number suggest; None for what they do not say."""
    kind = int(iin[6])
    if kind not in _CENTURIES:
        return IinHint(None, None)
    try:
        born = date(_CENTURIES[kind] + int(iin[:2]), int(iin[2:4]), int(iin[4:6]))
    except ValueError:
        return IinHint(None, None)
    return IinHint(born, "male" if kind % 2 else "female")


def grouped(iin: str) -> str:
    """Return the number as eyes compare it: ``640305 400 123``."""
    return f"{iin[:6]} {iin[6:9]} {iin[9:]}" if len(iin) == 12 else iin
