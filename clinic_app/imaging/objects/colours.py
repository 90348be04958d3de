"""Colours of objects: CIELab as files carry it, and a set for what brings none.

Source: DICOM PS3.3 C.10.7.1.1 (Lab in 16 bits), IEC 61966-2-1 (sRGB), CIE 15 (Lab, white D50 brought to D65).
"""

from __future__ import annotations

from typing import Final

from clinic_app.imaging.display.layers import Colour

PALETTE: Final[tuple[Colour, ...]] = (
    (230, 97, 80),
    (95, 190, 120),
    (92, 155, 240),
    (240, 190, 70),
    (190, 120, 230),
    (80, 205, 205),
    (245, 140, 190),
    (170, 200, 90),
)
_TO_LINEAR: Final = ((3.1339, -1.6169, -0.4906), (-0.9788, 1.9161, 0.0335), (0.0719, -0.2290, 1.4052))
"""XYZ under D50 to linear sRGB (Bradford)."""
_WHITE: Final = (0.9642, 1.0, 0.8249)


def from_cielab(stored: tuple[float, float, float]) -> Colour:
    """Return sRGB for a colour as DICOM stores it, each part from 0 to 65535."""
    lightness = stored[0] / 65_535 * 100
    a, b = (value / 65_535 * 255 - 128 for value in stored[1:])
    y = (lightness + 16) / 116
    xyz = tuple(_cubed(value) * white for value, white in zip((y + a / 500, y, y - b / 200), _WHITE, strict=True))
    red, green, blue = (sum(part * value for part, value in zip(row, xyz, strict=True)) for row in _TO_LINEAR)
    return _byte(red), _byte(green), _byte(blue)


def _cubed(value: float) -> float:
    return value**3 if value > 6 / 29 else 3 * (6 / 29) ** 2 * (value - 4 / 29)


def _byte(linear: float) -> int:
    value = min(max(linear, 0.0), 1.0)
    curved = 12.92 * value if value <= 0.0031308 else 1.055 * value ** (1 / 2.4) - 0.055
    return round(curved * 255)
