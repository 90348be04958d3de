"""The specialist's case and worklist without a window: late answers, lost drafts, errors of every kind."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec
import pytest

from clinic_app.consultation import Evidence, OpinionForm
from clinic_app.foundation.errors import ClinicError, InvalidInputError
from clinic_app.records import Observation
from tests.helpers.every_error import EVERY_ERROR, SENTENCE, kind_of
from tests.helpers.fake_referral import (
    NOW,
    SPECIALIST,
    FakeStation,
    answer_to,
    case_for,
    patient,
    recording_of,
    study_of,
    vitals_of,
)
from tests.helpers.late_runner import LateRunner
from ui import language
from ui.consultation.draft_keeper import DraftKeeper
from ui.consultation.pieces import Piece, piece_detail, piece_icon, piece_title, pieces_of
from ui.consultation.view_model import ConsultationViewModel
from ui.consultation.view_model_case import EMPTY
from ui.events import CoreEvents
from ui.shell.patient_in_hand import PatientInHand

ABOUT, OTHER = patient(id="gulnur"), patient("Сапарова", id="other")
LATER = OpinionForm("Infarction.", "Aspirin.")


class Ward:
    """The room's model over two cases, and what it said."""

    def __init__(self) -> None:
        self.station = FakeStation()
        self.first = case_for(ABOUT, urgency="stat", progress="received-by-hub")
        self.second = case_for(OTHER, progress="received-by-hub", number=124)
        self.station.referrals.listed += [self.first, self.second]
        self.runner = LateRunner()
        self.events = CoreEvents()
        self.model = ConsultationViewModel(
            self.station, self.runner.as_runner, SPECIALIST, PatientInHand(), self.events
        )
        self.case = self.model.case
        self.notices: list[tuple[str, str]] = []
        self.refused: list[tuple[str, str]] = []
        self.busy: list[bool] = []
        self.loaded: list[tuple[Any, Any]] = []
        self.not_loaded: list[tuple[Any, str]] = []
        self.frames: list[tuple[int, object]] = []
        self.states: list[str] = []
        self.model.noticed.connect(lambda words, tone: self.notices.append((words, tone)))
        self.case.refused.connect(lambda field, words: self.refused.append((field, words)))
        self.case.busy_changed.connect(self.busy.append)
        self.case.loaded.connect(lambda piece, content: self.loaded.append((piece, content)))
        self.case.not_loaded.connect(lambda piece, words: self.not_loaded.append((piece, words)))
        self.case.draft_changed.connect(lambda: self.states.append(self.case.draft_state))

    def open(self) -> None:
        self.case.open(self.first)
        self.runner.answer_all()


@pytest.fixture
def ward(qapp: object) -> Iterator[Ward]:
    language.use("en")
    made = Ward()
    yield made
    made.case.put_away()
    language.use("kk")


def test_a_case_that_arrives_after_another_was_opened_is_not_shown(ward: Ward) -> None:
    ward.station.consultations.drafts[ward.first.task.id] = LATER
    ward.case.open(ward.first)
    ward.case.open(ward.second)
    ward.runner.answer(1)
    ward.runner.answer(0)
    assert ward.case.case is not None
    assert ward.case.case.task.id == ward.second.task.id
    assert ward.case.form == EMPTY


def test_a_case_that_arrives_after_it_was_left_stays_away(ward: Ward) -> None:
    ward.case.open(ward.first)
    ward.case.put_away()
    ward.runner.answer_all()
    assert ward.case.case is None
    assert not ward.case.is_ready
    assert not ward.case.can_write


def test_an_older_reading_of_the_same_case_never_takes_away_what_was_typed_since(ward: Ward) -> None:
    ward.case.open(ward.first)
    ward.case.put_away()
    ward.case.open(ward.first)
    ward.runner.answer(1)
    ward.case.write(opinion="typed at once")
    ward.runner.answer_all()
    assert ward.case.form.opinion == "typed at once"
    ward.case.flush()
    ward.runner.answer_all()
    assert ward.station.consultations.drafts[ward.first.task.id].opinion == "typed at once"


def test_a_case_left_and_opened_at_once_comes_back_with_its_newest_text(ward: Ward) -> None:
    ward.station.consultations.drafts[ward.first.task.id] = OpinionForm("old", "")
    ward.open()
    ward.case.write(opinion="new")
    ward.case.put_away()
    ward.case.open(ward.first)
    if len(ward.runner.waiting) > 1:
        ward.runner.answer(1)  # the reading is quicker than the writing
    ward.runner.answer_all()
    assert ward.case.form.opinion == "new"
    assert ward.case.draft_state == "saved"


@pytest.mark.parametrize("error", EVERY_ERROR, ids=kind_of)
def test_a_case_that_cannot_be_opened_is_said_and_cannot_be_written(ward: Ward, error: ClinicError) -> None:
    ward.case.open(ward.first)
    ward.runner.refuse(error)
    assert ward.notices == [("The disk is full.", "warn")]
    ward.case.write(opinion="nothing")
    assert ward.case.form == EMPTY


@pytest.mark.parametrize("error", EVERY_ERROR, ids=kind_of)
def test_a_draft_that_cannot_be_saved_is_said_and_the_text_stays(ward: Ward, error: ClinicError) -> None:
    ward.open()
    ward.case.write(opinion="precious")
    ward.case.flush()
    ward.runner.refuse(error)
    assert ward.case.draft_state == "failed"
    assert ward.case.draft_error == "The disk is full."
    assert ward.case.form.opinion == "precious"
    ward.case.flush()
    ward.runner.answer_all()
    assert ward.case.draft_state == "saved"
    assert ward.station.consultations.saves == [OpinionForm("precious", "")]


def test_a_draft_that_fails_after_its_case_was_left_is_said_all_the_same(ward: Ward) -> None:
    ward.open()
    ward.case.write(plan="precious")
    ward.case.put_away()
    ward.runner.refuse(EVERY_ERROR[0])
    assert ward.notices == [("The disk is full.", "warn")]
    assert ward.case.draft_state == "none"


def test_what_is_typed_while_the_draft_is_saved_stays_unsaved_until_it_is_saved_too(ward: Ward) -> None:
    ward.open()
    ward.case.write(opinion="one")
    ward.case.flush()
    ward.case.write(opinion="one two")
    ward.runner.answer()
    assert ward.case.draft_state == "unsaved"
    ward.case.flush()
    ward.runner.answer()
    assert ward.case.draft_state == "saved"
    assert [form.opinion for form in ward.station.consultations.saves] == ["one", "one two"]


def test_text_that_is_as_it_was_saved_is_not_saved_again(ward: Ward) -> None:
    ward.station.consultations.drafts[ward.first.task.id] = LATER
    ward.open()
    ward.case.write(opinion=LATER.opinion, plan=LATER.plan)
    ward.case.flush()
    assert ward.runner.waiting == []
    assert ward.states[-1] == "saved"


def test_the_states_of_a_draft_are_told_in_their_order(ward: Ward) -> None:
    ward.open()
    ward.case.write(opinion="x")
    ward.case.flush()
    ward.runner.answer_all()
    assert ward.states == ["none", "unsaved", "saving", "saved"]


def test_nothing_is_signed_before_the_newest_draft_is_written(ward: Ward) -> None:
    ward.open()
    ward.case.write(opinion="whole")
    ward.case.flush()
    ward.case.sign()
    assert ward.busy == [True]
    assert len(ward.runner.waiting) == 1
    ward.runner.answer()
    assert ward.station.consultations.saves == [OpinionForm("whole", "")]
    assert ward.station.consultations.signed == []
    ward.runner.answer()
    assert ward.station.consultations.signed == [(ward.first.task.id, OpinionForm("whole", ""))]


def test_sign_pressed_twice_signs_once(ward: Ward) -> None:
    ward.open()
    ward.case.write(opinion="whole")
    ward.case.sign()
    ward.case.sign()
    ward.runner.answer_all()
    assert len(ward.station.consultations.signed) == 1
    assert not ward.case.can_write
    assert ward.case.answer is not None


def test_an_empty_opinion_is_refused_at_its_field_and_an_earlier_refusal_is_taken_back(ward: Ward) -> None:
    ward.open()
    ward.case.write(plan="only a plan", opinion=" \n ")
    ward.case.sign()
    assert ward.refused[0] == ("", "")
    assert ward.refused[1][0] == "opinion"
    assert ward.station.consultations.signed == []
    assert ward.busy == []


def test_nothing_can_be_signed_where_no_case_is_open(ward: Ward) -> None:
    ward.case.sign()
    assert ward.runner.waiting == []
    assert not ward.case.check()


def test_a_signed_case_is_read_only_from_the_beginning(ward: Ward) -> None:
    ward.station.consultations.answers[ward.first.task.id] = answer_to(ward.first)
    ward.station.consultations.drafts[ward.first.task.id] = LATER
    ward.open()
    assert not ward.case.can_write
    assert ward.case.form == EMPTY
    ward.case.write(opinion="afterwards")
    assert ward.case.form == EMPTY


@pytest.mark.parametrize("error", EVERY_ERROR, ids=kind_of)
def test_a_signature_that_fails_leaves_the_text_and_the_way_to_sign_again(ward: Ward, error: ClinicError) -> None:
    ward.open()
    ward.case.write(opinion="whole")
    ward.case.sign()
    ward.runner.refuse(error)
    assert ward.busy == [True, False]
    assert ward.notices == [("The disk is full.", "warn")]
    assert ward.case.can_write
    ward.case.sign()
    ward.runner.answer_all()
    assert ward.station.consultations.answers[ward.first.task.id].report.conclusion == "whole"


@pytest.mark.parametrize("field", ["opinion", "plan"])
def test_what_the_core_finds_wrong_with_an_opinion_is_said_at_its_field(ward: Ward, field: str) -> None:
    ward.open()
    ward.case.write(opinion="whole")
    ward.case.sign()
    ward.runner.refuse(InvalidInputError(SENTENCE, field))
    assert ward.refused[-1] == (field, "The disk is full.")
    assert ward.notices == []


def test_an_error_of_a_case_that_was_left_is_not_said_at_the_fields_of_the_next(ward: Ward) -> None:
    ward.open()
    ward.case.write(opinion="whole")
    ward.case.sign()
    ward.case.open(ward.second)
    ward.refused.clear()
    ward.runner.refuse(InvalidInputError(SENTENCE, "opinion"))
    assert ward.refused == []
    assert ward.notices == [("The disk is full.", "warn")]


def test_a_signature_that_comes_after_the_case_was_left_marks_no_other_case_as_signed(ward: Ward) -> None:
    ward.open()
    ward.case.write(opinion="whole")
    ward.case.sign()
    ward.case.open(ward.second)
    ward.runner.answer_all()
    assert ward.case.answer is None
    assert ward.case.can_write
    assert ward.notices[-1][1] == "ok"


def test_the_worklist_is_read_again_after_a_signature_though_it_is_just_being_read(ward: Ward) -> None:
    ward.open()
    ward.case.write(opinion="whole")
    ward.model.refresh()
    before = tuple(ward.station.referrals.listed)
    ward.case.sign()
    ward.runner.answer(1)
    reading = ward.runner.waiting.pop(0)
    reading.done(before)  # what was read before the signature arrives after it
    ward.runner.answer_all()
    assert [case.task.id for case in ward.model.cases] == [ward.second.task.id]


def test_the_worklist_is_asked_once_at_a_time(ward: Ward) -> None:
    for _time in range(5):
        ward.model.refresh()
    assert len(ward.runner.waiting) == 1
    ward.runner.answer()
    ward.model.refresh()
    assert len(ward.runner.waiting) == 1


@pytest.mark.parametrize("error", EVERY_ERROR, ids=kind_of)
def test_a_worklist_that_cannot_be_read_keeps_the_old_one_and_can_be_read_again(ward: Ward, error: ClinicError) -> None:
    ward.model.refresh()
    ward.runner.answer()
    ward.model.refresh()
    ward.runner.refuse(error)
    assert len(ward.model.cases) == 2
    assert ward.notices == [("The disk is full.", "warn")]
    ward.model.refresh()
    ward.runner.answer()
    assert ward.model.is_read


def _pieces() -> dict[str, Piece]:
    found = Evidence(
        recordings=(recording_of(ABOUT.id),), studies=(study_of(ABOUT.id),), vitals=vitals_of(ABOUT.id),
        key_images=(recording_of(ABOUT.id, NOW, "image/png"),),
    )  # fmt: skip
    return {piece.kind: piece for piece in pieces_of(found)}


@pytest.mark.parametrize("kind", ["recording", "key-image"])
def test_a_piece_that_cannot_be_opened_is_said_in_its_place(ward: Ward, kind: str) -> None:
    ward.open()
    for error in EVERY_ERROR:
        ward.case.load(_pieces()[kind])
        ward.runner.refuse(error)
    assert {piece.kind for piece, _words in ward.not_loaded} == {kind}
    assert {words for _piece, words in ward.not_loaded} == {"The disk is full."}
    assert len(ward.not_loaded) == len(EVERY_ERROR)


def test_every_kind_of_piece_is_loaded_by_the_service_it_belongs_to(ward: Ward) -> None:
    ward.open()
    pieces = _pieces()
    for kind in ("recording", "key-image", "vitals"):
        ward.case.load(pieces[kind])  # a series is opened by what shows it
    ward.runner.answer_all()
    contents = {piece.kind: content for piece, content in ward.loaded}
    assert contents["vitals"] == pieces["vitals"].vitals
    assert contents["key-image"] == b"%PDF-1.7 consult summary"
    assert [piece.kind for piece, _words in ward.not_loaded] == ["recording"]


def test_pieces_are_read_signals_first_and_values_last() -> None:
    assert list(_pieces()) == ["recording", "key-image", "series", "vitals"]
    assert pieces_of(Evidence()) == ()


@pytest.mark.parametrize("tongue", ["kk", "ru", "en"])
def test_every_piece_has_a_title_a_detail_and_an_icon_in_every_language(tongue: str, qapp: object) -> None:
    language.use(tongue)  # type: ignore[arg-type]
    titles = {kind: piece_title(piece) for kind, piece in _pieces().items()}
    details = {kind: piece_detail(piece) for kind, piece in _pieces().items()}
    language.use("kk")
    assert titles["series"] == "CT · Thorax 5 mm"
    assert len(set(titles.values())) == 4
    assert all(details.values())
    assert "{" not in "".join([*titles.values(), *details.values()])
    assert len({piece_icon(piece) for piece in _pieces().values()}) == 4


def test_a_piece_without_date_words_or_count_is_still_called_something(qapp: object) -> None:
    language.use("en")
    bare = study_of(ABOUT.id)
    series = bare.series[0]
    empty = msgspec.structs.replace(series, description=None, number_of_instances=None)
    study = msgspec.structs.replace(bare, started=None)
    document = msgspec.structs.replace(recording_of(ABOUT.id), date=None, description=None)
    told = [
        piece_title(Piece("a", "series", study=study, series=empty)),
        piece_detail(Piece("a", "series", study=study, series=empty)),
        piece_title(Piece("b", "recording", document=document)),
        piece_detail(Piece("b", "recording", document=document)),
    ]
    language.use("kk")
    assert told == ["CT", "0 images", "Recording", ""]


class Desk:
    """A keeper of drafts over a late background."""

    def __init__(self) -> None:
        self.runner = LateRunner()
        self.written: list[tuple[str, str]] = []
        self.keeper = DraftKeeper(lambda task, form: self.written.append((task, form.opinion)), self.runner.as_runner)
        self.saved: list[str] = []
        self.failed: list[str] = []
        self.keeper.saved.connect(lambda task, _form: self.saved.append(task))
        self.keeper.failed.connect(lambda task, _error: self.failed.append(task))


def test_of_several_waiting_texts_of_one_case_only_the_newest_is_written(qapp: object) -> None:
    desk = Desk()
    for words in ("a", "ab", "abc", "abcd"):
        desk.keeper.keep("one", OpinionForm(words, ""))
    assert len(desk.runner.waiting) == 1
    desk.runner.answer_all()
    assert desk.written == [("one", "a"), ("one", "abcd")]


def test_no_case_is_forgotten_while_another_is_saved(qapp: object) -> None:
    desk = Desk()
    for task in ("one", "two", "three"):
        desk.keeper.keep(task, OpinionForm(task, ""))
    desk.runner.answer_all()
    assert sorted(desk.written) == [("one", "one"), ("three", "three"), ("two", "two")]
    assert sorted(desk.saved) == ["one", "three", "two"]


def test_one_draft_that_fails_does_not_hold_up_the_others(qapp: object) -> None:
    desk = Desk()
    desk.keeper.keep("one", LATER)
    desk.keeper.keep("two", LATER)
    called: list[str] = []
    desk.keeper.then(lambda: called.append("after"))
    desk.runner.refuse(EVERY_ERROR[5])
    assert desk.failed == ["one"]
    assert called == []
    desk.runner.answer_all()
    assert desk.saved == ["two"]
    assert called == ["after"]


def test_what_waits_for_no_draft_is_called_at_once_and_only_once(qapp: object) -> None:
    desk = Desk()
    called: list[str] = []
    desk.keeper.then(lambda: called.append("now"))
    desk.keeper.keep("one", LATER)
    desk.runner.answer_all()
    assert called == ["now"]


def test_one_value_is_counted_in_the_singular(qapp: object) -> None:
    language.use("en")
    values: tuple[Observation, ...] = vitals_of(ABOUT.id)[:1]
    words = piece_detail(Piece("vitals", "vitals", vitals=values))
    language.use("kk")
    assert words == "1 value"
