"""Telling a wrong key from a damaged file: SQLite says the same of both.

Beside the database lies a short proof made from the key. It is written when the database is complete, so it also says
that there must be a database: one that has vanished is never quietly made anew.
"""

from __future__ import annotations

import hmac
from pathlib import Path
from typing import Final

from clinic_app.foundation.durable_files import write_atomically
from clinic_app.foundation.errors import DamagedError, KeyLockedError
from clinic_app.foundation.texts import Text
from clinic_app.keys.derived import derive

FILE_NAME: Final = "key.check"
WRONG_KEY: Final = Text("The data on this computer cannot be unlocked with this key.")


def check_key(folder: Path, database: Path, key: bytes) -> bool:
    """Return whether the folder holds a finished database for ``key``; False where there was none yet.

    Raises:
        KeyLockedError: the data belong to another key.
        DamagedError: there was a database and it is gone.
    """
    if not check_proof(folder, key):
        return False
    if not database.exists() or database.stat().st_size == 0:
        raise missing()
    return True


def check_proof(folder: Path, key: bytes) -> bool:
    """Return whether the folder has the proof of ``key``; False where it has none yet.

    Raises:
        KeyLockedError: it is another key's.
    """
    path = folder / FILE_NAME
    if not path.exists():
        return False
    if not hmac.compare_digest(path.read_bytes(), proof_of(key)):
        raise KeyLockedError(WRONG_KEY)
    return True


def proof_of(key: bytes) -> bytes:
    """Return the proof: made from the key, and nobody makes the key from it."""
    return derive(key, "key check")


def write_key_check(folder: Path, key: bytes) -> None:
    """Say that the folder holds a finished database for ``key``."""
    write_atomically(folder / FILE_NAME, (proof_of(key),))


def missing() -> DamagedError:
    """Return the error of a database that was there and is gone."""
    return DamagedError(Text("The data file is missing. Do not start anew; restore it from a backup."))
