"""The viewer over real files: reports, tracings, pages, damage, letters; files of nobody; the command that draws."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QImage
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QCheckBox, QLabel
from pytestqt.qtbot import QtBot

from clinic_app.foundation.apart import HERE
from clinic_app.imaging import LocalFiles
from clinic_app.records import HumanName, Patient
from tests.helpers.dicom_files import bytes_of, made_file
from tests.helpers.nodes import node
from tests.helpers.waiting import wait_until
from tests.ui.imaging.test_imaging_screen import Room
from ui import language
from ui.imaging.files_window import FilesWindow
from ui.imaging.picture_file import picture_of_files
from ui.imaging.view_command import CANNOT, view
from ui.imaging.view_model_files import FilesViewModel
from ui.imaging.viewer import damage_lines
from ui.tasks import TaskRunner

ROOT = Path(__file__).parents[3]
PETROV = Patient(id="p1", name=(HumanName(family="Петров", given=("Пётр",)),))
RAMP = np.arange(30 * 40, dtype=np.int16).reshape(30, 40)


@pytest.fixture
def english() -> Iterator[None]:
    language.use("en")
    yield
    language.use("kk")


@pytest.fixture
def room(tmp_path: Path, qtbot: QtBot, english: None) -> Iterator[Room]:
    (tmp_path / "cd").mkdir()
    with node(tmp_path / "data", "org-district") as here:
        here.store.records.commit((PETROV,))
        made = Room(here, "doctor", tmp_path / "cd")
        qtbot.addWidget(made.screen)
        yield made
        made.runner.close()


def put(room: Room, shared_data: Path, *names: str) -> None:
    for name in names:
        shutil.copy(shared_data / "dicom" / name, room.folder / Path(name).name)


def taken(room: Room) -> None:
    """Take the folder in for Petrov, whatever names are in it."""
    room.open(PETROV)
    room.click("imaging.import")
    if room.sees("imaging.confirm_names"):
        room.say_yes()


def test_a_report_is_read_and_leads_to_its_picture(room: Room, shared_data: Path) -> None:
    put(room, shared_data, "sr/reportsi.dcm", "mr/MR_small.dcm")
    taken(room)
    room.go_to_series("SR")
    report = room.screen.viewer.report
    assert room.screen.viewer.front is report
    assert report.rows()[0] == "Document Title"
    assert "    Report Text: Enter text" in report.rows()
    assert "Last Name First Name" in report._head.text()
    report.image_asked.emit("9.9", 1)
    assert room.notices[-1] == ("The image this report points at is not here.", "warn")
    uid = next(row for row in room.model.rows if row.modality == "MR").series.instance[0].uid
    report.image_asked.emit(uid, 1)
    room.settle()
    assert room.screen.viewer.front is room.screen.canvas
    assert room.screen.canvas.image_number == 1


def test_a_tracing_lies_on_paper_and_a_document_is_leafed_through(room: Room, shared_data: Path) -> None:
    put(room, shared_data, "ecg/waveform_ecg.dcm", "derived/encapsulated_pdf_utf8.dcm")
    taken(room)
    room.go_to_series("ECG")
    assert room.screen.viewer.front is room.screen.viewer.paper
    assert len(room.screen.viewer.paper.cells) >= 12
    room.go_to_series("DOC")
    assert room.screen.viewer.front is room.screen.canvas
    picture = room.screen.canvas.picture
    assert picture is not None
    assert picture.frame.labels.modality == "PDF"


def test_letters_are_shown_as_they_are_meant_and_somebody_agrees(room: Room) -> None:
    raw = "Петров^Пётр".encode("cp1251")
    dataset = made_file(RAMP, PatientName="X" * len(raw), SpecificCharacterSet="ISO_IR 100")
    (room.folder / "a.dcm").write_bytes(bytes_of(dataset).replace(b"X" * len(raw), raw))
    room.open(PETROV)
    room.click("imaging.import")
    told = room.screen.findChild(QCheckBox, "imaging.confirm_names.letters")
    assert isinstance(told, QCheckBox)
    assert "read “Ïåòðîâ Ï¸òð” as “Петров Пётр” (Windows-1251)" in told.text()
    whose = room.screen.findChild(QLabel, "imaging.confirm_names.text")
    assert isinstance(whose, QLabel)
    assert "In hand: Петров Пётр" in whose.text()
    assert room.model.rows == ()
    room.say_yes()
    assert room.screen.canvas._corners.left[0] == "Петров Пётр"


def test_damage_is_named_in_the_report_and_on_the_picture(room: Room) -> None:
    whole = bytes_of(made_file(RAMP))
    (room.folder / "cut.dcm").write_bytes(whole[:-600])
    taken(room)
    assert room.screen._report.text() == "1 file taken. 1 file is damaged; what is good in it is shown."
    assert room.screen._report.refusals() == [
        "cut.dcm: The file is cut short: the lower part of this image is missing."
    ]
    assert list(room.screen.canvas.note_lines()) == ["The file is cut short: the lower part of this image is missing."]


def test_a_view_is_kept_by_its_key_and_comes_back_with_its_marks(room: Room) -> None:
    (room.folder / "a.dcm").write_bytes(bytes_of(made_file(RAMP)))
    taken(room)
    room.screen.canvas.draw_length((5, 5), (15, 5))
    QTest.keyClick(room.screen.canvas, Qt.Key.Key_S)
    room.settle()
    assert room.notices[-1][1] == "ok"
    room.go_to_series("PR")
    picture = room.screen.canvas.picture
    assert picture is not None
    assert [mark.kind for mark in picture.frame.layers.marks] == ["polyline", "text"]


def test_numbers_of_damaged_pictures_are_told_and_not_all_of_very_many(english: None) -> None:
    assert damage_lines(()) == ()
    assert damage_lines((3,)) == ("1 image is damaged and cannot be shown: 3.",)
    assert damage_lines(tuple(range(1, 20)))[0].endswith("1, 2, 3, 4, 5, 6, 7, 8 ….")


# --- files of nobody ---


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "stick"
    made.mkdir()
    (made / "a.dcm").write_bytes(bytes_of(made_file(RAMP)))
    (made / "readme.txt").write_text("hello", encoding="utf-8")
    return made


def opened(path: Path, qtbot: QtBot) -> tuple[FilesWindow, TaskRunner]:
    runner = TaskRunner(2)
    model = FilesViewModel(path, HERE, runner)
    window = FilesWindow(model, path.name)
    qtbot.addWidget(window)
    window.resize(1000, 640)
    window.show()
    model.look()
    for _turn in range(3):
        wait_until(lambda: runner.is_idle, what="the background to be idle")
        QApplication.processEvents()
    return window, runner


def test_a_folder_of_nobody_is_listed_and_its_first_picture_seen(folder: Path, qtbot: QtBot, english: None) -> None:
    window, runner = opened(folder, qtbot)
    assert window.viewer.canvas.image_number == 1
    assert window.text() == "1 file is not shown: readme.txt: This is no DICOM file."
    assert not window.panes.tools._mark.isVisible(), "there is nowhere to keep it"
    window.close()
    runner.close()


@pytest.mark.parametrize("spoken", ["kk", "ru"])
def test_the_window_speaks_the_language_that_is_chosen(folder: Path, qtbot: QtBot, english: None, spoken: str) -> None:
    window, runner = opened(folder, qtbot)
    before = (window.text(), window.viewer.report.tree.headerItem().text(0))
    language.use(spoken)  # type: ignore[arg-type]
    QApplication.processEvents()
    assert window.text().startswith({"kk": "1 файл көрсетілмейді:", "ru": "Не показан 1 файл:"}[spoken])
    assert window.viewer.report.tree.headerItem().text(0) != before[1]
    window.close()
    runner.close()


def test_a_file_that_cannot_be_shown_says_so_in_the_window(folder: Path, qtbot: QtBot, english: None) -> None:
    window, runner = opened(folder / "readme.txt", qtbot)
    assert window.text() == "This is no DICOM file."
    window.close()
    runner.close()


def test_the_picture_file_is_what_the_viewport_shows(folder: Path, qtbot: QtBot, english: None) -> None:
    image, notes = picture_of_files(LocalFiles.of(folder), 1, None)
    assert (image.width(), image.height()) == (40 * 13, 30 * 13), "small ones are enlarged by a whole number"
    assert notes == ()
    levels = [image.pixelColor(260, y).red() for y in (60, 195, 330)]
    assert levels == sorted(levels)
    assert levels[2] - levels[0] > 100


def test_reports_and_tracings_become_pictures_too(shared_data: Path, qtbot: QtBot, english: None) -> None:
    for name in ("sr/reportsi.dcm", "ecg/waveform_ecg.dcm"):
        image, _notes = picture_of_files(LocalFiles.of(shared_data / "dicom" / name), 1, None)
        colours = {
            image.pixelColor(x, y).rgb() for x in range(0, image.width(), 7) for y in range(0, image.height(), 7)
        }
        assert len(colours) > 5, name
        assert image.width() >= 1000


def test_the_command_writes_a_picture_or_says_why_it_cannot(
    folder: Path, tmp_path: Path, qtbot: QtBot, capsys: pytest.CaptureFixture[str]
) -> None:
    target = tmp_path / "out.png"
    try:
        assert view([str(folder / "a.dcm"), "--render", str(target), "--language", "en", "--size", "300x200"]) == 0
        assert QImage(str(target)).width() == 300
        for words, sentence in (
            ([str(folder / "readme.txt"), "--render", str(target)], "This is no DICOM file."),
            (
                [str(folder / "a.dcm"), "--render", str(target), "--frame", "2"],
                "The series has no image with this number.",
            ),
            ([str(folder / "nothing"), "--render", str(target)], "There is no file “nothing”."),
            (
                [str(folder / "a.dcm"), "--render", str(tmp_path / "no" / "x.png")],
                "The picture cannot be written to “x.png”.",
            ),
            ([str(folder / "gone"), "--language", "en"], "There is no file “gone”."),
        ):
            assert view([*words, "--language", "en"]) == CANNOT
            assert capsys.readouterr().err.strip() == sentence
    finally:
        language.use("kk")
    with pytest.raises(SystemExit):
        view([str(folder), "--size", "9x"])
    capsys.readouterr()


def test_the_program_itself_ends_with_three_and_a_sentence(folder: Path) -> None:
    words = [sys.executable, "main.py", "view", str(folder / "readme.txt"), "--render", "x.png", "--language", "ru"]
    done = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stderr.strip()) == (3, "Это не файл DICOM.")
