"""Which stored values lie outside the picture, as a file says it.

The two elements are of the kind of the pixels, and makers write them as the other one: a scanner whose padding is -2000
names it 63536, or the value of twelve bits without its sign. Whatever was written is read as a pixel would be, or the
black around a patient counts in every mean.

Sources: DICOM PS3.3 C.7.5.1.1.2 (pixel padding value); PS3.5 A.2 (US or SS by pixel representation).
"""

from __future__ import annotations

from typing import Any

import numpy as np
from pydicom.dataset import Dataset

from clinic_app.imaging.display.elements import numbers_of
from clinic_app.imaging.reading import number_of


def padding_of(dataset: Dataset, kind: np.dtype[Any]) -> tuple[int | None, int | None]:
    """Return the stored value outside the picture, and the other end where it is a range; None where there is none.

    Args:
        dataset: the file.
        kind: of its stored values.
    """
    first, last = (numbers_of(dataset, keyword)[:1] for keyword in ("PixelPaddingValue", "PixelPaddingRangeLimit"))
    if not first or kind.kind not in "iu":
        return (int(first[0]) if first else None), None
    stored_bits = int(number_of(dataset, "BitsStored", 0)) or kind.itemsize * 8
    return _as_pixel(int(first[0]), kind, stored_bits), _as_pixel(int(last[0]), kind, stored_bits) if last else None


def _as_pixel(value: int, kind: np.dtype[Any], stored_bits: int) -> int:
    """Return what a pixel with these bits is; what is no pixel at all stays as it is and fits none."""
    bits = kind.itemsize * 8
    if not -(1 << bits - 1) <= value < 1 << bits:
        return value
    if kind.kind == "u":
        return value % (1 << bits)
    half = 1 << min(stored_bits, bits) - 1
    if half <= value < 2 * half:  # the sign of the bits that are stored
        return value - 2 * half
    return value - (1 << bits) if value >= 1 << bits - 1 else value
