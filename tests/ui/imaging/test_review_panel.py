"""Whose images these are: several people in one lot, what is ticked, for whom, letters, files that are dropped."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

import pytest
import shiboken6
from PySide6.QtCore import QMimeData, QPoint, QPointF, Qt, QUrl
from PySide6.QtGui import QDragEnterEvent, QDropEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QAbstractButton, QApplication, QCheckBox, QWidget

from clinic_app.access import Trail
from clinic_app.imaging import Imaging, KeyImages
from clinic_app.records import HumanName, Identifier, Patient
from clinic_app.registration.iin import check_digit
from clinic_app.terminology.systems import IIN
from tests.helpers.dicom_files import bytes_of, made_file
from tests.helpers.discs import FLAT, disc, one_file, write, zip_of
from tests.helpers.nodes import Node, node
from tests.helpers.waiting import wait_until
from ui import language
from ui.imaging.imaging_screen import ImagingScreen
from ui.imaging.review_tree import form_date_of
from ui.imaging.view_model import ImagingViewModel
from ui.shell.patient_in_hand import PatientInHand
from ui.tasks import TaskRunner

FIRST = f"64030530012{check_digit('64030530012')}"
SECOND = f"70121240033{check_digit('70121240033')}"
PETROV = Patient(
    id="p1",
    name=(HumanName(family="Петров", given=("Пётр",)),),
    identifier=(Identifier(system=IIN, value=FIRST),),
)
SIDOROVA = Patient(
    id="p2",
    name=(HumanName(family="Сидорова", given=("Анна",)),),
    identifier=(Identifier(system=IIN, value=SECOND),),
)
OF_PETROV = {"PatientName": "Petrov^Petr", "PatientID": FIRST}
OF_SIDOROVA = {"PatientName": "Sidorova^Anna", "PatientID": SECOND}
OF_NAMESAKE = {"PatientName": "Petrov^Petr", "PatientID": "H-17", "PatientBirthDate": "19640305"}
OF_STRANGER = {"PatientName": "Akhmetov^Serik", "PatientID": "9"}


class Room:
    """The screen, what it stands on, and the person before it."""

    def __init__(self, here: Node, folder: Path) -> None:
        trail = Trail(here.store, here.clock)
        self.folder = folder
        self.imaging = Imaging(here.store, trail, here.clock)
        self.session = here.session("doctor")
        self.runner = TaskRunner(2)
        self.hand = PatientInHand()
        self.hand.take(PETROV)
        keys = KeyImages(here.store, trail, here.clock)
        self.model = ImagingViewModel(self.imaging, keys, self.runner, self.session, self.hand)
        self.screen = ImagingScreen(self.model)
        self.screen.resize(1262, 664)
        self.notices: list[tuple[str, str]] = []
        self.screen.noticed.connect(lambda words, tone: self.notices.append((words, tone)))
        self.screen.show()
        self.settle()

    def settle(self) -> None:
        for _turn in range(3):
            wait_until(lambda: self.runner.is_idle, what="the background to be idle")
            QApplication.processEvents()

    def bring(self, files: dict[str, bytes]) -> None:
        """Import a folder with these files."""
        self.model.import_paths([write(self.folder, files)])
        self.settle()

    @property
    def tree(self) -> Any:
        return self.screen._question.tree

    def part(self, name: str) -> QWidget:
        found = self.screen.findChild(QWidget, name)
        assert found is not None, name
        return cast("QWidget", found)

    def press(self, name: str) -> None:
        button = cast("QAbstractButton", self.part(name))
        assert button.isVisible()
        assert button.isEnabled()
        QTest.mouseClick(button, Qt.MouseButton.LeftButton)
        self.settle()

    def counts(self) -> tuple[int, int]:
        """Return how many images the two patients have."""
        of = [self.imaging.studies(self.session, each) for each in ("p1", "p2")]
        first, second = (sum(study.number_of_instances or 0 for study in studies) for studies in of)
        return first, second


@pytest.fixture
def room(tmp_path: Path, qapp: QApplication) -> Iterator[Room]:
    language.use("en")
    with node(tmp_path / "data", "org-district") as here:
        for each in (PETROV, SIDOROVA):
            here.store.records.commit((each,))
        made = Room(here, tmp_path / "stick")
        yield made
        if shiboken6.isValid(made.screen):
            shiboken6.delete(made.screen)
        made.runner.close()
    language.use("kk")


def lot() -> dict[str, bytes]:
    """Files of four people, and one that is none."""
    return {
        "1": one_file(1, **OF_PETROV),
        "2": one_file(2, **OF_PETROV),
        "3": one_file(1, "1.2.7", **OF_SIDOROVA),
        "4": one_file(1, "1.2.8", **OF_NAMESAKE),
        "5": one_file(1, "1.2.9", **OF_STRANGER),
        "readme.txt": b"hello " * 40,
    }


def test_each_person_has_his_row_with_how_far_he_agrees_and_for_whom(room: Room) -> None:
    room.bring(lot())
    rows = {
        (
            room.tree._person(place).text(3),
            room.tree._whom[place].currentText(),
            room.tree._person(place).checkState(0) == Qt.CheckState.Checked,
        )
        for place in range(room.tree.topLevelItemCount())
    }
    assert rows == {
        ("Number", "Петров Пётр", True),
        ("Only the name: compare the birth date", "Петров Пётр", True),
        ("Number", "Сидорова Анна", True),
        ("Nothing: another name, number or birth date", "Петров Пётр", False),
    }


def test_what_is_ticked_is_filed_for_whom_it_is(room: Room) -> None:
    room.bring(lot())
    assert room.part("imaging.confirm_names").property("role") == "primary"
    room.press("imaging.confirm_names")
    assert room.counts() == (3, 1), "the stranger was not ticked"
    assert ("The images of Сидорова Анна are imported.", "ok") in room.notices
    assert room.screen._report.text() == "4 files taken. 1 file not taken:"


def test_a_person_can_be_left_out(room: Room) -> None:
    room.bring(lot())
    for place in range(room.tree.topLevelItemCount()):
        if room.tree._fit(place) != "identifier" or room.tree._whom[place].currentText() != "Петров Пётр":
            room.tree.tick(place, is_ticked=False)
    assert room.part("imaging.confirm_names").text() == "Take in 2 images"
    room.press("imaging.confirm_names")
    assert room.counts() == (2, 0)


def test_one_series_can_be_left_out(room: Room) -> None:
    room.bring(
        {
            "1": one_file(1, **OF_NAMESAKE),
            "2": one_file(1, SeriesInstanceUID="1.2.5", SOPInstanceUID="9", **OF_NAMESAKE),
        }
    )
    study = room.tree._person(0).child(0)
    study.child(1).setCheckState(0, Qt.CheckState.Unchecked)
    assert room.tree._person(0).checkState(0) == Qt.CheckState.PartiallyChecked
    room.press("imaging.confirm_names")
    assert room.counts() == (1, 0)


def test_nothing_ticked_takes_nothing_in(room: Room) -> None:
    room.bring({"1": one_file(1, **OF_NAMESAKE)})
    room.tree.tick(0, is_ticked=False)
    assert not room.part("imaging.confirm_names").isEnabled()


def test_enter_takes_in_only_where_the_numbers_agree(room: Room) -> None:
    room.bring({"1": one_file(1, **OF_NAMESAKE)})
    QTest.keyClick(room.part("imaging.confirm_names"), Qt.Key.Key_Return)
    room.settle()
    assert room.counts() == (0, 0)
    QTest.keyClick(room.part("imaging.confirm_names"), Qt.Key.Key_Space)
    room.settle()
    assert room.counts() == (1, 0)


def test_two_people_whose_numbers_agree_are_taken_in_by_enter(room: Room) -> None:
    room.bring({"1": one_file(1, **OF_PETROV), "2": one_file(1, "1.2.7", **OF_SIDOROVA)})
    QTest.keyClick(room.part("imaging.confirm_names"), Qt.Key.Key_Return)
    room.settle()
    assert room.counts() == (1, 1)


def test_the_cursor_stands_on_the_answer_that_does_nothing_and_escape_gives_it(room: Room) -> None:
    room.screen.activateWindow()
    wait_until(room.screen.isActiveWindow, what="the window to be in front")
    room.bring({"1": one_file(1, **OF_NAMESAKE)})
    focus = QApplication.focusWidget()
    assert focus is not None
    assert focus.objectName() == "imaging.confirm_names.cancel"
    QTest.keyClick(focus, Qt.Key.Key_Escape)
    room.settle()
    assert not room.part("imaging.confirm_names").isVisible()
    assert room.counts() == (0, 0)


def test_small_pictures_come_and_what_is_here_already_is_said(room: Room) -> None:
    room.bring({"1": one_file(1, **OF_PETROV)})
    assert room.counts() == (1, 0)
    room.bring({"2": one_file(2, **OF_PETROV), "3": one_file(1, "1.2.8", **OF_NAMESAKE)})
    texts = [
        line.text(3)
        for place in range(room.tree.topLevelItemCount())
        for line in (room.tree._person(place).child(0).child(0),)
    ]
    assert "1 file is here already" in texts
    assert all(line.icon(0).availableSizes()[0].width() == 8 for line in room.tree._series.values())


def test_wrong_letters_are_read_as_proposed_unless_somebody_says_no(room: Room) -> None:
    letters = "Петров^Пётр".encode("cp1251")
    made = bytes_of(made_file(FLAT, SpecificCharacterSet="ISO_IR 100", PatientName="X" * len(letters), PatientID="1"))
    room.bring({"1": made.replace(b"X" * len(letters), letters)})
    box = cast("QCheckBox", room.part("imaging.confirm_names.letters"))
    assert "“Ïåòðîâ Ï¸òð” as “Петров Пётр”" in box.text()
    assert room.screen._question.encoding == "cp1251"
    box.setChecked(False)
    assert room.screen._question.encoding == ""
    box.setChecked(True)
    room.tree.tick(0, is_ticked=True)
    room.press("imaging.confirm_names")
    assert room.screen.canvas._corners.left[0] == "Петров Пётр"


def drop(room: Room, *paths: Path) -> bool:
    """Drag files over the screen and let them go; return whether they were taken."""
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(path)) for path in paths])
    buttons, keys = Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
    over = QDragEnterEvent(QPoint(50, 50), Qt.DropAction.CopyAction, data, buttons, keys)
    over.ignore()
    room.screen.dragEnterEvent(over)
    if over.isAccepted():
        room.screen.dropEvent(QDropEvent(QPointF(50, 50), Qt.DropAction.CopyAction, data, buttons, keys))
        room.settle()
    return over.isAccepted()


def test_an_archive_and_the_image_of_a_disc_can_be_dropped(room: Room, tmp_path: Path) -> None:
    write(tmp_path, {"a.zip": zip_of({"1": one_file(1, "1.2.20", **OF_PETROV)}), "cd.iso": disc()})
    assert drop(room, tmp_path / "a.zip")
    assert room.counts() == (1, 0)
    assert drop(room, tmp_path / "cd.iso")
    words = [each.text() for each in room.screen._question.findChildren(QWidget) if hasattr(each, "text")]
    assert any("3 other files of the disc are left." in each for each in words)


def test_words_that_are_dragged_are_no_files(room: Room) -> None:
    assert not drop(room)


def test_files_are_chosen_by_the_other_button(room: Room, tmp_path: Path) -> None:
    write(tmp_path, {"one.dcm": one_file(1, **OF_PETROV), "two.dcm": one_file(2, **OF_PETROV)})
    room.screen.choose_files = lambda: (tmp_path / "one.dcm",)
    room.press("imaging.import_files")
    assert room.counts() == (1, 0)
    room.screen.choose_files = lambda: ()
    room.press("imaging.import_files")
    assert room.counts() == (1, 0)


@pytest.mark.parametrize(("iso", "shown"), [("1964-03-05", "05.03.1964"), ("", ""), ("1964", "1964")])
def test_a_date_is_shown_as_forms_write_it(iso: str, shown: str) -> None:
    assert form_date_of(iso) == shown


def test_the_question_speaks_every_language(room: Room) -> None:
    room.bring(lot())
    said = set()
    for code in ("en", "ru", "kk"):
        language.use(code)  # type: ignore[arg-type]
        QApplication.processEvents()
        panel = room.screen._question
        parts = [each for each in panel.findChildren(QWidget) if each.focusPolicy() & Qt.FocusPolicy.TabFocus]
        named = [each for each in parts if each.objectName().startswith("imaging.") and each.isVisible()]
        assert [each.objectName() for each in named if not each.accessibleName()] == []
        said.add((room.tree.headerItem().text(3), room.tree._person(1).text(3), panel._confirm.text()))
    assert len(said) == 3
