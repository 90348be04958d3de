"""A whole series as small pictures for paper: each decoded when its turn comes, in the window somebody sees it in."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QImage

from clinic_app.documents.picture_sheet import TILES, PaperPicture, PictureMaker, PictureSheet
from clinic_app.foundation.errors import ClinicError
from clinic_app.foundation.numbers import show_number
from ui import language
from ui.language import _
from ui.pictures import small_picture
from ui.widgets.image_overlay import column_mm

if TYPE_CHECKING:
    from clinic_app.imaging import Frame, FrameStack, Window

TILE_PX: Final = {12: 768, 20: 600, 35: 448}
"""Longest side of a small picture, by how many stand on a page: some 250 pixels an inch of paper."""


@dataclass(frozen=True)
class ContactWish:
    """How a series is to be printed.

    Args:
        per_page: one of `TILES`.
        first: the first picture, from 1.
        last: the last one.
        every: 1 for each picture, 2 for every other one.
    """

    per_page: int = 20
    first: int = 1
    last: int = 1
    every: int = 1

    @property
    def numbers(self) -> range:
        """The pictures, from 1."""
        return range(self.first, self.last + 1, max(self.every, 1))

    @property
    def pages(self) -> int:
        """How many pages that makes."""
        rows, columns = TILES[self.per_page]
        return -(-len(self.numbers) // (rows * columns))


def contact_sheet(
    stack: FrameStack, wish: ContactWish, window: Window | None, name: str, words: Sequence[str]
) -> PictureSheet:
    """Return what goes on paper; nothing is decoded yet.

    Args:
        stack: the series.
        wish: which of its pictures, and how many to a page.
        window: in which they are seen; None: each in its own.
        name: whose they are, or that it is not said.
        words: what stands beside the name.
    """
    side, unit = TILE_PX[wish.per_page], _("mm")
    makers: tuple[PictureMaker, ...] = tuple(
        partial(_tile, stack, number, side, window, unit) for number in wish.numbers
    )
    return PictureSheet(name, tuple(words), makers, wish.per_page, has_scale=True)


def _tile(stack: FrameStack, number: int, side: int, window: Window | None, unit: str) -> PaperPicture:
    """Return one small picture; one that cannot be decoded is an empty place with its number."""
    caption = f"{number} / {len(stack)}"
    try:
        frame = stack.frame(number - 1)
    except ClinicError:
        return PaperPicture(np.zeros((side // 4, side // 4, 3), np.uint8), f"{caption}  ·  —")
    pixels = small_picture(frame if window is None else _seen_in(frame, window), side)
    depth = frame.labels.slice_mm if frame.labels.slice_mm is not None else frame.plane.depth if frame.plane else None
    if depth is not None:
        caption += f"  ·  {show_number(round(depth, 1), language.current())} {unit}"
    shown = _square(pixels, frame)
    mm = column_mm(frame)
    across = shown.shape[0] if frame.turn.is_across else shown.shape[1]
    return PaperPicture(shown, caption, across / (frame.columns * mm) if mm else None)


def _seen_in(frame: Frame, window: Window) -> Frame:
    """Return a frame that is seen in a window of somebody's choice."""
    return frame if frame.is_colour else replace(frame, default_window=window)


def _square(pixels: NDArray[np.uint8], frame: Frame) -> NDArray[np.uint8]:
    """Return a picture in three colours and with square pixels."""
    if pixels.ndim == 2:
        pixels = np.repeat(pixels[:, :, np.newaxis], 3, axis=2)
    pixels = np.ascontiguousarray(pixels)
    aspect = frame.aspect
    if abs(aspect - 1) < 1e-3:
        return pixels
    rows, columns = pixels.shape[:2]
    size = QSize(round(columns * aspect), rows) if frame.turn.is_across else QSize(columns, round(rows * aspect))
    image = QImage(pixels.data, columns, rows, pixels.strides[0], QImage.Format.Format_RGB888)
    image = image.scaled(size, Qt.AspectRatioMode.IgnoreAspectRatio, Qt.TransformationMode.SmoothTransformation)
    lines = np.frombuffer(image.constBits(), np.uint8).reshape(image.height(), image.bytesPerLine())
    return lines[:, : image.width() * 3].reshape(image.height(), image.width(), 3).copy()
