"""Words in compressed pixels: a JPEG may carry comments and a camera's notes before the picture; they do not leave.

Sources: ITU-T T.81 B.1.1.3 (markers), T.800 A.9.2 (COM), T.87.
"""

from __future__ import annotations

from typing import Final

from pydicom.dataelem import DataElement
from pydicom.dataset import Dataset
from pydicom.encaps import encapsulate
from pydicom.uid import UID

from clinic_app.imaging.fragments import fragments_in
from clinic_app.imaging.reading import frame_count

_JPEG: Final = b"\xff\xd8"
_CODESTREAM: Final = b"\xff\x4f"
_SCAN: Final = (0xDA, 0x90)
"""Where the picture begins: of a JPEG, and the first tile of a JPEG 2000."""
_WORDS: Final = {
    _JPEG: frozenset((0xFE, *range(0xE1, 0xE8), *range(0xE9, 0xEE), 0xEF)),
    _CODESTREAM: frozenset((0x64,)),
}
"""Comments, and notes of applications but for JFIF, SPIFF and Adobe, which say what the colours are."""
_BARE: Final = frozenset(range(0xD0, 0xD9)) | {0x01, 0x4F}
_JPEG_XL: Final = tuple(UID(f"1.2.840.10008.1.2.4.{number}") for number in (110, 111, 112))
_BOXED: Final = b"\0\0\0\x0cJXL "


def without_words(coded: bytes) -> bytes:
    """Return a compressed frame without the comments before its picture; one that is not understood as it is."""
    begin = coded[:2]
    words = _WORDS.get(begin)
    if words is None:
        return coded
    kept, at = [begin], 2
    while at + 4 <= len(coded) and coded[at] == 0xFF:
        marker = coded[at + 1]
        if marker in _SCAN:
            break
        if marker == 0xFF or marker in _BARE:
            kept.append(coded[at : at + (1 if marker == 0xFF else 2)])
            at += 1 if marker == 0xFF else 2
            continue
        end = at + 2 + int.from_bytes(coded[at + 2 : at + 4], "big")
        if marker not in words:
            kept.append(coded[at:end])
        at = end
    return b"".join((*kept, coded[at:]))


def clean_pixels(made: Dataset) -> bool:
    """Take what is no picture out of a file's pixel data; return whether that was possible without decoding it."""
    syntax = made.file_meta.TransferSyntaxUID
    data: bytes = made.PixelData
    if not syntax.is_compressed:
        return _cut_to_size(made, data)
    places, _end = fragments_in(data)
    if len(places) != frame_count(made):
        return False
    frames = [data[slice(*each)] for each in places]
    if syntax in _JPEG_XL and any(frame.startswith(_BOXED) for frame in frames):
        return False
    new = DataElement(0x7FE00010, "OB", encapsulate([without_words(frame) for frame in frames]))
    new.is_undefined_length = True
    made[0x7FE00010] = new
    return True


def _cut_to_size(made: Dataset, data: bytes) -> bool:
    """Take away what stands behind the last pixel."""
    bits = made.Rows * made.Columns * int(made.get("SamplesPerPixel", 1)) * made.BitsAllocated * frame_count(made)
    size = -(-bits // 8)
    if len(data) > size + size % 2:
        made[0x7FE00010].value = data[: size + size % 2]
    return True
