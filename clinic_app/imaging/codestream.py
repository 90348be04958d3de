"""What a compressed frame says about its own size, read before anything is decoded.

A file can say 128 x 128 while the frame inside says 60 000 x 60 000: 7 KB that would be decoded into gigabytes. So the
two must agree first. Sources: ISO/IEC 10918-1 B.2.2 (JPEG frame header), 14495-1 C.2.2 (JPEG-LS), 15444-1 A.5.1 (SIZ)
and annex I (boxes).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

_JPEG_START: Final = b"\xff\xd8"
_JPEG_END: Final = b"\xff\xd9"
_SCAN: Final = 0xDA
_FRAME_HEADERS: Final = frozenset({*range(0xC0, 0xD0), 0xF7} - {0xC4, 0xC8, 0xCC})
_WITHOUT_LENGTH: Final = frozenset({0x01, *range(0xD0, 0xD8)})
_MOST_MARKERS: Final = 1000
_J2K_START: Final = b"\xff\x4f\xff\x51"
_JP2_START: Final = b"\x00\x00\x00\x0cjP  \r\n\x87\n"
_CODESTREAM_BOX: Final = b"jp2c"


@dataclass(frozen=True)
class StatedSize:
    """What a compressed frame says it is, in pixels and components."""

    rows: int
    columns: int
    components: int


def stated_size(source: bytes) -> StatedSize | None:
    """Return what a JPEG, JPEG-LS or JPEG 2000 frame says it is; None where it says nothing that can be read."""
    if source.startswith(_JPEG_START):
        return _of_jpeg(source)
    if source.startswith(_JP2_START):
        source = _codestream(source)
    return _of_jpeg_2000(source) if source.startswith(_J2K_START) else None


def coded_bytes(source: bytes) -> int:
    """Return how many bytes of a frame can hold pixels: of a JPEG what lies between its first scan and its end.

    Padding behind the end passes for pixels otherwise, and a decoder fills with grey what it does not find.
    """
    if not source.startswith(_JPEG_START):
        return len(source)
    begin = next((place for place, marker in _segments(source) if marker == _SCAN), len(source))
    end = source.find(_JPEG_END, begin)
    return (end if end >= 0 else len(source)) - begin


def _of_jpeg(source: bytes) -> StatedSize | None:
    for place, marker in _segments(source):
        if marker in _FRAME_HEADERS and place + 10 <= len(source):
            return StatedSize(_number(source, place + 5, 2), _number(source, place + 7, 2), source[place + 9])
    return None


def _segments(source: bytes) -> Iterator[tuple[int, int]]:
    """Yield place and marker of a JPEG's segments, up to the first that is none."""
    place = len(_JPEG_START)
    for _ in range(_MOST_MARKERS):
        while source[place : place + 2] == b"\xff\xff":
            place += 1
        if place + 4 > len(source) or source[place] != 0xFF:
            return
        marker = source[place + 1]
        yield place, marker
        place += 2 if marker in _WITHOUT_LENGTH else 2 + _number(source, place + 2, 2)


def _of_jpeg_2000(source: bytes) -> StatedSize | None:
    if len(source) < 42:
        return None
    columns, rows, left, top = (_number(source, place, 4) for place in (8, 12, 16, 20))
    return StatedSize(rows - top, columns - left, _number(source, 40, 2))


def _codestream(source: bytes) -> bytes:
    """Return what lies in the first codestream box of a JP2 file, or nothing."""
    place = 0
    for _ in range(_MOST_MARKERS):
        size, kind = _number(source, place, 4), source[place + 4 : place + 8]
        header = 16 if size == 1 else 8
        if size == 1:
            size = _number(source, place + 8, 8)
        if kind == _CODESTREAM_BOX:
            return source[place + header :]
        if size < header or place + size >= len(source):
            return b""
        place += size
    return b""


def _number(source: bytes, place: int, length: int) -> int:
    return int.from_bytes(source[place : place + length], "big")
