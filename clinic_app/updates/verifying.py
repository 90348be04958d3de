"""Reads a repository of releases and believes nothing but its signatures: the client's half of The Update Framework.

What a version of the metadata has said is kept: whoever shows an older one afterwards is refused (rollback), and so is
what has ended (freeze), what its keys did not sign in the number that is wanted, what is larger than it says, and files
of different versions put together (mix and match). The root that is believed first comes with the program.

Source: The Update Framework Specification 1.0, section 5; `framework` has its reference implementation do it.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any, BinaryIO, Final

import msgspec

from clinic_app.foundation.durable_files import disk_errors, whole_file, write_atomically
from clinic_app.foundation.errors import UnreadableFileError
from clinic_app.foundation.texts import Text
from clinic_app.updates.release import MOST_RELEASES, Release, release_of
from clinic_app.updates.sources import METADATA, TARGETS, Source

_PIECE: Final = 1 << 20
MIXED: Final = Text("These releases do not belong together; the copy is damaged or was put together by somebody.")
UNREADABLE: Final = Text("These releases cannot be read.")
_ROOT: Final = re.compile(r"(\d{1,9})\.root\.json", re.ASCII)


class _File(msgspec.Struct):
    length: int
    hashes: dict[str, str] = {}
    custom: dict[str, Any] = {}


class _Targets(msgspec.Struct):
    targets: dict[str, _File]


class _Kept(msgspec.Struct):
    """Metadata of targets that were verified when they were kept; here is only read what they said."""

    signed: _Targets


class Verifier:
    """What one place has come to believe.

    Args:
        trusted: folder that keeps it; whoever may write there decides what is believed.
        root: the metadata of the root that came with the program.
    """

    def __init__(self, trusted: Path, root: bytes) -> None:
        self._trusted = trusted
        self._root = root

    def releases(self, source: Source) -> tuple[Release, ...]:
        """Return the releases of a repository, once its metadata hold.

        Raises:
            UnreadableFileError: they do not; the sentence says in which way.
            StorageError: what was learnt cannot be kept.
        """
        with disk_errors(self._trusted):
            self._trusted.mkdir(parents=True, exist_ok=True)
            try:
                from clinic_app.updates.framework import refresh  # half a second that only a release is worth

                refresh(self._trusted, self._root, source)
            except RecursionError as error:
                raise UnreadableFileError(UNREADABLE) from error
        return self.known()

    def known(self) -> tuple[Release, ...]:
        """Return the releases of the repository that was read last; nothing is verified again, ends included."""
        try:
            told = msgspec.json.decode((self._trusted / "targets.json").read_bytes(), type=_Kept)
        except (OSError, msgspec.DecodeError, UnicodeDecodeError):
            return ()
        found = []
        for name, file in list(told.signed.targets.items())[:MOST_RELEASES]:
            try:
                found.append(release_of(name, file.hashes.get("sha256", ""), file.length, file.custom.get("news")))
            except UnreadableFileError:  # made for a later program than this one
                continue
        return tuple(found)

    def metadata(self) -> dict[str, bytes]:
        """Return the files of what was read last, by their names in a repository, for who verifies it again."""
        with disk_errors(self._trusted):
            found = {each.name: each.read_bytes() for each in sorted((self._trusted / "root_history").glob("*.json"))}
            found["timestamp.json"] = (self._trusted / "timestamp.json").read_bytes()
            for role in ("snapshot", "targets"):
                body = (self._trusted / f"{role}.json").read_bytes()
                found[f"{json.loads(body)['signed']['version']}.{role}.json"] = body
        return found

    @property
    def root_version(self) -> int:
        """The newest root that is believed."""
        names = (self._trusted / "root_history").glob("*.root.json")
        numbers = [int(found[1]) for each in names if (found := _ROOT.fullmatch(each.name))]
        return max(numbers, default=0)


def copy_release(
    source: Source, release: Release, target: Path, piece_came: Callable[[int], None] | None = None
) -> None:
    """Copy the file of a release out of a repository; it is in its place whole and verified, or not at all.

    Args:
        source: the repository.
        release: as its verified metadata describe it.
        target: the file that is made.
        piece_came: told how many bytes are there, from time to time.

    Raises:
        UnreadableFileError: the file is not what was signed, or is not there.
        DiskFullError: no room.
        StorageError: the disk refused it.
    """
    digest, came = hashlib.sha256(), 0
    try:
        with source.opened(f"{TARGETS}/{release.stored_as}") as file, whole_file(target) as copy:
            while piece := _piece_of(file):
                came += len(piece)
                if came > release.size:
                    break
                digest.update(piece)
                copy.write(piece)
                if piece_came is not None:
                    piece_came(came)
            if came != release.size or digest.hexdigest() != release.sha256:
                raise UnreadableFileError(MIXED)
    except FileNotFoundError as error:
        words = Text("The file of version {version} is not there.", version=release.version)
        raise UnreadableFileError(words) from error


def _piece_of(file: BinaryIO) -> bytes:
    """Return what comes next of a stick's file.

    Raises:
        UnreadableFileError: the stick was pulled out; that is no fault of the disk it is copied to.
    """
    try:
        return file.read(_PIECE)
    except OSError as error:
        raise UnreadableFileError(UNREADABLE) from error


def write_repository(folder: Path, metadata: dict[str, bytes]) -> None:
    """Write the metadata of a repository into a folder, the newest word last.

    Raises:
        StorageError: the disk refused it.
    """
    for name in sorted(metadata, key=lambda each: each == "timestamp.json"):
        write_atomically(folder / METADATA / name, [metadata[name]])
