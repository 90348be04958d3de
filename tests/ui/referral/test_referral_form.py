"""The form of a new referral: by keyboard alone, kept until it is sent, honest about what is missing."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QAbstractButton, QComboBox, QListWidget, QPlainTextEdit

from clinic_app.foundation.errors import DiskFullError, InvalidInputError
from clinic_app.foundation.texts import Text
from tests.helpers.fake_referral import CENTRE, DOCTOR, FakeStation, patient
from tests.helpers.rooms import Room
from ui import language
from ui.referral.referral_screen import ReferralScreen
from ui.referral.view_model import ReferralViewModel

ENTER = Qt.Key.Key_Return
CTRL = Qt.KeyboardModifier.ControlModifier
ABOUT = patient(id="gulnur")
OTHER = patient("Петров", "Сергей", id="petrov")


@pytest.fixture
def room(qapp: object) -> Iterator[Room]:
    language.use("en")
    station = FakeStation()
    station.furnish(ABOUT)
    made = Room(ReferralScreen, ReferralViewModel, station, DOCTOR)
    made.hand.take(ABOUT)
    made.screen.write()
    made.settle()
    yield made
    made.close()
    language.use("kk")


def _fill(room: Room) -> None:
    room.choose("referral.specialty", "cardiology")
    room.choose("referral.destination", CENTRE.id)
    room.click("referral.urgency.stat")
    room.write("referral.question", "Chest pain since the evening?")


def _ticked(room: Room) -> list[str]:
    rows = room.find("referral.evidence", QListWidget)
    return [rows.item(i).text() for i in range(rows.count()) if rows.item(i).checkState() == Qt.CheckState.Checked]


def test_a_question_is_asked_by_keyboard_alone(room: Room) -> None:
    specialty = room.find("referral.specialty", QComboBox)
    assert specialty.hasFocus()
    QTest.keyClicks(specialty, "Card")
    assert specialty.currentData() == "cardiology"
    for _step in range(2):
        room.press(Qt.Key.Key_Tab)
        if room.find("referral.destination").hasFocus():
            room.press(Qt.Key.Key_Down)
    room.press(Qt.Key.Key_Space)
    room.press(Qt.Key.Key_Tab)
    assert room.find("referral.question").hasFocus()
    QTest.keyClicks(room.find("referral.question"), "Why?")
    room.press(ENTER, CTRL)
    (sent,) = room.station.referrals.sent
    assert sent[0] == ABOUT.id
    assert (sent[1].specialty, sent[1].urgency, sent[1].question) == ("cardiology", "stat", "Why?")
    assert sent[1].performer_organization_id == CENTRE.id


def test_the_newest_recording_and_the_newest_vital_signs_go_along(room: Room) -> None:
    assert [each.split(" · ")[0] for each in _ticked(room)] == ["Recording", "Vital signs"]
    _fill(room)
    room.click("referral.send")
    references = [each.reference or "" for each in room.station.referrals.sent[0][1].evidence]
    newest = room.station.recordings.documents[0]
    assert references[0] == f"DocumentReference/{newest.id}"
    assert sum(each.startswith("Observation/") for each in references) == 4


def test_a_row_is_ticked_with_space(room: Room) -> None:
    rows = room.find("referral.evidence", QListWidget)
    rows.setFocus()
    rows.setCurrentRow(3)
    room.press(Qt.Key.Key_Space)
    assert len(_ticked(room)) == 3
    room.press(Qt.Key.Key_Space)
    assert len(_ticked(room)) == 2


def test_a_row_is_ticked_with_a_click_anywhere_in_it(room: Room) -> None:
    rows = room.find("referral.evidence", QListWidget)
    QTest.mouseClick(rows.viewport(), Qt.MouseButton.LeftButton, pos=rows.visualItemRect(rows.item(1)).center())
    room.settle()
    assert len(_ticked(room)) == 3


def test_the_form_says_what_the_specialty_still_lacks(room: Room) -> None:
    room.choose("referral.specialty", "cardiology")
    assert room.screen.form.evidence.wanted_words() == "Cardiology wants: ECG, Vital signs"
    for item in room.model.form.ticked:
        if item.kind == "vitals":
            room.model.form.tick(item.key, False)
    room.settle()
    assert room.screen.form.evidence.wanted_words() == "Cardiology wants: ECG, Vital signs: missing"
    assert room.words("referral.wants.vitals") == "Vital signs: missing"


def test_nothing_is_sent_while_something_is_missing(room: Room) -> None:
    room.press(ENTER, CTRL)
    assert room.station.referrals.sent == []
    assert set(room.model.form.errors) == {"specialty", "urgency", "question", "destination"}
    assert room.words("referral.question.message") == "Write the question to the specialist."
    _fill(room)
    assert room.model.form.errors == {}


def test_unsent_words_stay_when_the_screen_is_left(room: Room) -> None:
    _fill(room)
    room.press(Qt.Key.Key_Escape)
    assert room.words("referrals.new") == "Go on with the unsent referral"
    room.hand.take(OTHER)
    room.click("referrals.new")
    assert room.find("referral.question", QPlainTextEdit).toPlainText() == ""
    room.screen.back()
    room.hand.take(ABOUT)
    room.click("referrals.new")
    assert room.find("referral.question", QPlainTextEdit).toPlainText() == "Chest pain since the evening?"
    assert room.find("referral.specialty", QComboBox).currentData() == "cardiology"
    assert room.find("referral.urgency.stat", QAbstractButton).isChecked()


def test_a_sent_question_is_in_the_list_and_the_form_is_empty(room: Room) -> None:
    _fill(room)
    room.click("referral.send")
    assert room.sees("referrals.list")
    assert room.cell("referrals.list", 0, 4) == "saved here"
    assert room.notices[-1] == ("Saved here. It goes to the hub as soon as there is a link.", "ok")
    assert not room.model.form.has_draft()


def test_a_full_disk_loses_no_word(room: Room) -> None:
    _fill(room)
    room.station.referrals.failure = DiskFullError(
        Text("The disk is full. Nothing was saved; free some space and try again.")
    )
    room.click("referral.send")
    assert room.notices[-1][1] == "warn"
    assert room.find("referral.question", QPlainTextEdit).toPlainText() == "Chest pain since the evening?"
    assert room.find("referral.send").isEnabled()


def test_a_refused_field_says_so_at_the_field(room: Room) -> None:
    _fill(room)
    sentence = Text("Choose the hospital to ask.")
    room.station.referrals.failure = InvalidInputError(sentence, "performer_organization_id")
    room.click("referral.send")
    assert room.words("referral.destination.message") == "Choose the hospital to ask."


def test_a_long_question_counts_what_is_left_and_what_is_too_much(room: Room) -> None:
    room.write("referral.question", "x" * 3990)
    assert room.words("referral.question.message") == "10 characters left"
    room.write("referral.question", "x" * 11)
    assert room.words("referral.question.message") == "1 character too many"


def test_the_only_hospital_is_chosen_already(room: Room) -> None:
    room.station.referrals.places = (CENTRE,)
    room.hand.take(OTHER)
    room.settle()
    assert room.find("referral.destination", QComboBox).currentData() == CENTRE.id


def test_without_a_patient_the_form_says_what_to_do(room: Room) -> None:
    room.hand.take(None)
    room.settle()
    asked: list[str] = []
    room.screen.went.connect(asked.append)
    room.click("referral.nobody.action")
    assert asked == ["patients"]


def test_every_control_has_a_name(room: Room) -> None:
    assert room.nameless() == []


def test_the_form_changes_its_language_and_keeps_what_is_in_it(room: Room) -> None:
    _fill(room)
    language.use("ru")
    room.settle()
    assert room.words("referral.send") == "Отправить направление"
    assert room.find("referral.specialty", QComboBox).currentText() == "Кардиология"
    assert room.find("referral.question", QPlainTextEdit).toPlainText() == "Chest pain since the evening?"
    assert room.screen.form.evidence.wanted_words().startswith("Кардиология просит:")
