"""Letters that are part of the pixels: which pictures may have them, where, and making those places black.

Ultrasound and screenshots carry names in the picture itself. A program cannot be trusted to find them: it proposes what
lies outside the measured regions, and a person draws the boxes and looks. What is blackened is decoded first, so that
colours stay what they were, and written uncompressed, so that nothing of the old bytes remains.
Sources: DICOM PS3.3 C.7.6.1.1.4 (Burned In Annotation), C.8.5.5 (regions); RSNA anonymizer issue 39 (lost colours).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Final, cast

import numpy as np
from numpy.typing import NDArray
from pydicom.dataelem import DataElement
from pydicom.dataset import Dataset
from pydicom.pixels.processing import apply_color_lut
from pydicom.uid import ExplicitVRLittleEndian

from clinic_app.foundation.apart import HERE, Apart
from clinic_app.foundation.errors import UnreadableFileError
from clinic_app.foundation.texts import Text
from clinic_app.imaging.decoders import decoded_frame
from clinic_app.imaging.display.elements import items_of
from clinic_app.imaging.fragments import extent_of
from clinic_app.imaging.reading import READING_ERRORS, check_pixels, damaged, frame_count, number_of, text_of

LARGEST_BYTES: Final = 1 << 30
_TRUSTED: Final = frozenset(("CT", "MR", "PT", "NM"))
"""Whose scanners write into the header and not into the picture."""
_COPIES: Final = "1.2.840.10008.5.1.4.1.1.7"
"""Secondary capture of any kind: a screen, a film."""
_MOST_REGIONS: Final = 64
_PALETTE: Final = ("Red", "Green", "Blue")
_TABLE: Final = "PaletteColorLookupTable"


@dataclass(frozen=True)
class Box:
    """A part of every picture of a series, in pixels; the right and the lower edge are outside it.

    Args:
        left: first column.
        top: first row.
        right: the column after the last.
        bottom: the row after the last.
    """

    left: int
    top: int
    right: int
    bottom: int

    def within(self, columns: int, rows: int) -> Box | None:
        """Return the part of it that lies in a picture; None where there is none."""
        box = Box(max(self.left, 0), max(self.top, 0), min(self.right, columns), min(self.bottom, rows))
        return box if box.left < box.right and box.top < box.bottom else None


def needs_looking(dataset: Dataset) -> bool:
    """Return whether letters may be burned into the pixels, so that a person has to look.

    A device's own word that there are none counts for nothing: ultrasound machines say so and write the name all the
    same. Trusted are the slices of scanners, as far as they are no screenshots.
    """
    if "PixelData" not in dataset or text_of(dataset, "BurnedInAnnotation") == "YES":
        return "PixelData" in dataset
    kind = text_of(dataset, "ImageType").upper()
    is_copy = "SECONDARY" in kind or "SCREEN" in kind or bool(text_of(dataset, "ConversionType"))
    is_copy = is_copy or text_of(dataset, "SOPClassUID").startswith(_COPIES)
    return text_of(dataset, "Modality") not in _TRUSTED or is_copy or int(number_of(dataset, "SamplesPerPixel", 1)) == 3


def outside_regions(dataset: Dataset) -> tuple[Box, ...]:
    """Return boxes over all that lies outside the measured regions of an ultrasound picture; none without regions."""
    rows, columns = int(number_of(dataset, "Rows", 0)), int(number_of(dataset, "Columns", 0))
    regions = [
        box
        for item in items_of(dataset, "SequenceOfUltrasoundRegions")[:_MOST_REGIONS]
        if (box := _region(item).within(columns, rows)) is not None
    ]
    if not regions:
        return ()
    edges = sorted({0, rows, *(each.top for each in regions), *(each.bottom for each in regions)})
    found: list[Box] = []
    for top, bottom in pairwise(edges):
        for left, right in _gaps([each for each in regions if each.top <= top and bottom <= each.bottom], columns):
            above = next((each for each in found if (each.left, each.right, each.bottom) == (left, right, top)), None)
            if above is not None:
                found[found.index(above)] = Box(left, above.top, right, bottom)
            else:
                found.append(Box(left, top, right, bottom))
    return tuple(found)


def _region(item: Dataset) -> Box:
    left, top = number_of(item, "RegionLocationMinX0", 0), number_of(item, "RegionLocationMinY0", 0)
    right, bottom = number_of(item, "RegionLocationMaxX1", -1), number_of(item, "RegionLocationMaxY1", -1)
    return Box(int(left), int(top), int(right) + 1, int(bottom) + 1)


def _gaps(regions: Sequence[Box], columns: int) -> list[tuple[int, int]]:
    gaps, at = [], 0
    for each in sorted(regions, key=lambda box: box.left):
        if each.left > at:
            gaps.append((at, each.left))
        at = max(at, each.right)
    return [*gaps, *([(at, columns)] if at < columns else [])]


def hides_drawings(dataset: Dataset) -> bool:
    """Return whether drawings are kept in spare bits of the pixels, as files of the nineties do (PS3.5 8.1.2)."""
    return any(
        tag.group % 2 == 0
        and 0x6000 <= tag.group <= 0x60FF
        and tag.element == 0x0102
        and _drawn_in_pixels(dataset, tag)
        for tag in dataset.keys()  # noqa: SIM118 - iterating a dataset reads every element
    )


def _drawn_in_pixels(dataset: Dataset, tag: Any) -> bool:  # noqa: ANN401 - pydicom's tag
    return (tag.group, 0x3000) not in dataset


def blackened(source: Dataset, made: Dataset, boxes: Sequence[Box], apart: Apart = HERE) -> None:
    """Put the decoded pixels of a file, with black boxes in every frame, into the file that was made of it.

    Args:
        source: what is decoded.
        made: gets the pixels, uncompressed; its measured regions stay.
        boxes: in pixels of the picture.
        apart: decodes what is compressed.

    Raises:
        UnreadableFileError: a frame is damaged, or all frames together are too large.
    """
    check_pixels(source)
    count = min(frame_count(source), extent_of(source).usable)
    frames: list[bytes] = []
    total = 0
    kind, array = "", np.empty(0)
    for index in range(count):
        array, kind = _as_written(source, *decoded_frame(source, index, apart))
        if array.ndim == 2:
            array = _within_bits(source, array)
        _blacken(array, boxes, is_reversed=kind == "MONOCHROME1")
        frames.append(np.ascontiguousarray(array, array.dtype.newbyteorder("<")).tobytes())
        total += len(frames[-1])
        if total > LARGEST_BYTES:
            raise UnreadableFileError(Text("The image is larger than this program opens."))
    _describe(made, array, kind, count)
    data = b"".join(frames)
    made.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    is_bytes = array.dtype.itemsize == 1
    made[0x7FE00010] = DataElement(0x7FE00010, "OB" if is_bytes else "OW", data + b"\0" * (len(data) % 2))


def _as_written(source: Dataset, array: NDArray[Any], kind: str) -> tuple[NDArray[Any], str]:
    """Return a frame whose colours stand in the pixels themselves, as a copy, and what its pixels are."""
    if kind != "PALETTE COLOR":
        return array.copy(), "RGB" if array.ndim == 3 else kind
    try:
        coloured: NDArray[Any] = apply_color_lut(array, source)
    except READING_ERRORS as error:
        raise UnreadableFileError(Text("The colours of this image cannot be read.")) from error
    if coloured.dtype != np.uint8:
        coloured = (coloured.astype(np.uint32) * 255 // 65535).astype(np.uint8)
    return coloured.copy(), "RGB"


def _within_bits(source: Dataset, array: NDArray[Any]) -> NDArray[Any]:
    """Return grey values as far as their bits go: what was compressed with a loss may come out a little beyond."""
    bits = int(number_of(source, "BitsStored", array.dtype.itemsize * 8))
    if array.dtype.kind not in "iu" or not 0 < bits < array.dtype.itemsize * 8:
        return array
    low, high = (-(1 << bits - 1), (1 << bits - 1) - 1) if array.dtype.kind == "i" else (0, (1 << bits) - 1)
    return np.asarray(np.clip(array, low, high))


def _blacken(array: NDArray[Any], boxes: Sequence[Box], *, is_reversed: bool) -> None:
    """Make boxes black: of grey pictures with the darkest value there is outside them, so that no window changes."""
    inside = np.zeros(array.shape[:2], dtype=bool)
    for box in boxes:
        part = box.within(array.shape[1], array.shape[0])
        if part is not None:
            inside[part.top : part.bottom, part.left : part.right] = True
    if not inside.any():
        return
    dark = 0
    if array.ndim == 2:
        rest = array[~inside]
        dark = (rest.max() if is_reversed else rest.min()) if rest.size else 0
    array[inside] = dark


def _describe(made: Dataset, array: NDArray[Any], kind: str, count: int) -> None:
    bits = array.dtype.itemsize * 8
    is_colour = array.ndim == 3
    made.SamplesPerPixel, made.PhotometricInterpretation = 3 if is_colour else 1, kind
    made.Rows, made.Columns = array.shape[:2]
    stored = int(number_of(made, "BitsStored", bits))
    made.BitsAllocated, made.BitsStored = bits, bits if is_colour else min(stored, bits)
    made.HighBit = made.BitsStored - 1
    made.PixelRepresentation = int(cast(Any, array).dtype.kind == "i")
    if is_colour:
        made.PlanarConfiguration = 0
        for colour in _PALETTE:
            for keyword in (f"{colour}{_TABLE}Descriptor", f"{colour}{_TABLE}Data", f"Segmented{colour}{_TABLE}Data"):
                if keyword in made:
                    delattr(made, keyword)
    elif "PlanarConfiguration" in made:
        del made.PlanarConfiguration
    if count > 1 or "NumberOfFrames" in made:
        if count < 1:
            raise damaged()
        made.NumberOfFrames = count
