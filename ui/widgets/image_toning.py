"""Grey levels of the part of a picture that is seen, made anew for every step of a window that is dragged.

The first look at a part is painted from the copy that is next finer than the screen, as smoothly as Qt can. When the
window changes over the same part, its values are first brought to the pixels of the screen, once; from then on each
step costs a look-up for each pixel that is seen, however large the picture is.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from PySide6.QtGui import QImage

from ui.pictures import Area, Picture, shrunk
from ui.widgets.image_colours import in_screen_colours

if TYPE_CHECKING:
    from clinic_app.imaging import Window


class Toned:
    """One part of one picture.

    Args:
        picture: it.
        level: which of its copies is as fine as the screen.
        area: the part of that copy.
        size: rows and columns the part takes on the screen, in its own pixels.
    """

    def __init__(self, picture: Picture, level: int, area: Area, size: tuple[int, int]) -> None:
        self._place = (picture, level, area, size)
        self._picture = picture
        self._values: NDArray[Any] | None = None
        self._how: tuple[Window, bool] | None = None
        self._image = QImage()
        self.pixels = np.zeros((0, 0), dtype=np.uint8)

    def is_of(self, picture: Picture, level: int, area: Area, size: tuple[int, int]) -> bool:
        """Return whether this is that part of that picture."""
        return self._place == (picture, level, area, size)

    def image(self, window: Window, *, is_inverted: bool) -> QImage:
        """Return the part as it is seen in a window."""
        if self._how != (window, is_inverted):
            self.pixels = self._toned(window, is_inverted=is_inverted)
            self._image = self._image_of(self.pixels)
            self._how = (window, is_inverted)
        return self._image

    def _toned(self, window: Window, *, is_inverted: bool) -> NDArray[np.uint8]:
        picture, level, area, size = self._place
        if self._how is None or picture.frame.is_colour:
            return picture.toned(level, area, window, is_inverted=is_inverted)
        if self._values is None:
            self._values = shrunk(picture.part(level, area), size, picture.frame)
        return picture.toned_values(self._values, window, is_inverted=is_inverted)

    def _image_of(self, pixels: NDArray[np.uint8]) -> QImage:
        """Return an image over the same memory, which must be kept as long as it is."""
        kind = QImage.Format.Format_Grayscale8 if pixels.ndim == 2 else QImage.Format.Format_RGB888
        image = QImage(pixels.data, pixels.shape[1], pixels.shape[0], pixels.strides[0], kind)
        profile = self._picture.frame.profile
        return in_screen_colours(image, profile) if profile and pixels.ndim == 3 else image
