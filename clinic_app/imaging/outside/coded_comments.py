"""Words in compressed pixels: comments, a camera's notes, and whatever stands behind the picture; they do not leave.

A frame is kept only as far as it is understood from its first byte to its last: segments that make the picture, the
picture itself, its end. What stands behind the end goes. A frame that is not understood, or whose kind has no end that
could be found without decoding it, is decoded and written anew by whoever asks.

Sources: ITU-T T.81 B.1.1 (markers), T.87 C.1 and D.1 (JPEG-LS: bits behind 0xFF), T.800 A.2, A.4 and A.9.2 (SOT, COM).
"""

from __future__ import annotations

import zlib
from typing import Final

from pydicom.dataelem import DataElement
from pydicom.dataset import Dataset
from pydicom.encaps import encapsulate
from pydicom.uid import UID

from clinic_app.imaging.fragments import fragments_in
from clinic_app.imaging.reading import frame_count

_JPEG: Final = b"\xff\xd8"
_CODESTREAM: Final = b"\xff\x4f"
_END: Final = b"\xff\xd9"
_SCAN: Final = 0xDA
_LOSSLESS: Final = 0xF7
"""The frame header of JPEG-LS."""
_PICTURE: Final = frozenset((*range(0xC0, 0xD0), 0xDB, _SCAN, 0xDC, 0xDD, 0xDE, 0xDF, _LOSSLESS, 0xF8)) - {0xC8}
"""Segments of a JPEG that make the picture: frames, tables, scans, number of lines, restarts, hierarchy, extensions."""
_COLOURS: Final = {0xE0: (b"JFIF\0", 16), 0xEE: (b"Adobe", 14), 0xE8: (b"mrfx", 7)}
"""Notes that say what the colours are, how they begin, and how long they are without a picture in the picture."""
_BARE: Final = frozenset((*range(0xD0, 0xD8), 0x01))
_COMMENT: Final = 0x64
_TILE: Final = 0x90
_TILE_DATA: Final = 0x93
_TILE_SEGMENT_BYTES: Final = 12
DEFLATED: Final = UID("1.2.840.10008.1.2.8.1")


def without_words(coded: bytes) -> bytes | None:
    """Return a compressed frame without comments and without what stands behind its end; None: it is not understood."""
    if coded.startswith(_JPEG):
        return _jpeg(coded)
    return _codestream(coded) if coded.startswith(_CODESTREAM) else None


def clean_pixels(made: Dataset) -> bool:
    """Take what is no picture out of a file's pixel data; return whether that was possible without decoding it."""
    syntax = made.file_meta.TransferSyntaxUID
    data: bytes = made.PixelData
    if not syntax.is_compressed:
        return _cut_to_size(made, data)
    places, _end = fragments_in(data)
    parts = [data[first:last] for first, last in places]
    if frame_count(made) == 1:
        parts = [b"".join(parts)]
    if len(parts) != frame_count(made):
        return False
    frames: list[bytes] = []
    for coded in parts:
        clean = _inflatable(coded, _frame_bytes(made)) if syntax == DEFLATED else without_words(coded)
        if clean is None:
            return False
        frames.append(clean)
    new = DataElement(0x7FE00010, "OB", encapsulate(frames))
    new.is_undefined_length = True
    made[0x7FE00010] = new
    return True


def _jpeg(coded: bytes) -> bytes | None:
    kept, at, is_lossless = [_JPEG], 2, False
    while at + 2 <= len(coded) and coded[at] == 0xFF:
        marker = coded[at + 1]
        if marker == 0xFF:
            at += 1
            continue
        if marker == _END[1]:
            return b"".join((*kept, _END))
        if marker in _BARE:
            kept.append(coded[at : at + 2])
            at += 2
            continue
        end = at + 2 + int.from_bytes(coded[at + 2 : at + 4], "big")
        is_lossless = is_lossless or marker == _LOSSLESS
        begins, size = _COLOURS.get(marker, (b"", 0))
        if marker in _PICTURE:
            kept.append(coded[at:end])
        elif begins and coded[at + 4 : at + 4 + len(begins)] == begins and end - at - 2 >= size:
            kept.append(_note(coded[at : at + 2 + size], size))
        at = end
        if marker == _SCAN:
            after = _scan_end(coded, end, is_lossless=is_lossless)
            kept.append(coded[end:after])
            at = after
    return None


def _note(segment: bytes, size: int) -> bytes:
    """Return a note on colours of exactly its own length; of JFIF without its little picture."""
    little = b"\0\0" if segment[1] == 0xE0 else segment[-2:]
    return segment[:2] + size.to_bytes(2, "big") + segment[4:-2] + little


def _scan_end(coded: bytes, at: int, *, is_lossless: bool) -> int:
    """Return where the bits of a scan end: at the next marker but a restart; the end of the frame if there is none."""
    while (at := coded.find(b"\xff", at)) >= 0 and at + 1 < len(coded):
        follows = coded[at + 1]
        is_data = follows < 0x80 if is_lossless else follows == 0
        if not is_data and follows != 0xFF and not 0xD0 <= follows <= 0xD7:
            return at
        at += 1 if follows == 0xFF else 2
    return len(coded)


def _codestream(coded: bytes) -> bytes | None:
    """Walk a JPEG 2000: the main header, then tile after tile by the lengths they state."""
    kept, at = [_CODESTREAM], 2
    while coded[at : at + 1] == b"\xff" and coded[at + 1 : at + 2] != bytes((_TILE,)) and at + 4 <= len(coded):
        end = at + 2 + int.from_bytes(coded[at + 2 : at + 4], "big")
        if coded[at + 1] != _COMMENT:
            kept.append(coded[at:end])
        at = end
    while coded[at : at + 2] == bytes((0xFF, _TILE)):
        header = _tile_header_end(coded, at)
        stated = int.from_bytes(coded[at + 6 : at + 10], "big")
        end = at + stated if stated else coded.find(_END, header)
        if header < 0 or end < header or end > len(coded):
            return None
        kept.append(coded[at:end])
        at = end
    return b"".join((*kept, _END)) if coded[at : at + 2] == _END else None


def _tile_header_end(coded: bytes, at: int) -> int:
    """Return where the bits of a tile begin; -1 where a comment, which would change its length, or nothing is there."""
    at += _TILE_SEGMENT_BYTES
    while coded[at : at + 1] == b"\xff" and at + 4 <= len(coded):
        if coded[at + 1] == _TILE_DATA:
            return at + 2
        if coded[at + 1] == _COMMENT:
            return -1
        at += 2 + int.from_bytes(coded[at + 2 : at + 4], "big")
    return -1


def _inflatable(coded: bytes, size: int) -> bytes | None:
    """Return a deflated frame up to its own end; None where it inflates to something else than a frame."""
    inflater = zlib.decompressobj(-zlib.MAX_WBITS)
    try:
        inflated = inflater.decompress(coded, size + 2)
    except zlib.error:
        return None
    if not inflater.eof or not size <= len(inflated) <= size + 1:
        return None
    return coded[: len(coded) - len(inflater.unused_data)]


def _frame_bytes(made: Dataset) -> int:
    bits = made.Rows * made.Columns * int(made.get("SamplesPerPixel", 1)) * made.BitsAllocated
    return int(-(-bits // 8))


def _cut_to_size(made: Dataset, data: bytes) -> bool:
    """Take away what stands behind the last pixel."""
    bits = made.Rows * made.Columns * int(made.get("SamplesPerPixel", 1)) * made.BitsAllocated * frame_count(made)
    size = -(-bits // 8)
    if len(data) > size + size % 2:
        made[0x7FE00010].value = data[: size + size % 2]
    return True
