"""Vital signs typed beside the monitor are put by when another patient comes, and nobody else gets them."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from msgspec.structs import replace
from pytestqt.qtbot import QtBot

from clinic_app.access import Draft
from tests.ui.waveforms.test_monitor_screen import ONE, OTHER, Bedside
from ui import language
from ui.drafts import DraftHolder, Worker


@pytest.fixture
def bedside(qtbot: QtBot) -> Iterator[Bedside]:
    language.use("en")
    made = Bedside()
    qtbot.addWidget(made.screen)
    yield made
    made.model.watch(False)
    made.runner.close()
    language.use("kk")


def _type(bedside: Bedside, key: str, words: str) -> None:
    line = bedside.line(f"monitor.{key}")
    line.setText(words)
    line.textEdited.emit(words)


def test_the_screen_speaks_as_the_window_asks(bedside: Bedside) -> None:
    assert isinstance(bedside.screen, DraftHolder)
    assert isinstance(bedside.screen, Worker)


def test_nothing_typed_is_no_draft(bedside: Bedside) -> None:
    bedside.hand.take(ONE)
    assert not bedside.screen.has_unsaved()
    assert bedside.screen.drafts() == ()


def test_what_is_typed_is_a_draft_of_the_patient_in_hand(bedside: Bedside) -> None:
    bedside.hand.take(ONE)
    _type(bedside, "systolic", "120")
    assert bedside.screen.drafts() == (
        Draft(kind="monitor_vitals", patient_id="p1", name="Әлібекқызы", values={"systolic": "120"}),
    )


def test_another_patient_finds_empty_fields_and_the_words_are_put_by(bedside: Bedside) -> None:
    left: list[Draft] = []
    bedside.screen.draft_left.connect(left.append)
    bedside.hand.take(ONE)
    _type(bedside, "systolic", "120")
    bedside.hand.take(OTHER)
    assert [draft.patient_id for draft in left] == ["p1"]
    assert bedside.line("monitor.systolic").text() == ""
    assert bedside.screen.drafts() == ()
    bedside.hand.take(ONE)
    bedside.screen.take_draft(left[0])
    assert bedside.line("monitor.systolic").text() == "120"


def test_a_newer_version_of_the_same_patient_empties_nothing(bedside: Bedside) -> None:
    left: list[Draft] = []
    bedside.screen.draft_left.connect(left.append)
    bedside.hand.take(ONE)
    _type(bedside, "systolic", "120")
    bedside.hand.take(replace(ONE, gender="female"))
    assert bedside.line("monitor.systolic").text() == "120"
    assert left == []


def test_what_is_put_back_counts_as_typed_and_not_as_the_monitors(bedside: Bedside) -> None:
    bedside.hand.take(ONE)
    bedside.screen.take_draft(Draft(kind="monitor_vitals", patient_id="p1", values={"systolic": "120", "later": "1"}))
    _type(bedside, "diastolic", "80")
    bedside.button("monitor.save_vitals").click()
    bedside.settle()
    ((patient_id, form, device),) = bedside.encounters.calls
    assert (patient_id, form.systolic, device) == ("p1", "120", "")


def test_what_is_saved_is_a_draft_no_longer(bedside: Bedside) -> None:
    bedside.hand.take(ONE)
    _type(bedside, "heart_rate", "61")
    bedside.button("monitor.save_vitals").click()
    bedside.settle()
    bedside.model.look()
    assert not bedside.screen.has_unsaved()


def test_a_running_recording_is_work(bedside: Bedside) -> None:
    bedside.hand.take(ONE)
    bedside.play(3)
    assert not bedside.screen.is_working()
    bedside.model.record()
    bedside.play(1)
    assert bedside.screen.is_working()
    bedside.model.cancel_recording()
    assert not bedside.screen.is_working()
