"""A case in the specialist's hands: evidence, a draft that saves itself, a signature after one more question."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from pydicom.data import get_testdata_file
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QListWidget, QPlainTextEdit

from clinic_app.consultation import Evidence, OpinionForm
from clinic_app.foundation.errors import DiskFullError
from clinic_app.foundation.texts import Text
from clinic_app.waveforms import RecordedChannel, Recording
from tests.helpers.consultation_room import consultation_screen
from tests.helpers.fake_referral import NOW, SPECIALIST, FakeStation, case_for, patient
from tests.helpers.rooms import Room
from tests.helpers.waiting import wait_until
from ui import language
from ui.consultation.view_model import ConsultationViewModel
from ui.consultation.view_model_case import SAVE_PAUSE_MS

ABOUT = patient(id="gulnur")
CTRL = Qt.KeyboardModifier.ControlModifier
ENTER = Qt.Key.Key_Return


def _furnished() -> FakeStation:
    station = FakeStation()
    station.furnish(ABOUT)
    beat = np.sin(np.linspace(0, 60, 5000)).astype(np.float32)
    station.recordings.recording = Recording(
        (RecordedChannel("MDC_ECG_LEAD_II", "II", "mV", 500.0, beat),), NOW, "CardioPoint 12"
    )
    station.consultations.found = Evidence(
        recordings=tuple(station.recordings.documents[:1]), vitals=tuple(station.encounters.listed[:4])
    )
    station.referrals.listed.append(case_for(ABOUT, urgency="stat", progress="received-by-hub"))
    return station


@pytest.fixture
def room(qapp: object) -> Iterator[Room]:
    language.use("en")
    made = Room(consultation_screen, ConsultationViewModel, _furnished(), SPECIALIST)
    made.open_row("worklist.list")
    yield made
    made.close()
    language.use("kk")


def _saved(room: Room) -> list[OpinionForm]:
    saves: list[OpinionForm] = room.station.consultations.saves
    return saves


def _draft_is_saved(room: Room) -> None:
    wait_until(lambda: room.model.case.draft_state == "saved", what="the draft to be saved")


def test_the_question_stays_on_top_whatever_evidence_is_chosen(room: Room) -> None:
    rows = room.find("consultation.evidence", QListWidget)
    for row in range(rows.count()):
        rows.setCurrentRow(row)
        room.settle()
        assert room.sees("consultation.question")


def test_the_first_recording_lies_on_paper_with_calipers(room: Room) -> None:
    paper = room.screen.case.evidence.recording.paper
    assert paper.isVisible()
    assert [cell.trace.label for cell in paper.cells] == ["II"]
    paper.setFocus()
    room.press(Qt.Key.Key_C)
    assert paper.reading() is not None


def test_vital_signs_are_a_table(room: Room) -> None:
    room.find("consultation.evidence", QListWidget).setCurrentRow(1)
    room.settle()
    assert room.cell("consultation.vitals", 0, 1) == "Systolic pressure"
    assert room.cell("consultation.vitals", 0, 2) == "150 mmHg"


def test_a_recording_that_has_not_arrived_says_so_and_the_rest_is_there(qapp: object) -> None:
    language.use("en")
    station = _furnished()
    station.recordings.recording = None
    room = Room(consultation_screen, ConsultationViewModel, station, SPECIALIST)
    room.open_row("worklist.list")
    assert "has not arrived" in room.all_words()
    room.find("consultation.evidence", QListWidget).setCurrentRow(1)
    room.settle()
    assert room.sees("consultation.vitals")
    room.close()
    language.use("kk")


def test_a_key_image_is_shown_and_a_damaged_one_is_told(qapp: object) -> None:
    language.use("en")
    station = _furnished()
    station.consultations.found = Evidence(key_images=tuple(station.key_images.listed))
    room = Room(consultation_screen, ConsultationViewModel, station, SPECIALIST)
    room.open_row("worklist.list")
    assert "The picture is damaged." in room.all_words()
    room.close()
    language.use("kk")


def test_a_series_is_leafed_through_by_keys(qapp: object) -> None:
    language.use("en")
    station = _furnished()
    slice_file = get_testdata_file("CT_small.dcm", download=False)
    assert isinstance(slice_file, str)
    station.imaging.contents = {f"1.2.3.1.{i}": Path(slice_file).read_bytes() for i in (1, 2)}
    station.consultations.found = Evidence(studies=tuple(station.imaging.listed))
    room = Room(consultation_screen, ConsultationViewModel, station, SPECIALIST)
    room.open_row("worklist.list")
    canvas = room.screen.case.evidence.desk.canvas
    wait_until(lambda: canvas.image_number == 1, what="the first picture")
    canvas.setFocus()
    room.press(Qt.Key.Key_Down)
    wait_until(lambda: canvas.image_number == 2, what="the second picture")
    room.press(Qt.Key.Key_Return)
    assert canvas.last_length is not None
    assert canvas.last_length.unit == "mm"
    room.click("consultation.tool.length")
    assert canvas.tool == "length"
    assert room.nameless() == []
    room.close()
    language.use("kk")


def test_a_damaged_picture_is_told_in_its_place(qapp: object) -> None:
    language.use("en")
    station = _furnished()
    station.imaging.contents = {f"1.2.3.1.{i}": b"no DICOM" for i in (1, 2)}
    station.consultations.found = Evidence(studies=tuple(station.imaging.listed))
    room = Room(consultation_screen, ConsultationViewModel, station, SPECIALIST)
    room.open_row("worklist.list")
    canvas = room.screen.case.evidence.desk.canvas
    wait_until(lambda: canvas.image_number == 1, what="the refusal")
    assert canvas.picture is None
    room.close()
    language.use("kk")


def test_missing_pieces_are_counted(qapp: object) -> None:
    language.use("en")
    station = _furnished()
    station.consultations.found = Evidence(missing=2)
    room = Room(consultation_screen, ConsultationViewModel, station, SPECIALIST)
    room.open_row("worklist.list")
    assert "2 pieces are still on their way." in room.all_words()
    assert room.screen.case.evidence.findChild(QListWidget, "consultation.evidence").isHidden()
    room.close()
    language.use("kk")


def test_a_draft_is_saved_when_the_typing_pauses(room: Room) -> None:
    room.write("consultation.opinion", "Sinus")
    assert _saved(room) == []
    assert room.words("consultation.draft_line") == "Draft: not visible to the district · not saved yet"
    room.write("consultation.opinion", " rhythm")
    _draft_is_saved(room)
    assert [form.opinion for form in _saved(room)] == ["Sinus rhythm"]
    assert room.words("consultation.draft_line").startswith("Draft: not visible to the district · saved ")


def test_the_pause_is_a_second(room: Room) -> None:
    room.write("consultation.opinion", "Sinus")
    assert room.model.case._pause.interval() == SAVE_PAUSE_MS == 1000


def test_leaving_the_case_saves_at_once(room: Room) -> None:
    room.write("consultation.plan", "Repeat the ECG")
    room.press(Qt.Key.Key_Escape)
    assert _saved(room) == [OpinionForm("", "Repeat the ECG")]
    room.open_row("worklist.list")
    assert room.find("consultation.plan", QPlainTextEdit).toPlainText() == "Repeat the ECG"


def test_words_typed_while_a_draft_is_being_saved_are_not_lost(room: Room) -> None:
    gate = threading.Event()
    room.station.consultations.before_save = lambda: gate.wait(10)
    room.write("consultation.opinion", "one")
    room.model.case.flush()
    room.write("consultation.opinion", " two")
    room.screen.back()
    gate.set()
    room.settle()
    wait_until(lambda: len(_saved(room)) == 2, what="both drafts to be saved")
    assert [form.opinion for form in _saved(room)] == ["one", "one two"]


def test_a_draft_that_cannot_be_saved_says_why_and_keeps_the_words(room: Room) -> None:
    room.station.consultations.failure = DiskFullError(
        Text("The disk is full. Nothing was saved; free some space and try again.")
    )
    room.write("consultation.opinion", "Sinus")
    wait_until(lambda: room.model.case.draft_state == "failed", what="the failure to be told")
    assert "The disk is full" in room.words("consultation.draft_line")
    room.station.consultations.failure = None
    room.write("consultation.opinion", " rhythm")
    _draft_is_saved(room)
    assert _saved(room)[-1].opinion == "Sinus rhythm"


def test_a_draft_from_yesterday_is_there_again(qapp: object) -> None:
    language.use("en")
    station = _furnished()
    station.consultations.drafts[station.referrals.listed[0].task.id] = OpinionForm("Half a thought", "")
    room = Room(consultation_screen, ConsultationViewModel, station, SPECIALIST)
    room.open_row("worklist.list")
    assert room.find("consultation.opinion", QPlainTextEdit).toPlainText() == "Half a thought"
    assert station.consultations.saves == []
    room.close()
    language.use("kk")


def test_signing_asks_first_and_names_the_patient(room: Room) -> None:
    room.write("consultation.opinion", "Sinus rhythm")
    room.click("consultation.sign")
    assert room.station.consultations.signed == []
    words = room.all_words()
    assert "Sign the opinion about ӘЛІБЕКҚЫЗЫ Гүлнұр Ғабитқызы, born 05.03.1964" in words
    assert "It goes to Ырғыз аудандық ауруханасы under your name" in words


def test_enter_and_ctrl_enter_never_sign(room: Room) -> None:
    room.write("consultation.opinion", "Sinus rhythm")
    room.press(ENTER, CTRL)
    assert room.find("consultation.not_yet").hasFocus()
    room.press(ENTER, CTRL)
    assert room.sees("consultation.confirm")
    room.press(ENTER)
    assert room.station.consultations.signed == []
    assert not room.sees("consultation.confirm")


def test_escape_takes_the_question_back_and_the_case_stays(room: Room) -> None:
    room.write("consultation.opinion", "Sinus rhythm")
    room.click("consultation.sign")
    room.press(Qt.Key.Key_Escape)
    assert not room.sees("consultation.confirm")
    assert room.sees("consultation.sign")


def test_an_empty_opinion_is_not_signed(room: Room) -> None:
    room.write("consultation.plan", "Come again")
    room.click("consultation.sign")
    assert not room.sees("consultation.confirm")
    assert room.words("consultation.opinion.message") == "Write your opinion before you sign."


def test_a_confirmed_opinion_is_signed_once_with_the_newest_words(room: Room) -> None:
    gate = threading.Event()
    room.station.consultations.before_save = lambda: gate.wait(10)
    room.write("consultation.opinion", "Sinus")
    room.model.case.flush()
    room.write("consultation.opinion", " rhythm")
    room.find("consultation.sign").click()  # type: ignore[attr-defined]
    room.find("consultation.confirm").click()  # type: ignore[attr-defined]
    assert room.station.consultations.signed == []
    gate.set()
    room.settle()
    wait_until(lambda: room.station.consultations.signed, what="the signature")
    assert [form.opinion for _id, form in room.station.consultations.signed] == ["Sinus rhythm"]


def test_a_signed_case_can_only_be_read(room: Room) -> None:
    room.write("consultation.opinion", "Sinus rhythm")
    room.click("consultation.sign")
    room.click("consultation.confirm")
    assert room.find("consultation.opinion", QPlainTextEdit).isReadOnly()
    assert room.find("consultation.plan", QPlainTextEdit).isReadOnly()
    assert not room.sees("consultation.sign")
    assert room.words("consultation.verdict") == "Signature valid"
    assert "Draft" not in room.words("consultation.draft_line")
    room.press(Qt.Key.Key_Escape)
    room.settle()
    assert room.model.cases == ()


def test_a_signature_that_fails_leaves_the_words(room: Room) -> None:
    room.write("consultation.opinion", "Sinus rhythm")
    _draft_is_saved(room)
    room.station.consultations.failure = DiskFullError(
        Text("The disk is full. Nothing was saved; free some space and try again.")
    )
    room.click("consultation.sign")
    room.click("consultation.confirm")
    assert room.notices[-1][1] == "warn"
    assert room.find("consultation.opinion", QPlainTextEdit).toPlainText() == "Sinus rhythm"
    assert not room.find("consultation.opinion", QPlainTextEdit).isReadOnly()


def test_another_patient_in_hand_leaves_the_case_and_saves_the_draft(room: Room) -> None:
    room.write("consultation.opinion", "Sinus rhythm")
    room.hand.take(None)
    room.settle()
    assert room.sees("worklist.list")
    assert [form.opinion for form in _saved(room)] == ["Sinus rhythm"]


def test_every_control_of_a_case_has_a_name(room: Room) -> None:
    assert room.nameless() == []
    room.write("consultation.opinion", "Sinus rhythm")
    room.click("consultation.sign")
    assert room.nameless() == []


def test_a_case_changes_its_language_and_keeps_its_words(room: Room) -> None:
    room.write("consultation.opinion", "Sinus rhythm")
    _draft_is_saved(room)
    language.use("kk")
    room.settle()
    assert room.words("consultation.draft_line").startswith("Жоба: ауданға көрінбейді")
    assert room.find("consultation.opinion", QPlainTextEdit).toPlainText() == "Sinus rhythm"


def test_the_evidence_is_dated(room: Room) -> None:
    rows = room.find("consultation.evidence", QListWidget)
    words = [str(rows.item(row).data(Qt.ItemDataRole.AccessibleTextRole)) for row in range(rows.count())]
    assert NOW.astimezone().strftime("%d.%m.%Y") in words[0]
