"""From stored values to what is seen.

Source: DICOM PS3.3 C.11.2.1.2 (window), C.7.6.3.1.2 (MONOCHROME1), C.7.5.1.1.2 (padding), C.11.6 (presentation LUT).
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from clinic_app.imaging.display.overlays import OverlayPlane
from clinic_app.imaging.frame import Frame
from clinic_app.imaging.windowing import Pixels, Window

_OVERLAY: Final = 255


def grey_table(frame: Frame, window: Window, *, is_inverted: bool = False) -> tuple[Pixels, int]:
    """Return a table from stored value to grey level, and the stored value of its first entry.

    Args:
        frame: a grey frame of at most 16 bits.
        window: what to show.
        is_inverted: white for black, on the user's wish.
    """
    info = np.iinfo(frame.stored.dtype)
    stored = np.arange(info.min, info.max + 1)
    table = _levels(frame, stored, window, is_inverted=is_inverted)
    if frame.padding is not None:
        table[frame.is_padding(stored)] = 0
    return table, int(info.min)


def render(frame: Frame, window: Window, *, is_inverted: bool = False) -> Pixels:
    """Return the frame as it is seen, without what lies over it.

    Returns:
        Shape ``(rows, columns)``, or ``(rows, columns, 3)`` for a colour frame, whose window is not used.
    """
    if frame.is_colour:
        return np.asarray(255 - frame.stored if is_inverted else frame.stored, dtype=np.uint8)
    if frame.stored.dtype.kind == "f" or frame.stored.dtype.itemsize > 2:
        levels = _levels(frame, frame.stored, window, is_inverted=is_inverted)
        levels[frame.is_padding(frame.stored)] = 0
        return levels
    table, first = grey_table(frame, window, is_inverted=is_inverted)
    if first == 0:
        return np.take(table, frame.stored)
    return np.take(np.roll(table, first), frame.stored.view(f"u{frame.stored.dtype.itemsize}"))


def render_whole(frame: Frame, window: Window) -> Pixels:
    """Return the frame as it is seen with its drawings and its shutter, as far as they lie on it, and turned.

    For small pictures and files; a screen draws what lies over a picture itself.
    """
    pixels = render(frame, window)
    if frame.layers.shutter is not None:
        pixels = pixels.copy()
        pixels[~frame.layers.shutter.open_part(frame.rows, frame.columns)] = frame.layers.shutter.grey
    for plane in frame.layers.overlays:
        pixels = _drawn_over(pixels, plane)
    turned = np.rot90(pixels, -frame.turn.quarters)
    return np.ascontiguousarray(turned[:, ::-1] if frame.turn.is_flipped else turned)


def _levels(frame: Frame, stored: NDArray[Any], window: Window, *, is_inverted: bool) -> Pixels:
    grey = window.apply(stored.astype(np.float64) * frame.slope + frame.intercept)
    if frame.tone is not None:
        grey = frame.tone.of_grey(grey)
    if frame.is_monochrome1 != is_inverted:
        grey = 1 - grey
    return np.rint(grey * 255).astype(np.uint8)


def _drawn_over(pixels: Pixels, plane: OverlayPlane) -> Pixels:
    rows, columns = pixels.shape[:2]
    top, left = max(plane.top, 0), max(plane.left, 0)
    bottom, right = min(plane.bottom, rows), min(plane.right, columns)
    if top >= bottom or left >= right:
        return pixels
    drawn = plane.drawn[top - plane.top : bottom - plane.top, left - plane.left : right - plane.left]
    pixels = pixels.copy()
    pixels[top:bottom, left:right][drawn] = _OVERLAY
    return pixels
