"""Overlay planes: one-bit drawings of groups 60xx, which need not lie inside the image.

Sources: DICOM PS3.3 C.9.2 (overlay plane), C.9.3 (multi-frame overlay), PS3.5 8.1.2 (bits, and the retired way to keep
them in unused bits of the pixels).
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import Dataset

from clinic_app.imaging.reading import READING_ERRORS, number_of

_GROUPS: Final = range(0x6000, 0x6020, 2)
_LARGEST_PIXELS: Final = 64 << 20
_LARGEST_SIDE: Final = 32_768


@dataclass(frozen=True, eq=False)
class OverlayPlane:
    """A drawing over the image.

    Args:
        left: column of the image its first column lies over, from 0; may be outside.
        top: row likewise.
        drawn: shape ``(rows, columns)``, True where something is drawn.
        group: number of its group, ``0x6000`` and on.
        words: what the file calls it.
    """

    left: int
    top: int
    drawn: NDArray[np.bool_]
    group: int
    words: str = ""

    @property
    def right(self) -> int:
        """The first column behind it."""
        return self.left + int(self.drawn.shape[1])

    @property
    def bottom(self) -> int:
        """The first row below it."""
        return self.top + int(self.drawn.shape[0])


def overlays_of(dataset: Dataset, index: int) -> tuple[OverlayPlane, ...]:
    """Return what is drawn over one frame.

    Args:
        dataset: of an image, or of a presentation state.
        index: of the frame, from 0.
    """
    return tuple(plane for group in _GROUPS for plane in _plane(dataset, group, index))


def _plane(dataset: Dataset, group: int, index: int) -> Iterator[OverlayPlane]:
    rows, columns = _whole(dataset, group, 0x10), _whole(dataset, group, 0x11)
    if not (0 < rows <= _LARGEST_SIDE and 0 < columns <= _LARGEST_SIDE and rows * columns <= _LARGEST_PIXELS):
        return
    at = _frame_in_overlay(dataset, group, index)
    drawn = None if at is None else _drawn(dataset, group, (rows, columns), at)
    if drawn is None:
        drawn = _in_unused_bits(dataset, group, (rows, columns), index)
    if drawn is None:
        return
    origin = _values(dataset, group, 0x50)
    top, left = (int(origin[0]), int(origin[1])) if len(origin) == 2 else (1, 1)
    if max(abs(top), abs(left)) <= _LARGEST_SIDE:
        words = str(_value(dataset, group, 0x1500) or _value(dataset, group, 0x22) or "")[:64]
        yield OverlayPlane(left - 1, top - 1, drawn, group, words)


def _frame_in_overlay(dataset: Dataset, group: int, index: int) -> int | None:
    """Return which of the overlay's frames lies over the image's, None for none; a single one lies over all."""
    frames, origin = _whole(dataset, group, 0x15) or 1, _whole(dataset, group, 0x51) or 1
    if frames == 1 and not _whole(dataset, group, 0x51):
        return 0
    at = index - (origin - 1)
    return at if 0 <= at < frames else None


def _drawn(dataset: Dataset, group: int, shape: tuple[int, int], at: int) -> NDArray[np.bool_] | None:
    data = _value(dataset, group, 0x3000)
    if not isinstance(data, bytes):
        return None
    size = shape[0] * shape[1]
    first, last = at * size, (at + 1) * size
    if last > len(data) * 8:
        return None
    part = np.frombuffer(data, np.uint8)[first // 8 : (last + 15) // 8]
    is_little: Any = dataset.original_encoding[1]
    if is_little is False and first % 16 == 0:
        part = part[: len(part) // 2 * 2].reshape(-1, 2)[:, ::-1].ravel()  # words of two bytes
    bits = np.unpackbits(part, bitorder="little")[first % 8 :]
    return bits[:size].reshape(shape).astype(bool) if len(bits) >= size else None


def _in_unused_bits(dataset: Dataset, group: int, shape: tuple[int, int], index: int) -> NDArray[np.bool_] | None:
    bit = _whole(dataset, group, 0x102)
    allocated, stored = int(number_of(dataset, "BitsAllocated", 0)), int(number_of(dataset, "BitsStored", 0))
    image = (int(number_of(dataset, "Rows", 0)), int(number_of(dataset, "Columns", 0)))
    if not 0 < bit < 16 or allocated != 16 or bit < stored or image != shape:
        return None
    try:
        if dataset.file_meta.TransferSyntaxUID.is_compressed:
            return None
        size = shape[0] * shape[1] * 2
        part = memoryview(dataset.PixelData)[index * size : (index + 1) * size]
        kind = "<u2" if dataset.file_meta.TransferSyntaxUID.is_little_endian else ">u2"
        pixels = np.frombuffer(part, kind)
    except READING_ERRORS:
        return None
    if len(part) < size:
        return None
    return np.asarray((pixels.reshape(shape) >> bit) & 1, dtype=bool)


def _value(dataset: Dataset, group: int, element: int) -> object:
    found: Any = None
    with suppress(*READING_ERRORS):
        found = dataset.get((group, element))
        return None if found is None else found.value
    return None


def _values(dataset: Dataset, group: int, element: int) -> tuple[Any, ...]:
    value: Any = _value(dataset, group, element)
    return tuple(value) if hasattr(value, "__iter__") and not isinstance(value, (str, bytes)) else ()


def _whole(dataset: Dataset, group: int, element: int) -> int:
    value: Any = _value(dataset, group, element)
    try:
        return int(value or 0)
    except READING_ERRORS:
        return 0
