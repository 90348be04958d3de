"""Structure sets of radiotherapy: outlines of organs and targets over the slices they were drawn on.

Source: DICOM PS3.3 A.19, C.8.8.5 (structure set), C.8.8.6 (ROI contour; points in the patient, millimetres).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import Dataset

from clinic_app.foundation.errors import UnreadableFileError
from clinic_app.foundation.texts import Text
from clinic_app.imaging.display.elements import items_of, numbers_of
from clinic_app.imaging.display.layers import Colour, Outline
from clinic_app.imaging.frame import Frame
from clinic_app.imaging.objects.colours import PALETTE
from clinic_app.imaging.objects.references import ImageReference, names, references_in
from clinic_app.imaging.reading import number_of, text_of
from clinic_app.imaging.texts import AS_STATED, Reading, words_of

_MOST_CONTOURS: Final = 20_000
_MOST_POINTS: Final = 20_000
_LEAST_NEAR_MM: Final = 0.6
_STEPS_OF_PIXEL: Final = 16
"""Finer than a sixteenth of a pixel nothing is seen of an outline at any zoom."""
_IMAGES: Final = "ContourImageSequence"


@dataclass(frozen=True, eq=False)
class _Contour:
    name: str
    colour: Colour
    points: NDArray[np.float64]
    is_closed: bool
    images: tuple[ImageReference, ...]


class Structures:
    """The outlines of a file.

    Args:
        dataset: the file.
        reading: how its texts are read.

    Raises:
        UnreadableFileError: there are none.
    """

    def __init__(self, dataset: Dataset, reading: Reading = AS_STATED) -> None:
        self._contours = _contours(dataset, reading)
        if not self._contours:
            raise UnreadableFileError(Text("The file holds no outlines."))
        self._references = _frames_of_reference(dataset)
        self._series = _referenced(dataset)

    @property
    def images(self) -> tuple[ImageReference, ...]:
        """The pictures the outlines were drawn on."""
        return tuple(dict.fromkeys((*self._series, *(each for contour in self._contours for each in contour.images))))

    @property
    def names(self) -> tuple[str, ...]:
        """The structures, each once."""
        return tuple(dict.fromkeys(contour.name for contour in self._contours))

    def dressed(self, frame: Frame) -> Frame:
        """Return a picture with the outlines that lie on it."""
        plane = frame.plane
        if plane is None or (self._references and plane.reference and plane.reference not in self._references):
            return frame
        near = max(plane.thickness_mm / 2, _LEAST_NEAR_MM)
        found = []
        for contour in self._contours:
            if contour.images and not names(contour.images, frame.sop_uid, frame.frame_number):
                continue
            seen = plane.to_pixels(contour.points)
            if contour.images or np.abs(seen[:, 2]).max() <= near:
                points = _thinned(seen[:, :2])
                found.append(Outline(contour.name, contour.colour, points, contour.is_closed))
        if not found:
            return frame
        return replace(frame, layers=replace(frame.layers, outlines=(*frame.layers.outlines, *found)))


def _thinned(points: NDArray[np.float64]) -> tuple[tuple[float, float], ...]:
    """Return the points that lie apart on the picture: a planning system may write thousands for each of its pixels."""
    steps = np.rint(points * _STEPS_OF_PIXEL)
    is_apart = np.ones(len(points), dtype=bool)
    is_apart[1:] = (steps[1:] != steps[:-1]).any(axis=1)
    return tuple(map(tuple, points[is_apart].tolist()))


def _contours(dataset: Dataset, reading: Reading) -> tuple[_Contour, ...]:
    known = {
        int(number_of(item, "ROINumber", -1)): words_of(item, "ROIName", reading)
        for item in items_of(dataset, "StructureSetROISequence")
    }
    found: list[_Contour] = []
    for place, item in enumerate(items_of(dataset, "ROIContourSequence")):
        name = known.get(int(number_of(item, "ReferencedROINumber", -1)), "?")
        colour = _colour(item, place)
        for each in items_of(item, "ContourSequence"):
            contour = _contour(each, name, colour)
            if contour is not None and len(found) < _MOST_CONTOURS:
                found.append(contour)
    return tuple(found)


def _contour(item: Dataset, name: str, colour: Colour) -> _Contour | None:
    values, kind = numbers_of(item, "ContourData"), text_of(item, "ContourGeometricType")
    if len(values) < 3 or len(values) % 3 or len(values) > 3 * _MOST_POINTS:
        return None
    points = np.asarray(values).reshape(-1, 3)
    return _Contour(name, colour, points, kind.startswith("CLOSED"), references_in([item], _IMAGES))


def _colour(item: Dataset, place: int) -> Colour:
    said = tuple(int(min(max(each, 0), 255)) for each in numbers_of(item, "ROIDisplayColor"))
    return (said[0], said[1], said[2]) if len(said) == 3 else PALETTE[place % len(PALETTE)]


def _frames_of_reference(dataset: Dataset) -> frozenset[str]:
    items = (*items_of(dataset, "ReferencedFrameOfReferenceSequence"), *items_of(dataset, "StructureSetROISequence"))
    found = {text_of(each, "FrameOfReferenceUID") for each in items}
    found |= {text_of(each, "ReferencedFrameOfReferenceUID") for each in items}
    return frozenset(found - {""})


def _referenced(dataset: Dataset) -> tuple[ImageReference, ...]:
    studies = (
        study
        for frame in items_of(dataset, "ReferencedFrameOfReferenceSequence")
        for study in items_of(frame, "RTReferencedStudySequence")
    )
    return tuple(
        image
        for study in studies
        for series in items_of(study, "RTReferencedSeriesSequence")
        for image in references_in([series], _IMAGES)
    )
