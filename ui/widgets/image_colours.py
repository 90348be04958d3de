"""Colours as the camera meant them: a picture's ICC profile is brought to the screen's colours.

Source: DICOM PS3.3 C.11.15 (ICC profile). What a profile says wrongly is not followed: the picture is shown as it came.
"""

from __future__ import annotations

from PySide6.QtCore import QByteArray
from PySide6.QtGui import QColorSpace, QImage


def in_screen_colours(image: QImage, profile: bytes) -> QImage:
    """Return a colour picture converted from its profile to sRGB; unchanged where the profile cannot be used."""
    if not _is_profile(profile):
        return image
    space = QColorSpace.fromIccProfile(QByteArray(profile))
    if not space.isValid() or space == QColorSpace(QColorSpace.NamedColorSpace.SRgb):
        return image
    told = QImage(image)
    told.setColorSpace(space)
    if not told.colorSpace().isValid():
        return image
    converted = told.convertedToColorSpace(QColorSpace(QColorSpace.NamedColorSpace.SRgb))
    return image if converted.isNull() else converted


def _is_profile(profile: bytes) -> bool:
    """Return whether bytes begin as a profile does (ICC.1, 7.2): their own length, and the signature."""
    return int.from_bytes(profile[:4], "big") in (len(profile), len(profile) - 1) and profile[36:40] == b"acsp"
