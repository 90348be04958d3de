"""The one-time code that lets a workstation into a hub: eight signs of Crockford's base32, told over a telephone.

It has no checksum, for it is short and lives for minutes; a slip of the finger is one wrong try.
"""

from __future__ import annotations

import secrets
from typing import Final

from clinic_app.foundation.errors import InvalidInputError
from clinic_app.foundation.texts import Text
from clinic_app.keys.recovery_code import ALPHABET, LOOKS_LIKE, SAME_KEY, SAME_SIGN

SIGNS: Final = 8
_LONGEST_TYPED: Final = 100


def new_code() -> str:
    """Return a fresh code, 40 random bits, without hyphens."""
    return "".join(secrets.choice(ALPHABET) for _ in range(SIGNS))


def printed(code: str) -> str:
    """Return a code as it is shown: two groups of four."""
    return f"{code[: SIGNS // 2]}-{code[SIGNS // 2 :]}"


def read_code(typed: str) -> str:
    """Return the code somebody typed.

    Upper and lower case, spaces and hyphens make no difference; O is 0, I and L are 1. Cyrillic letters are taken for
    the Latin ones they look like if each of them looks like one, else for those on the same keys.

    Raises:
        InvalidInputError: it has not eight signs, or one that no code has.
    """
    letters = "".join(each for each in typed[:_LONGEST_TYPED].upper() if each.isalnum())
    for meant in (letters.translate(LOOKS_LIKE), letters.translate(SAME_KEY)):
        signs = meant.translate(SAME_SIGN)
        if len(signs) == SIGNS and set(signs) <= set(ALPHABET):
            return signs
    raise InvalidInputError(Text("The code has eight letters and digits, as IT of the hub tells it."), "code")
