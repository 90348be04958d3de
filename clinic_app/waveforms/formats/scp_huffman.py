"""Huffman codes of SCP-ECG: the standard's own table, tables of a file, and samples in them.

Source: EN 1064:2005, section 5.5 and annex C.
"""

from __future__ import annotations

import struct
from typing import Final

import numpy as np
from numpy.typing import NDArray

from clinic_app.waveforms.formats.limits import unreadable

Table = dict[int, tuple[int, int, bool]]
"""A prefix with a 1 before it to (bits that follow, base value, whether it leads to another table)."""
Tables = list[Table]
_STANDARD: Final = 19999
"""The number of tables that stands for the standard's own."""
_MOST_TABLES: Final = 64
_LONGEST: Final = 32


def _standard() -> Table:
    """0 is one bit; 1 to 8 are as many ones, a zero and a sign; the rest follows in 8 or 16 bits."""
    table: Table = {0b10: (0, 0, False)}
    for size in range(1, 9):
        prefix = (1 << (size + 1)) - 1
        table[prefix << 2] = (0, size, False)
        table[prefix << 2 | 1] = (0, -size, False)
    table[0b11111111110] = (8, 0, False)
    table[0b11111111111] = (16, 0, False)
    return table


DEFAULT: Final[Tables] = [_standard()]


def parse_tables(section: bytes) -> Tables:
    """Return the tables of section 2.

    Raises:
        ValueError: a code is impossible.
        struct.error: it is cut.
    """
    count = struct.unpack_from("<H", section)[0] if len(section) >= 2 else 0
    if count == _STANDARD:
        return DEFAULT
    if not 1 <= count <= _MOST_TABLES:
        raise ValueError("so many tables are none")
    tables: Tables = []
    at = 2
    for _ in range(count):
        size = int.from_bytes(section[at : at + 2], "little")
        at += 2
        if at + 9 * size > len(section):
            raise ValueError("the tables are cut")
        table: Table = {}
        for each in range(size):
            prefix, whole, mode, value, code = struct.unpack_from("<BBBhI", section, at + 9 * each)
            if not 1 <= prefix <= _LONGEST or not prefix <= whole <= prefix + _LONGEST:
                raise ValueError("a code's length is impossible")
            key = 1
            for bit in range(prefix):  # the first bit of a code is the lowest here
                key = key << 1 | code >> bit & 1
            table[key] = (whole - prefix, value, mode == 0)
        tables.append(table)
        at += 9 * size
    return tables


def decoded(data: bytes, count: int, tables: Tables) -> NDArray[np.int64]:
    """Return so many values.

    Raises:
        UnreadableFileError: there are fewer, or a code is none.
    """
    size = len(data) * 8
    bits = f"{int.from_bytes(data, 'big'):0{size}b}" if data else ""
    values = [0] * count
    table, at = tables[0], 0
    done = 0
    while done < count:
        key, begin = 1, at
        while key not in table:
            if at >= size or at - begin > _LONGEST:
                raise unreadable()
            key = key << 1 | (bits[at] == "1")
            at += 1
        more, value, is_switch = table[key]
        if is_switch:
            if not 1 <= value <= len(tables):
                raise unreadable()
            table = tables[value - 1]
            continue
        if more:
            if at + more > size:
                raise unreadable()
            extra = int(bits[at : at + more], 2)
            at += more
            value += extra - (1 << more) if extra >> (more - 1) else extra
        values[done] = value
        done += 1
    return np.array(values, np.int64)
