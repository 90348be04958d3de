"""The codes that let workstations into a hub, of Crockford's base32.

The short one has eight signs, is told over a telephone and lives for minutes; it has no checksum, a slip of the finger
is one wrong try. The long one lives for days and lies where others may look for it: 28 signs, 128 random bits that
nobody guesses and 12 of checksum, so that Setup sees a slip before twenty computers try it at the hub.
"""

from __future__ import annotations

import hashlib
import secrets
from typing import Final

from clinic_app.foundation.errors import InvalidInputError
from clinic_app.foundation.texts import Text
from clinic_app.keys.recovery_code import ALPHABET, LOOKS_LIKE, SAME_KEY, SAME_SIGN

SIGNS: Final = 8
LONG_SIGNS: Final = 28
_SECRET_BITS: Final = 128
_CHECK_BITS: Final = 12
_GROUP: Final = 4
_LONGEST_TYPED: Final = 100


def new_code() -> str:
    """Return a fresh short code, 40 random bits, without hyphens."""
    return "".join(secrets.choice(ALPHABET) for _ in range(SIGNS))


def new_long_code() -> str:
    """Return a fresh long code, 128 random bits and their checksum, without hyphens."""
    secret = secrets.randbits(_SECRET_BITS)
    number = secret << _CHECK_BITS | _check(secret)
    return "".join(ALPHABET[number >> 5 * place & 31] for place in reversed(range(LONG_SIGNS)))


def is_long(code: str) -> bool:
    """Return whether a code is one that nobody can guess."""
    return len(code) == LONG_SIGNS


def printed(code: str) -> str:
    """Return a code as it is shown: in groups of four."""
    return "-".join(code[start : start + _GROUP] for start in range(0, len(code), _GROUP))


def read_code(typed: str) -> str:
    """Return the code somebody typed, of either kind.

    Upper and lower case, spaces and hyphens make no difference; O is 0, I and L are 1. Cyrillic letters are taken for
    the Latin ones they look like if each of them looks like one, else for those on the same keys.

    Raises:
        InvalidInputError: it has neither 8 nor 28 signs, one that no code has, or a sign of a long one is wrong.
    """
    letters = "".join(each for each in typed[:_LONGEST_TYPED].upper() if each.isalnum())
    is_slip = False
    for meant in (letters.translate(LOOKS_LIKE), letters.translate(SAME_KEY)):
        signs = meant.translate(SAME_SIGN)
        if len(signs) in (SIGNS, LONG_SIGNS) and set(signs) <= set(ALPHABET):
            if len(signs) == SIGNS or _is_whole(signs):
                return signs
            is_slip = True
    if is_slip:
        raise InvalidInputError(Text("A letter or a digit of this long code is wrong."), "code")
    raise InvalidInputError(
        Text("The code has eight letters and digits, or 28 if it is for several computers, as IT of the hub tells it."),
        "code",
    )


def _is_whole(signs: str) -> bool:
    number = 0
    for sign in signs:
        number = number << 5 | ALPHABET.index(sign)
    return number & (1 << _CHECK_BITS) - 1 == _check(number >> _CHECK_BITS)


def _check(secret: int) -> int:
    digest = hashlib.sha256(b"dala enrolment code " + secret.to_bytes(_SECRET_BITS // 8)).digest()
    return int.from_bytes(digest[:2]) >> 16 - _CHECK_BITS
