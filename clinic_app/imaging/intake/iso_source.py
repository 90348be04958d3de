"""The image of a CD or DVD (ISO 9660 with Joliet), read where it lies.

Only what a disc of images needs: the tree of folders, and where each file's bytes lie. Every number is the disc's own
word and is checked against the image's size; a folder is never entered twice, so a tree that bites its tail ends.
Source: ECMA-119 (ISO 9660), sections 6 to 9; the Joliet specification.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import BinaryIO, Final

from clinic_app.foundation.errors import UnreadableFileError
from clinic_app.foundation.texts import Text
from clinic_app.imaging.intake.sources import MOST_FILES, Contents, Refusal, SourceFile, ranged

_SECTOR: Final = 2048
_FIRST: Final = 16
_MOST_DESCRIPTORS: Final = 32
_PRIMARY, _SUPPLEMENTARY, _LAST = 1, 2, 255
_JOLIET: Final = (b"%/@", b"%/C", b"%/E")
_ROOT_AT: Final = 156
_DEEPEST: Final = 16
_LARGEST_FOLDER: Final = 16 << 20
_SHORTEST_RECORD: Final = 34
_IS_FOLDER, _IS_CONTINUED = 2, 128


@dataclass(frozen=True)
class _Record:
    """One line of a folder: where something begins, in bytes, and how much it is."""

    name: str
    at: int
    size: int
    flags: int
    is_woven: bool = False


def iso_contents(path: Path, stack: ExitStack) -> Contents:
    """Return what the image of a disc holds.

    Args:
        path: the image.
        stack: closes it.

    Raises:
        UnreadableFileError: it is damaged.
    """
    try:
        file = stack.enter_context(path.open("rb"))
        size = file.seek(0, 2)
    except OSError as error:
        raise _damaged() from error
    root, is_joliet = _root(file, size)
    found = Contents()
    for name, parts, is_woven in _files(file, size, root, is_joliet=is_joliet):
        if len(found.files) > MOST_FILES:
            break
        length = sum(each for _at, each in parts)
        if is_woven or any(at + each > size for at, each in parts):
            found.refused.append(Refusal(name, Text("The image of the disc is cut short here.")))
        else:
            found.files.append(SourceFile(name, length, partial(ranged, file, parts)))
    return found


def _root(file: BinaryIO, size: int) -> tuple[_Record, bool]:
    """Return the first folder; that of the Joliet tree, with long names, where there is one."""
    primary: _Record | None = None
    for place in range(_FIRST, _FIRST + _MOST_DESCRIPTORS):
        if (place + 1) * _SECTOR > size:
            break
        sector = ranged(file, ((place * _SECTOR, _SECTOR),), _SECTOR)
        if sector[1:6] != b"CD001" or sector[0] == _LAST:
            break
        if sector[0] == _SUPPLEMENTARY and sector[88:91] in _JOLIET:
            record = _record(sector[_ROOT_AT:], is_joliet=True)
            if record is not None:
                return record, True
        if sector[0] == _PRIMARY and primary is None:
            primary = _record(sector[_ROOT_AT:], is_joliet=False)
    if primary is None:
        raise _damaged()
    return primary, False


def _files(
    file: BinaryIO, size: int, root: _Record, *, is_joliet: bool
) -> Iterator[tuple[str, tuple[tuple[int, int], ...], bool]]:
    """Yield each file: its name, where its parts lie, and whether they are woven into others'."""
    waiting = [("", root, 0)]
    seen = {root.at}
    while waiting:
        above, folder, depth = waiting.pop(0)
        if folder.size > _LARGEST_FOLDER or folder.at + folder.size > size:
            yield above, ((size, 1),), False
            continue
        parts: list[tuple[int, int]] = []
        for record in _records(file, folder, is_joliet=is_joliet):
            name = above + record.name
            if record.flags & _IS_FOLDER:
                if record.at not in seen and depth < _DEEPEST and len(seen) < MOST_FILES:
                    seen.add(record.at)
                    waiting.append((f"{name}/", record, depth + 1))
                continue
            parts.append((record.at, record.size))
            if not record.flags & _IS_CONTINUED:
                yield name, tuple(parts), record.is_woven
                parts = []


def _records(file: BinaryIO, folder: _Record, *, is_joliet: bool) -> Iterator[_Record]:
    data = ranged(file, ((folder.at, folder.size),), folder.size)
    at = 0
    while at < len(data):
        length = data[at]
        if length == 0:  # no record crosses a sector; the rest of this one is empty
            at = (at // _SECTOR + 1) * _SECTOR
            continue
        record = _record(data[at : at + length], is_joliet=is_joliet)
        at += length
        if record is not None and record.name not in ("\0", "\1", ""):
            yield record


def _record(data: bytes, *, is_joliet: bool) -> _Record | None:
    if len(data) < _SHORTEST_RECORD:
        return None
    raw = data[33 : 33 + data[32]]
    begin = int.from_bytes(data[2:6], "little") + data[1]  # behind its extended attributes
    is_woven = data[26] != 0 or data[27] != 0
    return _Record(
        _name(raw, is_joliet=is_joliet), begin * _SECTOR, int.from_bytes(data[10:14], "little"), data[25], is_woven
    )


def _name(raw: bytes, *, is_joliet: bool) -> str:
    """Return a name without its version; a folder's own two entries have names of one byte."""
    if raw in (b"\0", b"\1"):
        return raw.decode("ascii")
    words = raw.decode("utf-16-be" if is_joliet else "ascii", "replace")
    return words.partition(";")[0].rstrip(".").replace("/", "_")


def _damaged() -> UnreadableFileError:
    return UnreadableFileError(Text("The image of the disc is damaged; put in the disc itself and import its folder."))
