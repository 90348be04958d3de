"""Files that others may write beside: opened only as what they are, never where a link leads.

It imports the standard library alone: `installing` runs from a copy of itself that has nothing else.
"""

from __future__ import annotations

import os
import shutil
import stat
from pathlib import Path
from typing import BinaryIO, Final

_PIECE: Final = 1 << 20


def open_plain(path: Path) -> BinaryIO:
    """Open a file for reading that must be a plain file: who may write beside it cannot lead the reader elsewhere.

    Raises:
        FileNotFoundError: there is none, or something else lies in its place.
        OSError: the disk refused it.
    """
    flags = os.O_RDONLY | getattr(os, "O_BINARY", 0) | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)
    if is_link(path) or is_link(path.parent):
        raise FileNotFoundError(path)
    descriptor = os.open(path, flags)
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise FileNotFoundError(path)
    return os.fdopen(descriptor, "rb")


def is_link(path: Path) -> bool:
    """Return whether a name leads elsewhere: a symbolic link, or one of Windows' junctions."""
    found = os.lstat(path)
    attributes = getattr(found, "st_file_attributes", 0)
    return stat.S_ISLNK(found.st_mode) or bool(attributes & getattr(stat, "FILE_ATTRIBUTE_REPARSE_POINT", 0x400))


def copy_plain_files(source: Path, target: Path) -> int:
    """Copy the plain files of a folder, without those in its folders, into a new folder; return their bytes.

    Raises:
        OSError: the disk refused it; what is in ``target`` then is a part.
    """
    remove_own(target)
    target.mkdir(parents=True)
    if not source.is_dir() or is_link(source):
        return 0
    count = 0
    for path in sorted(source.iterdir()):
        if path.is_dir() or is_link(path):
            continue
        with open_plain(path) as file, (target / path.name).open("wb") as copy:
            shutil.copyfileobj(file, copy, _PIECE)
            count += copy.tell()
            copy.flush()
            os.fsync(copy.fileno())
    return count


def remove_own(folder: Path) -> None:
    """Remove a folder that this room has made, with everything in it; a link in its place is left as it is."""
    # allowed (removed tree): releases and copies of them, in folders of this room's own naming; never data
    shutil.rmtree(folder, ignore_errors=True)
