"""The slot file: every way to one data key, beside the data, in two copies that are each written whole.

The file may be read and changed by whoever has the disk, so it is read with bounds and believed only as far as it
proves itself: each slot by its own sealing, the whole file by a *seal* that is made with the data key. After the data
key has been found the seal tells which copy is whole and newest, and only then are copies made equal. What is written
over without being whole is kept aside.
"""

from __future__ import annotations

import hashlib
import hmac
import os
import secrets
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Final

import msgspec

from clinic_app.foundation.durable_files import disk_errors, folder_sync, write_atomically
from clinic_app.foundation.errors import KeyLockedError, StorageError
from clinic_app.foundation.texts import Text
from clinic_app.keys.derived import derive

DATABASE_NAME: Final = "clinic.db"
REKEYED_NAME: Final = "clinic.db.rekeyed"
"""The database under its next key, until it takes the place of the one under the present key."""
SLOT_FILES: Final = ("keys.json", "keys.copy.json")
MOST_SLOTS: Final = 1024
_LARGEST_FILE: Final = 1 << 20
_MOST_KEPT_ASIDE: Final = 16
_EVERY_COPY: Final = "keys.*json*"
_SELF_SEALED: Final = ("keyring", "file", "user", "recovery")
"""Kinds of slots that nobody without the data key can make; an escrow slot is made with a public key."""


class Slot(msgspec.Struct, frozen=True, omit_defaults=True):
    """The data key, sealed under a key that somebody or something else keeps.

    ``id`` is the name a key storage knows it by, or what a login is found by. ``key`` tells which data key it holds;
    ``form`` 1 is that of the first issue, which knew storages only. ``memory_kib`` and ``passes`` are Argon2id's;
    ``mark`` tells which password of its owner it was made of; ``recipient`` is the public key of an escrow.
    """

    id: str
    kind: str
    nonce: bytes
    sealed: bytes
    form: int = 1
    key: str = ""
    salt: bytes = b""
    memory_kib: int = 0
    passes: int = 0
    mark: str = ""
    recipient: str = ""


class SlotFile(msgspec.Struct, frozen=True, omit_defaults=True):
    """All the ways into one data folder.

    ``key`` and ``next_key`` are ids of data keys: the present one, and during a change the one that follows it.
    ``seals`` holds a MAC over everything else for each of them.
    """

    site: str
    slots: tuple[Slot, ...]
    serial: int = 0
    key: str = ""
    next_key: str = ""
    seals: dict[str, bytes] = msgspec.field(default_factory=dict)


class Copies:
    """The two copies in one data folder.

    Args:
        folder: the data folder.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def exist(self) -> bool:
        """Return whether there is a slot file, readable or not."""
        return any((self._folder / name).exists() for name in SLOT_FILES)

    def readable(self) -> tuple[SlotFile, ...]:
        """Return the copies that can be read, each once; none where there are no files.

        Raises:
            KeyLockedError: there are files and none can be read.
            StorageError: the disk refused them.
        """
        copies = [copy for copy in self._copies() if copy is not None]
        if not copies and self.exist():
            raise KeyLockedError(
                Text("The key file of these data is damaged. Restore it from a backup; nothing was changed.")
            )
        return tuple(copy for place, copy in enumerate(copies) if copy not in copies[:place])

    def trusted(self, key: bytes) -> SlotFile | None:
        """Return the newest copy whose seal was made with ``key``, or None."""
        sealed = [copy for copy in self.readable() if is_sealed(copy, key)]
        return max(sealed, key=lambda copy: copy.serial, default=None)

    def newest(self, key: bytes) -> SlotFile | None:
        """Return what to build on: the newest copy under the key's seal, else what can be believed; None without files.

        Raises:
            KeyLockedError: there are files and none can be read.
        """
        readable = self.readable()
        return self.trusted(key) or (believed(readable, key) if readable else None)

    def mend(self, key: bytes) -> None:
        """Make the copies equal after ``key`` was found, if it can be told what they should say and the disk lets it.

        Two readable copies without a seal stay: each may hold a slot that is damaged in the other.
        """
        best = self.trusted(key)
        with suppress(StorageError):
            if best is not None:
                self._put(best, key, [place for place, copy in enumerate(self._copies()) if copy != best])
            elif None in self._copies():
                self.write(believed(self.readable(), key), key)

    def present_key(self, file: SlotFile) -> str:
        """Return the id of the key the database lies under: the next one as soon as its file is in its place."""
        is_changed = file.next_key and not (self._folder / REKEYED_NAME).exists()
        return file.next_key if is_changed else file.key

    def write(self, file: SlotFile, key: bytes, *also: bytes) -> None:
        """Write both copies under the seal of ``key`` (and of ``also``), one after the other.

        Raises:
            DiskFullError: no room; at least one copy is as it was.
            StorageError: the disk refused them.
            KeyLockedError: more slots than can be read again.
        """
        if len(file.slots) > MOST_SLOTS:
            raise KeyLockedError(Text("There are too many ways into these data already."))
        file = msgspec.structs.replace(file, serial=file.serial + 1)
        seals = {key_id(each): seal_of(file, each) for each in (key, *also)}
        self._put(msgspec.structs.replace(file, seals=seals), key, range(len(SLOT_FILES)))

    def destroy(self) -> None:
        """Write over every copy, also those that were kept aside, and remove it.

        Raises:
            StorageError: the disk refused it; what is left is destroyed the next time.
        """
        for path in sorted(self._folder.glob(_EVERY_COPY)):
            with disk_errors(path), path.open("r+b") as file:
                file.write(secrets.token_bytes(path.stat().st_size))
                file.flush()
                os.fsync(file.fileno())
            with disk_errors(path):
                path.unlink()
        folder_sync()(self._folder)

    def _copies(self) -> list[SlotFile | None]:
        return [_parsed(body) if (body := self._body(name)) is not None else None for name in SLOT_FILES]

    def _put(self, file: SlotFile, key: bytes, places: range | list[int]) -> None:
        body = msgspec.json.format(msgspec.json.encode(file))
        for place in places:
            path = self._folder / SLOT_FILES[place]
            self._keep_aside(path, key)
            write_atomically(path, (body,))

    def _keep_aside(self, path: Path, key: bytes) -> None:
        body = self._body(path.name)
        copy = _parsed(body) if body else None
        if not body or (copy is not None and (not copy.seals or is_sealed(copy, key))):
            return
        kept = list(self._folder.glob("keys*.damaged-*"))
        aside = path.with_name(f"{path.name}.damaged-{hashlib.sha256(body).hexdigest()[:12]}")
        if aside not in kept and len(kept) < _MOST_KEPT_ASIDE:
            write_atomically(aside, (body,))

    def _body(self, name: str) -> bytes | None:
        path = self._folder / name
        try:
            with disk_errors(path), path.open("rb") as file:
                return file.read(_LARGEST_FILE + 1)
        except FileNotFoundError:
            return None


def key_id(key: bytes) -> str:
    """Return what tells one data key from another and says nothing else about it."""
    return derive(key, "key id")[:16].hex()


def seal_of(file: SlotFile, key: bytes) -> bytes:
    """Return the MAC of a slot file under a data key."""
    body = msgspec.json.encode(msgspec.structs.replace(file, seals={}))
    return hmac.digest(derive(key, "slot file"), body, "sha256")


def is_sealed(file: SlotFile, key: bytes) -> bool:
    """Return whether somebody with ``key`` wrote exactly this."""
    return hmac.compare_digest(file.seals.get(key_id(key), b""), seal_of(file, key))


def believed(copies: Sequence[SlotFile], key: bytes) -> SlotFile:
    """Return what may be believed of files without a seal: the slots that only the data key's owner can have made."""
    slots = dict.fromkeys(slot for copy in copies for slot in copy.slots if slot.kind in _SELF_SEALED)
    serial = max(copy.serial for copy in copies)
    return SlotFile(copies[0].site, tuple(slots)[:MOST_SLOTS], serial=serial, key=key_id(key))


def _parsed(body: bytes) -> SlotFile | None:
    """Return a slot file, or None for what is none or is larger than any."""
    if len(body) > _LARGEST_FILE:
        return None
    try:
        file = msgspec.json.decode(body, type=SlotFile)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
    return file if len(file.slots) <= MOST_SLOTS else None
