"""A disk in the middle of a power cut: what was flushed, and some of what was not.

Contents and names are durable separately, as on real file systems: the bytes of a file after a flush of the file, its
name (made, moved, taken away) after a flush of its folder. Of what was not flushed, an image holds nothing, everything,
what came first, any part of it, or single sectors. Both may have reached the disk before the other.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Final

from tests.drills.recorded_disk import Event

SECTOR_BYTES: Final = 512
KEPT: Final = ("none", "all", "first", "any", "sectors")
"""Which of the unflushed bytes an image has; names have the same without sectors."""


@dataclass
class _File:
    durable: bytearray = field(default_factory=bytearray)
    pending: list[Event] = field(default_factory=list)


class Disk:
    """The disk under one folder, at one moment of a recording.

    Args:
        folder: as it was recorded; an image lies elsewhere.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = str(folder)
        self._files: dict[int, _File] = {}
        self._names: dict[str, int] = {}
        self._pending_names: list[Event] = []
        self._ended: set[int] = set()
        self._flushes: dict[int, tuple[Event, set[int]]] = {}

    def take(self, event: Event) -> None:
        """Go on by one event."""
        if event.kind in ("write", "cut"):
            self._file(event.file).pending.append(event)
        elif event.kind in ("link", "move", "unlink"):
            self._pending_names.append(event)
        elif event.kind == "flush":
            waiting = self._pending_names if event.name else self._file(event.file).pending
            self._flushes[event.number] = (event, {each.number for each in waiting if each.number in self._ended})
        elif event.kind == "end":
            self._ended.add(event.of)
            if event.of in self._flushes:
                self._flushed(*self._flushes.pop(event.of))

    def everything(self) -> dict[str, bytes | None]:
        """Return every name with its content as the program saw it, flushed or not; None for a folder."""
        names = dict(self._names)
        for event in self._pending_names:
            _rename(names, event)
        rng = random.Random(0)
        return {
            name: bytes(self._content(self._file(file), "all", rng)) if file else None for name, file in names.items()
        }

    def write_image(self, folder: Path, rng: random.Random) -> str:
        """Write what a power cut at this moment may leave to an empty folder; return in words what was kept."""
        kept_names, kept_bytes = rng.choice(KEPT[:-1]), rng.choice(KEPT)
        names = dict(self._names)
        for event in _chosen(self._pending_names, kept_names, rng):
            _rename(names, event)
        for name, file in sorted(names.items()):
            if not self._is_reachable(name, names):
                continue
            path = folder / PurePosixPath(name).relative_to(self._folder)
            if file:
                path.write_bytes(self._content(self._file(file), kept_bytes, rng))
            else:
                path.mkdir()
        return f"names {kept_names}, bytes {kept_bytes}"

    def _file(self, number: int) -> _File:
        return self._files.setdefault(number, _File())

    def _flushed(self, event: Event, covered: set[int]) -> None:
        if event.name:
            mine = [each for each in self._pending_names if each.number in covered and _folder_of(each) == event.name]
            for each in mine:
                _rename(self._names, each)
            gone = {each.number for each in mine}
            self._pending_names = [each for each in self._pending_names if each.number not in gone]
            return
        file = self._file(event.file)
        for each in file.pending:
            if each.number in covered:
                _apply(file.durable, each)
        file.pending = [each for each in file.pending if each.number not in covered]

    def _content(self, file: _File, kept: str, rng: random.Random) -> bytearray:
        content = bytearray(file.durable)
        if kept == "sectors":
            for event in file.pending:
                _apply_sectors(content, event, rng)
        else:
            for event in _chosen(file.pending, kept, rng):
                _apply(content, event)
        return content

    def _is_reachable(self, name: str, names: dict[str, int]) -> bool:
        folder = str(PurePosixPath(name).parent)
        return folder == self._folder or (names.get(folder) == 0 and self._is_reachable(folder, names))


def _chosen(events: list[Event], kept: str, rng: random.Random) -> list[Event]:
    if kept == "first":
        return events[: rng.randrange(len(events) + 1)]
    if kept == "any":
        return [each for each in events if rng.random() < 0.5]
    return events if kept == "all" else []


def _folder_of(event: Event) -> str:
    return str(PurePosixPath(event.name).parent)


def _rename(names: dict[str, int], event: Event) -> None:
    if event.kind in ("move", "unlink"):
        names.pop(event.name, None)
    if event.kind != "unlink":
        names[event.target or event.name] = event.file


def _apply(content: bytearray, event: Event) -> None:
    if event.kind == "cut":
        del content[event.offset :]
        content.extend(bytes(event.offset - len(content)))
    else:
        _put(content, event.offset, event.data)


def _apply_sectors(content: bytearray, event: Event, rng: random.Random) -> None:
    if event.kind == "cut":
        if rng.random() < 0.5:
            _apply(content, event)
        return
    start, end = event.offset, event.offset + len(event.data)
    while start < end:
        stop = min(end, (start // SECTOR_BYTES + 1) * SECTOR_BYTES)
        if rng.random() < 0.5:
            _put(content, start, event.data[start - event.offset : stop - event.offset])
        start = stop


def _put(content: bytearray, offset: int, data: bytes) -> None:
    content.extend(bytes(max(0, offset - len(content))))
    content[offset : offset + len(data)] = data
