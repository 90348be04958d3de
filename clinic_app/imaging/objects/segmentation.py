"""Segmentations: areas somebody, or a program, has named, laid over the pictures they were made on.

Sources: DICOM PS3.3 A.51, C.8.20 (segmentation image; binary, fractional, label map), C.7.6.16.2.6 (derivation image).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import Dataset

from clinic_app.foundation.apart import HERE, Apart
from clinic_app.foundation.errors import ClinicError
from clinic_app.imaging.decoders import decoded_frame
from clinic_app.imaging.display.elements import functional, items_of, numbers_of
from clinic_app.imaging.display.geometry import Plane, plane_of
from clinic_app.imaging.display.layers import Colour, Segments
from clinic_app.imaging.frame import Frame
from clinic_app.imaging.objects.colours import PALETTE, from_cielab
from clinic_app.imaging.objects.references import ImageReference, names, references_in
from clinic_app.imaging.reading import check_pixels, frame_count, number_of, text_of
from clinic_app.imaging.texts import AS_STATED, Reading, words_of

_MOST_SEGMENTS: Final = 254
_NEAR_MM: Final = 0.6


@dataclass(frozen=True)
class _Part:
    """One frame of the file: a segment on a slice."""

    index: int
    segment: int
    images: tuple[ImageReference, ...]
    plane: Plane | None


class Segmentation:
    """The segments of a file.

    Args:
        dataset: the file.
        apart: decodes its frames.
        reading: how its texts are read.

    Raises:
        UnreadableFileError: it holds no pixels that can be used.
    """

    def __init__(self, dataset: Dataset, apart: Apart = HERE, reading: Reading = AS_STATED) -> None:
        check_pixels(dataset)
        self._dataset, self._apart = dataset, apart
        self._kind = text_of(dataset, "SegmentationType")
        self._half = number_of(dataset, "MaximumFractionalValue", 255) / 2
        named = items_of(dataset, "SegmentSequence")[:_MOST_SEGMENTS]
        self._numbers = [int(number_of(each, "SegmentNumber", place)) for place, each in enumerate(named, 1)]
        self.names = tuple(_name(each, reading) for each in named)
        self.colours = tuple(_colour(each, place) for place, each in enumerate(named))
        self._parts = [self._part(index) for index in range(frame_count(dataset))]

    @property
    def images(self) -> tuple[ImageReference, ...]:
        """The pictures the segments were made on."""
        found = [each for part in self._parts for each in part.images]
        return tuple(
            dict.fromkeys(
                found
                or references_in(items_of(self._dataset, "ReferencedSeriesSequence"), "ReferencedInstanceSequence")
            )
        )

    def dressed(self, frame: Frame) -> Frame:
        """Return a picture with the segments on it; one without any stays as it is."""
        labels = np.zeros((frame.rows, frame.columns), dtype=np.uint8)
        for part in self._parts:
            if not self._lies_on(part, frame):
                continue
            try:
                array, _kind = decoded_frame(self._dataset, part.index, self._apart)
            except ClinicError:
                continue  # the others are shown
            self._put(labels, frame, part, array)
        if not labels.any():
            return frame
        segments = (*frame.layers.segments, Segments(labels, self.names, self.colours))
        return replace(frame, layers=replace(frame.layers, segments=segments))

    def _part(self, index: int) -> _Part:
        group = functional(self._dataset, index, "SegmentIdentificationSequence")
        derived = functional(self._dataset, index, "DerivationImageSequence")
        images = references_in([derived], "SourceImageSequence") if derived is not None else ()
        number = number_of(group, "ReferencedSegmentNumber", 1) if group is not None else 1
        return _Part(index, int(number), images, plane_of(self._dataset, index))

    @staticmethod
    def _lies_on(part: _Part, frame: Frame) -> bool:
        if part.images and names(part.images, frame.sop_uid, frame.frame_number):
            return True
        plane = frame.plane
        if part.images or part.plane is None or plane is None or part.plane.reference != plane.reference:
            return False
        return part.plane.is_parallel(plane) and abs(part.plane.depth - plane.depth) < _NEAR_MM

    def _put(self, labels: NDArray[np.uint8], frame: Frame, part: _Part, array: NDArray[Any]) -> None:
        """Mark where a segment lies, by the planes where both have one, else pixel on pixel."""
        for place, number in enumerate(self._numbers):
            if self._kind == "LABELMAP":
                drawn = array == number
            elif number == part.segment:
                drawn = array > self._half if self._kind == "FRACTIONAL" else array > 0
            else:
                continue
            rows, columns = np.nonzero(drawn)
            if not len(rows):
                continue
            y, x = _on_frame(rows, columns, part.plane, frame, array.shape)
            inside = (y >= 0) & (y < frame.rows) & (x >= 0) & (x < frame.columns)
            labels[y[inside], x[inside]] = place + 1


def _on_frame(
    rows: NDArray[Any], columns: NDArray[Any], plane: Plane | None, frame: Frame, shape: tuple[int, ...]
) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Return the picture's pixels under the segment's."""
    target = frame.plane
    is_same = shape[:2] == (frame.rows, frame.columns)
    if plane is None or target is None or not plane.is_parallel(target):
        return rows, columns
    corner = target.to_pixels(np.asarray([plane.position]))[0]
    steps = plane.row_mm / target.row_mm, plane.column_mm / target.column_mm
    if (
        is_same
        and max(abs(corner[0] - 0.5), abs(corner[1] - 0.5)) < 0.25
        and max(abs(each - 1) for each in steps) < 1e-3
    ):
        return rows, columns
    y = np.floor(corner[1] + rows * steps[0]).astype(np.intp)
    x = np.floor(corner[0] + columns * steps[1]).astype(np.intp)
    return y, x


def _name(item: Dataset, reading: Reading) -> str:
    return words_of(item, "SegmentLabel", reading) or words_of(item, "SegmentDescription", reading) or "?"


def _colour(item: Dataset, place: int) -> Colour:
    lab = numbers_of(item, "RecommendedDisplayCIELabValue")
    return from_cielab((lab[0], lab[1], lab[2])) if len(lab) == 3 else PALETTE[place % len(PALETTE)]
