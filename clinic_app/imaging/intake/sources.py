"""Every file in what somebody dropped: folders, files, archives and images of discs, all read in one way.

Nothing is ever unpacked to a path, and no name from a stranger's medium becomes one: a file is a name to be shown and a
function that gives its first bytes. So nothing can leave a folder, and what is no image is never read beyond its head.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO, Final

from clinic_app.foundation.errors import ClinicError, UnreadableFileError
from clinic_app.foundation.texts import Text
from clinic_app.imaging.reading import HEAD_BYTES, LARGEST_FILE_BYTES, check_mark

MOST_FILES: Final = 50_000
_ZIP_MARK: Final = b"PK\x03\x04"
_EMPTY_ZIP_MARK: Final = b"PK\x05\x06"
_ISO_AT: Final = 32769
_ISO_MARK: Final = b"CD001"
_ARCHIVE_ENDINGS: Final = (".zip", ".iso")


@dataclass(frozen=True)
class Refusal:
    """A file that was not taken, and why."""

    name: str
    reason: Text


@dataclass(frozen=True)
class SourceFile:
    """One file of a medium.

    Args:
        name: as it is shown; it names nothing on this disk.
        size: in bytes, as the medium says.
        read: gives at most so many of its first bytes; raises `UnreadableFileError` where the medium does not.
    """

    name: str
    size: int
    read: Callable[[int], bytes]

    def content(self) -> bytes:
        """Return its bytes, if it says that it is DICOM and is not too large.

        Raises:
            UnreadableFileError: it is not, or it cannot be read.
        """
        if self.size > LARGEST_FILE_BYTES:
            raise UnreadableFileError(Text("The file is too large."))
        check_mark(self.read(HEAD_BYTES))
        return self.read(self.size)

    def is_marked(self) -> bool:
        """Return whether it says that it is DICOM."""
        try:
            check_mark(self.read(HEAD_BYTES))
        except ClinicError:
            return False
        return True


@dataclass
class Contents:
    """What a medium holds.

    Args:
        files: to be looked at, in this order.
        refused: what cannot be, and why.
        left: other files a disc carries beside its images: its viewer, its pages.
    """

    files: list[SourceFile] = field(default_factory=list)
    refused: list[Refusal] = field(default_factory=list)
    left: int = 0

    def add(self, other: Contents, under: str = "") -> None:
        """Add what another medium holds, its names under a name."""
        self.files += [SourceFile(under + each.name, each.size, each.read) for each in other.files]
        self.refused += [Refusal(under + each.name, each.reason) for each in other.refused]
        self.left += other.left


@contextmanager
def contents_of(paths: Sequence[Path], is_cancelled: Callable[[], bool] = lambda: False) -> Iterator[Contents]:
    """Yield everything in folders, files, archives and images of discs; it can be read until the end of the block."""
    found = Contents()
    with ExitStack() as stack:
        for path in paths:
            if is_cancelled():
                break
            if path.is_dir():
                found.add(_folder(path, stack, is_cancelled))
            else:
                found.add(_file(path, path.name, stack))
        if len(found.files) > MOST_FILES:
            found.refused.append(Refusal("…", _too_many()))
            del found.files[MOST_FILES:]
        yield found


def files_in(folder: Path) -> list[Path]:
    """Return the files below a folder in a stable order, at most `MOST_FILES`; links are not followed."""
    return _walked(folder, lambda: False)[:MOST_FILES]


def _walked(folder: Path, is_cancelled: Callable[[], bool]) -> list[Path]:
    """Return the files below a folder, one more than are taken where there are too many."""
    found: list[Path] = []
    for parent, folders, names in os.walk(folder):
        folders.sort()
        found += (path for name in sorted(names) if _is_plain(path := Path(parent) / name))
        if len(found) > MOST_FILES or is_cancelled():
            break
    return found[: MOST_FILES + 1]


def _is_plain(path: Path) -> bool:
    try:
        return path.is_file() and not path.is_symlink()
    except OSError:
        return False


def file_at(path: Path, name: str) -> SourceFile:
    """Return a file of this disk."""

    def read(most: int) -> bytes:
        try:
            with path.open("rb") as file:
                return file.read(most)
        except OSError as error:
            raise _unreadable() from error

    try:
        size = path.stat().st_size
    except OSError:
        size = 0
    return SourceFile(name, size, read)


def ranged(file: BinaryIO, parts: Sequence[tuple[int, int]], most: int) -> bytes:
    """Return the first bytes of what lies in parts of an open file, each given by its place and length.

    Raises:
        UnreadableFileError: the disk does not give them.
    """
    found: list[bytes] = []
    try:
        for at, length in parts:
            if most <= 0:
                break
            file.seek(at)
            found.append(file.read(min(length, most)))
            most -= length
    except (OSError, ValueError) as error:
        raise _unreadable() from error
    return b"".join(found)


def _folder(folder: Path, stack: ExitStack, is_cancelled: Callable[[], bool]) -> Contents:
    from clinic_app.imaging.intake.dicomdir import sorted_out

    plain, found = Contents(), Contents()
    for path in _walked(folder, is_cancelled):
        name = path.relative_to(folder).as_posix()
        if path.suffix.lower() in _ARCHIVE_ENDINGS:
            found.add(_file(path, name, stack))
        else:
            plain.files.append(file_at(path, name))
    found.add(sorted_out(plain))
    return found


def _file(path: Path, name: str, stack: ExitStack) -> Contents:
    """Return what a file holds: itself, or what lies in it where it is an archive or the image of a disc."""
    from clinic_app.imaging.intake.dicomdir import sorted_out
    from clinic_app.imaging.intake.iso_source import iso_contents
    from clinic_app.imaging.intake.zip_source import zip_contents

    plain = file_at(path, name)
    try:
        head = plain.read(_ISO_AT + len(_ISO_MARK))
        if head.startswith((_ZIP_MARK, _EMPTY_ZIP_MARK)):
            inner = zip_contents(path, stack)
        elif head[_ISO_AT:] == _ISO_MARK:
            inner = iso_contents(path, stack)
        else:
            return Contents([plain])
    except ClinicError as error:
        return Contents(refused=[Refusal(name, error.text)])
    found = Contents()
    found.add(sorted_out(inner), f"{name}/")
    return found


def in_names(files: Iterable[SourceFile]) -> dict[str, SourceFile]:
    """Return files by their names as a disc's index writes them, whatever the case of the letters."""
    return {each.name.upper(): each for each in files}


def _too_many() -> Text:
    return Text("There are more than {count} files; take the folders in one by one.", count=MOST_FILES)


def _unreadable() -> UnreadableFileError:
    return UnreadableFileError(Text("The file cannot be read from its disk."))
