"""Pictures on paper, one to nine to a page: as somebody sees them, with what they are said to show beneath.

The furniture is that of every paper of the house. A picture that says how wide its pixels are can be printed in true
size: it is cut to its place, never shrunk, and the page says that it holds only when printed at 100 %.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial
from io import BytesIO
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image as PillowImage
from reportlab.lib.units import mm
from reportlab.lib.utils import ImageReader
from reportlab.platypus import BaseDocTemplate, Flowable, Frame, PageBreak, PageTemplate, Spacer

from clinic_app.documents import blocks
from clinic_app.documents.fonts import ONE_AT_A_TIME, printable, register_fonts
from clinic_app.documents.page import LANDSCAPE, MARGIN, Furniture, NumberedCanvas
from clinic_app.documents.picture_sheet import GRIDS, PaperPicture, PictureSheet
from clinic_app.foundation.errors import InvalidInputError
from clinic_app.foundation.texts import Language, Text

MOST_PICTURES: Final = 200
_HEADER: Final = 18 * mm
_FOOTER: Final = 17 * mm
_NOTE: Final = 6 * mm
_GAP: Final = 4 * mm
_CAPTION: Final = 9 * mm
_MOST_PX: Final = 2400
_QUALITY: Final = 92


def render_pictures(sheet: PictureSheet, language: Language) -> bytes:
    """Return the PDF, A4 across.

    Raises:
        InvalidInputError: there is nothing to print or too much, or a character cannot be printed.
    """
    if not 0 < len(sheet.pictures) <= MOST_PICTURES:
        raise InvalidInputError(Text("Between 1 and {most} pictures can be printed at once.", most=MOST_PICTURES))
    register_fonts()
    file = BytesIO()
    title = Text("Medical images").render(language)
    furniture = Furniture(
        title=printable(title),
        name=printable(sheet.name),
        numbers=printable("   ·   ".join(sheet.numbers)),
        case="",
        document=printable(f"{title}   ·   {Text('Not for diagnosis').render(language)}"),
        language=language,
    )
    document = BaseDocTemplate(file, title=furniture.title, creator="Dala")
    room = (LANDSCAPE[0] - 2 * MARGIN, LANDSCAPE[1] - _HEADER - _FOOTER)
    frame = Frame(MARGIN, _FOOTER, *room, 0, 0, 0, 0)
    document.addPageTemplates([PageTemplate("across", [frame], pagesize=LANDSCAPE)])
    with ONE_AT_A_TIME:
        document.build(list(_story(sheet, room, language)), canvasmaker=partial(NumberedCanvas, furniture=furniture))
    return file.getvalue()


def grid_for(count: int) -> tuple[int, int]:
    """Return rows and columns of the smallest page that holds so many pictures, at most nine."""
    return GRIDS[next((size for size in GRIDS if size >= count), max(GRIDS))]


def _story(sheet: PictureSheet, room: tuple[float, float], language: Language) -> Iterator[Flowable]:
    grid = GRIDS.get(sheet.per_page) or grid_for(len(sheet.pictures))
    size = grid[0] * grid[1]
    height = room[1] - (_NOTE if sheet.is_true_size else 0) - 1
    for begin in range(0, len(sheet.pictures), size):
        if begin:
            yield PageBreak()
        yield _Page(sheet.pictures[begin : begin + size], grid, (room[0], height), is_true_size=sheet.is_true_size)
        if sheet.is_true_size:
            yield Spacer(1, 1 * mm)
            words = Text("In true size only when printed at 100 % (“actual size”), and only where a scale is shown.")
            yield blocks.line(words.render(language), blocks.SMALL)


class _Page(Flowable):  # type: ignore[misc]  # reportlab has no type hints
    """The pictures of one page in their grid."""

    def __init__(
        self,
        pictures: Sequence[PaperPicture],
        grid: tuple[int, int],
        room: tuple[float, float],
        *,
        is_true_size: bool,
    ) -> None:
        super().__init__()
        self._grid, self._room, self._is_true_size = grid, room, is_true_size
        self._cells = [(each, blocks.line(blocks.short(each.caption) or " ", blocks.SMALL)) for each in pictures]

    def wrap(self, _width: float, _height: float) -> tuple[float, float]:
        """Return the size in points."""
        return self._room

    def draw(self) -> None:
        """Draw every picture in its place, its caption beneath."""
        rows, columns = self._grid
        width = (self._room[0] - (columns - 1) * _GAP) / columns
        height = (self._room[1] - (rows - 1) * _GAP) / rows
        for place, (picture, caption) in enumerate(self._cells):
            row, column = divmod(place, columns)
            left = column * (width + _GAP)
            bottom = self._room[1] - (row + 1) * height - row * _GAP
            foot = self._draw_one(picture, (left, bottom + _CAPTION, width, height - _CAPTION))
            _words, tall = caption.wrap(width, _CAPTION)
            caption.drawOn(self.canv, left, max(foot - 1 * mm - tall, bottom))

    def _draw_one(self, picture: PaperPicture, cell: tuple[float, float, float, float]) -> float:
        """Draw a picture at the top of its place; return where it ends."""
        left, bottom, width, height = cell
        pixels, scale = picture.pixels, 0.0
        if self._is_true_size and picture.px_per_mm:
            scale = mm / picture.px_per_mm
            pixels = _cut(pixels, int(width / scale), int(height / scale))
        tall, wide = pixels.shape[:2]
        scale = scale or min(width / wide, height / tall)
        shown = (wide * scale, tall * scale)
        at = (left + (width - shown[0]) / 2, bottom + height - shown[1])
        self.canv.drawImage(_reader(pixels), *at, *shown)
        return float(at[1])


def _cut(pixels: NDArray[np.uint8], width: int, height: int) -> NDArray[np.uint8]:
    """Return the middle of a picture, at most so large."""
    top, left = max((pixels.shape[0] - height) // 2, 0), max((pixels.shape[1] - width) // 2, 0)
    return pixels[top : top + max(height, 1), left : left + max(width, 1)]


def _reader(pixels: NDArray[np.uint8]) -> Any:  # noqa: ANN401 - reportlab has no type hints
    image = PillowImage.fromarray(np.ascontiguousarray(pixels))
    image.thumbnail((_MOST_PX, _MOST_PX))
    file = BytesIO()
    image.save(file, "JPEG", quality=_QUALITY, subsampling=0)
    return ImageReader(file)
