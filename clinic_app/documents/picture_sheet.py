"""What is to be printed of pictures; whoever fills it need not know how paper is made."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

GRIDS: Final = {1: (1, 1), 2: (1, 2), 4: (2, 2), 6: (2, 3), 9: (3, 3)}
"""Pictures to a page: rows and columns."""
TILES: Final = {12: (3, 4), 20: (4, 5), 35: (5, 7)}
"""The same for small pictures of a whole series."""


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


PictureMaker = Callable[[], PaperPicture]
"""Makes a picture when its turn comes, so that hundreds of them need not be in memory at once."""


@dataclass(frozen=True, eq=False)
class PictureSheet:
    """What is printed.

    Args:
        name: the patient's; empty for pictures without one.
        numbers: birth date and national number.
        pictures: in order.
        per_page: one of `GRIDS` or `TILES`; 0: the smallest of `GRIDS` that holds all of them.
        is_true_size: a millimetre of the patient is one of the paper, wherever that is known.
        has_scale: a bar under each picture says how long a round number of millimetres is, wherever that is known.
    """

    name: str
    numbers: tuple[str, ...]
    pictures: tuple[PaperPicture | PictureMaker, ...]
    per_page: int = 0
    is_true_size: bool = False
    has_scale: bool = False
