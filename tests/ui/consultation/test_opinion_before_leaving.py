"""The opinion is on the disk before its page goes, and a disk that takes nothing is told."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from clinic_app.foundation.errors import DiskFullError
from clinic_app.foundation.texts import Text
from tests.helpers.consultation_room import consultation_screen
from tests.helpers.fake_referral import SPECIALIST
from tests.helpers.held import Held
from tests.helpers.rooms import Room
from tests.ui.consultation.test_consultation_case import _furnished
from ui import language
from ui.consultation.view_model import ConsultationViewModel
from ui.drafts import SelfKeeper


@pytest.fixture
def room(qapp: object) -> Iterator[Room]:
    language.use("en")
    made = Room(consultation_screen, ConsultationViewModel, _furnished(), SPECIALIST)
    made.open_row("worklist.list")
    yield made
    made.close()
    language.use("kk")


def test_the_room_keeps_its_own_drafts_as_the_window_asks(room: Room) -> None:
    assert isinstance(room.screen, SelfKeeper)
    assert room.screen.is_kept()


def test_with_nothing_written_it_is_through_at_once(room: Room) -> None:
    through: list[bool] = []
    room.screen.keep_now(lambda: through.append(True))
    assert through == [True]
    assert room.station.consultations.saves == []


def test_it_is_through_only_when_the_opinion_is_on_the_disk(room: Room) -> None:
    room.write("consultation.opinion", "ST elevation in V2 to V4.")
    slow = Held(room.station.consultations, "save_draft")
    through: list[bool] = []
    room.screen.keep_now(lambda: through.append(True))
    slow.wait_for_calls()
    assert through == []
    slow.let_go()
    room.settle()
    assert through == [True]
    assert [form.opinion for form in room.station.consultations.saves] == ["ST elevation in V2 to V4."]


def test_an_opinion_the_disk_did_not_take_is_not_kept(room: Room) -> None:
    room.station.consultations.failure = DiskFullError(Text("There is no room on the disk."))
    room.write("consultation.opinion", "ST elevation.")
    through: list[bool] = []
    room.screen.keep_now(lambda: through.append(True))
    room.settle()
    assert through == [True], "nobody waits for ever"
    assert not room.screen.is_kept()
    room.station.consultations.failure = None
    room.write("consultation.opinion", " In V2 to V4.")
    room.screen.keep_now(lambda: through.append(True))
    room.settle()
    assert room.screen.is_kept()
