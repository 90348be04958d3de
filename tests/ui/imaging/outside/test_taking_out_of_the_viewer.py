"""Ways out of the viewer, over a real store and real files: folder, archive, picture, paper, and what a file says."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import cast

import pypdfium2
import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QGuiApplication, QImage
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QAbstractButton, QApplication, QCheckBox, QWidget

from clinic_app.access import Role, Trail
from clinic_app.imaging import Imaging, KeyImages, LocalFiles
from clinic_app.imaging.outside.image_exit import ImageExit
from clinic_app.imaging.reading import read_dataset
from clinic_app.records import HumanName, Patient
from clinic_app.storage import AuditQuery
from tests.helpers.dicom_files import bytes_of
from tests.helpers.nodes import Node, node
from tests.helpers.taking_in import take_folder
from tests.helpers.waiting import wait_until
from tests.unit.imaging.test_videos import AVC, film
from ui import language
from ui.imaging.film_card import FilmCard
from ui.imaging.imaging_screen import ImagingScreen
from ui.imaging.outside.contact_page import ContactPage
from ui.imaging.outside.exit_desk import ExitDesk
from ui.imaging.outside.exit_page import ExitPage
from ui.imaging.outside.tag_page import TagPage
from ui.imaging.outside.view_model_exit import ExitViewModel
from ui.imaging.view_model import ImagingViewModel
from ui.shell.patient_in_hand import PatientInHand
from ui.tasks import TaskRunner

NAMES = ("ct/CT_small.dcm", "us/examples_ybr_color.dcm", "sr/test-SR.dcm")
THEIRS = Patient(id="p1", name=(HumanName(family="Қасымов", given=("Нұрлан",)),), birth_date="1985-01-01")
OTHER = Patient(id="p2", name=(HumanName(family="Петрова", given=("Анна",)),))


class Room:
    """The screen with its ways out, and the person before it."""

    def __init__(self, here: Node, role: Role) -> None:
        self.here = here
        trail = Trail(here.store, here.clock)
        self.imaging = Imaging(here.store, trail, here.clock)
        self.session = here.session(role)
        self.runner = TaskRunner(2)
        self.hand = PatientInHand()
        keys = KeyImages(here.store, trail, here.clock)
        self.model = ImagingViewModel(self.imaging, keys, self.runner, self.session, self.hand)
        self.leaving = ExitViewModel(
            ImageExit(here.store, trail),
            lambda row: self.imaging.stack(self.session, row.study, row.uid),
            self.runner,
            self.session,
        )
        self.screen = ImagingScreen(self.model, leaving=self.leaving)
        self.screen.resize(1262, 664)
        self.notices: list[tuple[str, str]] = []
        self.shown: list[Path] = []
        self.desk.show_paper = self.shown.append
        self.screen.noticed.connect(lambda words, tone: self.notices.append((words, tone)))

    @property
    def desk(self) -> ExitDesk:
        assert self.screen.out is not None
        return self.screen.out

    @property
    def page(self) -> ExitPage:
        assert isinstance(self.desk.page, ExitPage)
        return self.desk.page

    @property
    def tags(self) -> TagPage:
        assert isinstance(self.desk.page, TagPage)
        return self.desk.page

    def open(self, modality: str = "CT") -> None:
        self.hand.take(THEIRS)
        self.screen.show()
        self.screen.entered()
        self.settle()
        self.model.open(next(row for row in self.model.rows if row.modality == modality))
        self.settle()

    def settle(self) -> None:
        for _turn in range(3):
            wait_until(lambda: self.runner.is_idle, what="the background to be idle")
            QApplication.processEvents()

    def export(self) -> ExitPage:
        self.desk.open_export()
        self.settle()
        return self.page

    def choose_all(self) -> None:
        for line in self.leaving.lines:
            self.leaving.choose(line.row.uid, is_chosen=True)

    def click(self, name: str) -> None:
        button = cast("QAbstractButton", self.screen.findChild(QAbstractButton, name))
        assert button.isVisible(), name
        assert button.isEnabled(), name
        QTest.mouseClick(button, Qt.MouseButton.LeftButton)
        self.settle()

    def without_the_patient(self) -> None:
        box = self.screen.findChild(QCheckBox, "imaging.exit.nameless")
        assert box is not None
        box.setChecked(True)
        self.settle()

    def state(self, modality: str) -> str:
        place = next(i for i, line in enumerate(self.leaving.lines) if line.row.modality == modality)
        item = self.page.series.topLevelItem(place)
        assert item is not None
        return item.text(2)

    def go_to(self, modality: str) -> None:
        place = next(i for i, line in enumerate(self.leaving.lines) if line.row.modality == modality)
        self.page._stand_on(place)
        self.settle()


@pytest.fixture(scope="module")
def here(tmp_path_factory: pytest.TempPathFactory, shared_data: Path) -> Iterator[Node]:
    folder = tmp_path_factory.mktemp("viewer")
    (folder / "cd").mkdir()
    for name in NAMES:
        shutil.copy(shared_data / "dicom" / name, folder / "cd")
    with node(folder / "data", "org-district") as made:
        made.store.records.commit((THEIRS, OTHER))
        imaging = Imaging(made.store, Trail(made.store, made.clock), made.clock)
        take_folder(imaging, made.session("doctor"), "p1", folder / "cd", is_confirmed=True)
        yield made


def _room(here: Node, role: Role) -> Iterator[Room]:
    made = Room(here, role)
    yield made
    made.leaving.close()
    made.hand.take(OTHER)
    made.settle()
    made.screen.close()
    made.screen.deleteLater()
    made.runner.close()
    QApplication.sendPostedEvents()
    language.use("ru")


@pytest.fixture
def room(here: Node, qapp: object) -> Iterator[Room]:
    yield from _room(here, "doctor")


@pytest.fixture
def nurse_room(here: Node, qapp: object) -> Iterator[Room]:
    yield from _room(here, "nurse")


def test_a_study_leaves_as_a_folder_with_its_patient(room: Room, tmp_path: Path) -> None:
    room.open()
    page = room.export()
    room.choose_all()
    page.choose_place = lambda is_archive: tmp_path / ("x.zip" if is_archive else "out")
    room.click("imaging.exit.go")
    assert (tmp_path / "out" / "DICOMDIR").is_file()
    assert len(LocalFiles.of(tmp_path / "out").studies) == 3
    assert room.notices[-1][1] == "ok"
    assert room.desk.page is None
    assert room.screen._stack.currentWidget() is room.screen._body


def test_only_the_study_in_hand_is_chosen_at_first(room: Room) -> None:
    room.open("US")
    room.export()
    assert {line.row.modality for line in room.leaving.chosen} == {"US"}


def test_without_the_patient_nothing_is_written_before_it_was_looked_through(room: Room, tmp_path: Path) -> None:
    room.open("US")
    page = room.export()
    room.choose_all()
    page.choose_place = lambda _is_archive: tmp_path / "out"
    room.without_the_patient()
    go = room.screen.findChild(QWidget, "imaging.exit.go")
    assert go is not None
    assert not go.isEnabled()
    assert "1" in page._words.text()
    assert room.leaving.line(room.page._uid()) is not None
    room.go_to("US")
    assert room.page.picture.picture is not None
    room.page.picture.add_box(0, 0, 320, 20)
    room.settle()
    room.click("imaging.exit.looked")
    assert go.isEnabled()
    room.click("imaging.exit.go")
    files = LocalFiles.of(tmp_path / "out")
    assert {series.modality.code for study in files.studies for series in study.series} == {"CT", "US"}
    for path in (tmp_path / "out").rglob("IM*"):
        left = read_dataset(path.read_bytes())
        assert left.PatientIdentityRemoved == "YES"
        if left.Modality == "US":
            assert not any(left.PixelData[: 320 * 3 * 20])
            assert any(left.PixelData)
    assert room.notices[-1][1] == "ok"


def test_a_box_that_is_drawn_takes_the_look_back_and_can_be_taken_away(room: Room) -> None:
    room.open("US")
    page = room.export()
    room.without_the_patient()
    room.go_to("US")
    room.click("imaging.exit.looked")
    assert room.leaving.line(page._uid()).is_looked_at  # type: ignore[union-attr]
    glass = page.picture
    assert len(glass.boxes) == 2  # what lies outside the regions is proposed
    room.click("imaging.exit.clear")
    assert glass.boxes == ()
    QTest.mousePress(glass, Qt.MouseButton.LeftButton, pos=QPoint(200, 120))
    QTest.mouseMove(glass, QPoint(300, 200))
    QTest.mouseRelease(glass, Qt.MouseButton.LeftButton, pos=QPoint(300, 200))
    room.settle()
    line = room.leaving.line(page._uid())
    assert line is not None
    assert len(line.boxes) == 1
    assert not line.is_looked_at
    QTest.keyClick(glass, Qt.Key.Key_Insert)
    QTest.keyClick(glass, Qt.Key.Key_Delete)
    QTest.keyClick(glass, Qt.Key.Key_Delete)
    assert room.leaving.line(page._uid()).boxes == ()  # type: ignore[union-attr]
    QTest.mouseClick(glass, Qt.MouseButton.LeftButton)
    assert glass.boxes == ()
    room.click("imaging.exit.propose")
    assert len(glass.boxes) == 2
    QTest.keyClick(glass, Qt.Key.Key_PageDown)
    room.settle()
    assert glass.image_number == 2


def test_the_table_tells_what_stays_and_what_goes(room: Room) -> None:
    room.open("CT")
    page = room.export()
    room.without_the_patient()
    room.go_to("CT")
    room.click("imaging.exit.views.words")
    told = {page.fates.item(row, 0).text(): page.fates.item(row, 3).text() for row in range(page.fates.rowCount())}
    assert told["(0010,0010)"].startswith("ANONYMOUS")
    assert told["(0008,0080)"] == "уходит"
    assert told["(0028,0010)"] == "остаётся"
    assert room.state("SR") == "остаётся здесь"


def test_a_picture_leaves_as_it_is_seen_and_is_in_the_trail(room: Room, tmp_path: Path) -> None:
    room.open("CT")
    for name in ("seen.png", "seen.jpg"):
        room.desk.choose_picture = lambda _start, name=name: tmp_path / name  # type: ignore[misc]
        room.desk.save_picture()
        room.settle()
        image = QImage(str(tmp_path / name))
        assert image.width() >= room.screen.canvas.width()
    assert room.notices[-1][1] == "ok"
    told = str([row.event for row in room.here.store.audit.page(AuditQuery(), 3)])
    assert "JPG, as seen" in told


def test_the_pictures_of_all_panes_go_on_one_page(room: Room, tmp_path: Path) -> None:
    room.open("CT")
    names: list[str] = []
    room.desk.choose_paper = lambda start: names.append(start) or tmp_path / "sheet.pdf"  # type: ignore[func-returns-value]
    room.desk.save_paper()
    room.settle()
    with pypdfium2.PdfDocument(tmp_path / "sheet.pdf") as document:
        assert len(document) == 1
        text = document[0].get_textpage().get_text_range()
    assert "Қасымов" in text
    assert "CT" in text
    assert "Қасымов" not in names[0]
    assert room.shown == [tmp_path / "sheet.pdf"], "the computer's reader prints it"


def test_a_picture_leaves_without_its_name_and_marks_where_that_is_wished(room: Room, tmp_path: Path) -> None:
    room.open("CT")
    room.desk.choose_picture = lambda _start: tmp_path / "seen.png"
    room.desk.choose_paper = lambda _start: tmp_path / "sheet.pdf"
    room.desk.save_picture()
    room.settle()
    named = QImage(str(tmp_path / "seen.png"))
    corners = room.screen.canvas.corners
    for wish in room.desk.wishes.values():
        wish.setChecked(False)
    room.screen.canvas.setFocus()
    room.desk.save_picture()
    room.desk.save_paper(is_true_size=True)
    room.settle()
    nameless = QImage(str(tmp_path / "seen.png"))
    part = named.rect().adjusted(4, 4, -named.width() // 2, -named.height() * 4 // 5)
    assert named.copy(part) != nameless.copy(part)
    assert room.screen.canvas.corners == corners
    assert "hasFocus" not in vars(room.screen.canvas)
    with pypdfium2.PdfDocument(tmp_path / "sheet.pdf") as document:
        text = document[0].get_textpage().get_text_range()
    assert "Қасымов" not in text
    assert "100 %" in text
    assert "without the patient's name" in str([row.event for row in room.here.store.audit.page(AuditQuery(), 3)])


def test_what_the_file_says_is_opened_searched_and_copied(room: Room) -> None:
    room.open("CT")
    room.desk.open_tags()
    room.settle()
    tree = room.tags.tree
    lines = {tree.topLevelItem(place).text(0): tree.topLevelItem(place) for place in range(tree.topLevelItemCount())}  # type: ignore[union-attr]
    assert lines["(0010,0010)"].text(3) == "CompressedSamples^CT1"  # type: ignore[union-attr]
    room.tags.search.setText("modality")
    room.tags._search()
    room.settle()
    assert tree.topLevelItemCount() >= 1
    assert tree.topLevelItem(0).text(3) == "CT"  # type: ignore[union-attr]
    room.tags.copy()
    assert "(0008,0060)\tCS\tModality\tCT" in QGuiApplication.clipboard().text()
    QTest.keyClick(room.tags.tree, Qt.Key.Key_Escape)
    assert room.desk.page is None


def test_a_sequence_is_read_when_it_is_opened(room: Room) -> None:
    room.open("CT")
    row = next(row for row in room.model.rows if row.modality == "SR")
    room.model.open(row)
    room.settle()
    room.desk.open_tags()
    room.settle()
    tree = room.tags.tree
    items = [tree.topLevelItem(place) for place in range(tree.topLevelItemCount())]
    sequence = next(item for item in items if item is not None and item.text(0) == "(0040,A043)")
    sequence.setExpanded(True)
    room.settle()
    assert sequence.child(0).text(0) == "#1"
    sequence.child(0).setExpanded(True)
    room.settle()
    assert sequence.child(0).child(0).text(0).startswith("(")


def test_who_may_not_take_anything_out_is_not_offered_it(nurse_room: Room) -> None:
    nurse_room.open("CT")
    nurse_room.desk.follow()
    enabled = {key: action.isEnabled() for key, action in nurse_room.desk.actions.items()}
    assert enabled == {
        "export": False,
        "picture": False,
        "paper": False,
        "true_size": False,
        "sheet": False,
        "tags": True,
    }
    nurse_room.desk.open_export()
    assert nurse_room.desk.page is None


def test_another_patient_ends_it(room: Room) -> None:
    room.open("CT")
    room.export()
    room.hand.take(OTHER)
    room.settle()
    assert room.desk.page is None
    assert room.leaving.lines == ()


def test_it_is_said_in_the_language_of_the_windows(room: Room) -> None:
    room.open("CT")
    page = room.export()
    language.use("kk")
    QApplication.processEvents()
    assert page._title.text() == "Кескіндерді шығару"
    assert room.desk.actions["export"].text() == "Кескіндерді шығару…\tCtrl+E"


def open_film(room: Room, folder: Path) -> FilmCard:
    """File a video for the other patient and take it in hand."""
    folder.mkdir()
    (folder / "film").write_bytes(bytes_of(film(AVC, b"\x00\x00\x00\x20ftypisom" + b"boxes!" * 200)))
    take_folder(room.imaging, room.here.session("doctor"), "p2", folder, is_confirmed=True)
    room.hand.take(OTHER)
    room.screen.show()
    room.screen.entered()
    room.settle()
    room.model.open(next(row for row in room.model.rows if row.modality == "ES"))
    room.settle()
    front = room.screen.viewer.front
    assert isinstance(front, FilmCard)
    return front


def test_a_video_that_leaves_is_in_the_trail(room: Room, tmp_path: Path) -> None:
    card = open_film(room, tmp_path / "in")
    card.choose = lambda _name: tmp_path / "out.mp4"
    card.card.action.click()
    room.settle()
    room.settle()
    assert (tmp_path / "out.mp4").is_file()
    told = str([row.event for row in room.here.store.audit.page(AuditQuery(), 3)])
    assert "MP4, video" in told
    assert "export" in told


def test_who_may_take_nothing_out_is_offered_no_video(nurse_room: Room, tmp_path: Path) -> None:
    card = open_film(nurse_room, tmp_path / "in")
    assert not card.card.action.isVisible()


def test_a_series_on_paper_is_in_the_trail_before_it_is_written(room: Room, tmp_path: Path) -> None:
    room.open("US")
    room.desk.open_sheet()
    page = room.desk.page
    assert isinstance(page, ContactPage)
    (tmp_path / "no folder").write_bytes(b"")
    page.choose = lambda: tmp_path / "no folder" / "sheet.pdf"
    page.go()
    room.settle()
    assert room.notices[-1][1] == "warn"
    told = str([row.event for row in room.here.store.audit.page(AuditQuery(), 3)])
    assert "pictures of a series, with the patient" in told
