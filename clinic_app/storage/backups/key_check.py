"""Telling a wrong key from a damaged file: SQLite says the same of both.

Beside the database lies a short proof made from the key, with a checksum of its own. It is written when the database
is complete, so it also says that there must be a database: one that has vanished is never quietly made anew. The proof
may be lost, damaged or old itself: then the database proves the key by opening, and the proof is written again. Where
both are gone, backups, contents and the ways people have into the data say that there was a database.
"""

from __future__ import annotations

import hashlib
import hmac
from pathlib import Path
from typing import Final, Literal

from clinic_app.foundation.durable_files import disk_errors, write_atomically
from clinic_app.foundation.errors import ClinicError, DamagedError, KeyLockedError, StorageError
from clinic_app.foundation.texts import Text
from clinic_app.keys import KeySlots, derive
from clinic_app.keys.unlocking import has_traces
from clinic_app.storage.engines.encrypted_file import EncryptedFile

FILE_NAME: Final = "key.check"
KEY_PROOF: Final = "key-check"
"""The name under which a database on a server holds the proof."""
WRONG_KEY: Final = Text("The data on this computer cannot be unlocked with this key.")
_PEOPLES: Final = frozenset({"user", "recovery", "escrow"})
"""Ways into the data that are made only when there are some."""
_PROOF_BYTES: Final = 32
_CHECKSUM_BYTES: Final = 8

Proof = Literal["none", "fits", "other", "unreadable"]
"""What lies beside the database: nothing yet, the proof of this key, that of another one, or something damaged."""


def look_at_proof(folder: Path, database: Path, key: bytes) -> Proof:
    """Return what the proof says of ``key``.

    Raises:
        DamagedError: there was a database and it is gone.
        KeyLockedError: there is no database, and the file of the key slots is damaged.
        StorageError: the disk refused the proof.
    """
    proof = _proof_in(folder, key)
    is_there = database.exists() and database.stat().st_size > 0
    if not is_there and (proof != "none" or has_traces(folder) or _PEOPLES & KeySlots(folder).kinds()):
        raise missing()
    return proof


def check_proof(folder: Path, key: bytes) -> bool:
    """Return whether there must be a database; for one that proves the key by itself.

    Raises:
        KeyLockedError: the proof is another key's.
    """
    proof = _proof_in(folder, key)
    if proof == "other":
        raise KeyLockedError(WRONG_KEY)
    return proof != "none"


def refusal(folder: Path, proof: Proof, key: bytes, *, is_opened: bool) -> ClinicError | None:
    """Return what to say of a database that could not be read, or None where it is damaged.

    Args:
        folder: the data folder.
        proof: what lay beside the database.
        key: the key that was tried.
        is_opened: whether the database could be opened at all: then the key is right.
    """
    is_known = proof == "fits" or (proof != "other" and KeySlots(folder).says_it_is(key))
    return None if is_opened or is_known else KeyLockedError(WRONG_KEY)


def can_read(path: Path, key: bytes) -> bool:
    """Return whether a file is a database under ``key`` as far as its first page goes; changes nothing."""
    file = EncryptedFile(path, key, is_read_only=True)
    try:
        with file.reading() as connection:
            connection.exec_driver_sql("PRAGMA user_version").scalar()
    except StorageError:
        return False
    finally:
        file.close()
    return True


def proof_of(key: bytes) -> bytes:
    """Return the proof: made from the key, and nobody makes the key from it."""
    return derive(key, "key check")


def write_key_check(folder: Path, key: bytes) -> None:
    """Say that the folder holds a finished database for ``key``."""
    proof = proof_of(key)
    write_atomically(folder / FILE_NAME, (proof, _checksum(proof)))


def missing() -> DamagedError:
    """Return the error of a database that was there and is gone."""
    return DamagedError(Text("The data file is missing. Do not start anew; restore it from a backup."))


def _proof_in(folder: Path, key: bytes) -> Proof:
    path = folder / FILE_NAME
    try:
        with disk_errors(path), path.open("rb") as file:
            body = file.read(_PROOF_BYTES + _CHECKSUM_BYTES + 1)
    except FileNotFoundError:
        return "none"
    proof, checksum = body[:_PROOF_BYTES], body[_PROOF_BYTES:]
    if hmac.compare_digest(proof, proof_of(key)):
        return "fits"
    is_first_form = len(body) == _PROOF_BYTES
    return "other" if is_first_form or checksum == _checksum(proof) else "unreadable"


def _checksum(proof: bytes) -> bytes:
    return hashlib.sha256(proof).digest()[:_CHECKSUM_BYTES]
