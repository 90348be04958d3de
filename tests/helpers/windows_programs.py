"""Small Windows libraries made byte by byte, for tests of what reads them."""

from __future__ import annotations

import struct
from collections.abc import Mapping, Sequence

_FIRST = 0x1000
_RAW = 0x400


def windows_program(
    imports: Mapping[str, Sequence[str]] | None = None,
    *,
    delayed: Sequence[str] = (),
    exports: Sequence[str] = (),
    machine: int = 0x8664,
    mark: bytes = b"This program cannot be run in DOS mode.",
) -> bytes:
    """Return a library with one section that holds its tables.

    Args:
        imports: by library the names it takes from there.
        delayed: libraries it loads at the first call.
        exports: names it offers.
        machine: the processor it is for; 0x8664 makes it one of 64 bits.
        mark: what stands behind its first header, where wine puts its own.
    """
    section = bytearray(8)

    def put(body: bytes) -> int:
        section.extend(bytes(-len(section) % 8))
        place = _FIRST + len(section)
        section.extend(body)
        return place

    def text(words: str) -> int:
        return put(words.encode() + b"\0")

    form = "<Q" if machine == 0x8664 else "<I"
    descriptors = b""
    for library, names in (imports or {}).items():
        thunks = [put(b"\0\0" + name.encode() + b"\0") for name in names]
        numbered = 1 << (8 * struct.calcsize(form) - 1) | 7
        table = put(b"".join(struct.pack(form, each) for each in [*thunks, numbered, 0]))
        descriptors += struct.pack("<5I", table, 0, 0, text(library), table)
    imported = put(descriptors + bytes(20))
    late = put(b"".join(struct.pack("<8I", 1, text(each), 0, 0, 0, 0, 0, 0) for each in delayed) + bytes(32))
    names = put(b"".join(struct.pack("<I", text(each)) for each in exports))
    exported = put(struct.pack("<4I6I", 0, 0, 0, 0, 1, len(exports), len(exports), 0, names, 0))
    directories = [0] * 32
    directories[0], directories[2], directories[26] = (exported if exports else 0), imported, late
    return _with_heads(bytes(section), directories, machine, mark)


def _with_heads(section: bytes, directories: Sequence[int], machine: int, mark: bytes) -> bytes:
    is_wide = machine == 0x8664
    optional = struct.pack("<H", 0x20B if is_wide else 0x10B) + bytes(106 if is_wide else 90)
    optional += struct.pack("<I", len(directories) // 2) + struct.pack(f"<{len(directories)}I", *directories)
    dos = b"MZ" + bytes(0x3A) + struct.pack("<I", 0x100)
    head = (
        (dos + mark).ljust(0x100, b"\0")
        + b"PE\0\0"
        + struct.pack("<2H3I2H", machine, 1, 0, 0, 0, len(optional), 0x2022)
    )
    table = b".data\0\0\0" + struct.pack("<4I", len(section), _FIRST, len(section), _RAW) + bytes(16)
    return (head + optional + table).ljust(_RAW, b"\0") + section
