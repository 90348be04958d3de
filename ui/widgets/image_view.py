"""How a picture lies under the glass: what is in the middle, and how large a pixel of it is. Arithmetic only."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

Point = tuple[float, float]
Size = tuple[float, float]
LEAST_ZOOM: Final = 0.02
MOST_ZOOM: Final = 40.0


@dataclass(frozen=True)
class ImageView:
    """The view.

    Args:
        zoom: logical pixels of the screen for the width of one pixel of the image.
        middle: image point (x, y) in the middle of the glass; a pixel covers one unit, the first begins at 0.
        aspect: height of an image pixel by its width.
    """

    zoom: float
    middle: Point
    aspect: float = 1.0

    @classmethod
    def fitted(cls, image: Size, glass: Size, aspect: float = 1.0) -> ImageView:
        """Return the view that shows all of an image as large as it goes."""
        zoom = min(glass[0] / max(image[0], 1), glass[1] / max(image[1] * aspect, 1))
        return cls(max(zoom, LEAST_ZOOM), (image[0] / 2, image[1] / 2), aspect)

    def to_glass(self, point: Point, glass: Size) -> Point:
        """Return where an image point lies on the glass, in logical pixels."""
        return (
            (point[0] - self.middle[0]) * self.zoom + glass[0] / 2,
            (point[1] - self.middle[1]) * self.zoom * self.aspect + glass[1] / 2,
        )

    def to_image(self, at: Point, glass: Size) -> Point:
        """Return the image point that lies at a place of the glass."""
        return (
            (at[0] - glass[0] / 2) / self.zoom + self.middle[0],
            (at[1] - glass[1] / 2) / (self.zoom * self.aspect) + self.middle[1],
        )

    def zoomed(self, factor: float, at: Point, glass: Size) -> ImageView:
        """Return the view enlarged, the image point at ``at`` staying where it is."""
        zoom = min(max(self.zoom * factor, LEAST_ZOOM), MOST_ZOOM)
        kept = self.to_image(at, glass)
        middle = (
            kept[0] - (at[0] - glass[0] / 2) / zoom,
            kept[1] - (at[1] - glass[1] / 2) / (zoom * self.aspect),
        )
        return replace(self, zoom=zoom, middle=middle)

    def panned(self, dx: float, dy: float) -> ImageView:
        """Return the view with the picture moved by so many logical pixels."""
        x, y = self.middle
        return replace(self, middle=(x - dx / self.zoom, y - dy / (self.zoom * self.aspect)))
