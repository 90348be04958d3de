"""Passwords: what is kept of them (Argon2id, RFC 9106), and how long a guesser waits."""

from __future__ import annotations

import unicodedata
from datetime import datetime, timedelta
from typing import Final

from argon2 import PasswordHasher, Type
from argon2.exceptions import InvalidHashError, VerificationError

from clinic_app.foundation.errors import InvalidInputError
from clinic_app.foundation.texts import Text
from clinic_app.storage import Attempts

LEAST_LENGTH: Final = 8
MOST_LENGTH: Final = 128
LONGEST_WAIT: Final = timedelta(seconds=60)


class Passwords:
    """Hashes and checks passwords.

    Args:
        memory_kib: memory one hash takes, KiB.
        passes: passes over it. The defaults take 150 to 500 ms on an office computer.
    """

    def __init__(self, *, memory_kib: int = 65536, passes: int = 3) -> None:
        self._hasher = PasswordHasher(time_cost=passes, memory_cost=memory_kib, parallelism=1, type=Type.ID)
        self._nobody = ""

    def hashed(self, password: str) -> str:
        """Return what is kept of a password, with its parameters.

        Raises:
            InvalidInputError: too short, or absurdly long.
        """
        if len(password) < LEAST_LENGTH:
            raise InvalidInputError(Text("A password has at least {count} characters.", count=LEAST_LENGTH), "password")
        if len(password) > MOST_LENGTH:
            raise InvalidInputError(Text("A password has at most {count} characters.", count=MOST_LENGTH), "password")
        return self._hasher.hash(_opaque(password))

    def fits(self, kept: str | None, password: str) -> bool:
        """Return whether ``password`` is the one; takes as long for nobody (None) as for somebody."""
        if kept is None:
            self._nobody = self._nobody or self._hasher.hash("nobody")
        try:
            self._hasher.verify(kept or self._nobody, _opaque(password[:MOST_LENGTH]))
        except (VerificationError, InvalidHashError):
            return False
        return kept is not None and len(password) <= MOST_LENGTH

    def is_outdated(self, kept: str) -> bool:
        """Return whether ``kept`` was made with other parameters than now."""
        return self._hasher.check_needs_rehash(kept)


def _opaque(password: str) -> bytes:
    """Return the bytes that are hashed: composed letters (RFC 8265), and no clipboard content that cannot be coded."""
    return unicodedata.normalize("NFC", password).encode("utf-8", "surrogatepass")


def after_failure(attempts: Attempts, now: datetime) -> Attempts:
    """Return the tries after one more wrong password: the next waits 1, 2, 4 ... 60 seconds."""
    failures = attempts.failures + 1
    wait = min(timedelta(seconds=2 ** min(failures - 1, 10)), LONGEST_WAIT)
    return Attempts(failures, now + wait)


def seconds_to_wait(attempts: Attempts, now: datetime) -> int:
    """Return how many seconds the next try has to wait; a clock that was set back does not lock anybody out."""
    if attempts.wait_until is None:
        return 0
    left = attempts.wait_until - now
    if left > LONGEST_WAIT:
        return 0
    return max(0, -(-left // timedelta(seconds=1)))
