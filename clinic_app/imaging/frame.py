"""One picture of a file: its stored values and everything needed to show and measure it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import Dataset
from pydicom.pixels.processing import apply_color_lut, apply_modality_lut

from clinic_app.foundation.errors import UnreadableFileError
from clinic_app.foundation.texts import Text
from clinic_app.imaging.decoders import decoded_frame
from clinic_app.imaging.reading import READING_ERRORS, check_pixels, frame_count, number_of, text_of
from clinic_app.imaging.spacing import Region, Spacing, regions_of, spacing_of
from clinic_app.imaging.windowing import Shape, Window


@dataclass(frozen=True)
class FrameLabels:
    """What stands in the corners of the picture, as the file says it."""

    patient_name: str
    study_date: str
    modality: str
    description: str


@dataclass(frozen=True, eq=False)
class Frame:
    """A picture.

    Args:
        stored: shape ``(rows, columns)`` for grey, ``(rows, columns, 3)`` uint8 RGB for colour.
        slope: from stored value to the image's unit.
        intercept: added after the slope.
        unit: of the values: ``HU`` for CT, otherwise empty.
        is_monochrome1: low values are white.
        padding: stored value outside the picture, shown black; None if there is none.
        default_window: what the file asks for, or what shows everything.
        spacing: millimetres that hold for the whole frame, or None.
        regions: calibrated parts of an ultrasound image.
        sop_uid: the file's SOP Instance UID.
        frame_number: from 1.
        labels: for the corners.
    """

    stored: NDArray[Any]
    slope: float
    intercept: float
    unit: str
    is_monochrome1: bool
    padding: int | None
    default_window: Window
    spacing: Spacing | None
    regions: tuple[Region, ...]
    sop_uid: str
    frame_number: int
    labels: FrameLabels

    @property
    def is_colour(self) -> bool:
        """Whether the picture is RGB."""
        return self.stored.ndim == 3

    @property
    def rows(self) -> int:
        """Height in pixels."""
        return int(self.stored.shape[0])

    @property
    def columns(self) -> int:
        """Width in pixels."""
        return int(self.stored.shape[1])

    def value_at(self, x: int, y: int) -> float | None:
        """Return the value at a pixel in the image's unit; None outside, or for colour."""
        if self.is_colour or not (0 <= x < self.columns and 0 <= y < self.rows):
            return None
        return float(cast(Any, self.stored)[y, x]) * self.slope + self.intercept


def frame_of(dataset: Dataset, index: int) -> Frame:
    """Return one frame of a file.

    Args:
        dataset: as `reading.read_dataset` gave it.
        index: from 0.

    Raises:
        UnreadableFileError: there is no such frame, or it is damaged.
    """
    check_pixels(dataset)
    if not 0 <= index < frame_count(dataset):
        raise UnreadableFileError(Text("The file has no image with this number."))
    array, photometric = decoded_frame(dataset, index)
    stored = _as_shown(dataset, _through_modality_lut(dataset, array), photometric)
    slope, intercept = _rescale(dataset, index)
    modality = text_of(dataset, "Modality")
    padding = number_of(dataset, "PixelPaddingValue", np.nan)
    return Frame(
        stored=stored,
        slope=slope,
        intercept=intercept,
        unit="HU" if modality == "CT" else "",
        is_monochrome1=photometric == "MONOCHROME1",
        padding=None if np.isnan(padding) else int(padding),
        default_window=_window(dataset, index, stored, (slope, intercept)) or _whole_range(stored, slope, intercept),
        spacing=spacing_of(dataset, index),
        regions=regions_of(dataset),
        sop_uid=text_of(dataset, "SOPInstanceUID"),
        frame_number=index + 1,
        labels=FrameLabels(
            text_of(dataset, "PatientName").replace("^", " ").strip(),
            text_of(dataset, "StudyDate"),
            modality,
            text_of(dataset, "SeriesDescription") or text_of(dataset, "StudyDescription"),
        ),
    )


def _through_modality_lut(dataset: Dataset, array: NDArray[Any]) -> NDArray[Any]:
    """Return values as the file's own table gives them, where it has one in place of slope and intercept (C.11.1)."""
    if not dataset.get("ModalityLUTSequence") or array.ndim != 2:
        return array
    try:
        return apply_modality_lut(array, dataset)
    except READING_ERRORS as error:
        raise UnreadableFileError(Text("The file is damaged or cut short.")) from error


def _as_shown(dataset: Dataset, array: NDArray[Any], photometric: str) -> NDArray[Any]:
    if photometric == "PALETTE COLOR":
        try:
            array = apply_color_lut(array, dataset)
        except READING_ERRORS as error:
            raise UnreadableFileError(Text("The colours of this image cannot be read.")) from error
    if array.ndim == 3:
        if array.dtype != np.uint8:
            top = max(int(np.iinfo(cast(Any, array).dtype).max), 1)
            array = (array.astype(np.float64) / top * 255).astype(np.uint8)
        return np.ascontiguousarray(array)
    native = np.uint8 if array.dtype == bool else array.dtype.newbyteorder("=")
    return np.ascontiguousarray(array, dtype=native)


def _functional(dataset: Dataset, index: int, keyword: str) -> Dataset | None:
    """Return an item of the frame's or the shared functional groups (enhanced multi-frame objects)."""
    try:
        per_frame = dataset.get("PerFrameFunctionalGroupsSequence") or ()
        shared = dataset.get("SharedFunctionalGroupsSequence") or ()
        for group in (*per_frame[index : index + 1], *shared[:1]):
            items = group.get(keyword)
            if items:
                return cast(Dataset, items[0])
    except READING_ERRORS:
        return None
    return None


def _rescale(dataset: Dataset, index: int) -> tuple[float, float]:
    source = _functional(dataset, index, "PixelValueTransformationSequence") or dataset
    return number_of(source, "RescaleSlope", 1.0) or 1.0, number_of(source, "RescaleIntercept", 0.0)


def _window(dataset: Dataset, index: int, stored: NDArray[Any], rescale: tuple[float, float]) -> Window | None:
    """Return the window the file asks for; None if it asks for none, or for one that shows white and nothing else."""
    source = _functional(dataset, index, "FrameVOILUTSequence") or dataset
    center, width = number_of(source, "WindowCenter", np.nan), number_of(source, "WindowWidth", np.nan)
    if np.isnan(center) or np.isnan(width) or width <= 0 or _all_above(center + width / 2, stored, rescale):
        return None
    named = text_of(source, "VOILUTFunction")
    shape: Shape = "SIGMOID" if named == "SIGMOID" else "LINEAR_EXACT" if named == "LINEAR_EXACT" else "LINEAR"
    return Window(center, width, shape)


def _all_above(value: float, stored: NDArray[Any], rescale: tuple[float, float]) -> bool:
    sample = stored[::8, ::8].astype(np.float64) * rescale[0] + rescale[1]
    return bool(np.percentile(sample, 1) > value)


def _whole_range(stored: NDArray[Any], slope: float, intercept: float) -> Window:
    low, high = (float(each) * slope + intercept for each in np.percentile(cast(Any, stored), (0.5, 99.5)))
    low, high = min(low, high), max(low, high)
    return Window((low + high) / 2, max(high - low, 1.0))
