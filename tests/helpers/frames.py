"""Real frames for the tests of the viewer, and made ones whose every pixel is known."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from pydicom.data import get_testdata_file

from clinic_app.imaging import Frame, FrameLabels, Window
from clinic_app.imaging.frame import frame_of
from clinic_app.imaging.measuring.spacing import Spacing
from clinic_app.imaging.reading import read_dataset


def real_frame(name: str, index: int = 0) -> Frame:
    """Return a frame of a file pydicom ships."""
    return frame_of(read_dataset(Path(str(get_testdata_file(name, download=False))).read_bytes()), index)


def made_frame(stored: NDArray[np.generic], *, mm: float | None = None, unit: str = "") -> Frame:
    """Return a frame of these stored values, its window from the least to the greatest."""
    low, high = float(stored.min()), float(stored.max())
    return Frame(
        stored=stored,
        slope=1.0,
        intercept=0.0,
        unit=unit,
        is_monochrome1=False,
        padding=None,
        default_window=Window((low + high) / 2, max(high - low, 1.0), "LINEAR_EXACT"),
        spacing=Spacing(mm, mm, "calibrated") if mm else None,
        regions=(),
        sop_uid="1.2.3",
        frame_number=1,
        labels=FrameLabels("Қасымов Нұрлан", "20260305", "CT", "Head"),
    )


def ramp(rows: int = 64, columns: int = 64) -> NDArray[np.int16]:
    """Return values that grow from left to right."""
    return np.tile(np.linspace(0, 1000, columns).astype(np.int16), (rows, 1))
