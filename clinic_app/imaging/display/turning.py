"""How a picture is turned and mirrored before it is shown.

Source: DICOM PS3.3 C.10.6 (spatial transformation: first the rotation, clockwise, then the horizontal flip).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

Point = tuple[float, float]
Size = tuple[float, float]


@dataclass(frozen=True)
class Turn:
    """A rotation, then a mirror.

    Args:
        quarters: quarter turns clockwise, 0 to 3.
        is_flipped: left and right are exchanged afterwards.
    """

    quarters: int = 0
    is_flipped: bool = False

    @property
    def is_across(self) -> bool:
        """Whether width and height change places."""
        return self.quarters % 2 == 1

    def then_right(self) -> Turn:
        """Return this, and a quarter turn clockwise as it is seen."""
        return Turn((self.quarters + (3 if self.is_flipped else 1)) % 4, self.is_flipped)

    def then_flipped(self) -> Turn:
        """Return this, left and right as they are seen exchanged."""
        return Turn(self.quarters, not self.is_flipped)

    def shown(self, vector: Point) -> Point:
        """Return where a vector of the image points to on the screen."""
        x, y = vector
        for _ in range(self.quarters % 4):
            x, y = -y, x
        return (-x if self.is_flipped else x), y

    def stored(self, vector: Point) -> Point:
        """Return which vector of the image points there on the screen; undoes `shown`."""
        x, y = vector
        x = -x if self.is_flipped else x
        for _ in range(self.quarters % 4):
            x, y = y, -x
        return x, y


UPRIGHT: Final = Turn()
