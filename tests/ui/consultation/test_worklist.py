"""The worklist: the most pressing first, nobody's case without his name, nothing opened by accident."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from tests.helpers.consultation_room import consultation_screen
from tests.helpers.fake_referral import SPECIALIST, FakeStation, case_for, patient
from tests.helpers.rooms import Room
from tests.helpers.waiting import wait_until
from ui import language
from ui.consultation.view_model import ConsultationViewModel

ABOUT = patient(id="gulnur")


@pytest.fixture
def room(qapp: object) -> Iterator[Room]:
    language.use("en")
    made = Room(consultation_screen, ConsultationViewModel, FakeStation(), SPECIALIST)
    yield made
    made.close()
    language.use("kk")


def _arrive(room: Room, *cases: object) -> None:
    room.station.referrals.listed += cases  # type: ignore[arg-type]
    room.screen.entered()
    room.settle()


def test_a_row_tells_urgency_wait_patient_question_and_sender(room: Room) -> None:
    now = datetime.now(UTC)
    _arrive(room, case_for(ABOUT, urgency="stat", progress="received-by-hub", sent_at=now - timedelta(hours=3)))
    row = [room.cell("worklist.list", 0, column) for column in range(7)]
    assert row[0] == "Emergency"
    assert row[1].startswith("3 h 0 min")
    assert row[2] == "Әлібекқызы Гүлнұр Ғабитқызы"
    assert row[3] == "Кеше кештен бері кеуденің сол жағында қысып ауырады, сол қолға береді."
    assert row[5:] == ["Ырғыз аудандық ауруханасы", "new"]


def test_the_order_is_the_services(room: Room) -> None:
    first, second = case_for(ABOUT, urgency="stat"), case_for(ABOUT, urgency="routine")
    _arrive(room, first, second)
    assert [room.cell("worklist.list", row, 0) for row in range(2)] == ["Emergency", "Planned"]
    assert room.words("worklist.pressing") == "1 emergency"


def test_enter_opens_the_case_and_takes_its_patient_in_hand(room: Room) -> None:
    case = case_for(ABOUT, progress="received-by-hub")
    _arrive(room, case)
    room.open_row("worklist.list")
    assert room.station.consultations.opened == [case.task.id]
    assert room.hand.patient == ABOUT
    assert room.words("consultation.question") == case.question


def test_a_case_whose_package_is_on_its_way_is_not_opened(room: Room) -> None:
    case = replace(case_for(ABOUT, progress="received-by-hub"), patient=None)
    _arrive(room, case)
    assert room.cell("worklist.list", 0, 2) == "still on its way"
    room.open_row("worklist.list")
    assert room.station.consultations.opened == []
    assert room.notices[-1][1] == "info"


def test_an_empty_worklist_says_that_nobody_waits(room: Room) -> None:
    assert room.screen.worklist.table.empty.title() == "Nobody waits"


def test_a_new_case_appears_by_itself(room: Room) -> None:
    room.station.referrals.listed.append(case_for(ABOUT, progress="received-by-hub"))
    room.events.tell_sync_changed()
    wait_until(lambda: room.model.cases, what="the new case to be in the list")
    assert room.sees("worklist.list")


def test_every_control_has_a_name(room: Room) -> None:
    _arrive(room, case_for(ABOUT))
    assert room.nameless() == []


def test_the_worklist_changes_its_language(room: Room) -> None:
    _arrive(room, case_for(ABOUT, urgency="stat"))
    language.use("kk")
    room.settle()
    assert room.cell("worklist.list", 0, 0) == "Шұғыл"
    assert room.words("worklist.pressing") == "1 шұғыл"
