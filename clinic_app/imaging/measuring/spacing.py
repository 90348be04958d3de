"""How many millimetres a pixel is in the whole picture, and who says so.

The order is strict: what the file calls pixel spacing; the spacing at an X-ray's detector, brought to the patient where
the file states or implies its magnification, else labelled as at the detector, where everything is larger than in the
patient; the spacing of a scanned film; otherwise nothing. A wrong millimetre is worse than none.

Sources: DICOM PS3.3 C.7.6.2, 10.7.1 (basic pixel spacing calibration), C.8.11.7 (estimated radiographic magnification
factor), C.8.6.1 (nominal scanned pixel spacing). Regions of ultrasound: `regions`.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final, Literal

from pydicom.dataset import Dataset

from clinic_app.foundation.texts import Text
from clinic_app.imaging.display.elements import functional
from clinic_app.imaging.reading import READING_ERRORS, number_of, text_of

Origin = Literal["calibrated", "geometry", "stated", "region", "detector", "magnified", "film", "hand", "reconstructed"]
_PROJECTIONS: Final = frozenset({"CR", "DX", "DR", "RF", "XA", "MG", "IO", "PX", "RG"})
"""Kinds of picture in which things are larger than in the patient."""
_MOST_MAGNIFIED: Final = 5.0
_ROUNDED: Final = 1e-3
"""What was copied is often written with other digits; a calibration of a thousandth is none."""


@dataclass(frozen=True)
class Spacing:
    """Millimetres from one pixel to the next.

    Args:
        row_mm: downwards.
        column_mm: to the right.
        origin: who says so.
        detail: of a magnification its factor; of a length known to somebody its millimetres.
    """

    row_mm: float
    column_mm: float
    origin: Origin
    detail: float = 0.0

    @property
    def words(self) -> Text:
        """Who says so, to stand beside every millimetre."""
        if self.origin == "magnified":
            return Text("at the detector, magnification {factor} taken off", factor=_shown(self.detail))
        if self.origin == "hand":
            return Text("by hand, {length} mm being known", length=_shown(self.detail))
        return _WORDS[self.origin]


_WORDS: Final[dict[str, Text]] = {
    "calibrated": Text("calibrated"),
    "geometry": Text("calibrated by an assumed magnification"),
    "stated": Text("as the file says, perhaps at the detector"),
    "region": Text("ultrasound region"),
    "detector": Text("at the detector"),
    "film": Text("on the scanned film"),
    "reconstructed": Text("reconstructed"),
}


def spacing_of(dataset: Dataset, frame_index: int) -> Spacing | None:
    """Return the spacing that holds for the whole frame, or None.

    An X-ray whose pixel spacing only repeats that at the detector was not calibrated (PS3.3 10.7.1.3).
    """
    calibrated = (_pair(source, "PixelSpacing", "calibrated") for source in _measures(dataset, frame_index))
    found = next((each for each in calibrated if each), None)
    of_frame = functional(dataset, frame_index, "FramePixelDataPropertiesSequence")  # enhanced XA (C.8.19.6.4)
    at_detector = _pair(of_frame or dataset, "ImagerPixelSpacing", "detector")
    kind = text_of(dataset, "PixelSpacingCalibrationType")
    if found and kind == "GEOMETRY":
        return Spacing(found.row_mm, found.column_mm, "geometry")
    if found and at_detector and not kind:
        is_copied = math.isclose(found.row_mm, at_detector.row_mm, rel_tol=_ROUNDED) and math.isclose(
            found.column_mm, at_detector.column_mm, rel_tol=_ROUNDED
        )
        return _in_patient(dataset, at_detector) if is_copied else found
    if found and not kind and text_of(dataset, "Modality") in _PROJECTIONS:
        return Spacing(found.row_mm, found.column_mm, "stated")
    if found or at_detector is None:
        return found or _pair(dataset, "NominalScannedPixelSpacing", "film")
    return _in_patient(dataset, at_detector)


def _in_patient(dataset: Dataset, at_detector: Spacing) -> Spacing:
    """Return a detector's spacing by the magnification the file states, or that its distances make (C.8.11.7)."""
    factor = number_of(dataset, "EstimatedRadiographicMagnificationFactor", 0.0)
    if not factor:
        to_patient = number_of(dataset, "DistanceSourceToPatient", 0.0)
        factor = number_of(dataset, "DistanceSourceToDetector", 0.0) / to_patient if to_patient > 0 else 0.0
    if not 1.0 < factor <= _MOST_MAGNIFIED:
        return at_detector
    return Spacing(at_detector.row_mm / factor, at_detector.column_mm / factor, "magnified", round(factor, 3))


def _shown(number: float) -> Decimal:
    return Decimal(f"{number:g}")


def _measures(dataset: Dataset, frame_index: int) -> Iterator[Dataset]:
    """Yield where a pixel spacing may stand: the frame's own functional group, the shared one, the dataset."""
    groups = _sequence(dataset, "PerFrameFunctionalGroupsSequence")
    if frame_index < len(groups):
        yield from _sequence(groups[frame_index], "PixelMeasuresSequence")
    for shared in _sequence(dataset, "SharedFunctionalGroupsSequence"):
        yield from _sequence(shared, "PixelMeasuresSequence")
    yield dataset


def _sequence(dataset: Dataset, keyword: str) -> list[Any]:
    try:
        return list(dataset.get(keyword) or ())
    except READING_ERRORS:
        return []


def _pair(source: Dataset, keyword: str, origin: Origin) -> Spacing | None:
    try:
        values: Any = source.get(keyword) or ()
        row_mm, column_mm = (float(each) for each in values)
    except READING_ERRORS:
        return None
    is_length = all(0 < each < math.inf for each in (row_mm, column_mm))
    return Spacing(row_mm, column_mm, origin) if is_length else None
