"""Compressed pixel data as the file has them: fragments, walked by their own lengths.

A reader that looks for the end by its mark stops at the first bytes that look like it, and finds nothing where a file
was cut before it. Whoever goes from fragment to fragment loses only what is not there. Source: DICOM PS3.5 annex A.4.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import Any, Final

from pydicom.dataelem import RawDataElement
from pydicom.dataset import Dataset
from pydicom.encaps import encapsulate

from clinic_app.imaging.reading import (
    READING_ERRORS,
    bits_allocated,
    damaged,
    frame_count,
    number_of,
    pixel_keyword,
    text_of,
)

_ITEM: Final = b"\xfe\xff\x00\xe0"
_PIXELS: Final = (b"\xe0\x7f\x10\x00OB\0\0\xff\xff\xff\xff", b"\xe0\x7f\x10\x00OW\0\0\xff\xff\xff\xff")
"""How compressed pixel data begin, in the only encoding they may have (PS3.5 A.4)."""
_MOST_FRAGMENTS: Final = 30_000
_UNDEFINED: Final = 0xFFFFFFFF
_LEAST_SHARE: Final = 16
"""Of a picture that was cut, this part at least must be there to be worth showing."""


@dataclass(frozen=True)
class Extent:
    """How much of the pixel data is there.

    Args:
        stated: pictures the file says it has.
        whole: pictures that are all there.
        rows: lines of the next one that are there too; 0 where it is not worth showing.
    """

    stated: int
    whole: int
    rows: int = 0

    @property
    def usable(self) -> int:
        """How many pictures can be shown, the cut one too."""
        return self.whole + bool(self.rows)


def fragments_in(data: bytes, at: int = 0) -> tuple[list[tuple[int, int]], int]:
    """Return where the fragments lie (first and last byte plus 1), and where the walk ended.

    Args:
        data: a file, or the value of its pixel data.
        at: where the first item, the table of offsets, begins.
    """
    found: list[tuple[int, int]] = []
    while data[at : at + 4] == _ITEM and at + 8 <= len(data) and len(found) < _MOST_FRAGMENTS:
        (length,) = struct.unpack_from("<I", data, at + 4)
        first, at = at + 8, at + 8 + length
        found.append((first, min(at, len(data))))
    return found[1:], min(at, len(data))


def pixels_begin(data: bytes) -> int:
    """Return where the compressed pixel data of a file begin, -1 where there are none."""
    return max(data.rfind(each) for each in _PIXELS)


def mend(data: bytes, dataset: Dataset) -> None:
    """Give a dataset the fragments that lie behind bytes that look like their end, or before an end that is not there.

    Args:
        data: the file it was read from.
        dataset: is changed where more was found than it has.
    """
    try:
        element: Any = dataset.get_item("PixelData") if "PixelData" in dataset else None
    except READING_ERRORS:
        return
    at, known = pixels_begin(data) + len(_PIXELS[0]), 0
    if isinstance(element, RawDataElement):
        if element.length != _UNDEFINED or not element.value:
            return
        at, known = element.value_tell, len(element.value)
    if at < len(_PIXELS[0]):
        return
    found, end = fragments_in(data, at)
    if found and end - at > known:
        dataset.PixelData = data[at:end]
        dataset["PixelData"].VR, dataset["PixelData"].is_undefined_length = "OB", True


def extent_of(dataset: Dataset) -> Extent:
    """Return how much of its pixel data a file holds.

    Raises:
        UnreadableFileError: there is nothing that could be shown.
    """
    frames = frame_count(dataset)
    try:
        data = bytes(dataset[pixel_keyword(dataset)].value)
        is_compressed = dataset.file_meta.TransferSyntaxUID.is_compressed
    except READING_ERRORS as error:
        raise damaged() from error
    if is_compressed:
        count = len(fragments_in(data)[0])
        found = Extent(frames, min(count, frames))
    else:
        bits = frame_bits(dataset)
        whole = min(len(data) * 8 // max(bits, 1), frames)
        rows = int(number_of(dataset, "Rows", 0))
        there = (len(data) * 8 - whole * bits) * rows // max(bits, 1) if whole < frames and bits % 8 == 0 else 0
        found = Extent(frames, whole, there if there * _LEAST_SHARE >= rows else 0)
    if not found.usable:
        raise damaged()
    return found


def frame_bits(dataset: Dataset) -> int:
    """Return how many bits a picture takes that is not compressed."""
    rows, columns = (int(number_of(dataset, each, 0)) for each in ("Rows", "Columns"))
    samples = int(number_of(dataset, "SamplesPerPixel", 1))
    if text_of(dataset, "PhotometricInterpretation") == "YBR_FULL_422":
        samples = 2
    return rows * columns * samples * bits_allocated(dataset)


def alone(dataset: Dataset, index: int) -> Dataset:
    """Return one picture of a file that was cut, as a file of its own; what is missing at its end is zero.

    Args:
        dataset: its pixel data hold less than it says.
        index: from 0, below `Extent.usable`.
    """
    single = Dataset()
    single.file_meta = dataset.file_meta
    for keyword in _OF_PIXELS:
        value = dataset.get(keyword)
        if value is not None:
            setattr(single, keyword, value)
    data, is_compressed = dataset.PixelData, dataset.file_meta.TransferSyntaxUID.is_compressed
    single.set_original_encoding(*dataset.original_encoding)
    if is_compressed:
        found = fragments_in(data)[0]
        wanted = found[index : index + 1] if frame_count(dataset) > 1 else found
        single.PixelData = encapsulate([b"".join(data[first:last] for first, last in wanted)])
        single["PixelData"].is_undefined_length = True
    else:
        size = frame_bits(dataset) // 8
        single.PixelData = data[index * size : (index + 1) * size].ljust(size, b"\0")
    single["PixelData"].VR = "OB" if is_compressed or number_of(dataset, "BitsAllocated", 8) <= 8 else "OW"
    return single


_OF_PIXELS: Final = (
    "SamplesPerPixel",
    "PhotometricInterpretation",
    "PlanarConfiguration",
    "Rows",
    "Columns",
    "BitsAllocated",
    "BitsStored",
    "HighBit",
    "PixelRepresentation",
)
