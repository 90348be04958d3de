"""The models of one referral and of the list without a window: late answers, refused signatures, every error."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from clinic_app.foundation.errors import ClinicError
from tests.helpers.every_error import EVERY_ERROR, kind_of
from tests.helpers.fake_referral import DOCTOR, FakeStation, answer_to, case_for, patient
from tests.helpers.late_runner import LateRunner
from ui import language
from ui.events import CoreEvents
from ui.referral.view_model import ReferralViewModel
from ui.shell.patient_in_hand import PatientInHand

ABOUT = patient(id="gulnur")


class Room:
    """The models over two answered referrals, and what they said."""

    def __init__(self) -> None:
        self.station = FakeStation()
        self.first = case_for(ABOUT, progress="answered")
        self.second = case_for(ABOUT, progress="answered", number=124)
        self.station.referrals.listed += [self.first, self.second]
        for case in (self.first, self.second):
            self.station.consultations.answers[case.task.id] = answer_to(case)
        self.runner = LateRunner()
        self.model = ReferralViewModel(self.station, self.runner.as_runner, DOCTOR, PatientInHand(), CoreEvents())
        self.case = self.model.case
        self.notices: list[tuple[str, str]] = []
        self.made: list[str] = []
        self.busy: list[bool] = []
        self.model.noticed.connect(lambda words, tone: self.notices.append((words, tone)))
        self.case.summary_made.connect(lambda _pdf, name: self.made.append(name))
        self.case.busy_changed.connect(self.busy.append)

    def open(self) -> None:
        self.case.open(self.first)
        self.runner.answer_all()


@pytest.fixture
def room(qapp: object) -> Iterator[Room]:
    language.use("en")
    yield Room()
    language.use("kk")


def test_an_answer_that_comes_late_is_not_shown_under_another_question(room: Room) -> None:
    room.case.open(room.first)
    room.case.open(room.second)
    room.runner.answer(1)
    room.runner.answer(0)
    assert room.case.case is not None
    assert room.case.case.task.id == room.second.task.id


def test_an_answer_whose_signature_does_not_hold_is_never_an_opinion(room: Room) -> None:
    room.station.consultations.answers[room.first.task.id] = answer_to(room.first, is_valid=False)
    room.open()
    assert room.case.is_refused
    assert room.case.opinion is None
    room.case.make_summary("kk")
    room.case.read_and_close()
    assert room.runner.waiting == []


def test_news_that_cannot_be_read_do_not_open_the_way_to_a_second_document(room: Room) -> None:
    room.open()
    room.case.refresh()
    room.case.make_summary("kk")
    room.runner.refuse(EVERY_ERROR[0])
    assert room.case.is_busy
    room.case.make_summary("kk")
    room.runner.answer_all()
    assert len(room.station.consultations.summaries) == 1
    assert room.busy == [True, False]


def test_a_document_bears_the_number_of_its_case_and_its_language(room: Room) -> None:
    room.open()
    room.case.make_summary("ru")
    room.runner.answer_all()
    assert room.made == ["YRG-2026-000123-ru.pdf"]


def test_a_referral_is_closed_once_and_the_list_is_read_after_it(room: Room) -> None:
    room.open()
    room.case.read_and_close()
    room.case.read_and_close()
    room.runner.answer_all()
    assert not room.case.can_close
    assert [case.progress for case in room.model.cases].count("closed") == 1
    assert room.notices == [("The referral is closed.", "ok")]


@pytest.mark.parametrize("error", EVERY_ERROR, ids=kind_of)
def test_a_referral_that_cannot_be_closed_is_said_and_can_be_closed_later(room: Room, error: ClinicError) -> None:
    room.open()
    room.case.read_and_close()
    room.runner.refuse(error)
    assert room.notices == [("The disk is full.", "warn")]
    assert room.case.can_close
    assert not room.case.is_busy


@pytest.mark.parametrize("error", EVERY_ERROR, ids=kind_of)
def test_a_list_that_cannot_be_read_is_said_and_read_again(room: Room, error: ClinicError) -> None:
    room.model.refresh()
    room.model.refresh()
    room.runner.refuse(error)
    assert room.runner.waiting == []
    assert not room.model.is_read
    room.model.refresh()
    room.runner.answer_all()
    assert len(room.model.cases) == 2
