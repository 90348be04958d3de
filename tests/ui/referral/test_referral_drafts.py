"""A question that was begun is kept for each patient, comes back whole, and is gone once it is sent."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QComboBox, QListWidget, QPlainTextEdit

from clinic_app.access import Draft as Kept
from tests.helpers.fake_referral import CENTRE, DOCTOR, FakeStation, patient
from tests.helpers.rooms import Room
from ui import language
from ui.drafts import DraftHolder
from ui.referral.referral_screen import ReferralScreen
from ui.referral.view_model import ReferralViewModel
from ui.referral.view_model_form import Draft

ABOUT = patient(id="gulnur")
OTHER = patient("Петров", "Сергей", id="petrov")
QUESTION = "Chest pain since the evening?"


@pytest.fixture
def rooms(qapp: object) -> Iterator[list[Room]]:
    language.use("en")
    made: list[Room] = []
    yield made
    for room in made:
        room.close()
    language.use("kk")


def _open(rooms: list[Room]) -> Room:
    station = FakeStation()
    station.furnish(ABOUT)
    room = Room(ReferralScreen, ReferralViewModel, station, DOCTOR)
    rooms.append(room)
    room.hand.take(ABOUT)
    room.settle()
    return room


def _write(room: Room) -> None:
    room.screen.write()
    room.settle()
    room.choose("referral.specialty", "cardiology")
    room.choose("referral.destination", CENTRE.id)
    room.click("referral.urgency.stat")
    room.write("referral.question", QUESTION)


def _only(room: Room) -> Kept:
    (draft,) = room.screen.drafts()
    assert isinstance(draft, Kept)
    return draft


def test_the_room_holds_drafts_as_the_window_asks_for_them(rooms: list[Room]) -> None:
    room = _open(rooms)
    assert isinstance(room.screen, DraftHolder)
    assert not room.screen.has_unsaved()


def test_a_form_without_a_question_is_no_draft(rooms: list[Room]) -> None:
    room = _open(rooms)
    room.screen.write()
    room.choose("referral.specialty", "cardiology")
    assert room.screen.drafts() == ()


def test_a_question_names_its_patient_and_holds_everything(rooms: list[Room]) -> None:
    room = _open(rooms)
    _write(room)
    draft = _only(room)
    assert (draft.kind, draft.patient_id, draft.name) == ("referral", ABOUT.id, ABOUT.full_name)
    assert draft.values == {
        "specialty": "cardiology",
        "question": QUESTION,
        "destination": CENTRE.id,
        "urgency": "stat",
    }


def test_it_comes_back_whole_in_another_window(rooms: list[Room]) -> None:
    first = _open(rooms)
    _write(first)
    rows = first.find("referral.evidence", QListWidget)
    for row in range(rows.count()):
        rows.item(row).setCheckState(Qt.CheckState.Unchecked)
    first.settle()
    draft = _only(first)
    assert draft.values["ticked"] == ""
    later = _open(rooms)
    later.screen.take_draft(draft)
    later.settle()
    assert later.find("referral.question", QPlainTextEdit).toPlainText() == QUESTION
    assert later.find("referral.specialty", QComboBox).currentData() == "cardiology"
    assert later.find("referral.destination", QComboBox).currentData() == CENTRE.id
    assert later.model.form.draft.urgency == "stat"
    shown = later.find("referral.evidence", QListWidget)
    assert not any(shown.item(row).checkState() == Qt.CheckState.Checked for row in range(shown.count()))
    assert _only(later).same_words(draft)


def test_each_patient_has_a_question_of_his_own(rooms: list[Room]) -> None:
    room = _open(rooms)
    _write(room)
    room.hand.take(OTHER)
    room.settle()
    room.screen.write()
    room.write("referral.question", "And he?")
    assert {draft.patient_id: draft.values["question"] for draft in room.screen.drafts()} == {
        ABOUT.id: QUESTION,
        OTHER.id: "And he?",
    }


def test_what_is_sent_is_a_draft_no_longer(rooms: list[Room]) -> None:
    room = _open(rooms)
    _write(room)
    room.click("referral.send")
    assert room.screen.drafts() == ()


@pytest.mark.parametrize(
    "draft",
    [
        Draft(),
        Draft("cardiology", "routine", "?", "org", frozenset()),
        Draft("", None, "line\nline", "", frozenset({"a", "b"})),
    ],
)
def test_words_kept_and_read_again_are_the_same(draft: Draft) -> None:
    assert Draft.from_words(draft.as_words()) == draft


def test_what_a_later_version_wrote_is_left_out() -> None:
    words = {"question": "?", "urgency": "the day before yesterday", "colour": "blue"}
    assert Draft.from_words(words) == Draft(question="?")


def test_without_a_patient_nothing_is_put_back(rooms: list[Room]) -> None:
    room = _open(rooms)
    room.hand.take(None)
    room.model.form.take_back(Kept(kind="referral", patient_id=ABOUT.id, values={"question": "?"}))
    assert room.screen.drafts() == ()
