"""One picture of a file: its stored values and everything needed to show and measure it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Final, cast

import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import Dataset
from pydicom.pixels.processing import apply_color_lut, apply_modality_lut

from clinic_app.foundation.apart import HERE, Apart
from clinic_app.foundation.errors import UnreadableFileError
from clinic_app.foundation.texts import Text
from clinic_app.imaging.decoders import check_no_video, decoded_frame
from clinic_app.imaging.display.elements import first_item, functional, items_of, numbers_of
from clinic_app.imaging.display.geometry import Plane, plane_of
from clinic_app.imaging.display.layers import NOTHING_OVER, Layers
from clinic_app.imaging.display.overlays import overlays_of
from clinic_app.imaging.display.padding import padding_of
from clinic_app.imaging.display.shutters import shutter_of
from clinic_app.imaging.display.tables import Table
from clinic_app.imaging.display.turning import UPRIGHT, Turn
from clinic_app.imaging.display.windows import windows_of
from clinic_app.imaging.fragments import extent_of
from clinic_app.imaging.labels import FrameLabels, labels_of
from clinic_app.imaging.measuring.regions import Region, regions_of
from clinic_app.imaging.measuring.spacing import Spacing, spacing_of
from clinic_app.imaging.reading import READING_ERRORS, check_pixels, frame_count, number_of, text_of
from clinic_app.imaging.texts import AS_STATED, Reading
from clinic_app.imaging.windowing import Window

_LARGEST_PROFILE: Final = 4 << 20
_MOST_ASPECT: Final = 20.0
_LONGEST_UNIT: Final = 16
_SCREENS: Final = "1.2.840.10008.5.1.4.1.1.7"
"""Secondary capture of any kind: what somebody photographed or scanned."""
PARAMETRIC_MAP: Final = "1.2.840.10008.5.1.4.1.1.30"


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
        padding_limit: the other end where a range of stored values is outside the picture.
        windows: all that the file asks for, the default first.
        pixel_aspect: how high a pixel is by its width where no spacing says so.
        layers: what lies over it.
        profile: ICC profile of a colour picture; empty where it has none.
        plane: where it lies in the patient.
        tone: a curve from grey to grey after the window (presentation LUT).
        turn: how it is turned before it is shown.
        shown: the part a presentation state wants to be seen: left, top, right, bottom in pixels.
        rows_there: lines that are in the file; those below are shown as nothing and not measured. None: all.
        notes: sentences about what is wrong with it.
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
    padding_limit: int | None = None
    windows: tuple[Window, ...] = ()
    pixel_aspect: float = 1.0
    layers: Layers = NOTHING_OVER
    profile: bytes = b""
    plane: Plane | None = None
    tone: Table | None = None
    turn: Turn = UPRIGHT
    shown: tuple[float, float, float, float] | None = None
    rows_there: int | None = None
    notes: tuple[Text, ...] = ()

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

    @property
    def aspect(self) -> float:
        """How high a pixel is by its width."""
        return self.spacing.row_mm / self.spacing.column_mm if self.spacing else self.pixel_aspect

    def value_at(self, x: int, y: int) -> float | None:
        """Return the value at a pixel in the image's unit; None outside, where the file was cut off, or for colour."""
        rows = self.rows if self.rows_there is None else self.rows_there
        if self.is_colour or not (0 <= x < self.columns and 0 <= y < rows):
            return None
        return float(cast(Any, self.stored)[y, x]) * self.slope + self.intercept

    def is_padding(self, values: NDArray[Any]) -> NDArray[np.bool_]:
        """Return which stored values are outside the picture."""
        if self.padding is None:
            return np.zeros(values.shape, dtype=bool)
        low, high = sorted((self.padding, self.padding if self.padding_limit is None else self.padding_limit))
        return np.asarray((values >= low) & (values <= high))


def frame_of(dataset: Dataset, index: int, apart: Apart = HERE, reading: Reading = AS_STATED) -> Frame:
    """Return one frame of a file.

    Args:
        dataset: as `reading.read_dataset` gave it.
        index: from 0.
        apart: decodes what is compressed.
        reading: how its texts are to be read where what the file says of them is wrong.

    Raises:
        UnreadableFileError: there is no such frame, or it is damaged.
    """
    check_no_video(dataset)
    check_pixels(dataset)
    if not 0 <= index < frame_count(dataset):
        raise UnreadableFileError(Text("The file has no image with this number."))
    array, photometric = decoded_frame(dataset, index, apart)
    has_table = array.ndim == 2 and first_item(dataset, "ModalityLUTSequence") is not None
    stored = _as_shown(dataset, _through_modality_lut(dataset, array) if has_table else array, photometric)
    slope, intercept = (1.0, 0.0) if has_table else _rescale(dataset, index)
    stored, rows_there, notes = _without_missing_rows(dataset, index, stored)
    padding, limit = (None, None) if has_table else padding_of(dataset, stored.dtype)
    windows = windows_of(dataset, index, stored, (slope, intercept))
    modality = text_of(dataset, "Modality")
    return Frame(
        stored=stored,
        slope=slope,
        intercept=intercept,
        unit=_unit(dataset, index, modality, has_table=has_table),
        is_monochrome1=_is_reversed(dataset, photometric),
        padding=padding,
        default_window=windows[0],
        spacing=spacing_of(dataset, index),
        regions=regions_of(dataset),
        sop_uid=text_of(dataset, "SOPInstanceUID"),
        frame_number=index + 1,
        labels=labels_of(dataset, index, modality, reading),
        padding_limit=limit,
        windows=windows,
        pixel_aspect=_pixel_aspect(dataset),
        layers=Layers(overlays_of(dataset, index), shutter_of(dataset)),
        profile=_profile(dataset) if stored.ndim == 3 else b"",
        plane=plane_of(dataset, index),
        rows_there=rows_there,
        notes=notes,
    )


def notes_added(frame: Frame, *notes: Text) -> Frame:
    """Return a frame with more to say about it."""
    return replace(frame, notes=(*frame.notes, *notes)) if notes else frame


def _is_reversed(dataset: Dataset, photometric: str) -> bool:
    """Return whether low values are white: by the pixels' kind, by the presentation shape, or by both."""
    return photometric == "MONOCHROME1" or text_of(dataset, "PresentationLUTShape") == "INVERSE"


def _through_modality_lut(dataset: Dataset, array: NDArray[Any]) -> NDArray[Any]:
    """Return values as the file's own table gives them, where it has one in place of slope and intercept (C.11.1)."""
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


def _without_missing_rows(
    dataset: Dataset, index: int, stored: NDArray[Any]
) -> tuple[NDArray[Any], int | None, tuple[Text, ...]]:
    """Return the picture with what was cut off shown as nothing, how many lines are there, and sentences about it."""
    extent = extent_of(dataset)
    notes: tuple[Text, ...] = ()
    rows_there: int | None = None
    if extent.rows and index == extent.whole:
        rows_there = extent.rows
        notes = (Text("The file is cut short: the lower part of this image is missing."),)
        stored = stored.copy()
        stored[extent.rows :] = stored[: extent.rows].min()
    if extent.stated > 1 and extent.usable < extent.stated:
        said = Text(
            "The file is cut short: {count} of {total} images are in it.", count=extent.usable, total=extent.stated
        )
        notes = (*notes, said)
    return stored, rows_there, notes


def _real_world(dataset: Dataset, index: int) -> Dataset | None:
    """Return what the values of a map of computed values are (PS3.3 C.7.6.16.2.11), None for other pictures."""
    if text_of(dataset, "SOPClassUID") != PARAMETRIC_MAP:
        return None
    return functional(dataset, index, "RealWorldValueMappingSequence")


def _rescale(dataset: Dataset, index: int) -> tuple[float, float]:
    if (mapping := _real_world(dataset, index)) is not None:
        slope = number_of(mapping, "RealWorldValueSlope", 1.0) or 1.0
        return slope, number_of(mapping, "RealWorldValueIntercept", 0.0)
    source = functional(dataset, index, "PixelValueTransformationSequence") or dataset
    return number_of(source, "RescaleSlope", 1.0) or 1.0, number_of(source, "RescaleIntercept", 0.0)


def _unit(dataset: Dataset, index: int, modality: str, *, has_table: bool) -> str:
    """Return the unit of values after the rescale, empty where nobody says (PS3.3 C.11.1.1.2, C.8.9.1.1.3).

    A screen that a CT has photographed has no Hounsfield units, though its modality is CT: nothing brings it there.
    """
    if (mapping := _real_world(dataset, index)) is not None:
        code = first_item(mapping, "MeasurementUnitsCodeSequence")
        words = text_of(code, "CodeValue") if code is not None else ""
        return "" if words in ("1", "{no units}", "[arb'U]") else words[:_LONGEST_UNIT]
    source = functional(dataset, index, "PixelValueTransformationSequence") or dataset
    said = text_of(source, "RescaleType")
    if has_table and (table := first_item(dataset, "ModalityLUTSequence")) is not None:
        said = text_of(table, "ModalityLUTType") or "US"
        return said if said in ("HU", "OD") else ""
    if not said and "RescaleIntercept" not in source and text_of(dataset, "SOPClassUID").startswith(_SCREENS):
        return ""
    if modality == "CT":
        return "HU" if said in ("", "HU", "US", "HU_MOD") else ""
    if modality == "PT":
        return {"BQML": "Bq/ml", "GML": "g/ml", "CM2ML": "cm²/ml"}.get(text_of(dataset, "Units"), "")
    return said if said in ("HU", "OD") else ""


def _pixel_aspect(dataset: Dataset) -> float:
    """Return the height of a pixel by its width as the file states it (PS3.3 C.7.6.3.1.7)."""
    stated = numbers_of(dataset, "PixelAspectRatio")
    if len(stated) != 2 or min(stated) <= 0:
        return 1.0
    return min(max(stated[0] / stated[1], 1 / _MOST_ASPECT), _MOST_ASPECT)


def _profile(dataset: Dataset) -> bytes:
    """Return the ICC profile of the file or of its first optical path (PS3.3 C.11.15)."""
    for source in (dataset, *items_of(dataset, "OpticalPathSequence")[:1]):
        try:
            found = source.get("ICCProfile")
        except READING_ERRORS:
            continue
        if isinstance(found, bytes) and 128 < len(found) <= _LARGEST_PROFILE:
            return found
    return b""
