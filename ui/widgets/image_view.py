"""How a picture lies under the glass: what is in the middle, and how large a pixel of it is. Arithmetic only."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

from clinic_app.imaging.display.turning import UPRIGHT, Turn

Point = tuple[float, float]
Size = tuple[float, float]
Rectangle = tuple[float, float, float, float]
LEAST_ZOOM: Final = 0.02
MOST_ZOOM: Final = 40.0


@dataclass(frozen=True)
class ImageView:
    """The view.

    Args:
        zoom: logical pixels of the screen for the width of one pixel of the image.
        middle: image point (x, y) in the middle of the glass; a pixel covers one unit, the first begins at 0.
        aspect: height of an image pixel by its width.
        turn: how the image is turned.
    """

    zoom: float
    middle: Point
    aspect: float = 1.0
    turn: Turn = UPRIGHT

    @classmethod
    def fitted(cls, image: Size, glass: Size, aspect: float = 1.0, turn: Turn = UPRIGHT) -> ImageView:
        """Return the view that shows all of an image as large as it goes."""
        return cls.fitted_to((0, 0, *image), glass, aspect, turn)

    @classmethod
    def fitted_to(cls, area: Rectangle, glass: Size, aspect: float = 1.0, turn: Turn = UPRIGHT) -> ImageView:
        """Return the view that shows a part of an image as large as it goes.

        Args:
            area: left, top, right, bottom in image pixels.
            glass: width and height.
            aspect: height of an image pixel by its width.
            turn: how the image is turned.
        """
        left, top, right, bottom = area
        width, height = right - left, (bottom - top) * aspect
        if turn.is_across:
            width, height = height, width
        zoom = min(glass[0] / max(width, 1), glass[1] / max(height, 1))
        return cls(max(zoom, LEAST_ZOOM), ((left + right) / 2, (top + bottom) / 2), aspect, turn)

    def to_glass(self, point: Point, glass: Size) -> Point:
        """Return where an image point lies on the glass, in logical pixels."""
        away = (point[0] - self.middle[0]) * self.zoom, (point[1] - self.middle[1]) * self.zoom * self.aspect
        x, y = self.turn.shown(away)
        return x + glass[0] / 2, y + glass[1] / 2

    def to_image(self, at: Point, glass: Size) -> Point:
        """Return the image point that lies at a place of the glass."""
        x, y = self._stored(at[0] - glass[0] / 2, at[1] - glass[1] / 2)
        return x + self.middle[0], y + self.middle[1]

    def zoomed(self, factor: float, at: Point, glass: Size) -> ImageView:
        """Return the view enlarged, the image point at ``at`` staying where it is."""
        nearer = replace(self, zoom=min(max(self.zoom * factor, LEAST_ZOOM), MOST_ZOOM))
        kept, now = self.to_image(at, glass), nearer.to_image(at, glass)
        middle = (self.middle[0] + kept[0] - now[0], self.middle[1] + kept[1] - now[1])
        return replace(nearer, middle=middle)

    def panned(self, dx: float, dy: float) -> ImageView:
        """Return the view with the picture moved by so many logical pixels."""
        x, y = self._stored(dx, dy)
        return replace(self, middle=(self.middle[0] - x, self.middle[1] - y))

    def _stored(self, dx: float, dy: float) -> Point:
        """Return which way in the image a way on the glass is."""
        x, y = self.turn.stored((dx, dy))
        return x / self.zoom, y / (self.zoom * self.aspect)
