"""From stored values to what is seen.

Source: DICOM PS3.3 C.11.2.1.2 (window), C.7.6.3.1.2 (MONOCHROME1), C.7.5.1.1.2 (padding).
"""

from __future__ import annotations

import numpy as np

from clinic_app.imaging.frame import Frame
from clinic_app.imaging.windowing import Pixels, Window


def grey_table(frame: Frame, window: Window, *, is_inverted: bool = False) -> tuple[Pixels, int]:
    """Return a table from stored value to grey level, and the stored value of its first entry.

    Args:
        frame: a grey frame of at most 16 bits.
        window: what to show.
        is_inverted: white for black, on the user's wish.
    """
    info = np.iinfo(frame.stored.dtype)
    stored = np.arange(info.min, info.max + 1, dtype=np.float64)
    grey = window.apply(stored * frame.slope + frame.intercept)
    if frame.is_monochrome1 != is_inverted:
        grey = 1 - grey
    table = np.rint(grey * 255).astype(np.uint8)
    if frame.padding is not None and info.min <= frame.padding <= info.max:
        table[frame.padding - info.min] = 0
    return table, int(info.min)


def render(frame: Frame, window: Window, *, is_inverted: bool = False) -> Pixels:
    """Return the frame as it is seen.

    Returns:
        Shape ``(rows, columns)``, or ``(rows, columns, 3)`` for a colour frame, whose window is not used.
    """
    if frame.is_colour:
        return np.asarray(255 - frame.stored if is_inverted else frame.stored, dtype=np.uint8)
    if frame.stored.dtype.itemsize > 2:
        grey = window.apply(frame.stored.astype(np.float64) * frame.slope + frame.intercept)
        return np.rint((1 - grey if frame.is_monochrome1 != is_inverted else grey) * 255).astype(np.uint8)
    table, first = grey_table(frame, window, is_inverted=is_inverted)
    if first == 0:
        return np.take(table, frame.stored)
    return np.take(np.roll(table, first), frame.stored.view(f"u{frame.stored.dtype.itemsize}"))
