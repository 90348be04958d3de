"""Files opened without a patient leave as a patient's do: folder, archive, picture, paper; nobody is signed in."""

from __future__ import annotations

import shutil
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import cast

import numpy as np
import pypdfium2
import pytest
import shiboken6
from PySide6.QtCore import Qt
from PySide6.QtGui import QImage
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QAbstractButton, QApplication, QCheckBox

from clinic_app.foundation.apart import HERE
from clinic_app.foundation.errors import ConflictError, InvalidInputError, NotFoundError
from clinic_app.imaging import LocalFiles
from clinic_app.imaging.outside.local_exit import LocalExit
from clinic_app.imaging.outside.outgoing import Chosen, ExitForm
from clinic_app.imaging.reading import read_dataset
from tests.helpers.dicom_files import bytes_of, made_file
from tests.helpers.waiting import wait_until
from ui import language
from ui.imaging.files_window import FilesWindow
from ui.imaging.outside.exit_page import ExitPage
from ui.imaging.outside.tag_page import TagPage
from ui.imaging.view_model_files import FilesViewModel
from ui.tasks import TaskRunner

NAMES = ("ct/CT_small.dcm", "us/examples_ybr_color.dcm", "sr/test-SR.dcm")
CTRL = Qt.KeyboardModifier.ControlModifier


class Desk:
    """A window with a folder of a stick."""

    def __init__(self, folder: Path) -> None:
        self.runner = TaskRunner(2)
        self.model = FilesViewModel(folder, HERE, self.runner)
        self.window = FilesWindow(self.model, folder.name)
        self.window.resize(1262, 700)
        self.window.show()
        self.window.out.show_paper = lambda _path: None
        self.model.look()
        self.settle()

    def settle(self) -> None:
        for _turn in range(3):
            wait_until(lambda: self.runner.is_idle, what="the background to be idle")
            QApplication.processEvents()

    def open(self, modality: str) -> None:
        row = next(row for row in self.model.rows if row.modality == modality)
        self.window.viewer.series.open(row)
        self.settle()

    def click(self, name: str) -> None:
        button = cast("QAbstractButton", self.window.findChild(QAbstractButton, name))
        assert button.isEnabled(), name
        QTest.mouseClick(button, Qt.MouseButton.LeftButton)
        self.settle()


@pytest.fixture(scope="module")
def stick(tmp_path_factory: pytest.TempPathFactory, shared_data: Path) -> Path:
    folder = tmp_path_factory.mktemp("files") / "stick"
    folder.mkdir()
    for name in NAMES:
        shutil.copy(shared_data / "dicom" / name, folder)
    return folder


@pytest.fixture
def desk(stick: Path, qapp: QApplication) -> Iterator[Desk]:
    language.use("en")
    made = Desk(stick)
    yield made
    made.window.close()
    made.runner.close()
    shiboken6.delete(made.window)
    language.use("kk")


def test_the_picture_and_paper_are_saved_by_their_keys(desk: Desk, tmp_path: Path) -> None:
    desk.open("CT")
    desk.window.out.choose_picture = lambda start: tmp_path / start
    desk.window.out.choose_paper = lambda start: tmp_path / start
    QTest.keyClick(desk.window, Qt.Key.Key_S, CTRL)
    desk.settle()
    QTest.keyClick(desk.window, Qt.Key.Key_P, CTRL)
    desk.settle()
    (picture,) = tmp_path.glob("CT*.png")
    assert QImage(str(picture)).width() > 500
    (paper,) = tmp_path.glob("CT*.pdf")
    with pypdfium2.PdfDocument(paper) as document:
        words = document[0].get_textpage().get_text_bounded()
    assert "CompressedSamples" in words
    assert "Written" in desk.window._notice.text()


def test_what_a_file_says_is_read_and_left_again(desk: Desk) -> None:
    desk.open("CT")
    QTest.keyClick(desk.window, Qt.Key.Key_T, CTRL)
    desk.settle()
    page = desk.window.out.page
    assert isinstance(page, TagPage)
    assert page.isVisible()
    assert desk.window.out._tag_model.tree is not None
    page.left.emit()
    assert desk.window.out.page is None
    assert desk.window.box.isVisible()
    assert desk.window.viewer.front.hasFocus()


def test_a_series_leaves_without_its_patient_as_an_archive(desk: Desk, tmp_path: Path) -> None:
    desk.open("CT")
    QTest.keyClick(desk.window, Qt.Key.Key_E, CTRL)
    desk.settle()
    page = desk.window.out.page
    assert isinstance(page, ExitPage)
    box = desk.window.findChild(QCheckBox, "files.exit.nameless")
    assert box is not None
    box.setChecked(True)
    page._form.choose("archive")
    desk.settle()
    target = tmp_path / "out.zip"
    page.choose_place = lambda _is_archive: target
    desk.click("files.exit.go")
    with zipfile.ZipFile(target) as archive:
        names = archive.namelist()
        (name,) = [each for each in names if each not in ("DICOMDIR", "README.TXT")]
        made = read_dataset(archive.read(name))
    assert "DICOMDIR" in names
    assert "CompressedSamples" not in str(made.PatientName)
    assert made.PatientIdentityRemoved == "YES"


def test_nothing_can_leave_before_something_is_listed(tmp_path: Path, qapp: QApplication) -> None:
    runner = TaskRunner(1)
    window = FilesWindow(FilesViewModel(tmp_path, HERE, runner), "empty")
    window.out.follow()
    assert not any(each.isEnabled() for each in window.out.actions.values())
    window.out.open_export()
    window.out.open_tags()
    assert window.out.page is None
    window.close()
    runner.close()
    shiboken6.delete(window)


def one(folder: Path, **elements: object) -> LocalFiles:
    folder.mkdir()
    (folder / "a.dcm").write_bytes(bytes_of(made_file(np.ones((8, 8), np.uint16), **elements)))
    return LocalFiles.of(folder)


def test_files_leave_byte_for_byte_and_never_over_something(tmp_path: Path) -> None:
    files = one(tmp_path / "in", PatientName="Petrov^Petr")
    study = files.studies[0]
    form = ExitForm((Chosen(study, study.series[0].uid),))
    way = LocalExit(files)
    (line,) = way.look(None, study, [study.series[0].uid])
    assert (line.files, line.size_bytes) == (1, (tmp_path / "in" / "a.dcm").stat().st_size)
    taken = way.take_out(None, form, tmp_path / "out")
    (written,) = [
        path for path in (tmp_path / "out").rglob("*") if path.is_file() and path.stem not in ("DICOMDIR", "README")
    ]
    assert (taken.files, written.read_bytes()) == (1, (tmp_path / "in" / "a.dcm").read_bytes())
    with pytest.raises(ConflictError):
        way.take_out(None, form, tmp_path / "out")
    with pytest.raises(InvalidInputError):
        way.take_out(None, ExitForm(()), tmp_path / "other")
    with pytest.raises(NotFoundError):
        way.tags(None, study, "9.9")
    assert way.tags(None, study, study.series[0].instance[0].uid).find("Petrov")
    assert files.person(study).name == "Petrov Petr"


def test_a_study_number_of_several_people_is_said(tmp_path: Path, qapp: QApplication) -> None:
    language.use("en")
    folder = tmp_path / "shared"
    folder.mkdir()
    for place, name in enumerate(("Petrov^Petr", "Sidorova^Anna")):
        pixels = np.full((8, 8), place, np.uint16)
        data = bytes_of(made_file(pixels, PatientName=name, PatientID=str(place), SOPInstanceUID=f"1.5.{place}"))
        (folder / f"{place}.dcm").write_bytes(data)
    assert LocalFiles.of(folder).is_shared
    assert not LocalFiles.of(folder / "0.dcm").is_shared
    made = Desk(folder)
    assert "several people bear one study number" in made.window.text()
    made.window.close()
    made.runner.close()
    shiboken6.delete(made.window)
    language.use("kk")


def test_the_window_says_whose_files_they_are_by_their_own_word(desk: Desk) -> None:
    assert desk.model.person() is not None
    desk.window.viewer.series.close()
    assert desk.model.person() is None
