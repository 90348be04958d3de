"""The windows a file asks for.

Sources: DICOM PS3.3 C.11.2 (VOI LUT), C.7.6.16.2.10 (the frame's own in enhanced objects).
"""

from __future__ import annotations

from typing import Any, Final, cast

import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import Dataset

from clinic_app.imaging.display.elements import functional, items_of, numbers_of
from clinic_app.imaging.display.tables import table_of
from clinic_app.imaging.reading import READING_ERRORS, text_of
from clinic_app.imaging.windowing import Shape, Window

_MOST_WINDOWS: Final = 16


def windows_of(dataset: Dataset, index: int, stored: NDArray[Any], rescale: tuple[float, float]) -> tuple[Window, ...]:
    """Return what a file asks for, tables first, then windows; one that shows everything if it asks for nothing.

    Args:
        dataset: the file.
        index: of the frame, from 0.
        stored: its pixels.
        rescale: slope and intercept to the image's unit.
    """
    if stored.ndim == 3:
        return (Window(127.5, 255.0),)
    source = functional(dataset, index, "FrameVOILUTSequence") or dataset
    asked = asked_windows(source)
    useful = tuple(each for each in asked if each.table or not _all_above(each, stored, rescale))
    return useful or (whole_range(stored, *rescale),)


def asked_windows(source: Dataset) -> tuple[Window, ...]:
    """Return the tables and windows of an item or a file."""
    tables = (table_of(item) for item in items_of(source, "VOILUTSequence")[:_MOST_WINDOWS])
    found = [Window.of_table(table) for table in tables if table is not None]
    centers, widths = numbers_of(source, "WindowCenter"), numbers_of(source, "WindowWidth")
    words, shape = _explanations(source), _shape(source)
    for place, (center, width) in enumerate(zip(centers[:_MOST_WINDOWS], widths, strict=False)):
        if width > 0:
            found.append(Window(center, width, shape, words=words[place] if place < len(words) else ""))
    return tuple(found)


def whole_range(stored: NDArray[Any], slope: float, intercept: float) -> Window:
    """Return the window that shows nearly all values."""
    low, high = (float(each) * slope + intercept for each in np.percentile(cast(Any, stored), (0.5, 99.5)))
    low, high = min(low, high), max(low, high)
    return Window((low + high) / 2, max(high - low, 1.0), "LINEAR_EXACT")


def _all_above(window: Window, stored: NDArray[Any], rescale: tuple[float, float]) -> bool:
    """Return whether a window shows white and nothing else; such files exist."""
    sample = stored[::8, ::8].astype(np.float64) * rescale[0] + rescale[1]
    return bool(np.percentile(sample, 1) > window.center + window.width / 2)


def _shape(source: Dataset) -> Shape:
    named = text_of(source, "VOILUTFunction")
    return "SIGMOID" if named == "SIGMOID" else "LINEAR_EXACT" if named == "LINEAR_EXACT" else "LINEAR"


def _explanations(source: Dataset) -> tuple[str, ...]:
    try:
        value: Any = source.get("WindowCenterWidthExplanation") or ()
        return (value[:64],) if isinstance(value, str) else tuple(str(each)[:64] for each in value)
    except READING_ERRORS:
        return ()
