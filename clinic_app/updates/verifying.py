"""Reads a repository of releases and believes nothing but its signatures: the client's half of The Update Framework.

What a version of the metadata has said is kept: whoever shows an older one afterwards is refused (rollback), and so is
what has ended (freeze), what its keys did not sign in the number that is wanted, what is larger than it says, and files
of different versions put together (mix and match). The root that is believed first comes with the program.

Source: The Update Framework Specification 1.0, section 5; the library is its reference implementation, python-tuf.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import BinaryIO, Final
from urllib.parse import urlsplit

from tuf.api import exceptions
from tuf.api.exceptions import DownloadHTTPError
from tuf.api.metadata import Metadata, Targets
from tuf.api.serialization import DeserializationError
from tuf.ngclient import FetcherInterface, Updater, UpdaterConfig

from clinic_app.foundation.durable_files import disk_errors, whole_file, write_atomically
from clinic_app.foundation.errors import UnreadableFileError
from clinic_app.foundation.texts import Text
from clinic_app.updates.release import MOST_RELEASES, Release, release_of
from clinic_app.updates.sources import METADATA, TARGETS, Source

_PIECE: Final = 1 << 20
_PLACE: Final = "release://repository/"
_CONFIG: Final = UpdaterConfig(
    max_root_rotations=64,
    max_delegations=1,
    root_max_length=256 << 10,
    timestamp_max_length=16 << 10,
    snapshot_max_length=64 << 10,
    targets_max_length=1 << 20,
)
_FORGED: Final = Text("These releases are not signed by who makes this program.")
_MIXED: Final = Text("These releases do not belong together; the copy is damaged or was put together by somebody.")
_OLDER: Final = Text("These releases are older than what this computer has seen already.")
_ENDED: Final = Text("The word of who makes this program about these releases has ended. Get a newer copy of them.")
_UNREADABLE: Final = Text("These releases cannot be read.")
_ROOT: Final = re.compile(r"(\d{1,9})\.root\.json", re.ASCII)


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
                self._refresh(source)
            except RecursionError as error:
                raise UnreadableFileError(_UNREADABLE) from error
        return self.known()

    def known(self) -> tuple[Release, ...]:
        """Return the releases of the repository that was read last; nothing is verified again, ends included."""
        try:
            targets = Metadata[Targets].from_file(str(self._trusted / "targets.json")).signed.targets
        except (OSError, exceptions.StorageError, DeserializationError):
            return ()
        found = []
        for name, file in list(targets.items())[:MOST_RELEASES]:
            custom = file.custom or {}
            try:
                found.append(release_of(name, file.hashes.get("sha256", ""), file.length, custom.get("news")))
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

    def _refresh(self, source: Source) -> None:
        fetcher = _Fetcher(source)
        try:
            updater = Updater(str(self._trusted), f"{_PLACE}{METADATA}", fetcher=fetcher, config=_CONFIG,
                              bootstrap=self._root)  # fmt: skip
            updater.refresh()
        except exceptions.ExpiredMetadataError as error:
            raise UnreadableFileError(_ENDED) from error
        except exceptions.BadVersionNumberError as error:
            raise UnreadableFileError(_OLDER) from error
        except exceptions.UnsignedMetadataError as error:
            raise UnreadableFileError(_FORGED) from error
        except (exceptions.LengthOrHashMismatchError, exceptions.DownloadError) as error:
            raise UnreadableFileError(_MIXED) from error
        except (exceptions.RepositoryError, DeserializationError, ValueError) as error:
            raise UnreadableFileError(_UNREADABLE) from error


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
            while piece := file.read(_PIECE):
                came += len(piece)
                if came > release.size:
                    break
                digest.update(piece)
                copy.write(piece)
                if piece_came is not None:
                    piece_came(came)
            if came != release.size or digest.hexdigest() != release.sha256:
                raise UnreadableFileError(_MIXED)
    except FileNotFoundError as error:
        words = Text("The file of version {version} is not there.", version=release.version)
        raise UnreadableFileError(words) from error


def write_repository(folder: Path, metadata: dict[str, bytes]) -> None:
    """Write the metadata of a repository into a folder, the newest word last.

    Raises:
        StorageError: the disk refused it.
    """
    for name in sorted(metadata, key=lambda each: each == "timestamp.json"):
        write_atomically(folder / METADATA / name, [metadata[name]])


class _Fetcher(FetcherInterface):
    """Gives the library the files of a source in place of a network."""

    def __init__(self, source: Source) -> None:
        self._source = source

    def _fetch(self, url: str) -> Iterator[bytes]:
        inner = urlsplit(url).path.removeprefix("/")
        try:
            with self._source.opened(inner) as file:
                return iter(_pieces(file))
        except FileNotFoundError as error:
            raise DownloadHTTPError(f"there is no {inner}", 404) from error


def _pieces(file: BinaryIO) -> list[bytes]:
    """Return a small file whole, in pieces; of a large one as much as tells that it is too large."""
    return [file.read(_CONFIG.targets_max_length + 1)]
