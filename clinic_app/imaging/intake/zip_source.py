"""A ZIP somebody sent: read entry by entry, with caps on everything it says of itself.

An entry is read only as far as is asked for, so what is no image is never unpacked beyond its head. Sizes it declares
are not believed: what is unpacked is counted.
"""

from __future__ import annotations

import re
import stat
import zipfile
import zlib
from contextlib import ExitStack
from pathlib import Path, PurePosixPath
from typing import BinaryIO, Final

from clinic_app.foundation.errors import UnreadableFileError
from clinic_app.foundation.texts import Text
from clinic_app.imaging.intake.sources import MOST_FILES, Contents, Refusal, SourceFile

RATIO: Final = 100
FREE_BYTES: Final = 256 << 20
"""So much may be unpacked whatever the archive's own size; a study of black pictures packs to nearly nothing."""
_LARGEST_LIST_BYTES: Final = 32 << 20
_END_MARK: Final = b"PK\x05\x06"
_END_BYTES: Final = 22
_LARGEST_REMARK: Final = 65535
_METHODS: Final = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
"""Those Python unpacks no further than it is asked to; bzip2 and LZMA unpack a whole block at once."""
_INNER: Final = (".zip", ".iso", ".7z", ".rar", ".gz", ".tar")
_ENCRYPTED: Final = 1
_UTF8: Final = 0x800
_DRIVE: Final = re.compile(r"[A-Za-z]:")
_ERRORS: Final = (
    zipfile.BadZipFile, zlib.error, EOFError, OSError, ValueError, RuntimeError, NotImplementedError, OverflowError,
)  # fmt: skip


def zip_contents(path: Path, stack: ExitStack) -> Contents:
    """Return what a ZIP holds.

    Args:
        path: the archive.
        stack: closes it.

    Raises:
        UnreadableFileError: it is damaged, or its list is larger than any that is honest.
    """
    try:
        file = stack.enter_context(path.open("rb"))
        _check_list(file)
        archive = stack.enter_context(zipfile.ZipFile(file))
        entries = archive.infolist()
    except _ERRORS as error:
        raise _damaged() from error
    found = Contents()
    budget = _Budget(max(FREE_BYTES, RATIO * path.stat().st_size))
    for entry in entries[: MOST_FILES + 1]:
        if entry.filename.endswith("/"):
            continue  # a folder; a name may be empty, too
        name = _shown(entry)
        reason = _objection(entry, name)
        if reason is None:
            found.files.append(_entry(archive, entry, name, budget))
        else:
            found.refused.append(Refusal(name, reason))
    return found


class _Budget:
    """How much an archive may still unpack to.

    Args:
        left: in bytes.
    """

    def __init__(self, left: int) -> None:
        self._left = left

    def spend(self, size: int) -> None:
        """Count what was unpacked.

        Raises:
            UnreadableFileError: that was too much.
        """
        self._left -= size
        if self._left < 0:
            raise UnreadableFileError(Text("The archive unpacks to more than any images do; it is not read further."))


def _check_list(file: BinaryIO) -> None:
    """Look at the end of the archive before its list is read into memory.

    Raises:
        UnreadableFileError: there is no end, or the list is larger than any that is honest.
    """
    size = file.seek(0, 2)
    file.seek(max(size - _END_BYTES - _LARGEST_REMARK, 0))
    tail = file.read(_END_BYTES + _LARGEST_REMARK)
    at = tail.rfind(_END_MARK)
    if at < 0:
        raise _damaged()
    listed = int.from_bytes(tail[at + 12 : at + 16], "little")
    if listed == 0xFFFFFFFF:  # a larger archive says it a second time, just before
        marked = tail.rfind(b"PK\x06\x06", 0, at)
        listed = int.from_bytes(tail[marked + 40 : marked + 48], "little") if marked >= 0 else _LARGEST_LIST_BYTES + 1
    if listed > _LARGEST_LIST_BYTES:
        raise UnreadableFileError(Text("The archive lists more files than this program takes from anybody."))
    file.seek(0)


def _entry(archive: zipfile.ZipFile, entry: zipfile.ZipInfo, name: str, budget: _Budget) -> SourceFile:
    def read(most: int) -> bytes:
        try:
            with archive.open(entry) as file:
                data = file.read(most)
        except _ERRORS as error:
            raise UnreadableFileError(Text("The file is damaged or cut short.")) from error
        budget.spend(len(data))
        return data

    return SourceFile(name, entry.file_size, read)


def _objection(entry: zipfile.ZipInfo, name: str) -> Text | None:
    """Return why an entry is not read, or None."""
    path = PurePosixPath(name.replace("\\", "/"))
    if path.is_absolute() or ".." in path.parts or _DRIVE.match(name) or "\0" in name:
        return Text("Its name leads out of the archive.")
    if stat.S_ISLNK(entry.external_attr >> 16):
        return Text("It is a link and no file.")
    if entry.flag_bits & _ENCRYPTED:
        return Text("It is locked with a password; unpack the archive and import its folder.")
    if path.suffix.lower() in _INNER:
        return Text("An archive inside an archive is not opened; unpack it and import its folder.")
    if entry.compress_type not in _METHODS:
        return Text("It is packed in a way this program does not unpack.")
    return None


def _shown(entry: zipfile.ZipInfo) -> str:
    """Return an entry's name; Russian Windows writes them in DOS 866, and says it of none."""
    name = entry.filename
    if not entry.flag_bits & _UTF8 and not name.isascii():
        try:
            name = name.encode("cp437").decode("cp866")
        except UnicodeError:
            return name[:256]
    return name[:256]


def _damaged() -> UnreadableFileError:
    return UnreadableFileError(Text("The archive is damaged or cut short."))
