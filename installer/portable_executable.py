"""Reads of a Windows program or library what it imports and exports, and whether wine made it.

Format: Microsoft's "PE Format" (optional header magic 0x20B for 64 bits; directories 0 exports, 1 imports, 13 delayed
imports). Everything stands at addresses of the loaded image, which the section table turns into places of the file.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Final

SUFFIXES: Final = (".exe", ".dll", ".pyd")
MACHINE_X64: Final = 0x8664
_EXPORTS, _IMPORTS, _DELAYED = 0, 1, 13
_WINE_MARKS: Final = (b"Wine builtin DLL", b"Wine placeholder DLL", b"Wine copied  DLL")
_MOST: Final = 65_536
"""Entries of one table; more has no real file."""


class NoProgramError(ValueError):
    """The bytes are no Windows program or library."""


@dataclass(frozen=True)
class PortableExecutable:
    """One program or library.

    Args:
        body: the bytes of its file.
    """

    body: bytes

    @classmethod
    def read(cls, path: Path) -> PortableExecutable:
        """Return the program in a file.

        Raises:
            NoProgramError: it is none, or is cut off.
        """
        found = cls(path.read_bytes())
        try:
            found._head, found.machine  # noqa: B018 - asked so that a stranger is refused here
        except NoProgramError as error:
            raise NoProgramError(f"{path.name} is no Windows program: {error}") from error
        return found

    @cached_property
    def _head(self) -> int:
        """Where the COFF header begins."""
        (place,) = self._numbers("<I", 0x3C)
        if self.body[:2] != b"MZ" or self.body[place : place + 4] != b"PE\0\0":
            raise NoProgramError("the marks MZ and PE are missing")
        return int(place) + 4

    @cached_property
    def machine(self) -> int:
        """The processor it is for, such as `MACHINE_X64`."""
        return int(self._numbers("<H", self._head)[0])

    @cached_property
    def _is_64_bit(self) -> bool:
        (magic,) = self._numbers("<H", self._head + 20)
        return bool(magic == 0x20B)

    @cached_property
    def is_made_by_wine(self) -> bool:
        """Whether it is one of wine's stand-ins for Windows, or a copy of one."""
        return self.body[0x40 : 0x40 + 64].startswith(_WINE_MARKS)

    @cached_property
    def imports(self) -> tuple[str, ...]:
        """The libraries it needs to be loaded, and those it loads at the first call, in lower case."""
        found = self._names_of_descriptors(_IMPORTS, 20, 12) + self._names_of_descriptors(_DELAYED, 32, 4)
        return tuple(dict.fromkeys(found))

    @cached_property
    def exports(self) -> tuple[str, ...]:
        """The names others can call it by."""
        address, _ = self._directory(_EXPORTS)
        if not address:
            return ()
        count, _, names = self._numbers("<3I", self._place(address) + 24)
        table = self._place(names) if count else 0
        if count > _MOST:
            raise NoProgramError("the table of exports is too long")
        return tuple(self._text(self._numbers("<I", table + 4 * each)[0]) for each in range(count))

    def imported_from(self, library: str) -> tuple[str, ...]:
        """Return the names it imports from one library; those by number are left out."""
        start = self._directory(_IMPORTS)[0]
        for index in range(_MOST if start else 0):
            names, _, _, name, addresses = self._numbers("<5I", self._place(start) + 20 * index)
            if not name:
                break
            if self._text(name).lower() == library.lower():
                return self._names_of_thunks(names or addresses)
        return ()

    def _names_of_thunks(self, address: int) -> tuple[str, ...]:
        form, size = ("<Q", 8) if self._is_64_bit else ("<I", 4)
        found = []
        for index in range(_MOST):
            (value,) = self._numbers(form, self._place(address) + size * index)
            if not value:
                break
            if not value >> (8 * size - 1):  # imported by its number
                found.append(self._text(value + 2))
        return tuple(found)

    def _names_of_descriptors(self, directory: int, size: int, name_at: int) -> list[str]:
        start = self._directory(directory)[0]
        found: list[str] = []
        for index in range(_MOST if start else 0):
            (name,) = self._numbers("<I", self._place(start) + size * index + name_at)
            if not name:
                break
            found.append(self._text(name).lower())
        return found

    def _directory(self, number: int) -> tuple[int, int]:
        optional = self._head + 20
        first = optional + (112 if self._is_64_bit else 96)
        (count,) = self._numbers("<I", first - 4)
        if number >= count:
            return 0, 0
        address, size = self._numbers("<2I", first + 8 * number)
        return int(address), int(size)

    @cached_property
    def _sections(self) -> tuple[tuple[int, int, int], ...]:
        """Of each section its first address, its length and its place in the file."""
        (count,) = self._numbers("<H", self._head + 2)
        (optional_size,) = self._numbers("<H", self._head + 16)
        first = self._head + 20 + optional_size
        found = []
        for each in range(count):
            size, address, raw_size, raw = self._numbers("<4I", first + 40 * each + 8)
            found.append((address, max(size, raw_size), raw))
        return tuple(found)

    def _numbers(self, form: str, place: int) -> tuple[int, ...]:
        try:
            return struct.unpack_from(form, self.body, place)
        except struct.error as error:
            raise NoProgramError(f"it is cut off: {error}") from error

    def _place(self, address: int) -> int:
        for first, size, raw in self._sections:
            if first <= address < first + size:
                return raw + address - first
        raise NoProgramError(f"the address {address:#x} lies in no section")

    def _text(self, address: int) -> str:
        place = self._place(address)
        end = self.body.find(b"\0", place, place + 4096)
        if end < 0:
            raise NoProgramError("a name has no end")
        return self.body[place:end].decode("ascii", "replace")


def programs_in(folder: Path) -> list[Path]:
    """Return every program and library below a folder, sorted."""
    return sorted(path for path in folder.rglob("*") if path.suffix.lower() in SUFFIXES and path.is_file())
