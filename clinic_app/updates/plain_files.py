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

    The new folder is for administrators alone: whoever may write into the first one can have a name of his own lead
    elsewhere at the last moment, and shall not read what was copied from there.

    Raises:
        OSError: the disk refused it; what is in ``target`` then is a part.
    """
    remove_own(target)
    target.parent.mkdir(parents=True, exist_ok=True)
    target.mkdir(mode=0o700)
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


def bytes_of(folder: Path) -> int:
    """Return how much `copy_plain_files` would copy; 0 for a folder that is none.

    Raises:
        OSError: the disk refused it.
    """
    if not folder.is_dir() or is_link(folder):
        return 0
    return sum(os.lstat(path).st_size for path in folder.iterdir() if not path.is_dir() and not is_link(path))


def remove_own(folder: Path) -> None:
    """Remove a folder that this room has made, with everything in it; a link in its place is left as it is."""
    # allowed (removed tree): releases and copies of them, in folders of this room's own naming; never data
    shutil.rmtree(folder, ignore_errors=True)
