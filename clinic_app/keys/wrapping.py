"""How a slot holds the data key: AES-256-GCM under a key of its own, bound to the site, the slot and its kind.

The key of a slot comes from a key storage, from a password (Argon2id, RFC 9106) or from a recovery code (HKDF: its 128
bits need no slowing down). An escrow slot is an age file for the organisation's X25519 key; what is bound elsewhere
lies inside it.
"""

from __future__ import annotations

import os
import unicodedata
from dataclasses import dataclass
from typing import Final

import msgspec
import pyrage
from argon2.low_level import Type, hash_secret_raw
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from clinic_app.foundation.errors import InvalidInputError
from clinic_app.foundation.texts import Text
from clinic_app.keys.age_header import has_short_header
from clinic_app.keys.derived import KEY_BYTES
from clinic_app.keys.slot_file import Slot

NONCE_BYTES: Final = 12
SALT_BYTES: Final = 16
_LONGEST_PASSWORD: Final = 128
_MOST_MEMORY_KIB: Final = 262_144
_MOST_PASSES: Final = 10
_MOST_WORK_KIB: Final = 4 * 3 * 65_536
_IDENTITY_START: Final = "AGE-SECRET-KEY-1"
_LONGEST_IDENTITY_FILE: Final = 65_536


@dataclass(frozen=True)
class SlotCost:
    """What one guess of a password costs.

    Args:
        memory_kib: memory Argon2id takes, KiB.
        passes: passes over it. The defaults take 150 to 500 ms on an office computer.
    """

    memory_kib: int = 65_536
    passes: int = 3

    @property
    def is_bearable(self) -> bool:
        """Whether this computer should take the trouble: a changed file must not make it work for ever."""
        return (
            8 <= self.memory_kib <= _MOST_MEMORY_KIB
            and 1 <= self.passes <= _MOST_PASSES
            and self.memory_kib * self.passes <= _MOST_WORK_KIB
        )


def wrapped(site: str, slot: Slot, wrapping_key: bytes, key: bytes) -> Slot:
    """Return ``slot`` with the data key in it, sealed under ``wrapping_key``."""
    nonce = os.urandom(NONCE_BYTES)
    slot = msgspec.structs.replace(slot, form=2, nonce=nonce)
    return msgspec.structs.replace(slot, sealed=AESGCM(wrapping_key).encrypt(nonce, key, _bound_to(site, slot)))


def unwrapped(site: str, slot: Slot, wrapping_key: bytes) -> bytes | None:
    """Return the data key of a slot, or None if it was not sealed under ``wrapping_key`` for this place."""
    try:
        key = AESGCM(wrapping_key).decrypt(slot.nonce, slot.sealed, _bound_to(site, slot))
    except (InvalidTag, ValueError):
        return None
    return key if len(key) == KEY_BYTES else None


def password_key(password: str, salt: bytes, cost: SlotCost) -> bytes | None:
    """Return the wrapping key of a password, or None for a password or a cost that no slot of ours can have."""
    if len(password) > _LONGEST_PASSWORD or not cost.is_bearable or not SALT_BYTES <= len(salt) <= 64:
        return None
    plain = unicodedata.normalize("NFC", password).encode("utf-8", "surrogatepass")
    return hash_secret_raw(
        plain,
        salt,
        time_cost=cost.passes,
        memory_cost=cost.memory_kib,
        parallelism=1,
        hash_len=KEY_BYTES,
        type=Type.ID,
    )


def code_key(secret: bytes, salt: bytes) -> bytes:
    """Return the wrapping key of a recovery code's 16 secret bytes."""
    return HKDF(algorithm=SHA256(), length=KEY_BYTES, salt=salt or None, info=b"dala recovery slot").derive(secret)


def escrowed(site: str, slot: Slot, key: bytes) -> Slot:
    """Return ``slot`` with the data key in it, sealed to ``slot.recipient``.

    Raises:
        InvalidInputError: that is no age recipient (``age1…``).
    """
    try:
        recipient = pyrage.x25519.Recipient.from_str(slot.recipient)
    except (pyrage.RecipientError, UnicodeError) as error:
        raise InvalidInputError(
            Text("This is no public key of the organisation: it starts with “age1”."), "recipient"
        ) from error
    slot = msgspec.structs.replace(slot, form=2, nonce=b"")
    plain = _bound_to(site, slot) + b"\n" + key
    return msgspec.structs.replace(slot, sealed=bytes(pyrage.encrypt(plain, [recipient])))


def identity_of(words: str) -> pyrage.x25519.Identity:
    """Return the organisation's secret key from its file's words, with or without the remarks age-keygen writes.

    Raises:
        InvalidInputError: there is none in them.
    """
    lines = (line.strip() for line in words[:_LONGEST_IDENTITY_FILE].splitlines())
    found = next((line for line in lines if line.upper().startswith(_IDENTITY_START)), "")
    try:
        return pyrage.x25519.Identity.from_str(found)
    except (pyrage.IdentityError, UnicodeError) as error:
        raise InvalidInputError(
            Text("This is no secret key of the organisation: its line starts with “AGE-SECRET-KEY-1”."), "identity"
        ) from error


def unescrowed(site: str, slot: Slot, identity: pyrage.x25519.Identity) -> bytes | None:
    """Return the data key of an escrow slot, or None if it was not sealed to ``identity`` for this place."""
    if not has_short_header(slot.sealed):
        return None
    try:
        plain = bytes(pyrage.decrypt(slot.sealed, [identity]))
    except pyrage.DecryptError:
        return None
    bound, key = plain[: -KEY_BYTES - 1], plain[-KEY_BYTES:]
    return key if bound == _bound_to(site, slot) and len(key) == KEY_BYTES else None


def _bound_to(site: str, slot: Slot) -> bytes:
    """Return what a slot's sealing is bound to; the first issue knew neither kinds nor several data keys."""
    if slot.form == 1:
        return f"dala slot {site} {slot.id}".encode()
    return f"dala slot {slot.form} {site} {slot.id} {slot.kind} {slot.key}".encode()
