"""A second disk, or a share of another computer: everything one needs to go on after this computer has died.

In the folder a setting names lies one folder for each data folder, and in it what a data folder has: the backups, the
contents (each is copied once, they never change), the key slots and the settings. The data key is not among them: it
is in the slots, sealed, and opens with a password, the recovery code or the organisation's key. A key that lies in a
file beside the data is not copied, or whoever finds the disk could read it.

A copied file is read again and compared before it counts. The disk may be missing, full or slow: that is told, and the
next time goes on where this one stopped.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Final

import msgspec

from clinic_app.foundation.durable_files import PART_SUFFIX, disk_errors, whole_file, write_atomically
from clinic_app.foundation.errors import DamagedError, InvalidInputError, NotFoundError, StorageError
from clinic_app.foundation.ids import new_id
from clinic_app.foundation.texts import Text
from clinic_app.keys.unlocking import SLOT_FILES
from clinic_app.storage.backups.backups import FOLDER_NAME, Backup, listed, note_path, prune
from clinic_app.storage.backups.key_check import FILE_NAME as KEY_CHECK
from clinic_app.storage.memory import Memory

FOLDER_PREFIX: Final = "dala-"
_ID: Final = "second-disk-id"
_ID_LENGTH: Final = 12
_BLOBS: Final = "blobs"
_SMALL_FILES: Final = (*SLOT_FILES, KEY_CHECK, "settings.toml")
_COPY_BYTES: Final = 1 << 20
_LARGEST_SMALL: Final = 1 << 20


class _Site(msgspec.Struct):
    """The part of the slot file that names the site."""

    site: str


class SecondDisk:
    """The copies of one data folder on a second disk.

    Args:
        second: the folder the setting names; it is never made, or the disk that is missing would be replaced by it.
        folder: the data folder.
        memory: remembers by what name this data folder goes there.
    """

    def __init__(self, second: Path, folder: Path, memory: Memory) -> None:
        self._second = second
        self._folder = folder
        self._memory = memory

    def carry(self, should_stop: Callable[[], bool] = lambda: False) -> None:
        """Bring the second disk up to what the data folder has; what is there already is left.

        Contents go before the backups that refer to them.

        Raises:
            InvalidInputError: the folder is not a place for copies.
            NotFoundError: it is not there; the disk is not connected.
            DiskFullError: it is full.
            StorageError: it refused something.
        """
        there = self._place()
        for name in _SMALL_FILES:
            _carry_small(self._folder / name, there / name)
        _carry_blobs(self._folder / _BLOBS, there / _BLOBS, should_stop)
        held = {each.path.name for each in listed(there / FOLDER_NAME) if each.is_verified}
        for backup in listed(self._folder / FOLDER_NAME):
            if should_stop():
                return
            if backup.is_verified and backup.path.name not in held:
                carry_backup(backup, there / FOLDER_NAME)
        prune(there / FOLDER_NAME)

    def _place(self) -> Path:
        """Return this data folder's own folder there."""
        second = self._second.resolve()
        if not self._second.is_absolute() or second.is_relative_to(self._folder.resolve()):
            raise InvalidInputError(
                Text("“{folder}” is no folder for copies: name one on another disk, with its full path.", folder=second)
            )
        if not second.is_dir():
            raise NotFoundError(
                Text("The folder for copies “{folder}” is not there. Connect the disk it is on.", folder=second)
            )
        there = second / f"{FOLDER_PREFIX}{self._name()}"
        with disk_errors(there):
            there.mkdir(exist_ok=True)
        return there

    def _name(self) -> str:
        """Return the end of the site's id, which a computer that comes back has too; else one that is remembered."""
        site = _site(self._folder)
        if site:
            return site
        kept = self._memory.get(_ID)
        if kept is None:
            kept = _end_of(new_id()).encode()
            self._memory.put(_ID, kept)
        return kept.decode()


def carry_backup(backup: Backup, folder: Path) -> Path:
    """Copy a backup with its note into another folder of backups; return where it is.

    Raises:
        DamagedError: the copy is not what was read.
        DiskFullError: no room.
        StorageError: a disk refused it.
    """
    path = folder / backup.path.name
    carry_file(backup.path, path)
    with disk_errors(path):
        write_atomically(note_path(path), (note_path(backup.path).read_bytes(),))
    return path


def carry_file(source: Path, target: Path) -> None:
    """Copy a file, whole or not at all, and read the copy again.

    Raises:
        DamagedError: the copy is not what was read; it is removed.
        FileNotFoundError: there is no such file.
        DiskFullError: no room.
        StorageError: a disk refused it.
    """
    digest = hashlib.sha256()
    with disk_errors(source), source.open("rb") as read, whole_file(target) as file:
        while piece := read.read(_COPY_BYTES):
            digest.update(piece)
            file.write(piece)
    with disk_errors(target), target.open("rb") as copy:
        is_same = hashlib.file_digest(copy, "sha256").digest() == digest.digest()
    if not is_same:
        with suppress(OSError):
            target.unlink()
        raise DamagedError(Text("The disk with “{folder}” does not keep what it is given.", folder=target.parent))


def listed_everywhere(folder: Path, second: Path | None) -> tuple[Backup, ...]:
    """Return the backups of a data folder, there and on a second disk that may be missing; each once, the newest first.

    Args:
        folder: the data folder.
        second: the folder of copies. Several computers may share it: where one of its folders is ours only that one
            counts, else all do, because nobody may know any more which one is ours.
    """
    found = {backup.path.name: backup for backup in listed(folder / FOLDER_NAME)}
    places: list[Path] = []
    with suppress(OSError, StorageError):
        places = _ours(folder, second) if second else []
        for there in places:
            for backup in listed(there / FOLDER_NAME):
                known = found.get(backup.path.name)
                if known is None or (backup.is_verified and not known.is_verified):
                    found[backup.path.name] = backup
    backups = sorted(found.values(), key=lambda each: (each.number, each.made_at), reverse=True)
    if len(places) > 1:  # numbers of several computers say nothing of one another
        backups.sort(key=lambda each: each.made_at, reverse=True)
    return tuple(backups)


def _ours(folder: Path, second: Path) -> list[Path]:
    ours = second / f"{FOLDER_PREFIX}{_site(folder)}"
    return [ours] if ours != second / FOLDER_PREFIX and ours.is_dir() else sorted(second.glob(f"{FOLDER_PREFIX}*"))


def bring_back(there: Path, folder: Path) -> tuple[Path, ...]:
    """Give an empty data folder the key slots and settings that lie on a second disk; nothing is replaced.

    Returns:
        What was not in the folder before and is now.

    Raises:
        StorageError: a disk refused it.
    """
    lacking = [name for name in _SMALL_FILES if not (folder / name).exists()]
    for name in lacking:
        _carry_small(there / name, folder / name)
    return tuple(folder / name for name in lacking if (folder / name).exists())


def bring_back_blobs(there: Path, folder: Path) -> None:
    """Give a data folder the contents that lie on a second disk and not in it.

    Raises:
        DiskFullError: no room.
        StorageError: a disk refused it.
    """
    _carry_blobs(there / _BLOBS, folder / _BLOBS, lambda: False)


def _site(folder: Path) -> str:
    for name in SLOT_FILES:
        with suppress(OSError, msgspec.DecodeError, UnicodeDecodeError), (folder / name).open("rb") as file:
            return _end_of(msgspec.json.decode(file.read(_LARGEST_SMALL), type=_Site).site)
    return ""


def _end_of(id: str) -> str:
    return re.sub(r"[^0-9a-z]", "", id)[-_ID_LENGTH:]


def _carry_small(source: Path, target: Path) -> None:
    with disk_errors(source):
        if not source.exists() or source.stat().st_size > _LARGEST_SMALL:
            return
        body = source.read_bytes()
        if not target.exists() or target.read_bytes() != body:
            write_atomically(target, (body,))


def _carry_blobs(source: Path, target: Path, should_stop: Callable[[], bool]) -> None:
    """Copy the contents that are missing or cut; a name stands for its content for ever."""
    for part in sorted(source.glob("??")):
        with disk_errors(target):
            held = {each.name: each.stat().st_size for each in (target / part.name).glob("*")}
        for path in part.iterdir():
            if should_stop():
                return
            with suppress(FileNotFoundError):  # it was no longer needed, and went
                if not path.name.endswith(PART_SUFFIX) and held.get(path.name) != path.stat().st_size:
                    carry_file(path, target / part.name / path.name)
