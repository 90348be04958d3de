"""The models of images and recordings without a window: late answers, other patients, errors of every kind."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import msgspec
import numpy as np
import pytest

from clinic_app.access import Session
from clinic_app.foundation.errors import ClinicError, NotFoundError, UnreadableFileError
from clinic_app.imaging import Frame, Gathered, ImportReport, PersonFiles, Window
from clinic_app.imaging.intake.identity import PersonInFile
from clinic_app.records import DocumentReference, ImagingStudy
from tests.helpers.every_error import EVERY_ERROR, SENTENCE, kind_of
from tests.helpers.fake_referral import DOCTOR, patient, recording_of, study_of
from tests.helpers.frames import made_frame, ramp
from tests.helpers.late_runner import LateRunner
from ui.imaging.intake import Choice
from ui.imaging.shelf import SeriesRow, rows_of
from ui.imaging.view_model import THUMBNAIL_PX, ImagingViewModel
from ui.shell.patient_in_hand import PatientInHand

FIRST, SECOND = patient(id="first"), patient("Сапарова", id="second")


class Pages:
    """A series of grey pictures."""

    words = ""

    def __init__(self, count: int, damaged: frozenset[int] = frozenset()) -> None:
        self.count = count
        self.damaged = damaged

    def __len__(self) -> int:
        return self.count

    def has(self, place: int) -> bool:
        return False

    def frame(self, place: int) -> Frame:
        if place in self.damaged:
            raise UnreadableFileError(SENTENCE)
        return made_frame(ramp(300, 200))


@dataclass
class Shelf:
    """The services of the core."""

    listed: dict[str, tuple[ImagingStudy, ...]] = field(default_factory=dict)
    pages: dict[str, Pages] = field(default_factory=dict)
    marks: list[tuple[str, int, Window]] = field(default_factory=list)
    imports: list[tuple[str, bool]] = field(default_factory=list)
    kept: list[str] = field(default_factory=list)
    gathered_for: list[str] = field(default_factory=list)
    gathered: Gathered = field(default_factory=Gathered)
    report: ImportReport = field(default_factory=ImportReport)
    failure: Exception | None = None

    def studies(self, session: Session, patient_id: str) -> tuple[ImagingStudy, ...]:
        return self.listed.get(patient_id, ())

    def stack(self, session: Session, study: ImagingStudy, series_uid: str) -> Any:
        if series_uid not in self.pages:
            raise NotFoundError(SENTENCE)
        return self.pages[series_uid]

    def opened(self, session: Session, study: ImagingStudy, series_uid: str) -> Any:
        return self.stack(session, study, series_uid)

    def keep_presentation(self, session: Session, study: ImagingStudy, sop_uid: str, seen: Any, words: str) -> Any:
        self.kept.append(sop_uid)
        return study

    def gather(self, session: Session, patient_id: str, bring: Callable[[Any], None]) -> Gathered:
        self.gathered_for.append(patient_id)
        if self.failure:
            raise self.failure
        bring(self)
        return self.gathered

    def take_in(
        self, session: Session, patient_id: str, found: Any, *, is_confirmed: bool, encoding: str
    ) -> ImportReport:
        self.imports.append((patient_id, is_confirmed))
        return self.report

    def mark(self, session: Session, study: ImagingStudy, sop_uid: str, number: int, window: Window) -> Any:
        self.marks.append((sop_uid, number, window))
        return recording_of(FIRST.id, mime="image/png")

    def of_patient(self, session: Session, patient_id: str) -> tuple[DocumentReference, ...]:
        return ()

    def places(self, documents: Sequence[DocumentReference]) -> set[tuple[str, int]]:
        assert not documents, "nothing is marked"
        return set()


def _study(*uids: str) -> ImagingStudy:
    made = study_of(FIRST.id)
    return msgspec.structs.replace(made, series=tuple(msgspec.structs.replace(made.series[0], uid=uid) for uid in uids))


class Viewer:
    """The model over two patients, and what it said."""

    def __init__(self) -> None:
        self.shelf = Shelf()
        self.shelf.listed = {FIRST.id: (_study("a", "b"),), SECOND.id: (_study("c"),)}
        self.shelf.pages = {"a": Pages(3), "b": Pages(2), "c": Pages(1)}
        self.runner = LateRunner()
        self.hand = PatientInHand()
        self.hand.take(FIRST)
        self.model = ImagingViewModel(self.shelf, self.shelf, self.runner.as_runner, DOCTOR, self.hand)
        self.refused: list[str] = []
        self.good: list[str] = []
        self.seen: list[int] = []
        self.unseen: list[int] = []
        self.small: list[str] = []
        self.told: list[tuple[int, int]] = []
        self.model.refused.connect(lambda text: self.refused.append(text.render("en")))
        self.model.succeeded.connect(lambda text: self.good.append(text.render("en")))
        self.model.decoded.connect(lambda number, _picture: self.seen.append(number))
        self.model.undecoded.connect(lambda number, _words: self.unseen.append(number))
        self.model.thumbnail_made.connect(self.small.append)
        self.model.importer.progressed.connect(lambda done, total: self.told.append((done, total)))

    def look(self) -> None:
        self.model.watch(True)
        self.runner.answer_all()


@pytest.fixture
def viewer(qapp: object) -> Viewer:
    return Viewer()


def _row(viewer: Viewer, uid: str) -> SeriesRow:
    return next(row for row in viewer.model.rows if row.uid == uid)


def test_a_list_that_comes_late_is_not_shown_for_the_next_patient(viewer: Viewer) -> None:
    viewer.model.watch(True)
    viewer.hand.take(SECOND)
    viewer.runner.answer(1)
    viewer.runner.answer(0)
    assert [row.uid for row in viewer.model.rows] == ["c"]


def test_the_next_patient_sees_nothing_of_the_one_before(viewer: Viewer) -> None:
    viewer.look()
    viewer.model.open(viewer.model.rows[0])
    viewer.runner.answer_all()
    viewer.hand.take(None)
    model = viewer.model
    assert (model.rows, model.thumbnails, model.open_row, model.picture, model.count) == ((), {}, None, None, 0)
    assert not model.can_mark


def test_a_series_that_opens_late_does_not_come_before_the_next_patient(viewer: Viewer) -> None:
    viewer.look()
    viewer.model.open(_row(viewer, "a"))
    viewer.hand.take(SECOND)
    viewer.runner.answer_all()
    assert viewer.model.count == 0
    assert viewer.seen == []


def test_only_the_series_chosen_last_is_opened_whichever_comes_first(viewer: Viewer) -> None:
    viewer.look()
    viewer.model.open(_row(viewer, "a"))
    viewer.model.open(_row(viewer, "b"))
    viewer.runner.answer(1)
    viewer.runner.answer_all()
    assert viewer.model.count == 2
    assert viewer.model.open_row is not None
    assert viewer.model.open_row.uid == "b"


def test_a_series_that_fails_late_does_not_stop_the_one_chosen_after_it(viewer: Viewer) -> None:
    viewer.look()
    del viewer.shelf.pages["a"]
    viewer.model.open(_row(viewer, "a"))
    viewer.model.open(_row(viewer, "b"))
    viewer.runner.answer_all()
    assert viewer.refused == ["The disk is full."]
    assert viewer.model.count == 2
    assert viewer.seen == [1]


def test_a_list_that_cannot_be_read_does_not_stop_the_series_that_is_being_opened(viewer: Viewer) -> None:
    viewer.look()
    viewer.model.refresh()
    viewer.model.open(_row(viewer, "b"))
    viewer.runner.refuse(EVERY_ERROR[5])
    viewer.runner.answer_all()
    assert viewer.model.count == 2


@pytest.mark.parametrize("error", EVERY_ERROR, ids=kind_of)
def test_a_series_that_cannot_be_opened_is_said_and_can_be_tried_again(viewer: Viewer, error: ClinicError) -> None:
    viewer.look()
    viewer.model.open(_row(viewer, "a"))
    viewer.runner.refuse(error)
    assert viewer.refused == ["The disk is full."]
    assert viewer.model.open_row is None
    viewer.model.open(_row(viewer, "a"))
    viewer.runner.answer_all()
    assert viewer.seen == [1]


@pytest.mark.parametrize("error", EVERY_ERROR, ids=kind_of)
def test_a_list_that_cannot_be_read_is_said_and_keeps_what_is_open(viewer: Viewer, error: ClinicError) -> None:
    viewer.look()
    viewer.model.open(_row(viewer, "a"))
    viewer.runner.answer_all()
    viewer.model.refresh()
    viewer.runner.refuse(error)
    assert viewer.refused == ["The disk is full."]
    assert viewer.model.count == 3
    assert len(viewer.model.rows) == 2


def test_every_series_has_a_small_picture_and_none_is_made_twice(viewer: Viewer) -> None:
    viewer.look()
    viewer.model.refresh()
    viewer.runner.answer_all()
    assert viewer.small == ["a", "b"]
    assert all(max(pixels.shape) <= THUMBNAIL_PX for pixels in viewer.model.thumbnails.values())
    assert all(pixels.dtype == np.uint8 for pixels in viewer.model.thumbnails.values())


def test_a_damaged_series_has_no_small_picture_and_stops_no_other(viewer: Viewer) -> None:
    viewer.shelf.pages["a"] = Pages(3, frozenset({1}))
    viewer.look()
    assert viewer.small == ["b"]
    assert viewer.refused == []


def test_an_empty_series_stops_no_other(viewer: Viewer) -> None:
    viewer.shelf.pages.pop("a")
    viewer.look()
    assert viewer.small == ["b"]


def test_a_small_picture_that_comes_late_is_not_kept_for_the_next_patient(viewer: Viewer) -> None:
    viewer.model.watch(True)
    viewer.runner.answer()
    viewer.hand.take(SECOND)
    viewer.runner.answer_all()
    assert set(viewer.model.thumbnails) == {"c"}


def test_small_pictures_are_made_one_at_a_time(viewer: Viewer) -> None:
    viewer.model.watch(True)
    viewer.runner.answer()
    assert len(viewer.runner.waiting) == 1


def test_a_picture_that_cannot_be_seen_takes_the_one_before_away(viewer: Viewer) -> None:
    viewer.shelf.pages["a"] = Pages(3, frozenset({2}))
    viewer.look()
    viewer.model.open(_row(viewer, "a"))
    viewer.runner.answer_all()
    assert viewer.model.can_mark
    viewer.model.want(3)
    viewer.runner.answer_all()
    assert viewer.unseen == [3]
    assert viewer.model.picture is None
    assert not viewer.model.can_mark


def test_a_picture_is_marked_in_the_window_it_is_seen_in(viewer: Viewer) -> None:
    viewer.look()
    viewer.model.open(_row(viewer, "a"))
    viewer.runner.answer_all()
    viewer.model.mark(Window(40, 400))
    viewer.runner.answer_all()
    viewer.model.mark(Window(1, 2))
    viewer.runner.answer_all()
    assert viewer.shelf.marks == [("1.2.3", 1, Window(40, 400))]
    assert viewer.model.is_marked
    assert len(viewer.good) == 1


def test_without_a_window_of_its_own_a_picture_is_marked_as_the_file_asks(viewer: Viewer) -> None:
    viewer.look()
    viewer.model.open(_row(viewer, "a"))
    viewer.runner.answer_all()
    assert viewer.model.picture is not None
    viewer.model.mark(None)
    viewer.runner.answer_all()
    assert viewer.shelf.marks[0][2] == viewer.model.picture.frame.default_window


@pytest.mark.parametrize("error", EVERY_ERROR, ids=kind_of)
def test_a_picture_that_cannot_be_marked_is_said_and_stays_open(viewer: Viewer, error: ClinicError) -> None:
    viewer.look()
    viewer.model.open(_row(viewer, "a"))
    viewer.runner.answer_all()
    viewer.model.mark(None)
    viewer.runner.refuse(error)
    assert viewer.refused == ["The disk is full."]
    assert not viewer.model.is_marked
    assert viewer.model.count == 3


def test_nothing_is_marked_wanted_or_opened_where_nothing_is_open(viewer: Viewer) -> None:
    viewer.model.mark(None)
    viewer.model.want(3)
    viewer.model.open(None)
    viewer.model.confirm([], "")
    assert viewer.runner.waiting == []


DOUBTFUL = Gathered((PersonFiles(PersonInFile("IVANOV IVAN"), (), "name"),))
TWO = ImportReport(imported=2)


def _disc(progress: Callable[[int, int], None], is_cancelled: Callable[[], bool]) -> Callable[[Any], None]:
    def bring(shelf: Shelf) -> None:
        for done in range(4):
            progress(done, 3)
        shelf.gathered = replace(shelf.gathered, is_stopped=is_cancelled())

    return bring


def _choice(viewer: Viewer) -> Choice:
    question = viewer.model.question
    assert question is not None
    assert question.gathered is not None
    return Choice(question.patient, question.gathered.people[0], frozenset({"a"}))


def test_an_import_is_told_from_beginning_to_end(viewer: Viewer) -> None:
    viewer.look()
    viewer.shelf.report = TWO
    viewer.model.import_from(_disc)
    assert viewer.model.importer.is_running
    assert not viewer.model.can_import
    viewer.runner.answer_all()
    assert viewer.model.can_import
    assert viewer.told[-1] == (3, 3)
    assert viewer.model.intake is not None
    assert viewer.model.intake.report == viewer.shelf.report
    viewer.model.dismiss()
    assert viewer.model.intake is None


def test_a_second_folder_does_not_begin_while_one_is_taken_in(viewer: Viewer) -> None:
    viewer.look()
    viewer.shelf.report = TWO
    for _time in range(2):
        viewer.model.import_from(_disc)
    assert len(viewer.runner.waiting) == 1


def test_an_import_that_ends_after_the_patient_was_put_away_names_whose_images_came(viewer: Viewer) -> None:
    viewer.look()
    viewer.shelf.report = TWO
    viewer.model.import_from(_disc)
    viewer.hand.take(SECOND)
    viewer.runner.answer_all()
    assert viewer.shelf.imports == [(FIRST.id, False)]
    assert viewer.model.intake is None
    assert FIRST.full_name in viewer.good[0]


def test_a_question_about_names_is_never_asked_before_another_patient(viewer: Viewer) -> None:
    viewer.look()
    viewer.shelf.gathered = DOUBTFUL
    viewer.model.import_from(_disc)
    viewer.hand.take(SECOND)
    viewer.runner.answer_all()
    assert viewer.model.question is None
    assert FIRST.full_name in viewer.refused[0]


def test_a_question_about_names_that_was_not_answered_leaves_with_the_patient(viewer: Viewer) -> None:
    viewer.look()
    viewer.shelf.gathered = DOUBTFUL
    viewer.model.import_from(_disc)
    viewer.runner.answer_all()
    assert viewer.model.question is not None
    choice = _choice(viewer)
    viewer.hand.take(SECOND)
    viewer.hand.take(FIRST)
    viewer.model.confirm([choice], "")
    viewer.runner.answer_all()
    assert viewer.shelf.gathered_for == [FIRST.id]
    assert viewer.shelf.imports == []


def test_confirmed_names_are_taken_in_once(viewer: Viewer) -> None:
    viewer.look()
    viewer.shelf.gathered = DOUBTFUL
    viewer.model.import_from(_disc)
    viewer.runner.answer_all()
    viewer.shelf.report = TWO
    choice = _choice(viewer)
    viewer.model.confirm([choice], "")
    viewer.model.confirm([choice], "")
    viewer.runner.answer_all()
    assert viewer.shelf.imports == [(FIRST.id, True)]
    assert viewer.model.question is None


def test_what_is_chosen_for_somebody_else_is_filed_for_him_and_said(viewer: Viewer) -> None:
    viewer.look()
    viewer.shelf.gathered = DOUBTFUL
    viewer.model.import_from(_disc)
    viewer.runner.answer_all()
    viewer.shelf.report = TWO
    choice = _choice(viewer)
    viewer.model.confirm([choice, replace(choice, patient=SECOND)], "cp1251")
    viewer.runner.answer_all()
    assert viewer.shelf.imports == [(FIRST.id, True), (SECOND.id, True)]
    assert viewer.good == [f"The images of {SECOND.full_name} are imported."]
    assert viewer.model.intake is not None
    assert viewer.model.intake.report is not None
    assert viewer.model.intake.report.imported == 4


def test_a_stopped_import_says_that_it_was_stopped(viewer: Viewer) -> None:
    viewer.look()
    viewer.shelf.report = TWO
    viewer.model.import_from(_disc)
    viewer.model.importer.cancel()
    viewer.runner.answer_all()
    assert viewer.model.intake is not None
    assert viewer.model.intake.is_stopped


@pytest.mark.parametrize("error", EVERY_ERROR, ids=kind_of)
def test_an_import_that_fails_is_said_and_another_can_begin(viewer: Viewer, error: ClinicError) -> None:
    viewer.look()
    viewer.shelf.failure = error
    viewer.model.import_from(_disc)
    viewer.runner.answer_all()
    assert viewer.refused == ["The disk is full."]
    assert viewer.model.can_import
    assert viewer.model.intake is None


def test_a_fault_of_ours_ends_an_import_too(viewer: Viewer) -> None:
    viewer.look()
    viewer.shelf.failure = ZeroDivisionError()
    viewer.model.import_from(_disc)
    viewer.runner.answer_all()
    assert len(viewer.runner.faults) == 1
    assert viewer.model.can_import


def test_a_row_tells_the_day_of_the_series_before_that_of_the_study_and_nothing_where_none_is_known() -> None:
    study = _study("a")
    assert rows_of((study,))[0].day == "05.03.2026"
    bare = rows_of((msgspec.structs.replace(study, started=None, description=None),))[0]
    assert bare.day == ""
    assert bare.description == "Thorax 5 mm"
