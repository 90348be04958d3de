"""Presentation states: how somebody wants pictures to be seen, with his marks on them. Read here.

Sources: DICOM PS3.3 A.33, C.10.4 (displayed area), C.10.5 (graphic annotation), C.10.6 (spatial transformation), C.11.8
(softcopy VOI LUT), C.11.6 (presentation LUT); PS3.4 N.2 (in which order, and that what the state does not say is not
taken from the picture).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from pydicom.dataset import Dataset

from clinic_app.foundation.errors import UnreadableFileError
from clinic_app.foundation.texts import Text
from clinic_app.imaging.display.elements import first_item, items_of, numbers_of
from clinic_app.imaging.display.layers import Colour, Layers, Mark, MarkKind, Point
from clinic_app.imaging.display.overlays import OverlayPlane, overlays_of
from clinic_app.imaging.display.shutters import Shutter, shutter_of
from clinic_app.imaging.display.tables import Table, table_of
from clinic_app.imaging.display.turning import Turn
from clinic_app.imaging.display.windows import asked_windows
from clinic_app.imaging.frame import Frame
from clinic_app.imaging.objects.colours import from_cielab
from clinic_app.imaging.objects.references import ImageReference, names, references_in
from clinic_app.imaging.reading import number_of, text_of
from clinic_app.imaging.texts import AS_STATED, Reading, long_words_of, words_of
from clinic_app.imaging.windowing import Window

Rectangle = tuple[float, float, float, float]
_KINDS: Final[dict[str, MarkKind]] = {
    "POINT": "point",
    "POLYLINE": "polyline",
    "INTERPOLATED": "curve",
    "CIRCLE": "circle",
    "ELLIPSE": "ellipse",
}
_INK: Final[Colour] = (255, 214, 102)
_LONGEST_TEXT: Final = 1024
"""Letters of a short text (PS3.5 6.2)."""
_MOST_POINTS: Final = 5000
_FARTHEST: Final = 1e6
_MOST_MARKS: Final = 1000
_LARGEST_TABLE: Final = 65_536


@dataclass(frozen=True)
class _Asked:
    """A window for some of the pictures; in the units of the state's own rescale."""

    images: tuple[ImageReference, ...]
    window: Window


@dataclass(frozen=True, eq=False)
class Presentation:
    """A presentation state.

    Args:
        label: its short name.
        words: its description.
        author: who made it.
        images: the pictures it is for.
    """

    label: str
    words: str
    author: str
    images: tuple[ImageReference, ...]
    _windows: tuple[_Asked, ...]
    _rescale: tuple[float, float]
    _modality_table: Table | None
    _table_values: float
    _is_inverse: bool | None
    _tone: Table | None
    _shutter: Shutter | None
    _overlays: tuple[OverlayPlane, ...]
    _active_groups: frozenset[int]
    _marks: tuple[tuple[tuple[ImageReference, ...], Mark], ...]
    _areas: tuple[tuple[tuple[ImageReference, ...], Rectangle, float], ...]
    _turn: Turn

    def dressed(self, frame: Frame) -> Frame:
        """Return a picture as the state wants it; one it is not for stays as it is."""
        here = (frame.sop_uid, frame.frame_number)
        if not any(each.holds(*here) for each in self.images):
            return frame
        overlays = tuple(each for each in frame.layers.overlays if each.group in self._active_groups)
        marks = tuple(mark for images, mark in self._marks if names(images, *here))
        layers = Layers(
            (*overlays, *self._overlays), self._shutter, marks, frame.layers.segments, frame.layers.outlines
        )
        windows = self._windows_for(frame)
        area = next((each for each in self._areas if names(each[0], *here)), None)
        return replace(
            frame,
            default_window=windows[0] if windows else frame.default_window,
            windows=(*windows, *frame.windows),
            is_monochrome1=frame.is_monochrome1 if self._is_inverse is None else self._is_inverse,
            tone=self._tone,
            layers=layers,
            turn=self._turn,
            shown=area[1] if area else None,
            pixel_aspect=area[2] if area and frame.spacing is None else frame.pixel_aspect,
        )

    def _windows_for(self, frame: Frame) -> tuple[Window, ...]:
        here = (frame.sop_uid, frame.frame_number)
        asked = [each.window for each in self._windows if names(each.images, *here)]
        if frame.is_colour:
            return ()
        if self._modality_table is not None:
            values = Window(self._table_values / 2 + 0.5, self._table_values + 1, "LINEAR_EXACT")
            return tuple(self._through_table(frame, each) for each in asked or [values])
        return tuple(self._in_units_of(frame, each) for each in asked)

    def _in_units_of(self, frame: Frame, window: Window) -> Window:
        """Return a window that is in the state's units in those of the picture."""
        ours, theirs = self._rescale, (frame.slope, frame.intercept)
        if ours == theirs:
            return window
        factor = theirs[0] / ours[0]
        center = (window.center - ours[1]) * factor + theirs[1]
        table = window.table
        if table is not None:
            table = replace(table, first=(table.first - ours[1]) * factor + theirs[1], step=table.step * factor)
        return replace(window, center=center, width=abs(window.width * factor), table=table)

    def _through_table(self, frame: Frame, window: Window) -> Window:
        """Return one curve for the state's modality table and its window after it."""
        modality, kind = self._modality_table, frame.stored.dtype
        if modality is None or kind.itemsize > 2 or kind.kind not in "iu":
            return window
        info = np.iinfo(kind)
        values = modality.apply(np.arange(info.min, info.max + 1, dtype=np.float64)) * self._table_values
        first = info.min * frame.slope + frame.intercept
        return Window.of_table(Table(first, window.apply(values), window.words, frame.slope))


def presentation_of(dataset: Dataset, reading: Reading = AS_STATED) -> Presentation:
    """Return the presentation state in a file.

    Raises:
        UnreadableFileError: it is for no picture.
    """
    images = references_in(items_of(dataset, "ReferencedSeriesSequence"))
    if not images:
        raise UnreadableFileError(Text("The file does not say which images its marks are for."))
    table_item = first_item(dataset, "ModalityLUTSequence")
    table = table_of(table_item) if table_item is not None else None
    bits = numbers_of(table_item, "LUTDescriptor") if table_item is not None else ()
    shape = text_of(dataset, "PresentationLUTShape")
    tone_item = first_item(dataset, "PresentationLUTSequence")
    tone = table_of(tone_item) if tone_item is not None else None
    shutter = shutter_of(dataset)
    covering = shutter.covered.group if shutter and shutter.covered else 0
    return Presentation(
        label=words_of(dataset, "ContentLabel", reading),
        words=words_of(dataset, "ContentDescription", reading),
        author=words_of(dataset, "ContentCreatorName", reading).replace("^", " ").strip(),
        images=images,
        _windows=_windows(dataset),
        _rescale=(number_of(dataset, "RescaleSlope", 1.0) or 1.0, number_of(dataset, "RescaleIntercept", 0.0)),
        _modality_table=table,
        _table_values=2.0 ** bits[2] - 1 if len(bits) == 3 else 1.0,
        _is_inverse=False if tone else shape == "INVERSE" if shape else None,
        _tone=tone,
        _shutter=shutter,
        _overlays=tuple(plane for plane in overlays_of(dataset, 0) if plane.group != covering),
        _active_groups=frozenset(group for group in range(0x6000, 0x6020, 2) if (group, 0x1001) in dataset),
        _marks=_marks(dataset, reading),
        _areas=_areas(dataset),
        _turn=Turn(
            int(number_of(dataset, "ImageRotation", 0) // 90) % 4, text_of(dataset, "ImageHorizontalFlip") == "Y"
        ),
    )


def _windows(dataset: Dataset) -> tuple[_Asked, ...]:
    return tuple(
        _Asked(references_in([item]), window)
        for item in items_of(dataset, "SoftcopyVOILUTSequence")
        for window in asked_windows(item)[:1]
    )


def _areas(dataset: Dataset) -> tuple[tuple[tuple[ImageReference, ...], Rectangle, float], ...]:
    found = []
    for item in items_of(dataset, "DisplayedAreaSelectionSequence"):
        first = numbers_of(item, "DisplayedAreaTopLeftHandCorner")
        last = numbers_of(item, "DisplayedAreaBottomRightHandCorner")
        if len(first) != 2 or len(last) != 2:
            continue
        left, right = sorted((first[0], last[0]))
        top, bottom = sorted((first[1], last[1]))
        found.append((references_in([item]), (left - 1, top - 1, right, bottom), _aspect(item)))
    return tuple(found)


def _aspect(item: Dataset) -> float:
    spacing = numbers_of(item, "PresentationPixelSpacing") or numbers_of(item, "PresentationPixelAspectRatio")
    return min(max(spacing[0] / spacing[1], 0.05), 20.0) if len(spacing) == 2 and min(spacing) > 0 else 1.0


def _marks(dataset: Dataset, reading: Reading) -> tuple[tuple[tuple[ImageReference, ...], Mark], ...]:
    inks = {text_of(item, "GraphicLayer"): _ink(item) for item in items_of(dataset, "GraphicLayerSequence")}
    found: list[tuple[tuple[ImageReference, ...], Mark]] = []
    for item in items_of(dataset, "GraphicAnnotationSequence"):
        if len(found) >= _MOST_MARKS:
            break
        images, layer = references_in([item]), text_of(item, "GraphicLayer")
        colour = inks.get(layer, _INK)
        made = [_drawing(each, layer, colour) for each in items_of(item, "GraphicObjectSequence")[:_MOST_MARKS]]
        made += [_writing(each, layer, colour, reading) for each in items_of(item, "TextObjectSequence")[:_MOST_MARKS]]
        found += [(images, mark) for mark in made if mark is not None]
    return tuple(found)


def _drawing(item: Dataset, layer: str, colour: Colour) -> Mark | None:
    kind, points = _KINDS.get(text_of(item, "GraphicType")), _points(numbers_of(item, "GraphicData", 2 * _MOST_POINTS))
    least = {"point": 1, "circle": 2, "ellipse": 4}.get(kind or "", 2)
    if kind is None or not least <= len(points) <= _MOST_POINTS:
        return None
    is_of_screen = text_of(item, "GraphicAnnotationUnits") == "DISPLAY"
    is_filled = text_of(item, "GraphicFilled") == "Y"
    return Mark(kind, points, is_of_screen=is_of_screen, is_filled=is_filled, colour=colour, layer=layer)


def _writing(item: Dataset, layer: str, colour: Colour, reading: Reading) -> Mark | None:
    words = long_words_of(item, "UnformattedTextValue", reading, most=_LONGEST_TEXT).replace("\r\n", "\n")
    corners = ("BoundingBoxTopLeftHandCorner", "BoundingBoxBottomRightHandCorner")
    box = tuple(point for keyword in corners for point in _points(numbers_of(item, keyword)))
    anchors = _points(numbers_of(item, "AnchorPoint"))
    if not words.strip() or not (box or anchors):
        return None
    unit = text_of(item, "BoundingBoxAnnotationUnits") if box else text_of(item, "AnchorPointAnnotationUnits")
    is_pointing = bool(anchors and box) and text_of(item, "AnchorPointVisibility") == "Y"
    is_same_unit = unit == text_of(item, "AnchorPointAnnotationUnits")
    anchor = anchors[0] if is_pointing and is_same_unit else None
    return Mark("text", box or anchors, words, unit == "DISPLAY", colour=colour, anchor=anchor, layer=layer)


def _points(values: tuple[float, ...]) -> tuple[Point, ...]:
    """Return points; none where one of them lies farther off than any picture is large."""
    if len(values) % 2 or any(abs(value) > _FARTHEST for value in values):
        return ()
    return tuple(zip(values[::2], values[1::2], strict=True))


def _ink(item: Dataset) -> Colour:
    lab = numbers_of(item, "GraphicLayerRecommendedDisplayCIELabValue")
    if len(lab) == 3:
        return from_cielab((lab[0], lab[1], lab[2]))
    return _INK
