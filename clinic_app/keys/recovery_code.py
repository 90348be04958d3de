"""The recovery code: 128 random bits that a person can print, read over the telephone and type.

Eight groups of four signs of Crockford's base32: 128 bits of secret and 32 bits of checksum. The checksum tells a slip
of the finger from a code that belongs to other data, and tells in which of two ways a Cyrillic letter was meant: as the
Latin letter it looks like, or as the one that lies on the same key.

Source: https://www.crockford.com/base32.html.
"""

from __future__ import annotations

import hashlib
import secrets
from typing import Final

from clinic_app.foundation.errors import InvalidInputError
from clinic_app.foundation.texts import Text

SECRET_BYTES: Final = 16
_CHECKSUM_BYTES: Final = 4
ALPHABET: Final = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_GROUP: Final = 4
_SIGNS: Final = (SECRET_BYTES + _CHECKSUM_BYTES) * 8 // 5
_LONGEST_TYPED: Final = 1000
SAME_SIGN: Final = str.maketrans("OIL", "011")
LOOKS_LIKE: Final = str.maketrans("АВЕКМНОРСТУХҮҺІЗЅЈԚԜ", "ABEKMHOPCTYXYHI3SJQW")
SAME_KEY: Final = str.maketrans("ЙЦУКЕНГШЩЗФЫВАПРОЛДЯЧСМИТЬ", "QWERTYUIOPASDFGHJKLZXCVBNM")


def new_code() -> tuple[str, bytes]:
    """Return a fresh code as it is printed, and the 16 secret bytes in it."""
    secret = secrets.token_bytes(SECRET_BYTES)
    return printed(secret), secret


def printed(secret: bytes) -> str:
    """Return the code of 16 secret bytes, in groups of four with hyphens between."""
    number = int.from_bytes(secret + _checksum(secret))
    signs = "".join(ALPHABET[number >> 5 * place & 31] for place in reversed(range(_SIGNS)))
    return "-".join(signs[start : start + _GROUP] for start in range(0, _SIGNS, _GROUP))


def read_code(typed: str) -> bytes:
    """Return the 16 secret bytes of a code as somebody typed it.

    Upper and lower case, spaces and hyphens make no difference; O is 0, I and L are 1; Cyrillic letters are taken for
    the Latin ones they look like, or for those on the same keys.

    Raises:
        InvalidInputError: a sign is wrong or missing.
    """
    letters = "".join(each for each in typed[:_LONGEST_TYPED].upper() if each.isalnum())
    for meant in (letters.translate(LOOKS_LIKE), letters.translate(SAME_KEY)):
        secret = _secret_of(meant.translate(SAME_SIGN))
        if secret is not None:
            return secret
    raise InvalidInputError(
        Text("This is not a recovery code as it was printed: a letter or a digit is wrong or missing."), "code"
    )


def _secret_of(signs: str) -> bytes | None:
    if len(signs) != _SIGNS or any(sign not in ALPHABET for sign in signs):
        return None
    number = 0
    for sign in signs:
        number = number << 5 | ALPHABET.index(sign)
    whole = number.to_bytes(SECRET_BYTES + _CHECKSUM_BYTES)
    secret = whole[:SECRET_BYTES]
    return secret if whole[SECRET_BYTES:] == _checksum(secret) else None


def _checksum(secret: bytes) -> bytes:
    return hashlib.sha256(b"dala recovery code " + secret).digest()[:_CHECKSUM_BYTES]
