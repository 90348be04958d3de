"""What is to be printed of pictures; whoever fills it need not know how paper is made."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

GRIDS: Final = {1: (1, 1), 2: (1, 2), 4: (2, 2), 6: (2, 3), 9: (3, 3)}
"""Pictures to a page: rows and columns."""


@dataclass(frozen=True, eq=False)
class PaperPicture:
    """A picture as it is printed.

    Args:
        pixels: uint8, shape ``(height, width, 3)``.
        caption: what it shows: series, position, window.
        px_per_mm: pixels in a millimetre of the patient; None where nobody knows.
    """

    pixels: NDArray[np.uint8]
    caption: str
    px_per_mm: float | None = None


@dataclass(frozen=True, eq=False)
class PictureSheet:
    """What is printed.

    Args:
        name: the patient's; empty for pictures without one.
        numbers: birth date and national number.
        pictures: in order.
        per_page: one of `GRIDS`; 0: the smallest that holds all of them, at most nine.
        is_true_size: a millimetre of the patient is one of the paper, wherever that is known.
    """

    name: str
    numbers: tuple[str, ...]
    pictures: tuple[PaperPicture, ...]
    per_page: int = 0
    is_true_size: bool = False
