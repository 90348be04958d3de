"""Marks in the imaging room: listed beside the picture, kept with the study, found again and never lost."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from typing import cast

import msgspec
import pytest
from pydicom.data import get_testdata_file
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QPushButton
from pytestqt.qtbot import QtBot

from clinic_app.access import Draft, Role, Trail
from clinic_app.foundation.errors import ClinicError, StorageError
from clinic_app.foundation.texts import Text
from clinic_app.imaging import Imaging, KeyImages, Mark, MarkKeeping
from clinic_app.imaging.measuring.marks import MarkLayer
from clinic_app.records import HumanName, ImagingStudy, Patient
from tests.helpers.late_runner import LateRunner
from tests.helpers.nodes import Node, node
from tests.helpers.taking_in import take_folder
from tests.helpers.waiting import wait_until
from ui import language
from ui.imaging.imaging_screen import ImagingScreen
from ui.imaging.measuring.marks_model import MarksModel
from ui.imaging.series_desk import SeriesDesk
from ui.imaging.shelf import rows_of
from ui.imaging.view_model import ImagingViewModel
from ui.shell.patient_in_hand import PatientInHand
from ui.tasks import TaskRunner
from ui.widgets.image_mark_book import MarkBook

P1 = Patient(id="p1", name=(HumanName(family="Қасымов", given=("Нұрлан",)),))
P2 = Patient(id="p2", name=(HumanName(family="Оспанова", given=("Айгүл",)),))


@pytest.fixture(scope="module")
def here(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Node]:
    folder = tmp_path_factory.mktemp("cd")
    for name in ("CT_small.dcm", "MR_small.dcm"):
        shutil.copy(str(get_testdata_file(name, download=False)), folder / name)
    with node(tmp_path_factory.mktemp("data"), "org-district") as made:
        made.store.records.commit((P1,))
        made.store.records.commit((P2,))
        imaging = Imaging(made.store, Trail(made.store, made.clock), made.clock)
        take_folder(imaging, made.session("doctor"), "p1", folder, is_confirmed=True)
        yield made


class Room:
    """The screen over a real store, for somebody of a role."""

    def __init__(self, here: Node, role: Role) -> None:
        trail = Trail(here.store, here.clock)
        self.imaging, self.session = Imaging(here.store, trail, here.clock), here.session(role)
        self.runner, self.hand = TaskRunner(2), PatientInHand()
        keys = KeyImages(here.store, trail, here.clock)
        self.model = ImagingViewModel(self.imaging, keys, self.runner, self.session, self.hand)
        self.keeping = MarkKeeping(here.store, trail, here.clock)
        self.model.marks = MarksModel(self.keeping, self.runner, self.session)
        self.screen = ImagingScreen(self.model)
        self.screen.resize(1278, 660)
        self.left: list[Draft] = []
        self.notices: list[tuple[str, str]] = []
        self.screen.draft_left.connect(self.left.append)
        self.screen.noticed.connect(lambda words, tone: self.notices.append((words, tone)))
        assert self.screen.marks is not None
        self.marks = self.screen.marks

    def open(self, patient: Patient | None) -> None:
        self.hand.take(patient)
        self.screen.show()
        self.settle()

    def settle(self) -> None:
        for _turn in range(3):
            wait_until(lambda: self.runner.is_idle, what="the background to be idle")
            QApplication.processEvents()

    def click(self, name: str) -> None:
        button = cast("QPushButton", self.screen.findChild(QPushButton, name))
        assert button.isVisible()
        assert button.isEnabled()
        QTest.mouseClick(button, Qt.MouseButton.LeftButton)
        self.settle()

    def draw(self) -> None:
        self.screen.canvas.draw_length((20, 20), (60, 20))
        QApplication.processEvents()

    @property
    def rows(self) -> tuple[str, ...]:
        return self.marks.panel.rows


@pytest.fixture
def rooms(here: Node, qtbot: QtBot) -> Iterator[list[Room]]:
    language.use("en")
    made: list[Room] = []
    yield made
    for room in made:
        room.runner.close()
    language.use("kk")


def room_of(rooms: list[Room], here: Node, qtbot: QtBot, role: Role = "doctor") -> Room:
    made = Room(here, role)
    qtbot.addWidget(made.screen)
    rooms.append(made)
    made.open(P1)
    return made


@pytest.fixture
def room(rooms: list[Room], here: Node, qtbot: QtBot) -> Iterator[Room]:
    made = room_of(rooms, here, qtbot)
    yield made
    for study in made.imaging.studies(made.session, "p1"):
        made.keeping.keep(made.session, study, (), "en")


def test_without_marks_there_is_no_list_and_the_first_one_brings_it(room: Room) -> None:
    assert not room.marks.panel.isVisible()
    room.draw()
    assert room.marks.panel.isVisible()
    assert room.rows == ("Length\n12.5 mm · calibrated",)
    assert room.marks.panel._state.text() == "Not kept yet."
    assert room.screen.minimumSizeHint().width() <= 1278


def test_what_is_kept_is_there_when_the_patient_comes_again_and_is_no_series_of_its_own(
    room: Room, rooms: list[Room], here: Node, qtbot: QtBot
) -> None:
    room.draw()
    room.click("imaging.marks.keep")
    assert room.notices[-1] == ("The measurements are kept with the study and travel with it.", "ok")
    assert room.marks.panel._state.text() == "All measurements are kept."
    assert {row.modality for row in room.model.rows} == {"CT", "MR"}
    assert room.rows == ("Length\n12.5 mm · calibrated",), "the picture that is looked at stays"
    again = room_of(rooms, here, qtbot)
    assert again.rows == ("Length\n12.5 mm · calibrated",)
    QTest.keyClick(again.screen.canvas, Qt.Key.Key_Delete)
    assert again.marks.panel._state.text() == "Not kept yet."


def test_a_colleague_sees_them_with_my_name_and_changes_only_his_own(
    room: Room, rooms: list[Room], here: Node, qtbot: QtBot
) -> None:
    room.draw()
    room.click("imaging.marks.keep")
    theirs = room_of(rooms, here, qtbot, "nurse")
    assert theirs.rows[0].startswith(f"Length\n12.5 mm · calibrated\n{room.session.name} · ")
    theirs.marks.panel.list.setCurrentRow(0)
    assert not theirs.marks.panel._remove.isEnabled()
    (seen,) = theirs.screen.canvas.shown_marks()
    assert not seen.is_mine


def test_the_list_names_takes_away_and_goes_back(room: Room) -> None:
    room.draw()
    panel = room.marks.panel
    room.click("imaging.marks.rename")
    field = room.screen.canvas.hands._field
    assert field is not None
    QTest.keyClicks(field, "stone")
    QTest.keyClick(field, Qt.Key.Key_Return)
    assert room.rows == ("stone\n12.5 mm · calibrated",)
    panel.list.setCurrentRow(0)
    QTest.keyClick(panel.list, Qt.Key.Key_Delete)
    assert room.rows == ()
    room.screen.canvas.book.undo()
    assert room.rows == ("stone\n12.5 mm · calibrated",)
    room.click("imaging.marks.undo")
    assert room.rows == ("Length\n12.5 mm · calibrated",)
    room.click("imaging.marks.redo")
    assert room.rows[0].startswith("stone")


def test_a_mark_on_another_series_is_gone_to(room: Room) -> None:
    other = next(row for row in room.model.rows if row.uid != room.model.open_row.uid)  # type: ignore[union-attr]
    book = room.marks.model.book_of(other.study)
    room.settle()
    uid = other.series.instance[0].uid
    book.put(Mark("length", ((1.0, 1.0), (9.0, 1.0)), sop_uid=uid))
    room.screen.canvas.use_book(book)
    assert room.rows == ("Length\non another image",)
    QTest.mouseClick(
        room.marks.panel.list.viewport(),
        Qt.MouseButton.LeftButton,
        pos=room.marks.panel.list.visualItemRect(room.marks.panel.list.item(0)).center(),
    )
    room.settle()
    assert room.screen.canvas.place == (uid, 1)
    assert "mm" in room.rows[0]


def test_the_list_is_put_away_and_comes_back(room: Room) -> None:
    room.draw()
    room.screen._tools.marks.list.click()
    assert not room.marks.panel.isVisible()
    room.screen._tools.marks.list.click()
    assert room.marks.panel.isVisible()


def test_the_menu_takes_every_tool_in_hand_and_the_button_keeps_the_last(room: Room) -> None:
    menu = room.screen._tools.marks
    menu._actions["ellipse"].trigger()
    assert room.screen.canvas.tool == "ellipse"
    assert menu.button.toolTip().startswith("Ellipse (E)")
    room.screen.canvas.set_tool("window")
    assert not menu.button.isChecked()
    menu.button.click()
    assert room.screen.canvas.tool == "ellipse"


def test_marks_nobody_kept_are_a_draft_when_the_patient_goes_and_come_back_from_it(room: Room) -> None:
    room.draw()
    assert room.screen.has_unsaved()
    room.open(P2)
    (draft,) = room.left
    assert (draft.kind, draft.patient_id) == ("marks", "p1")
    assert not room.screen.has_unsaved()
    room.open(P1)
    room.screen.take_draft(draft)
    room.settle()
    assert room.rows == ("Length\n12.5 mm · calibrated",)
    assert room.screen.has_unsaved()


def test_a_draft_waits_until_its_study_is_opened_and_a_damaged_one_is_nothing(room: Room) -> None:
    room.draw()
    (draft,) = room.screen.drafts()
    room.open(None)
    room.hand.take(P1)
    room.screen.take_draft(draft)
    assert room.marks.model.is_changed
    room.settle()
    assert room.rows == ("Length\n12.5 mm · calibrated",)
    room.screen.take_draft(Draft(kind="marks", values={"x": "{", "y": "[1", "z": '[{"kind":"bomb","points":[]}]'}))
    assert room.marks.model.unsaved()["x"] == "[]"


def test_a_key_image_bears_what_is_measured_on_its_picture(room: Room, here: Node) -> None:
    room.draw()
    QTest.keyClick(room.screen.canvas, Qt.Key.Key_K)
    room.settle()
    newest = KeyImages(here.store, Trail(here.store, here.clock), here.clock).of_patient(room.session, "p1")[0]
    assert (newest.description or "").endswith("1: 12.5 mm · calibrated")


def test_two_panes_of_one_study_show_the_same_marks(room: Room) -> None:
    from clinic_app.imaging.viewing.hanging import Layout

    room.screen.panes.set_grid(Layout(1, 2))
    first, second = room.screen.panes.shown
    second.series.open(first.series.row)
    room.settle()
    room.draw()
    assert len(second.canvas.shown_marks()) == len(first.canvas.shown_marks()) == 1
    assert second.canvas.book is first.canvas.book


def test_whoever_is_asked_for_an_opinion_sees_and_draws_in_the_same_way(room: Room, here: Node, qtbot: QtBot) -> None:
    room.draw()
    room.click("imaging.marks.keep")
    session = here.session("nurse")
    desk = SeriesDesk(
        "consultation",
        lambda study, uid: room.imaging.opened(session, study, uid),
        room.runner,
        marks=MarksModel(room.keeping, room.runner, session),
    )
    qtbot.addWidget(desk)
    desk.resize(900, 600)
    desk.show()
    row = room.model.open_row
    assert row is not None
    desk.show_series(row.study, row.series)
    room.settle()
    assert [seen.is_mine for seen in desk.canvas.shown_marks()] == [False]
    desk.canvas.draw_length((5, 5), (25, 5))
    desk.put_away()
    room.settle()
    layers = room.keeping.layers(session, row.study)
    assert [(layer.is_mine, len(layer.marks)) for layer in layers][-1] == (True, 1)
    room.keeping.keep(session, row.study, (), "en")


# --- the model alone, answers coming late ---


class Shelf:
    """Keeps marks in memory, or refuses."""

    def __init__(self) -> None:
        self.kept: list[tuple[Mark, ...]] = []
        self.studies: list[str] = []
        self.known: list[frozenset[str]] = []
        self.error: ClinicError | None = None

    def layers(self, _session: object, _study: object) -> tuple[MarkLayer, ...]:
        if self.error is not None:
            raise self.error
        old = Mark("length", ((0.0, 0.0), (1.0, 1.0)), uid="2.25.1", sop_uid="1.2")
        return (MarkLayer("A", None, (old,)), MarkLayer("B", None, (old,), is_mine=True))

    def keep(
        self, _session: object, study: ImagingStudy, marks: tuple[Mark, ...], _language: str, known: frozenset[str]
    ) -> ImagingStudy:
        self.known.append(known)
        if self.error is not None:
            raise self.error
        self.kept.append(marks)
        self.studies.append(study.id)
        return msgspec.structs.replace(study, id="ours")


@pytest.fixture
def late(here: Node, qapp: QApplication) -> tuple[MarksModel, Shelf, LateRunner, ImagingStudy]:
    shelf, runner = Shelf(), LateRunner()
    model = MarksModel(cast("MarkKeeping", shelf), runner.as_runner, here.session("doctor"))
    imaging = Imaging(here.store, Trail(here.store, here.clock), here.clock)
    return model, shelf, runner, imaging.studies(here.session("doctor"), "p1")[0]


Late = tuple[MarksModel, Shelf, LateRunner, ImagingStudy]
NEW = Mark("point", ((3.0, 3.0),), sop_uid="1.2")


def test_what_is_drawn_while_kept_marks_are_read_is_not_lost(late: Late) -> None:
    model, _shelf, runner, study = late
    book = model.book_of(study)
    book.put(NEW)
    runner.answer_all()
    assert [mark.kind for mark in book.marks] == ["length", "point"]
    assert book.is_changed


def test_what_is_drawn_while_marks_are_being_kept_is_still_to_keep(late: Late) -> None:
    model, shelf, runner, study = late
    book = model.book_of(study)
    runner.answer_all()
    book.put(NEW)
    model.keep()
    assert not model.can_keep
    model.keep()
    book.put(Mark("point", ((5.0, 5.0),), sop_uid="1.2"))
    runner.answer_all()
    assert [len(marks) for marks in shelf.kept] == [2]
    assert model.can_keep


def test_marks_are_always_kept_for_the_study_that_has_the_pictures(late: Late) -> None:
    """Where they are put may be another record: what another hospital sent stays its own."""
    model, shelf, runner, study = late
    book = model.book_of(study)
    runner.answer_all()
    for _time in range(2):
        book.put(NEW)
        model.keep()
        runner.answer_all()
    assert shelf.studies == [study.id, study.id]
    assert not model.is_changed


def test_marks_that_are_refused_stay_to_be_kept_and_it_is_said(late: Late) -> None:
    model, shelf, runner, study = late
    said: list[Text] = []
    model.refused.connect(said.append)
    book = model.book_of(study)
    runner.answer_all()
    book.put(NEW)
    shelf.error = StorageError(Text("The disk is full."))
    model.keep()
    runner.answer_all()
    assert len(said) == 1
    assert model.can_keep


def other(x: float) -> Mark:
    return Mark("point", ((x, x),), sop_uid="1.2")


def test_what_is_drawn_behind_marks_on_their_way_follows_them_when_somebody_leaves(late: Late) -> None:
    model, shelf, runner, study = late
    book = model.book_of(study)
    runner.answer_all()
    first = book.put(other(1.0))
    model.keep()
    book.remove(first.uid)
    second = book.put(other(2.0))
    model.leave()
    assert model.book_of(study).marks == ()
    runner.answer_all()
    assert [[mark.uid for mark in marks] for marks in shelf.kept] == [["2.25.1", first.uid], ["2.25.1", second.uid]]
    assert shelf.known[1] == {"2.25.1", first.uid}, "what was drawn, sent and taken away is taken away"
    assert not model.is_keeping


def test_what_is_refused_after_somebody_left_is_there_when_he_sees_the_study_again(late: Late) -> None:
    model, shelf, runner, study = late
    said: list[Text] = []
    model.refused.connect(said.append)
    drawn = model.book_of(study)
    runner.answer_all()
    mine = drawn.put(other(4.0))
    shelf.error = StorageError(Text("The disk is full."))
    model.leave()
    runner.answer_all()
    assert len(said) == 1
    shelf.error = None
    book = model.book_of(study)
    runner.answer_all()
    assert book.find(mine.uid) == mine
    assert model.can_keep
    model.leave()
    runner.answer_all()
    assert [mark.uid for mark in shelf.kept[-1]] == ["2.25.1", mine.uid]
    again = model.book_of(study)
    runner.answer_all()
    assert not again.is_changed


def test_the_first_refused_and_the_last_kept_is_kept(late: Late) -> None:
    model, shelf, runner, study = late
    book = model.book_of(study)
    runner.answer_all()
    book.put(other(1.0))
    model.keep()
    book.put(other(2.0))
    model.leave()
    shelf.error = StorageError(Text("The disk is away."))
    runner.answer()
    shelf.error = None
    runner.answer_all()
    assert [len(marks) for marks in shelf.kept] == [3]
    book = model.book_of(study)
    runner.answer_all()
    assert not book.is_changed


def test_who_leaves_without_having_drawn_keeps_nothing(late: Late) -> None:
    model, shelf, runner, study = late
    model.book_of(study)
    runner.answer_all()
    model.leave()
    runner.answer_all()
    assert shelf.kept == []


def test_a_draft_gone_on_with_before_kept_marks_are_read_takes_their_place_and_doubles_none(late: Late) -> None:
    model, _shelf, runner, study = late
    book = model.book_of(study)
    moved = Mark("length", ((2.0, 2.0), (9.0, 9.0)), uid="2.25.1", sop_uid="1.2")
    draft = msgspec.json.encode((moved, NEW)).decode()
    model.take_up({study.id: draft})
    assert model.is_changed
    runner.answer_all()
    assert [mark.points for mark in book.marks] == [moved.points, NEW.points]
    book.undo()
    assert [mark.uid for mark in book.marks] == ["2.25.1"]


def test_marks_that_could_not_be_read_are_not_taken_for_marks_taken_away(late: Late) -> None:
    model, shelf, runner, study = late
    shelf.error = StorageError(Text("The disk is away."))
    book = model.book_of(study)
    runner.answer_all()
    shelf.error = None
    book.put(NEW)
    model.keep()
    runner.answer_all()
    assert shelf.known == [frozenset()]
    assert [mark.kind for mark in book.marks][:1] == ["length"]
    assert not {mark.uid for mark in book.marks} - {"2.25.1", *(mark.uid for mark in shelf.kept[0])}


def test_what_was_seen_and_taken_away_is_told_as_seen(late: Late) -> None:
    model, shelf, runner, study = late
    book = model.book_of(study)
    runner.answer_all()
    book.remove("2.25.1")
    model.keep()
    assert shelf.known == []
    runner.answer_all()
    assert shelf.known == [frozenset({"2.25.1"})]
    assert shelf.kept == [()]


def test_what_was_read_before_something_else_was_kept_brings_nothing_back(late: Late) -> None:
    model, _shelf, runner, study = late
    book = model.book_of(study)
    runner.answer_all()
    book.put(NEW)
    model.keep()
    runner.answer()
    (reading,) = runner.waiting
    book.remove("2.25.1")
    model.keep()
    stale, _keeping = runner.waiting
    assert stale is reading
    runner.answer(1)
    runner.answer(0)
    assert [mark.kind for mark in book.marks] == ["point"]


def test_an_answer_about_a_patient_who_has_gone_changes_nothing(late: Late) -> None:
    model, _shelf, runner, study = late
    book = model.book_of(study)
    model.forget()
    runner.answer_all()
    assert not model.is_changed
    assert book.marks == ()


def test_steps_have_an_end_and_going_back_to_what_is_kept_is_one_of_them() -> None:
    book = MarkBook()
    for place in range(250):
        book.put(Mark("point", ((float(place % 50), 1.0),), uid="2.25.1", sop_uid=str(place)))
    steps = 0
    while book.can_undo:
        book.undo()
        steps += 1
    assert steps == 200
    book.give_up()
    assert book.marks == ()
    assert not book.is_changed
    book.undo()
    assert len(book.marks) == 1


def test_rows_of_a_study_leave_kept_marks_out(room: Room) -> None:
    room.draw()
    room.click("imaging.marks.keep")
    studies = room.imaging.studies(room.session, "p1")
    assert any(each.modality.code == "SR" for study in studies for each in study.series)
    assert {row.modality for row in rows_of(studies)} == {"CT", "MR"}
