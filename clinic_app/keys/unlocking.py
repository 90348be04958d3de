"""Getting at the data key: 32 random bytes that never lie on the disk by themselves.

Beside the database lies ``keys.json`` with *slots*; each slot holds the data key sealed under a key that somebody or
something else keeps (today: the system's keyring or an explicit file). Further slots (a person's password, a recovery
code, the organisation's escrow) can be added without touching the data. The file is written twice, each copy
atomically, and is never made anew while there is a database: that would lock the data for ever.
"""

from __future__ import annotations

import os
import secrets
from pathlib import Path
from typing import Final

import msgspec
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from clinic_app.foundation.durable_files import disk_errors, write_atomically
from clinic_app.foundation.errors import KeyLockedError
from clinic_app.foundation.ids import new_id
from clinic_app.foundation.texts import Text
from clinic_app.keys.derived import KEY_BYTES
from clinic_app.keys.key_storage import KeyStorage

DATABASE_NAME: Final = "clinic.db"
SLOT_FILES: Final = ("keys.json", "keys.copy.json")
_NONCE_BYTES: Final = 12
_LARGEST_FILE: Final = 1 << 20


class Slot(msgspec.Struct, frozen=True):
    """The data key, sealed under a key that ``kind`` of storage keeps by the name ``id``."""

    id: str
    kind: str
    nonce: bytes
    sealed: bytes


class SlotFile(msgspec.Struct, frozen=True):
    """All the ways into one data folder."""

    site: str
    slots: tuple[Slot, ...]


def unlock(folder: Path, storage: KeyStorage) -> bytes:
    """Return the data key of a folder; make one where there are neither keys nor data yet.

    Args:
        folder: the data folder.
        storage: where the sealing key lies.

    Raises:
        KeyLockedError: the key file is gone or unreadable, or its sealing key is not in ``storage``.
        DiskFullError: no room for the key file.
    """
    copies = _read(folder)
    if not copies:
        if (folder / DATABASE_NAME).exists():
            raise KeyLockedError(
                Text("The key file of these data is missing. Restore it from a backup; nothing was changed.")
            )
        return _create(folder, storage)
    refusals = []
    for slots in copies:
        try:
            return _open_one(slots, storage)
        except KeyLockedError as error:
            refusals.append(error)
    raise refusals[0]


def _open_one(slots: SlotFile, storage: KeyStorage) -> bytes:
    for slot in slots.slots:
        if slot.kind == storage.kind:
            return _open(slots.site, slot, storage)
    raise KeyLockedError(Text("These data were not set up for the key storage “{kind}”.", kind=storage.kind))


def _create(folder: Path, storage: KeyStorage) -> bytes:
    data_key, sealing_key = secrets.token_bytes(KEY_BYTES), secrets.token_bytes(KEY_BYTES)
    site, slot_id, nonce = new_id(), new_id(), os.urandom(_NONCE_BYTES)
    storage.save(slot_id, sealing_key)
    if storage.load(slot_id) != sealing_key:
        raise KeyLockedError(Text("The key storage of this computer does not keep what it is given."))
    sealed = AESGCM(sealing_key).encrypt(nonce, data_key, _bound_to(site, slot_id))
    body = msgspec.json.format(msgspec.json.encode(SlotFile(site, (Slot(slot_id, storage.kind, nonce, sealed),))))
    for name in SLOT_FILES:
        write_atomically(folder / name, (body,))
    return data_key


def _open(site: str, slot: Slot, storage: KeyStorage) -> bytes:
    sealing_key = storage.load(slot.id)
    if sealing_key is None:
        raise KeyLockedError(
            Text("The key of these data is not in this computer's key storage. Sign in to the system as the same user.")
        )
    try:
        return AESGCM(sealing_key).decrypt(slot.nonce, slot.sealed, _bound_to(site, slot.id))
    except (InvalidTag, ValueError) as error:
        raise KeyLockedError(Text("The key in this computer's key storage is not the one of these data.")) from error


def _read(folder: Path) -> tuple[SlotFile, ...]:
    """Return the copies that can be read, each once: a changed letter may show only when a slot is opened."""
    found = [path for name in SLOT_FILES if (path := folder / name).exists()]
    copies = []
    for path in found:
        with disk_errors(path), path.open("rb") as file:
            body = file.read(_LARGEST_FILE)
        try:
            copies.append(msgspec.json.decode(body, type=SlotFile))
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            continue
    if found and not copies:
        raise KeyLockedError(
            Text("The key file of these data is damaged. Restore it from a backup; nothing was changed.")
        )
    return tuple(dict.fromkeys(copies))


def _bound_to(site: str, slot_id: str) -> bytes:
    return f"dala slot {site} {slot_id}".encode()
