"""Writing a presentation state: the window, the turn and the marks somebody sees now, for any other viewer.

Sources: as `presentation`; the file is a Grayscale Softcopy Presentation State (PS3.3 A.33.1), or for colour pictures a
Color Softcopy Presentation State (A.33.2), which has no window and says that its colours are sRGB.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from pydicom.dataset import Dataset
from pydicom.sequence import Sequence as Items

from clinic_app.imaging.display.layers import Mark, Point
from clinic_app.imaging.display.turning import UPRIGHT, Turn
from clinic_app.imaging.frame import Frame
from clinic_app.imaging.objects.kinds import COLOUR_PRESENTATION, GREY_PRESENTATION
from clinic_app.imaging.objects.references import ImageReference
from clinic_app.imaging.objects.writing import new_object, referenced, saved, series_items
from clinic_app.imaging.windowing import Window

_LAYER: Final = "MARKS"
_KINDS: Final = {
    "point": "POINT",
    "polyline": "POLYLINE",
    "curve": "INTERPOLATED",
    "circle": "CIRCLE",
    "ellipse": "ELLIPSE",
}
_UNITS: Final = {True: "DISPLAY", False: "PIXEL"}


@dataclass(frozen=True)
class Seen:
    """A picture as it is seen.

    Args:
        frame: the picture.
        window: in force.
        is_inverted: black and white are exchanged on somebody's wish.
        turn: how it is turned.
        marks: drawn on it.
        shown: the part that is seen: left, top, right, bottom in pixels; None for all.
    """

    frame: Frame
    window: Window
    is_inverted: bool = False
    turn: Turn = UPRIGHT
    marks: tuple[Mark, ...] = ()
    shown: tuple[float, float, float, float] | None = None


def write_presentation(
    source: Dataset,
    image: tuple[str, ImageReference],
    seen: Seen,
    *,
    author: str,
    label: str = "SEEN",
    words: str = "",
    at: datetime,
) -> bytes:
    """Return a presentation state file.

    Args:
        source: the picture's file: patient and study are taken from it as they stand there.
        image: its series and the picture.
        seen: as it is to be seen again.
        author: who sees it so.
        label: in capital letters, as DICOM wants it.
        words: what he says about it.
        at: now.
    """
    return saved(presentation_state(source, [(*image, seen)], author=author, label=label, words=words, at=at))


def presentation_state(
    source: Dataset,
    images: Sequence[tuple[str, ImageReference, Seen]],
    *,
    author: str,
    label: str,
    words: str,
    at: datetime,
) -> Dataset:
    """Return a presentation state of several pictures, all grey or all in colour; turn and inversion are the first's.

    Args:
        source: a picture's file: patient and study are taken from it as they stand there.
        images: of each its series, the picture, and how it is seen.
        author: who sees them so.
        label: in capital letters, as DICOM wants it.
        words: what he says about them.
        at: now.
    """
    first = images[0][2]
    kind = COLOUR_PRESENTATION if first.frame.is_colour else GREY_PRESENTATION
    made = new_object(source, kind, "PR", "Marks", at)
    made.ContentLabel, made.ContentDescription = label[:16].upper(), words[:64]
    made.ContentCreatorName = author.replace(" ", "^")
    made.PresentationCreationDate, made.PresentationCreationTime = made.ContentDate, made.ContentTime
    made.ReferencedSeriesSequence = series_items([(series, image) for series, image, _seen in images])
    if first.frame.is_colour:
        made.ICCProfile = _srgb()
    else:
        made.RescaleSlope, made.RescaleIntercept = _decimal(first.frame.slope), _decimal(first.frame.intercept)
        made.RescaleType = first.frame.unit or "US"
        made.SoftcopyVOILUTSequence = Items([_window(image, seen.window) for _series, image, seen in images])
        made.PresentationLUTShape = "INVERSE" if first.frame.is_monochrome1 != first.is_inverted else "IDENTITY"
    made.ImageRotation, made.ImageHorizontalFlip = first.turn.quarters * 90, "Y" if first.turn.is_flipped else "N"
    made.DisplayedAreaSelectionSequence = Items([_area(image, seen) for _series, image, seen in images])
    marked = [(image, seen.marks) for _series, image, seen in images if seen.marks]
    if marked:
        made.GraphicLayerSequence = Items([_layer()])
        made.GraphicAnnotationSequence = Items([_annotation(image, marks) for image, marks in marked])
    return made


def _srgb() -> bytes:
    from PIL import ImageCms

    profile: bytes = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    return profile


def _window(image: ImageReference, window: Window) -> Dataset:
    item = Dataset()
    item.ReferencedImageSequence = Items([referenced(image)])
    item.WindowCenter, item.WindowWidth = _decimal(window.center), _decimal(window.width)
    if window.shape != "LINEAR":
        item.VOILUTFunction = window.shape
    return item


def _area(image: ImageReference, seen: Seen) -> Dataset:
    item, frame = Dataset(), seen.frame
    left, top, right, bottom = seen.shown or (0, 0, frame.columns, frame.rows)
    item.ReferencedImageSequence = Items([referenced(image)])
    item.DisplayedAreaTopLeftHandCorner = [int(left) + 1, int(top) + 1]
    item.DisplayedAreaBottomRightHandCorner = [round(right), round(bottom)]
    item.PresentationSizeMode = "SCALE TO FIT"
    if frame.spacing is not None:
        item.PresentationPixelSpacing = [_decimal(frame.spacing.row_mm), _decimal(frame.spacing.column_mm)]
    else:
        item.PresentationPixelAspectRatio = [round(frame.aspect * 1000), 1000] if frame.aspect != 1 else [1, 1]
    return item


def _layer() -> Dataset:
    item = Dataset()
    item.GraphicLayer, item.GraphicLayerOrder = _LAYER, 1
    return item


def _annotation(image: ImageReference, marks: Sequence[Mark]) -> Dataset:
    item = Dataset()
    item.ReferencedImageSequence, item.GraphicLayer = Items([referenced(image)]), _LAYER
    drawn = [_drawing(mark) for mark in marks if mark.kind != "text"]
    written = [_writing(mark) for mark in marks if mark.kind == "text"]
    if drawn:
        item.GraphicObjectSequence = Items(drawn)
    if written:
        item.TextObjectSequence = Items(written)
    return item


def _drawing(mark: Mark) -> Dataset:
    item = Dataset()
    item.GraphicAnnotationUnits, item.GraphicDimensions = _UNITS[mark.is_of_screen], 2
    item.NumberOfGraphicPoints, item.GraphicData = len(mark.points), _flat(mark.points)
    item.GraphicType = _KINDS[mark.kind]
    if mark.kind in ("circle", "ellipse") or mark.points[0] == mark.points[-1]:
        item.GraphicFilled = "Y" if mark.is_filled else "N"
    return item


def _writing(mark: Mark) -> Dataset:
    item, unit = Dataset(), _UNITS[mark.is_of_screen]
    item.UnformattedTextValue = mark.words.replace("\n", "\r\n")
    if len(mark.points) >= 2:
        item.BoundingBoxAnnotationUnits = unit
        item.BoundingBoxTopLeftHandCorner, item.BoundingBoxBottomRightHandCorner = map(list, mark.points[:2])
        item.BoundingBoxTextHorizontalJustification = "LEFT"
    anchor = mark.anchor or (mark.points[0] if len(mark.points) == 1 else None)
    if anchor:
        item.AnchorPointAnnotationUnits, item.AnchorPoint = unit, list(anchor)
        item.AnchorPointVisibility = "Y" if mark.anchor else "N"
    return item


def _flat(points: Sequence[Point]) -> list[float]:
    return [value for point in points for value in point]


def _decimal(value: float) -> str:
    """Return a number in the 16 letters a decimal string may have (PS3.5 6.2)."""
    return f"{value:.10g}"[:16]
