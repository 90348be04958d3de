"""Look-up tables as DICOM files carry them: from values to grey.

Source: DICOM PS3.3 C.11.1.1 and C.11.2.1.1 (descriptor: how many entries, the first value mapped, bits of an entry).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import Dataset

from clinic_app.imaging.display.elements import numbers_of
from clinic_app.imaging.reading import READING_ERRORS, text_of

_MOST_ENTRIES: Final = 65_536


@dataclass(frozen=True, eq=False)
class Table:
    """A curve given point by point.

    Args:
        first: the value its first entry is for; the next is for one more.
        entries: grey between 0 and 1.
        words: what the file calls it.
        step: from one entry's value to the next's.
    """

    first: float
    entries: NDArray[np.float64]
    words: str = ""
    step: float = 1.0

    def apply(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return grey between 0 and 1; values before the first and after the last have theirs."""
        place = np.clip(np.rint((values - self.first) / self.step), 0, len(self.entries) - 1).astype(np.intp)
        return np.asarray(self.entries[place])

    def of_grey(self, grey: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return what becomes of grey between 0 and 1, the table stretched over all of it (presentation LUT)."""
        place = np.rint(grey * (len(self.entries) - 1)).astype(np.intp)
        return np.asarray(self.entries[place])

    @property
    def middle(self) -> float:
        """The value in its middle."""
        return self.first + self.step * (len(self.entries) - 1) / 2


def table_of(item: Dataset) -> Table | None:
    """Return the table of a sequence's item; None where it is none that can be used."""
    descriptor = numbers_of(item, "LUTDescriptor")
    if len(descriptor) != 3:
        return None
    count, first, bits = (int(each) for each in descriptor)
    count = count or _MOST_ENTRIES
    if not (0 < count <= _MOST_ENTRIES and 8 <= bits <= 16):
        return None
    entries = _entries(item, count)
    if entries is None:
        return None
    return Table(first, np.minimum(entries / (2**bits - 1), 1.0), text_of(item, "LUTExplanation"))


def _entries(item: Dataset, count: int) -> NDArray[np.float64] | None:
    try:
        data: Any = item.LUTData
        if isinstance(data, bytes):
            width = np.uint8 if len(data) < 2 * count else np.dtype("<u2" if _is_little(item) else ">u2")
            found = np.frombuffer(data, dtype=width)
        else:
            found = np.atleast_1d(np.asarray(data))
    except READING_ERRORS:
        return None
    return found[:count].astype(np.float64) if len(found) >= count else None


def _is_little(item: Dataset) -> bool:
    return bool(item.original_encoding[1] in (True, None))
