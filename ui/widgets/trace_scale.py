"""Millimetres on a screen: how many pixels make one second and one millivolt at a paper's speed and gain.

A cardiologist measures with the eye: 25 mm must be 25 mm. What the operating system says about the size of a screen is
only a first guess (a projector or a remote session has none), so the pixels per millimetre can be set.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QWidget

MM_PER_INCH: Final = 25.4
SPEEDS_MM_S: Final = (6.25, 12.5, 25.0, 50.0)
GAINS_MM_MV: Final = (2.5, 5.0, 10.0, 20.0, 40.0)
CALIBRATION_MV: Final = 1.0
SMALLER_PULSES_MV: Final = (0.5, 0.2, 0.1, 0.05)
"""Drawn, with their height in words, where 1 mV does not fit: a pulse that is cut off misleads who measures by it."""
CALIBRATION_S: Final = 0.2
_LEAST_PX_PER_MM: Final = 2.5
_MOST_PX_PER_MM: Final = 16.0
_USUAL_PX_PER_MM: Final = 96 / MM_PER_INCH


@dataclass(frozen=True)
class PaperScale:
    """What one second and one millivolt are on the screen.

    Args:
        px_per_mm: logical pixels in a millimetre of this screen.
        speed_mm_s: paper speed.
        gain_mm_mv: height of one millivolt.
    """

    px_per_mm: float = _USUAL_PX_PER_MM
    speed_mm_s: float = 25.0
    gain_mm_mv: float = 10.0

    @property
    def px_per_s(self) -> float:
        """Logical pixels in one second."""
        return self.px_per_mm * self.speed_mm_s

    @property
    def px_per_mv(self) -> float:
        """Logical pixels in one millivolt."""
        return self.px_per_mm * self.gain_mm_mv


def pulse_mv(px_per_mv: float, room_px: float) -> float:
    """Return the height of the calibration pulse that fits: 1 mV, or the highest of the smaller ones; 0 for none."""
    return next((each for each in (CALIBRATION_MV, *SMALLER_PULSES_MV) if each * px_per_mv <= room_px), 0.0)


def guess_px_per_mm(widget: QWidget | None = None) -> float:
    """Return the logical pixels in a millimetre as the system tells them, or those of 96 dpi where that cannot be."""
    screen = widget.screen() if widget is not None else QGuiApplication.primaryScreen()
    told = screen.physicalDotsPerInch() / MM_PER_INCH
    return told if _LEAST_PX_PER_MM <= told <= _MOST_PX_PER_MM else _USUAL_PX_PER_MM
