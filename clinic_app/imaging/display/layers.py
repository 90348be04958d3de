"""What lies over a picture: drawings of the file, a shutter, marks of a presentation state, segments and outlines.

Places are in pixels of the stored image, x to the right and y downwards; the first pixel begins at 0 and ends at 1.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray

from clinic_app.imaging.display.overlays import OverlayPlane
from clinic_app.imaging.display.shutters import Shutter

Point = tuple[float, float]
Colour = tuple[int, int, int]
MarkKind = Literal["point", "polyline", "curve", "circle", "ellipse", "text"]


@dataclass(frozen=True)
class Mark:
    """One drawing of a presentation state (PS3.3 C.10.5).

    Args:
        kind: what it is.
        points: a polyline's points; of a circle its middle and a point on it; of an ellipse both ends of the longer,
            then of the shorter axis; of a text where it stands, or the corners of its box.
        words: of a text.
        is_of_screen: the points are shares of the area shown (0 to 1) and not pixels.
        is_filled: its inside is painted too.
        colour: red, green, blue.
        anchor: what a text points at.
        layer: name of the layer it belongs to.
    """

    kind: MarkKind
    points: tuple[Point, ...]
    words: str = ""
    is_of_screen: bool = False
    is_filled: bool = False
    colour: Colour = (255, 214, 102)
    anchor: Point | None = None
    layer: str = ""


@dataclass(frozen=True, eq=False)
class Segments:
    """Areas somebody, or a program, has named.

    Args:
        labels: shape of the image, uint8; 0 is nothing, then the place of the name plus 1.
        names: of the segments.
        colours: of the segments.
    """

    labels: NDArray[np.uint8]
    names: tuple[str, ...]
    colours: tuple[Colour, ...]


@dataclass(frozen=True)
class Outline:
    """A structure's edge on this picture.

    Args:
        name: of the structure.
        colour: as the planning system shows it.
        points: of the edge.
        is_closed: the last point is joined with the first.
    """

    name: str
    colour: Colour
    points: tuple[Point, ...]
    is_closed: bool = True


@dataclass(frozen=True, eq=False)
class Layers:
    """Everything that lies over a picture."""

    overlays: tuple[OverlayPlane, ...] = ()
    shutter: Shutter | None = None
    marks: tuple[Mark, ...] = ()
    segments: tuple[Segments, ...] = ()
    outlines: tuple[Outline, ...] = ()

    @property
    def legend(self) -> tuple[tuple[str, Colour], ...]:
        """Names and colours of what is marked by colour, each once."""
        found = {name: colour for each in self.segments for name, colour in zip(each.names, each.colours, strict=True)}
        found.update({each.name: each.colour for each in self.outlines})
        return tuple(found.items())


NOTHING_OVER: Final = Layers()
