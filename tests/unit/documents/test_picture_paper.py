"""Pictures on paper: how many to a page, in true size, and whose they are."""

from __future__ import annotations

import numpy as np
import pypdfium2
import pytest
from reportlab.lib.units import mm

from clinic_app.documents.picture_paper import MOST_TILES, _round_length, grid_for, render_pictures
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


def test_a_whole_series_is_small_pictures_each_made_when_its_turn_comes() -> None:
    made: list[int] = []
    told: list[tuple[int, int]] = []

    def maker(number: int) -> PaperPicture:
        assert told[-1:] in ([], [(number, 45)])  # the one before is done
        made.append(number)
        return picture(64, 64, 2.0, f"{number + 1}")

    pictures = tuple((lambda number=number: maker(number)) for number in range(45))
    whole = PictureSheet("Қасымов Нұрлан", ("CT",), pictures, 20, has_scale=True)
    data = render_pictures(whole, "ru", lambda done, of: told.append((done, of)))
    assert made == list(range(45))
    assert told[-1] == (45, 45)
    assert [len(page) for page in drawn(data)] == [20, 20, 5]
    said = words(data)
    assert all(str(number) in said for number in (1, 20, 21, 45))
    assert "Қасымов" in said
    assert "1 см" in said  # 64 pixels are 32 mm, so a centimetre fits into half of it


def test_the_bar_is_as_long_as_it_says() -> None:
    tile = PaperPicture(np.zeros((100, 100, 3), np.uint8), "1", 1.0)  # a millimetre is a pixel
    whole = PictureSheet("", (), (tile,), 12, has_scale=True)
    with pypdfium2.PdfDocument(render_pictures(whole, "en")) as document:
        page = document[0]
        (image,) = _Images(page).get_objects()
        left, _bottom, right, _top = image.get_bounds()
        lines = [each.get_bounds() for each in page.get_objects() if each.type == pypdfium2.raw.FPDF_PAGEOBJ_PATH]
    point_per_mm = (right - left) / 100
    under = [each for each in lines if abs(each[3] - each[1]) < 2 and left < each[0] and each[2] - each[0] < 100]
    assert any(abs((each[2] - each[0]) / point_per_mm - 50) < 1.5 for each in under)
    assert "5 cm" in words(render_pictures(whole, "en"))


def test_without_a_known_scale_there_is_no_bar() -> None:
    whole = PictureSheet("", (), (picture(64, 64),), 12, has_scale=True)
    assert "cm" not in words(render_pictures(whole, "en"))


@pytest.mark.parametrize(("most", "length"), [(1.0, 1), (1.9, 1), (4.9, 2), (12, 10), (49.9, 20), (50, 50), (0.3, 0.2)])
def test_bars_have_round_lengths(most: float, length: float) -> None:
    assert _round_length(most) == pytest.approx(length)


def test_whoever_wants_no_more_ends_the_making() -> None:
    def watch(done: int, _of: int) -> None:
        if done == 3:
            raise KeyError("stopped")

    with pytest.raises(KeyError):
        render_pictures(sheet(*[picture(20, 20) for _each in range(9)]), "kk", watch)


def test_only_small_pictures_may_be_many() -> None:
    tile = picture(4, 4)
    with pytest.raises(InvalidInputError):
        render_pictures(PictureSheet("", (), (tile,) * (MOST_TILES + 1), 35), "kk")
    with pytest.raises(InvalidInputError):
        render_pictures(PictureSheet("", (), (tile,) * 201, 9), "kk")
