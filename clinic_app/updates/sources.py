"""Where a repository of releases is read from: a folder on a stick or at a hub, or one file that holds such a folder.

A repository is a folder ``metadata`` with ``1.root.json``, ``timestamp.json``, ``3.snapshot.json``, ``3.targets.json``
and a folder ``targets`` with ``DIGEST.Dala-1.3.0-x64.exe``. In one file it is a ZIP of both, not compressed.
"""

from __future__ import annotations

import re
import zipfile
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import BinaryIO, Final, Protocol, cast

from clinic_app.foundation.errors import UnreadableFileError
from clinic_app.foundation.texts import Text
from clinic_app.updates.plain_files import open_plain

METADATA: Final = "metadata"
TARGETS: Final = "targets"
ARCHIVE_SUFFIX: Final = ".dala-update"
_INNER: Final = re.compile(r"(metadata|targets)/[A-Za-z0-9][A-Za-z0-9._-]{0,150}", re.ASCII)
_MOST_ENTRIES: Final = 500


class Source(Protocol):
    """Gives the files of a repository; nothing of what it gives is believed."""

    def opened(self, inner: str) -> AbstractContextManager[BinaryIO]:
        """Open one file for the length of a block.

        Raises:
            FileNotFoundError: there is no such file.
        """
        ...


class FolderSource:
    """A repository in a folder.

    Args:
        folder: that holds ``metadata`` and ``targets``.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    @contextmanager
    def opened(self, inner: str) -> Iterator[BinaryIO]:
        """Open one file; a link or a pipe in its place is not followed.

        Raises:
            FileNotFoundError: there is no such file.
        """
        with open_plain(self._folder / checked_inner(inner)) as file:
            yield file


class ArchiveSource:
    """A repository in one file.

    Args:
        archive: the file, opened by `opened_source`.
    """

    def __init__(self, archive: zipfile.ZipFile) -> None:
        self._archive = archive

    @contextmanager
    def opened(self, inner: str) -> Iterator[BinaryIO]:
        """Open one file of it.

        Raises:
            FileNotFoundError: there is no such file.
            UnreadableFileError: it is compressed or encrypted.
        """
        try:
            entry = self._archive.getinfo(checked_inner(inner))
        except KeyError as error:
            raise FileNotFoundError(inner) from error
        if entry.compress_type != zipfile.ZIP_STORED or entry.flag_bits & 1:
            raise UnreadableFileError(Text("“{name}” is no file of releases.", name=self._archive.filename or ""))
        with self._archive.open(entry) as file:
            yield cast("BinaryIO", file)


@contextmanager
def opened_source(path: Path) -> Iterator[Source]:
    """Open a folder or a file of releases.

    Raises:
        UnreadableFileError: it is neither.
    """
    if path.is_dir():
        inner = path if (path / METADATA).is_dir() else path / "dala-update"
        yield FolderSource(inner)
        return
    try:
        with zipfile.ZipFile(path) as archive:
            if len(archive.infolist()) > _MOST_ENTRIES:
                raise UnreadableFileError(Text("“{name}” is no file of releases.", name=path.name))
            yield ArchiveSource(archive)
    except (OSError, zipfile.BadZipFile, zipfile.LargeZipFile, NotImplementedError, RuntimeError) as error:
        raise UnreadableFileError(Text("“{name}” is no file of releases.", name=path.name)) from error


def checked_inner(inner: str) -> str:
    """Return the path of a file in a repository.

    Raises:
        FileNotFoundError: no repository has such a file.
    """
    if not _INNER.fullmatch(inner):
        raise FileNotFoundError(inner[:100])
    return inner
