"""What somebody saved of a picture is offered in its pane: none, his window, turn and marks, and back."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtWidgets import QApplication, QComboBox
from pytestqt.qtbot import QtBot

from clinic_app.foundation.apart import HERE
from clinic_app.imaging import LocalFiles, Seen, Window
from clinic_app.imaging.display.layers import Mark
from clinic_app.imaging.display.turning import Turn
from clinic_app.imaging.frame import frame_of
from clinic_app.imaging.objects.presentation_writing import write_presentation
from clinic_app.imaging.objects.references import ImageReference
from clinic_app.imaging.reading import read_dataset
from clinic_app.imaging.stack import FrameStack
from tests.helpers.dicom_files import SERIES, bytes_of, made_file
from tests.helpers.waiting import wait_until
from ui import language
from ui.imaging.files_window import FilesWindow
from ui.imaging.view_model_files import FilesViewModel
from ui.tasks import TaskRunner

GREY = np.arange(40 * 40, dtype=np.int16).reshape(40, 40)
AT = datetime(2026, 11, 20, 9, 0, tzinfo=UTC)


def put(folder: Path, *, saved: int = 2, author: str = "Doctor One", words: str = "look here") -> None:
    """Write three pictures, and how one of them was saved."""
    for place in (1, 2, 3):
        made = made_file(
            GREY + place, sop_uid=f"1.2.3.4.{place}", InstanceNumber=place, SOPClassUID=made_file().SOPClassUID
        )
        (folder / f"{place}.dcm").write_bytes(bytes_of(made))
    source = read_dataset((folder / f"{saved}.dcm").read_bytes())
    image = ImageReference(f"1.2.3.4.{saved}", (), str(source.SOPClassUID))
    line = Mark("polyline", ((1.0, 1.0), (20.0, 20.0)))
    seen = Seen(frame_of(source, 0), Window(300, 100), False, Turn(1), (line,))
    data = write_presentation(source, (SERIES, image), seen, author=author, words=words, at=AT)
    (folder / "state.dcm").write_bytes(data)


class Desk:
    """The window over a folder."""

    def __init__(self, folder: Path) -> None:
        self.runner = TaskRunner(2)
        self.model = FilesViewModel(folder, HERE, self.runner)
        self.window = FilesWindow(self.model, "saved")
        self.window.resize(1100, 700)
        self.window.show()
        self.model.look()
        self.settle()
        self.pane = self.window.panes.active
        found = self.window.findChild(QComboBox, "files.states")
        assert isinstance(found, QComboBox)
        self.states = found

    def settle(self) -> None:
        for _turn in range(4):
            wait_until(lambda: self.runner.is_idle, what="the background to be idle")
            QApplication.processEvents()

    def choose(self, place: int) -> None:
        self.states.setCurrentIndex(place)
        self.states.activated.emit(place)
        self.settle()

    def close(self) -> None:
        self.window.close()
        self.runner.close()


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    language.use("en")
    yield tmp_path
    language.use("kk")


def opened(folder: Path, qtbot: QtBot) -> Desk:
    made = Desk(folder)
    qtbot.addWidget(made.window)
    return made


def test_a_series_offers_who_saved_it_and_when(folder: Path, qtbot: QtBot) -> None:
    put(folder)
    desk = opened(folder, qtbot)
    assert desk.pane.states.isVisible()
    assert [desk.states.itemText(place) for place in range(desk.states.count())] == [
        "As the files ask",
        "As saved by Doctor One on 20.11.2026 · look here",
    ]
    desk.close()


def test_a_saved_state_is_seen_with_its_window_turn_and_marks_and_given_up_again(folder: Path, qtbot: QtBot) -> None:
    put(folder)
    desk = opened(folder, qtbot)
    canvas = desk.pane.canvas
    canvas.set_window(Window(1, 2))
    desk.choose(1)
    assert canvas.image_number == 2, "it goes to the picture that was saved"
    assert canvas.picture is not None
    assert canvas.window == (300, 100)
    assert canvas.turn == Turn(1)
    assert [mark.kind for mark in canvas.picture.frame.layers.marks] == ["polyline"]
    canvas.go_to(3)
    desk.settle()
    assert canvas.picture.frame.layers.marks == (), "the others are seen as their files ask"
    desk.choose(0)
    assert canvas.image_number == 3
    canvas.go_to(2)
    desk.settle()
    assert (canvas.turn, canvas.picture.frame.layers.marks) == (Turn(), ())
    desk.close()


def test_a_series_nobody_saved_offers_nothing(folder: Path, qtbot: QtBot) -> None:
    put(folder)
    (folder / "state.dcm").unlink()
    desk = opened(folder, qtbot)
    assert not desk.pane.states.isVisible()
    desk.close()


def test_a_saved_state_that_is_damaged_or_for_other_pictures_is_not_offered(folder: Path) -> None:
    put(folder)
    whole = (folder / "state.dcm").read_bytes()
    other = read_dataset(whole)
    other.SOPInstanceUID = other.file_meta.MediaStorageSOPInstanceUID = "1.2.9.9"
    other.ReferencedSeriesSequence[0].ReferencedImageSequence[0].ReferencedSOPInstanceUID = "9.9.9"
    (folder / "other.dcm").write_bytes(bytes_of(other))
    del other.ReferencedSeriesSequence
    other.SOPInstanceUID = other.file_meta.MediaStorageSOPInstanceUID = "1.2.9.8"
    (folder / "nobody.dcm").write_bytes(bytes_of(other))
    stack = LocalFiles.of(folder).shelf.stack(SERIES)
    assert isinstance(stack, FrameStack)
    (state,) = stack.states
    assert (state.author, state.words, state.made_on) == ("Doctor One", "look here", "20261120")
    assert stack.first_of(state) == 1
    dressed = stack.dressed_in(state)
    assert len(dressed.frame(1).layers.marks) == 1
    assert dressed.dressed_in(None).frame(1).layers.marks == ()


def test_the_choice_speaks_every_language_and_keeps_what_was_chosen(folder: Path, qtbot: QtBot) -> None:
    put(folder, author="", words="")
    desk = opened(folder, qtbot)
    desk.choose(1)
    said = set()
    for code in ("en", "ru", "kk"):
        language.use(code)  # type: ignore[arg-type]
        QApplication.processEvents()
        assert desk.states.currentIndex() == 1
        said.add((desk.states.itemText(0), desk.states.itemText(1)))
    assert len(said) == 3
    desk.close()
