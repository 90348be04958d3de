"""A series as a sheet of small pictures: chosen, made in the background, stopped, noted, in a window of one's own."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from threading import Event
from typing import Any

import numpy as np
import pypdfium2
import pytest
import shiboken6
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from clinic_app.foundation.apart import HERE
from clinic_app.imaging import LocalFiles, Window
from clinic_app.imaging.stack import FrameStack
from tests.helpers.dicom_files import bytes_of, made_file
from tests.helpers.waiting import wait_until
from ui import language
from ui.imaging.files_window import FilesWindow
from ui.imaging.outside.contact_page import ContactPage
from ui.imaging.outside.contact_sheet import ContactWish, _tile, contact_sheet
from ui.imaging.view_model_files import FilesViewModel
from ui.tasks import TaskRunner

CTRL, SHIFT = Qt.KeyboardModifier.ControlModifier, Qt.KeyboardModifier.ShiftModifier
COUNT = 30


def write_slices(folder: Path, count: int = COUNT, **elements: Any) -> Path:
    """Write a series of slices half as high as wide, with a square in each that lies elsewhere."""
    folder.mkdir()
    for number in range(1, count + 1):
        pixels = np.full((32, 64), 100, np.uint16)
        pixels[8:16, number : number + 8] = 900
        told = {
            "SOPInstanceUID": f"1.2.9.{number}",
            "InstanceNumber": number,
            "PixelSpacing": [0.5, 0.5],
            "SliceLocation": f"{-10 * number}",
            "PatientName": "Petrov^Petr",
            "SeriesDescription": "Thorax",
        }
        data = bytes_of(made_file(pixels, **{**told, **elements}))
        (folder / f"{number}.dcm").write_bytes(data)
    return folder


class Desk:
    """The series in a window."""

    def __init__(self, folder: Path) -> None:
        self.runner = TaskRunner(2)
        self.model = FilesViewModel(folder, HERE, self.runner)
        self.window = FilesWindow(self.model, folder.name)
        self.window.resize(1262, 700)
        self.window.show()
        self.shown: list[Path] = []
        self.window.out.show_paper = self.shown.append
        self.model.look()
        self.settle()
        self.settle()

    @property
    def page(self) -> ContactPage:
        page = self.window.out.page
        assert isinstance(page, ContactPage)
        return page

    def settle(self) -> None:
        for _turn in range(3):
            wait_until(lambda: self.runner.is_idle, what="the background to be idle")
            QApplication.processEvents()

    def stack(self) -> FrameStack:
        stack = self.window.viewer.series.stack
        assert stack is not None
        return stack


@pytest.fixture(scope="module")
def slices(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_slices(tmp_path_factory.mktemp("sheet") / "slices")


@pytest.fixture
def desk(slices: Path, qapp: QApplication) -> Iterator[Desk]:
    language.use("en")
    made = Desk(slices)
    yield made
    made.window.close()
    made.runner.close()
    shiboken6.delete(made.window)
    language.use("kk")


def opened(desk: Desk) -> ContactPage:
    QTest.keyClick(desk.window, Qt.Key.Key_P, CTRL | SHIFT)
    desk.settle()
    return desk.page


def test_a_series_is_written_page_by_page_with_whose_it_is_and_opened_for_print(desk: Desk, tmp_path: Path) -> None:
    page = opened(desk)
    assert page._words.text() == f"{COUNT} images  ·  2 pages"
    target = tmp_path / "sheet.pdf"
    desk.window.out.choose_paper = lambda start: target if start.endswith(".pdf") and "Thorax" in start else None
    page.go()
    desk.settle()
    with pypdfium2.PdfDocument(target) as document:
        texts = [document[number].get_textpage().get_text_range() for number in range(len(document))]
    assert len(texts) == 2
    assert all("Petrov Petr" in text and "Thorax" in text for text in texts)
    assert "30 / 30" in texts[1]
    assert "-300 mm" in texts[1]
    assert "1 cm" in texts[0]
    assert desk.shown == [target]


def test_the_choice_is_followed_in_words(desk: Desk) -> None:
    page = opened(desk)
    page.every.setValue(3)
    assert page._words.text() == "10 images  ·  1 page"
    page.first.setValue(21)
    assert (page.wish.numbers[0], len(page.wish.numbers)) == (21, 4)
    page.last.setValue(5)
    assert "behind" in page._words.text()
    assert not page._go.isEnabled()
    page.last.setValue(30)
    page.grid.choose("12")
    page.every.setValue(1)
    page.first.setValue(1)
    assert (page.wish.per_page, page.wish.pages) == (12, 3)


def test_the_name_stays_away_where_somebody_wants_it(desk: Desk, tmp_path: Path) -> None:
    desk.window.out.wishes["name"].setChecked(False)
    page = opened(desk)
    page.every.setValue(10)
    target = tmp_path / "nameless.pdf"
    desk.window.out.choose_paper = lambda _start: target
    page.go()
    desk.settle()
    with pypdfium2.PdfDocument(target) as document:
        assert "Petrov" not in document[0].get_textpage().get_text_range()


def test_it_can_be_stopped_and_nothing_of_it_remains(
    desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    page, stack, under_way, go_on = opened(desk), desk.stack(), Event(), Event()
    whole = stack.frame

    def slow(place: int) -> Any:
        under_way.set()
        assert go_on.wait(20)
        return whole(place)

    monkeypatch.setattr(stack, "frame", slow)
    target = tmp_path / "never.pdf"
    desk.window.out.choose_paper = lambda _start: target
    page.go()
    assert under_way.wait(20)
    assert not page._go.isEnabled()
    page._busy.cancelled.emit()
    go_on.set()
    desk.settle()
    assert list(tmp_path.iterdir()) == []
    assert "Stopped" in desk.window._notice.text()
    assert page._go.isEnabled()


def test_esc_goes_back_to_the_images(desk: Desk) -> None:
    page = opened(desk)
    QTest.keyClick(page.first, Qt.Key.Key_Escape)
    assert desk.window.out.page is None
    assert desk.window.box.isVisible()


def test_whoever_chooses_no_place_writes_nothing(desk: Desk) -> None:
    page = opened(desk)
    desk.window.out.choose_paper = lambda _start: None
    QTest.keyClick(page.first, Qt.Key.Key_Return, CTRL)
    assert page._job is None


def test_small_pictures_are_seen_in_the_window_somebody_chose(slices: Path, qapp: QApplication) -> None:
    files = LocalFiles.of(slices)
    stack = files.shelf.stack(files.studies[0].series[0].uid)
    dark = _tile(stack, 1, 448, Window(2000, 100), "mm")
    bright = _tile(stack, 1, 448, Window(500, 1000), "mm")
    assert dark.pixels.max() == 0
    assert bright.pixels.max() > 200
    assert bright.px_per_mm == pytest.approx(2.0)
    assert bright.caption == "1 / 30  ·  -10 mm"


def test_pictures_with_flat_pixels_are_shown_in_their_real_shape(tmp_path: Path, qapp: QApplication) -> None:
    files = LocalFiles.of(write_slices(tmp_path / "flat", 1, PixelSpacing=[1.0, 0.5]))
    stack = files.shelf.stack(files.studies[0].series[0].uid)
    tile = _tile(stack, 1, 448, None, "mm")
    assert tile.pixels.shape == (64, 64, 3)
    assert tile.px_per_mm == pytest.approx(2.0)


def test_a_picture_that_is_damaged_is_an_empty_place_with_its_number(
    slices: Path, qapp: QApplication, monkeypatch: pytest.MonkeyPatch
) -> None:
    from clinic_app.imaging.reading import damaged

    files = LocalFiles.of(slices)
    stack = files.shelf.stack(files.studies[0].series[0].uid)

    def broken(_place: int) -> Any:
        raise damaged()

    monkeypatch.setattr(stack, "frame", broken)
    sheet = contact_sheet(stack, ContactWish(35, 1, 2), None, "", ())
    made = [each() for each in sheet.pictures if callable(each)]
    assert [each.caption for each in made] == ["1 / 30  ·  —", "2 / 30  ·  —"]
    assert not any(each.pixels.any() for each in made)
