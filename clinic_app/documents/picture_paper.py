"""Pictures on paper, one to nine to a page: as somebody sees them, with what they are said to show beneath.

The furniture is that of every paper of the house. A picture that says how wide its pixels are can be printed in true
size: it is cut to its place, never shrunk, and the page says that it holds only when printed at 100 %. A whole series
is printed as small pictures, each with a bar that says how long a centimetre of the patient is on it.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
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
from clinic_app.documents.picture_sheet import GRIDS, TILES, PaperPicture, PictureSheet
from clinic_app.foundation.errors import InvalidInputError
from clinic_app.foundation.numbers import show_number
from clinic_app.foundation.texts import Language, Text

MOST_PICTURES: Final = 200
MOST_TILES: Final = 1500
_HEADER: Final = 18 * mm
_FOOTER: Final = 17 * mm
_NOTE: Final = 6 * mm
_GAP: Final = 4 * mm
_CAPTION: Final = 9 * mm
_TILE_CAPTION: Final = 5.5 * mm
_TILE_GAP: Final = 2.5 * mm
_BAR_SHARE: Final = 0.5
_NICE: Final = (1, 2, 5)
_MOST_PX: Final = 2400
_QUALITY: Final = 92
Watch = Callable[[int, int], None]
"""Told how many pictures of how many are ready; what it raises ends the making."""


@dataclass(frozen=True)
class _Cell:
    """A picture ready for its place: what draws it, how many pixels that are, what stands beneath it."""

    image: Any
    size: tuple[int, int]
    caption: str
    px_per_mm: float | None


def render_pictures(sheet: PictureSheet, language: Language, watch: Watch = lambda _done, _of: None) -> bytes:
    """Return the PDF, A4 across.

    Args:
        sheet: what is printed.
        language: of the page.
        watch: told how far it is.

    Raises:
        InvalidInputError: there is nothing to print or too much, or a character cannot be printed.
    """
    most = MOST_TILES if sheet.per_page in TILES else MOST_PICTURES
    if not 0 < len(sheet.pictures) <= most:
        raise InvalidInputError(Text("Between 1 and {most} pictures can be printed at once.", most=most))
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
    pages = list(_pages(sheet, room, language, watch))
    with ONE_AT_A_TIME:
        document.build(list(_story(sheet, pages, language)), canvasmaker=partial(NumberedCanvas, furniture=furniture))
    return file.getvalue()


def grid_for(count: int) -> tuple[int, int]:
    """Return rows and columns of the smallest page that holds so many pictures, at most nine."""
    return GRIDS[next((size for size in GRIDS if size >= count), max(GRIDS))]


def _pages(sheet: PictureSheet, room: tuple[float, float], language: Language, watch: Watch) -> Iterator[Flowable]:
    """Yield the pages, their pictures made one after another; each is kept as it will lie in the file."""
    grid = GRIDS.get(sheet.per_page) or TILES.get(sheet.per_page) or grid_for(len(sheet.pictures))
    size, total = grid[0] * grid[1], len(sheet.pictures)
    inside = (room[0], room[1] - (_NOTE if sheet.is_true_size else 0) - 1)
    layout = _Grid(grid, inside, sheet.per_page in TILES)
    cells: list[_Cell] = []
    for done, each in enumerate(sheet.pictures, 1):
        picture = each() if callable(each) else each
        cells.append(_cell(picture, layout, is_true_size=sheet.is_true_size))
        watch(done, total)
        if len(cells) == size or done == total:
            yield _Page(cells, layout, language if sheet.has_scale else None, is_true_size=sheet.is_true_size)
            cells = []


def _story(sheet: PictureSheet, pages: Sequence[Flowable], language: Language) -> Iterator[Flowable]:
    for number, page in enumerate(pages):
        if number:
            yield PageBreak()
        yield page
        if sheet.is_true_size:
            yield Spacer(1, 1 * mm)
            words = Text("In true size only when printed at 100 % (“actual size”), and only where a scale is shown.")
            yield blocks.line(words.render(language), blocks.SMALL)


@dataclass(frozen=True)
class _Grid:
    """How a page is divided; lengths in points."""

    sides: tuple[int, int]
    room: tuple[float, float]
    is_small: bool

    @property
    def gap(self) -> float:
        """Between two places."""
        return float(_TILE_GAP if self.is_small else _GAP)

    @property
    def caption(self) -> float:
        """How high the words beneath a picture may be."""
        return float(_TILE_CAPTION if self.is_small else _CAPTION)

    @property
    def place(self) -> tuple[float, float]:
        """Width and height of a place, its words with it."""
        rows, columns = self.sides
        return (
            (self.room[0] - (columns - 1) * self.gap) / columns,
            (self.room[1] - (rows - 1) * self.gap) / rows,
        )


def _cell(picture: PaperPicture, layout: _Grid, *, is_true_size: bool) -> _Cell:
    width, height = layout.place
    pixels = picture.pixels
    scale = mm / picture.px_per_mm if is_true_size and picture.px_per_mm else 0.0
    if scale:
        pixels = _cut(pixels, int(width / scale), int((height - layout.caption) / scale))
    return _Cell(_reader(pixels), (pixels.shape[1], pixels.shape[0]), picture.caption, picture.px_per_mm)


class _Page(Flowable):  # type: ignore[misc]  # reportlab has no type hints
    """The pictures of one page in their grid.

    Args:
        cells: they.
        layout: how the page is divided.
        language: of the numbers at the bars; None: there are no bars.
    """

    def __init__(
        self, cells: Sequence[_Cell], layout: _Grid, language: Language | None, *, is_true_size: bool = False
    ) -> None:
        super().__init__()
        self._cells, self._layout, self._language, self._is_true_size = cells, layout, language, is_true_size

    def wrap(self, _width: float, _height: float) -> tuple[float, float]:
        """Return the size in points."""
        return self._layout.room

    def draw(self) -> None:
        """Draw every picture in its place, its caption beneath."""
        layout = self._layout
        width, height = layout.place
        for place, cell in enumerate(self._cells):
            row, column = divmod(place, layout.sides[1])
            left = column * (width + layout.gap)
            bottom = layout.room[1] - (row + 1) * height - row * layout.gap
            self._draw_one(cell, left, bottom)

    def _draw_one(self, cell: _Cell, left: float, bottom: float) -> None:
        """Draw a picture at the top of its place, and beneath it what is said of it."""
        layout = self._layout
        width, height = layout.place
        room = height - layout.caption
        scale = mm / cell.px_per_mm if self._is_true_size and cell.px_per_mm else 0.0
        scale = scale or min(width / cell.size[0], room / cell.size[1])
        shown = (cell.size[0] * scale, cell.size[1] * scale)
        at = (left + (width - shown[0]) / 2, bottom + height - shown[1])
        self.canv.drawImage(cell.image, *at, *shown)
        taken = self._draw_bar(cell, (left, at[1], width), scale) if self._language else 0.0
        words = blocks.line(blocks.short(cell.caption) or " ", blocks.SMALL)
        _words, tall = words.wrap(width - taken, layout.caption)
        words.drawOn(self.canv, left, max(at[1] - 1 * mm - tall, bottom))

    def _draw_bar(self, cell: _Cell, under: tuple[float, float, float], scale: float) -> float:
        """Draw a bar of a round length at the right below a picture; return how wide it is with its words."""
        if not cell.px_per_mm or self._language is None:
            return 0.0
        left, foot, width = under
        point_per_mm = cell.px_per_mm * scale
        length_mm = _round_length(cell.size[0] * scale * _BAR_SHARE / point_per_mm)
        long, end, level = length_mm * point_per_mm, left + width, foot - 2.6 * mm
        canvas = self.canv
        canvas.setLineWidth(0.8)
        canvas.line(end - long, level, end, level)
        for side in (end - long, end):
            canvas.line(side, level - 0.7 * mm, side, level + 0.7 * mm)
        is_long = length_mm >= 10
        number = show_number(round(length_mm / 10 if is_long else length_mm, 3), self._language)
        unit = Text("cm") if is_long else Text("mm")
        words = f"{number} {unit.render(self._language)}"
        canvas.setFont(blocks.SMALL.fontName, blocks.SMALL.fontSize)
        canvas.drawRightString(end - long - 1 * mm, level - 0.9 * mm, words)
        said = canvas.stringWidth(words, blocks.SMALL.fontName, blocks.SMALL.fontSize)
        return float(long + said + 3 * mm)


def _round_length(most_mm: float) -> float:
    """Return the longest of 1, 2, 5, 10 … millimetres that is not longer than ``most_mm``."""
    power = 10 ** math.floor(math.log10(most_mm))
    return float(max(nice * power for nice in _NICE if nice * power <= most_mm))


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
