"""Pictures on paper: how many to a page, in true size, and whose they are."""

from __future__ import annotations

import numpy as np
import pypdfium2
import pytest
from reportlab.lib.units import mm

from clinic_app.documents.picture_paper import grid_for, render_pictures
from clinic_app.documents.picture_sheet import PaperPicture, PictureSheet
from clinic_app.foundation.errors import InvalidInputError
from clinic_app.foundation.texts import Language


def picture(width: int = 300, height: int = 200, px_per_mm: float | None = None, caption: str = "CT") -> PaperPicture:
    pixels = np.zeros((height, width, 3), np.uint8)
    pixels[:, ::10] = 255
    return PaperPicture(pixels, caption, px_per_mm)


def sheet(*pictures: PaperPicture, per_page: int = 0, is_true_size: bool = False) -> PictureSheet:
    return PictureSheet("Қасымов Нұрлан", ("1 января 1985", "850101300124"), pictures, per_page, is_true_size)


def drawn(data: bytes) -> list[list[tuple[float, float]]]:
    """Return the width and height (points) of every picture of every page."""
    with pypdfium2.PdfDocument(data) as document:
        return [
            [
                (right - left, top - bottom)
                for left, bottom, right, top in (each.get_bounds() for each in page.get_objects())
            ]
            for page in (_Images(document[number]) for number in range(len(document)))
        ]


class _Images:
    def __init__(self, page: pypdfium2.PdfPage) -> None:
        self._page = page

    def get_objects(self) -> list[pypdfium2.PdfObject]:
        return [each for each in self._page.get_objects() if each.type == pypdfium2.raw.FPDF_PAGEOBJ_IMAGE]


def words(data: bytes) -> str:
    with pypdfium2.PdfDocument(data) as document:
        return "".join(document[number].get_textpage().get_text_range() for number in range(len(document)))


@pytest.mark.parametrize(
    ("count", "grid"), [(1, (1, 1)), (2, (1, 2)), (3, (2, 2)), (5, (2, 3)), (7, (3, 3)), (20, (3, 3))]
)
def test_the_page_is_divided_as_finely_as_it_has_to_be(count: int, grid: tuple[int, int]) -> None:
    assert grid_for(count) == grid


@pytest.mark.parametrize("language", ["kk", "ru", "en"])
def test_every_page_says_whose_pictures_they_are_and_what_they_show(language: Language) -> None:
    data = render_pictures(sheet(*[picture(caption=f"Срез {n}") for n in range(5)], per_page=4), language)
    assert [len(page) for page in drawn(data)] == [4, 1]
    told = words(data)
    assert told.count("Қасымов Нұрлан") == 2
    assert told.count("850101300124") == 2
    assert all(f"Срез {n}" in told for n in range(5))


def test_nine_pictures_lie_beside_each_other_without_touching() -> None:
    (page,) = drawn(render_pictures(sheet(*[picture() for _ in range(9)]), "ru"))
    assert len(page) == 9
    assert all(width == pytest.approx(height * 1.5, rel=0.02) for width, height in page)


def test_true_size_is_true_and_a_picture_too_large_for_it_is_cut_not_shrunk() -> None:
    small = picture(300, 200, px_per_mm=3.0)
    large = picture(3000, 2000, px_per_mm=5.0)
    (page,) = drawn(render_pictures(sheet(small, is_true_size=True), "ru"))
    assert page[0][0] == pytest.approx(100 * mm, rel=0.01)
    (page,) = drawn(render_pictures(sheet(large, is_true_size=True), "ru"))
    assert page[0][0] < 270 * mm
    assert page[0][1] < 170 * mm
    assert "100 %" in words(render_pictures(sheet(small, is_true_size=True), "ru"))
    unknown = drawn(render_pictures(sheet(picture(), is_true_size=True), "ru"))
    assert unknown[0][0][0] > 200 * mm  # as large as there is room


def test_nothing_too_much_and_what_cannot_be_printed_are_sentences() -> None:
    with pytest.raises(InvalidInputError, match="200"):
        render_pictures(sheet(), "en")
    with pytest.raises(InvalidInputError, match="character"):
        render_pictures(sheet(picture(caption="\U0001f600")), "en")
