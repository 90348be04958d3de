"""The imaging room over a real store and real files: taking a folder in, reading, marking, another patient."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import cast

import pytest
import shiboken6
from pydicom.data import get_testdata_file
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QAbstractButton, QApplication, QComboBox, QWidget

from clinic_app.access import Role, Session, Trail
from clinic_app.imaging import Gathered, Gathering, Imaging, KeyImages, from_paths
from clinic_app.records import HumanName, Identifier, Patient
from clinic_app.terminology.systems import CHART_NUMBER
from tests.helpers.nodes import Node, node
from tests.helpers.waiting import wait_until
from tests.helpers.watchdog import Watchdog
from ui import language
from ui.imaging.imaging_screen import ImagingScreen
from ui.imaging.view_model import ImagingViewModel
from ui.shell.patient_in_hand import PatientInHand
from ui.tasks import TaskRunner

THEIRS = Patient(
    id="p1",
    name=(HumanName(family="CompressedSamples", given=("CT1",)),),
    identifier=(Identifier(system=CHART_NUMBER, value="1CT1"),),
)
OTHER = Patient(id="p2", name=(HumanName(family="Қасымов", given=("Нұрлан",)),))
CT, MR, LOOP = "CT_small.dcm", "MR_small.dcm", "examples_ybr_color.dcm"


class Room:
    """The screen, what it stands on, and the person before it."""

    def __init__(self, here: Node, role: Role, folder: Path) -> None:
        self.here = here
        trail = Trail(here.store, here.clock)
        self.imaging = Imaging(here.store, trail, here.clock)
        self.keys = KeyImages(here.store, trail, here.clock)
        self.session = here.session(role)
        self.runner = TaskRunner(2)
        self.hand = PatientInHand()
        self.model = ImagingViewModel(self.imaging, self.keys, self.runner, self.session, self.hand)
        self.screen = ImagingScreen(self.model)
        self.screen.choose_folder = lambda: folder
        self.screen.resize(1262, 664)
        self.folder = folder
        self.notices: list[tuple[str, str]] = []
        self.screen.noticed.connect(lambda words, tone: self.notices.append((words, tone)))

    def open(self, patient: Patient) -> None:
        """Take a patient in hand and bring the screen to the front."""
        self.hand.take(patient)
        self.screen.show()
        self.screen.entered()
        self.settle()

    def settle(self) -> None:
        """Wait until every answer was delivered."""
        for _turn in range(2):
            wait_until(lambda: self.runner.is_idle, what="the background to be idle")
            QApplication.processEvents()

    def click(self, name: str) -> None:
        """Press a button and wait for what it does."""
        button = cast("QAbstractButton", self.screen.findChild(QAbstractButton, name))
        assert button.isVisible()
        assert button.isEnabled()
        QTest.mouseClick(button, Qt.MouseButton.LeftButton)
        self.settle()

    def say_yes(self) -> None:
        """Tick everything that was found, and take it in."""
        tree = self.screen._question.tree
        for place in range(tree.topLevelItemCount()):
            tree.tick(place, is_ticked=True)
        self.click("imaging.confirm_names")

    def sees(self, name: str) -> bool:
        """Return whether a part can be seen."""
        found = self.screen.findChild(QWidget, name)
        return found is not None and found.isVisible()

    def take(self, *names: str) -> None:
        """Put files of pydicom into the folder."""
        for name in names:
            shutil.copy(str(get_testdata_file(name, download=False)), self.folder / name)

    def go_to_series(self, modality: str) -> None:
        """Move to a series as an arrow key does."""
        place = next(i for i, row in enumerate(self.model.rows) if row.modality == modality)
        self.screen.series.setCurrentIndex(self.screen.series.model().index(place, 0))
        self.settle()


Opener = Callable[..., Room]


@pytest.fixture
def opener(tmp_path: Path, qapp: QApplication) -> Iterator[Opener]:
    """Makes the room for somebody of a role."""
    language.use("en")
    folder = tmp_path / "cd"
    folder.mkdir()
    made: list[Room] = []
    with node(tmp_path / "data", "org-district") as here:
        here.store.records.commit((THEIRS,))
        here.store.records.commit((OTHER,))

        def make(role: Role = "doctor") -> Room:
            made.append(Room(here, role, folder))
            return made[-1]

        yield make
        for each in made:
            if shiboken6.isValid(each.screen):
                shiboken6.delete(each.screen)
            each.runner.close()
    language.use("kk")


@pytest.fixture
def room(opener: Opener) -> Room:
    return opener()


def test_without_images_the_screen_says_what_to_do(room: Room) -> None:
    room.open(THEIRS)
    assert room.sees("imaging.none")
    assert room.screen._none.title() == "No images yet"
    assert QApplication.focusWidget() is None or room.sees("imaging.import")


def test_a_folder_becomes_series_and_the_first_picture_is_seen(room: Room) -> None:
    room.take(CT)
    room.open(THEIRS)
    room.click("imaging.import")
    assert [row.modality for row in room.model.rows] == ["CT"]
    assert room.screen.canvas.image_number == 1
    assert room.screen.canvas.image_count == 1
    assert room.screen._report.text() == "1 file taken."
    assert room.model.rows[0].uid in room.model.thumbnails
    assert room.screen.series.model().index(0, 0).data() == "CT, 1 image, e+1, 19.01.2004"


def test_one_bad_file_is_named_with_its_reason_and_the_others_are_taken(room: Room) -> None:
    room.take(CT)
    whole = (room.folder / CT).read_bytes()
    (room.folder / "cut.dcm").write_bytes(whole[:-32_000])
    (room.folder / "readme.txt").write_text("hello", encoding="utf-8")
    room.open(THEIRS)
    room.click("imaging.import")
    assert room.screen._report.text() == "1 file taken. 2 files not taken:"
    assert room.screen._report.refusals() == [
        "cut.dcm: The file is damaged or cut short.",
        "readme.txt: This is no DICOM file.",
    ]
    room.click("imaging.report.close")
    assert not room.sees("imaging.report")
    assert room.screen.canvas.image_number == 1


def test_a_folder_without_images_is_said_to_be_so(room: Room) -> None:
    room.open(THEIRS)
    room.click("imaging.import")
    assert room.screen._report.text() == "There are no images in this folder."


def test_another_name_in_the_files_files_nothing_until_somebody_confirms(room: Room) -> None:
    room.take(CT)
    room.open(OTHER)
    room.click("imaging.import")
    assert room.model.rows == ()
    assert not room.sees("imaging.report")
    assert room.screen._question._words.text() == "In hand: Қасымов Нұрлан"
    tree = room.screen._question.tree
    assert tree._person(0).text(0) == "CompressedSamples CT1  ·  1CT1, ABCD1234"
    assert tree._person(0).text(3) == "Nothing: another name, number or birth date"
    assert not room.screen._question._confirm.isEnabled()
    tree.tick(0, is_ticked=True)
    QTest.keyClick(cast("QWidget", room.screen.findChild(QWidget, "imaging.confirm_names")), Qt.Key.Key_Return)
    room.settle()
    assert room.imaging.studies(room.session, "p2") == ()
    room.say_yes()
    assert len(room.imaging.studies(room.session, "p2")) == 1
    assert not room.sees("imaging.confirm_names")
    assert room.screen._report.text() == "1 file taken."


def test_the_cursor_stays_in_the_room_when_a_question_is_answered(room: Room) -> None:
    room.take(CT)
    room.open(OTHER)
    room.screen.activateWindow()
    wait_until(room.screen.isActiveWindow, what="the window to be in front")
    room.screen._import.setFocus()
    room.click("imaging.import")
    assert cast("QWidget", QApplication.focusWidget()).objectName() == "imaging.confirm_names.cancel"
    room.say_yes()
    assert room.screen._has_cursor()


def test_whoever_declines_takes_nothing_in(room: Room) -> None:
    room.take(CT)
    room.open(OTHER)
    room.click("imaging.import")
    room.click("imaging.confirm_names.cancel")
    assert not room.sees("imaging.confirm_names")
    assert room.imaging.studies(room.session, "p2") == ()


def test_a_question_about_one_patient_is_never_asked_of_the_next(room: Room) -> None:
    room.take(CT)
    room.open(OTHER)
    room.click("imaging.import")
    room.hand.take(THEIRS)
    room.settle()
    room.model.confirm((), "")
    room.settle()
    assert not room.sees("imaging.confirm_names")
    assert room.imaging.studies(room.session, "p1") == ()
    assert room.imaging.studies(room.session, "p2") == ()


def test_the_name_in_the_picture_is_that_of_the_file(room: Room) -> None:
    room.take(CT)
    room.open(OTHER)
    room.click("imaging.import")
    room.say_yes()
    assert room.screen.canvas._corners.left[:3] == ("CompressedSamples CT1", "1CT1", "19.01.2004 11:29")


def test_a_loop_is_leafed_through(room: Room) -> None:
    room.take(LOOP)
    room.open(OTHER)
    room.click("imaging.import")
    if room.sees("imaging.confirm_names"):
        room.say_yes()
    canvas = room.screen.canvas
    assert canvas.image_count == 30
    first = canvas.picture
    for key in (Qt.Key.Key_Down, Qt.Key.Key_PageDown):
        QTest.keyClick(canvas, key)
    wait_until(lambda: canvas.image_number == 12, what="picture 12")
    assert canvas.picture is not first


def test_only_the_newest_wish_is_decoded(room: Room) -> None:
    room.take(LOOP)
    room.open(OTHER)
    room.click("imaging.import")
    if room.sees("imaging.confirm_names"):
        room.say_yes()
    seen: list[int] = []
    room.model.decoded.connect(lambda number, _picture: seen.append(number))
    for number in range(2, 30):
        room.model.want(number)
    wait_until(lambda: 29 in seen, what="the newest wish")
    assert len(seen) <= 3


def test_what_somebody_reads_is_not_taken_away_by_news(room: Room) -> None:
    room.take(CT, MR)
    room.open(OTHER)
    room.click("imaging.import")
    room.say_yes()
    room.go_to_series("MR")
    canvas = room.screen.canvas
    canvas.set_tool("length")
    canvas.draw_length((1, 1), (9, 9))
    picture = canvas.picture
    room.take("examples_rgb_color.dcm")
    room.click("imaging.import")
    room.say_yes()
    assert len(room.model.rows) == 3
    assert canvas.picture is picture
    assert canvas.last_length is not None
    current = room.screen.series.currentIndex().row()
    assert room.model.rows[current].modality == "MR"


def test_k_keeps_the_picture_in_the_window_it_is_seen_in(room: Room) -> None:
    room.take(CT)
    room.open(THEIRS)
    room.click("imaging.import")
    room.screen.activateWindow()
    wait_until(room.screen.isActiveWindow, what="the window to be in front")
    room.screen.canvas.set_preset("3")
    assert not room.model.is_marked
    QTest.keyClick(room.screen.windowHandle(), Qt.Key.Key_K)
    room.settle()
    (document,) = room.keys.of_patient(room.session, "p1")
    source = room.keys.source(document)
    assert (source.center, source.width) == (400, 1800)
    assert room.model.is_marked
    assert ("Key image kept; it can be attached to a referral.", "ok") in room.notices
    assert room.screen.canvas._corners.right[-1] == "Key image"
    room.model.mark(None)
    room.settle()
    assert len(room.keys.of_patient(room.session, "p1")) == 1


def test_a_key_image_is_known_again_when_the_screen_is_opened_anew(opener: Opener) -> None:
    room = opener()
    room.take(CT)
    room.open(THEIRS)
    room.click("imaging.import")
    room.click("imaging.key_image")
    again = opener()
    again.open(THEIRS)
    assert again.model.is_marked


def test_nothing_of_one_patient_stays_for_the_next(room: Room) -> None:
    room.take(CT)
    room.open(THEIRS)
    room.click("imaging.import")
    room.hand.take(OTHER)
    assert room.model.rows == ()
    assert room.screen.canvas.picture is None
    assert room.screen.canvas._corners.left == ()
    assert not room.sees("imaging.report")
    room.settle()
    assert room.sees("imaging.none")


class SlowImages:
    """An import that waits until it is told to go on or to stop."""

    def __init__(self, images: Imaging) -> None:
        self._images = images
        self.may_end = threading.Event()
        self.told: Callable[[int, int], None] = lambda _done, _total: None
        self.is_cancelled: Callable[[], bool] = lambda: False
        self.stack = images.stack
        self.studies = images.studies
        self.opened = images.opened
        self.keep_presentation = images.keep_presentation

        self.take_in = images.take_in

    def gather(self, session: Session, patient_id: str, bring: Callable[[Gathering], None]) -> Gathered:
        def slowly(gathering: Gathering) -> None:
            self.told(3, 12)
            while not self.is_cancelled() and not self.may_end.wait(0.005):
                pass
            bring(gathering)
            gathering.is_stopped = self.is_cancelled()

        return self._images.gather(session, patient_id, slowly)


def _slowly(room: Room) -> SlowImages:
    slow = SlowImages(room.imaging)
    room.model.importer._images = slow

    def bringer(told: Callable[[int, int], None], is_cancelled: Callable[[], bool]) -> Callable[[Gathering], None]:
        slow.told, slow.is_cancelled = told, is_cancelled
        return from_paths([room.folder])

    room.model.import_paths = lambda _paths: room.model.import_from(bringer)  # type: ignore[method-assign]
    return slow


def test_an_import_says_how_far_it_is_and_can_be_left(room: Room) -> None:
    _slowly(room)
    room.take(CT)
    room.open(THEIRS)
    QTest.mouseClick(room.screen._import, Qt.MouseButton.LeftButton)
    wait_until(lambda: room.screen._busy._bar.value() == 3, what="the progress")
    assert room.screen._busy._bar.maximum() == 12
    assert not room.screen._import.isEnabled()
    room.click("imaging.cancel")
    assert not room.sees("imaging.cancel")
    assert room.screen._report.text().startswith("The import was stopped; what was read until then is kept.")
    assert room.screen._import.isEnabled()


def test_whoever_signs_out_leaves_no_import_behind(opener: Opener) -> None:
    room = opener()
    _slowly(room)
    room.open(THEIRS)
    QTest.mouseClick(room.screen._import, Qt.MouseButton.LeftButton)
    wait_until(lambda: room.screen._busy._bar.value() == 3, what="the progress")
    job = room.model.importer._job
    assert job is not None
    shiboken6.delete(room.screen)
    assert job.is_cancelled()
    wait_until(lambda: room.runner.is_idle, what="the background to be idle")


def test_whoever_goes_on_to_another_patient_is_told_what_became_of_the_first(room: Room) -> None:
    slow = _slowly(room)
    room.take(CT)
    room.open(THEIRS)
    QTest.mouseClick(room.screen._import, Qt.MouseButton.LeftButton)
    room.hand.take(OTHER)
    slow.may_end.set()
    room.settle()
    assert ("The images of CompressedSamples CT1 are imported.", "ok") in room.notices
    assert len(room.imaging.studies(room.session, "p1")) == 1
    assert room.imaging.studies(room.session, "p2") == ()
    assert not room.sees("imaging.report")


def test_a_nurse_is_offered_only_what_she_may_do(opener: Opener) -> None:
    room = opener("nurse")
    room.open(THEIRS)
    button = cast("QAbstractButton", room.screen.findChild(QAbstractButton, "imaging.import"))
    assert button.isEnabled() == room.session.can("create", "ImagingStudy")


def test_every_part_has_a_name_in_every_language(room: Room) -> None:
    room.take(CT)
    (room.folder / "readme.txt").write_text("hello", encoding="utf-8")
    room.open(THEIRS)
    room.click("imaging.import")
    said = set()
    for code in ("en", "ru", "kk"):
        language.use(code)
        QApplication.processEvents()
        parts = [w for w in room.screen.findChildren(QWidget) if w.focusPolicy() & Qt.FocusPolicy.TabFocus]
        named = [w for w in parts if w.objectName().startswith("imaging.") and w.isVisible()]
        assert [w.objectName() for w in named if not w.accessibleName()] == []
        presets = cast("QComboBox", room.screen.findChild(QComboBox, "imaging.tool.preset"))
        said.add(
            (
                room.screen.title.text(),
                room.screen._import.text(),
                room.screen._report.text(),
                room.screen._report.refusals()[0],
                presets.itemText(1),
                room.screen.series.model().index(0, 0).data(),
                room.screen.canvas.accessibleName(),
            )
        )
    assert all(len(set(column)) == 3 for column in zip(*said, strict=True))


def test_tools_show_what_is_in_force_and_name_their_keys(room: Room) -> None:
    room.take(CT)
    room.open(THEIRS)
    room.click("imaging.import")
    canvas = room.screen.canvas
    length = cast("QAbstractButton", room.screen.findChild(QAbstractButton, "imaging.tool.length"))
    window = cast("QAbstractButton", room.screen.findChild(QAbstractButton, "imaging.tool.window"))
    assert window.isChecked()
    room.click("imaging.tool.length")
    assert (canvas.tool, length.isChecked(), window.isChecked()) == ("length", True, False)
    QTest.keyClick(canvas, Qt.Key.Key_W)
    assert (canvas.tool, length.isChecked(), window.isChecked()) == ("window", False, True)
    assert length.toolTip() == "Length (L). Drag from end to end."
    QTest.keyClick(canvas, Qt.Key.Key_2)
    presets = cast("QComboBox", room.screen.findChild(QComboBox, "imaging.tool.preset"))
    assert presets.currentText() == "2  Lung"
    presets.setCurrentIndex(4)
    presets.activated.emit(4)
    assert canvas.window == (40, 80)


def test_the_window_answers_while_a_loop_is_read(room: Room) -> None:
    room.take(LOOP, CT, MR)
    room.open(OTHER)
    dog = Watchdog()
    dog.start()
    try:
        QTest.mouseClick(room.screen._import, Qt.MouseButton.LeftButton)
        room.settle()
        room.say_yes()
        for _key in range(20):
            QTest.keyClick(room.screen.canvas, Qt.Key.Key_Down)
        room.settle()
    finally:
        dog.stop()
    dog.check()


def test_k_takes_a_key_image_out_again_and_the_strip_shows_where_they_are(room: Room) -> None:
    room.take(LOOP)
    room.open(OTHER)
    room.click("imaging.import")
    if room.sees("imaging.confirm_names"):
        room.say_yes()
    room.screen.canvas.go_to(5)
    room.settle()
    room.click("imaging.key_image")
    assert room.screen.viewer.strip._marked == (5,)
    assert room.screen._tools._mark.toolTip() == "No key image any more (K)"
    room.click("imaging.key_image")
    assert not room.model.is_marked
    assert room.keys.of_patient(room.session, "p2") == ()
    assert room.screen.viewer.strip._marked == ()
    assert room.notices[-1] == ("It is no key image any more; what was sent with it stays sent.", "ok")


def test_the_key_images_of_a_study_become_a_key_object_any_viewer_opens(room: Room) -> None:
    room.take(CT)
    room.open(THEIRS)
    room.click("imaging.import")
    assert not room.screen._tools._key_object.isEnabled()
    room.click("imaging.key_image")
    assert room.screen._tools._key_object.toolTip() == "Keep 1 key image of this study as a key object (Shift+K)"
    room.click("imaging.tool.key_object")
    assert room.notices[-1] == ("A key object with 1 images is kept beside the series.", "ok")
    assert [row.modality for row in room.model.rows] == ["CT", "KO"]
    room.go_to_series("KO")
    assert room.screen.canvas.image_count == 1
