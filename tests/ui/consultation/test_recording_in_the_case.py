"""The ECG that came with the question: the specialist chooses the filter, and the paper says which one is on it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

import numpy as np
import pytest
from PySide6.QtCore import Qt

from clinic_app.consultation import Evidence
from clinic_app.waveforms import Band, RecordedChannel, Recording, filtered
from clinic_app.waveforms.filters import MONITOR
from tests.helpers.consultation_room import consultation_screen
from tests.helpers.fake_referral import NOW, SPECIALIST, FakeStation, case_for, patient
from tests.helpers.rooms import Room
from ui import language
from ui.consultation.recording_view import RecordingView
from ui.consultation.view_model import ConsultationViewModel

ABOUT = patient(id="gulnur")


def _furnished() -> FakeStation:
    station = FakeStation()
    station.furnish(ABOUT)
    beat = np.sin(np.linspace(0, 60, 5000)).astype(np.float32)
    station.recordings.recording = Recording(
        (RecordedChannel("MDC_ECG_LEAD_II", "II", "mV", 500.0, beat),), NOW, "CardioPoint 12"
    )
    station.consultations.found = Evidence(recordings=tuple(station.recordings.documents[:1]))
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


def _scale(room: Room) -> str:
    words: str = room.screen.case.evidence.recording.paper.scale_words()
    return words


def _choose(room: Room, part: str, value: str) -> None:
    view = room.screen.case.evidence.recording
    picker = view.scale._pickers[part]
    assert picker.choose(value)
    picker.chosen.emit(value)
    room.settle()


def test_the_specialist_chooses_the_filter_and_the_paper_says_its_band(room: Room) -> None:
    view = room.screen.case.evidence.recording
    stored = room.station.recordings.recording
    assert _scale(room).endswith("unfiltered"), "first as it was stored"
    assert not view.scale._pickers["notch"].isEnabled(), "the mains are taken out of a raw trace as little as anything"
    _choose(room, "band", "monitor")
    assert _scale(room).endswith("0.5–40 Hz, 50 Hz notch")
    seen = view.paper.cells[0].trace.samples
    assert seen.tolist() == filtered(stored, MONITOR.with_notch(50.0)).leads[0].samples.tolist()
    for band, words in (("diagnostic", "0.05–150 Hz"), ("st", "0.05–40 Hz")):
        _choose(room, "band", band)
        assert _scale(room).endswith(f"{words}, 50 Hz notch")
    _choose(room, "notch", "60")
    assert _scale(room).endswith("0.05–40 Hz, 60 Hz notch")
    _choose(room, "notch", "0")
    assert _scale(room).endswith("0.05–40 Hz")
    _choose(room, "band", "raw")
    assert _scale(room).endswith("unfiltered")
    assert view.paper.cells[0].trace.samples.tolist() == stored.leads[0].samples.tolist()


def test_a_filter_that_was_chosen_holds_for_the_next_recording_and_calipers_stay(room: Room) -> None:
    view = room.screen.case.evidence.recording
    view.paper.setFocus()
    room.press(Qt.Key.Key_C)
    room.press(Qt.Key.Key_F7)
    room.settle()
    assert view.scale.choices.band == "diagnostic"
    assert view.paper.reading() is not None, "what was measured stays where it is"
    other = replace(room.station.recordings.recording, device="Other")
    view.show_recording(other)
    assert _scale(room).endswith("unfiltered"), "until it is filtered"
    room.settle()
    assert _scale(room).endswith("0.05–150 Hz, 50 Hz notch")


def test_a_filter_answers_nothing_for_a_recording_or_a_choice_that_is_no_more(qapp: object) -> None:
    language.use("en")
    asked: list[tuple[Recording, Band, Callable[[Recording], None]]] = []
    view = RecordingView(None, lambda *each: asked.append(each))
    first = _furnished().recordings.recording
    view.show_recording(first)
    for band in ("monitor", "st"):
        view.scale._pickers["band"].choose(band)
        view.scale._pickers["band"].chosen.emit(band)
    asked[0][2](filtered(first, asked[0][1]))
    assert view.paper.scale_words().endswith("unfiltered"), "monitor is not what is chosen now"
    asked[1][2](filtered(first, asked[1][1]))
    assert view.paper.scale_words().endswith("0.05–40 Hz, 50 Hz notch")
    view.show_recording(replace(first, device="Other"))
    asked[1][2](filtered(first, asked[1][1]))
    assert view.paper.scale_words().endswith("unfiltered"), "this is another recording"
    view.deleteLater()
    language.use("kk")


def test_what_a_slow_recording_cannot_have_is_not_promised(room: Room) -> None:
    view = room.screen.case.evidence.recording
    channel = RecordedChannel("MDC_ECG_LEAD_II", "II", "mV", 125.0, np.zeros(1250, dtype=np.float32))
    view.show_recording(Recording((channel,), NOW, "Slow", band="0.5–35 Hz"))
    _choose(room, "band", "diagnostic")
    assert _scale(room).endswith("0.5–35 Hz + from 0.05 Hz, 50 Hz notch")


def test_keys_go_through_layouts_and_gains(room: Room) -> None:
    view = room.screen.case.evidence.recording
    view.paper.setFocus()
    room.press(Qt.Key.Key_F6)
    room.press(Qt.Key.Key_Plus)
    assert (view.scale.choices.layout, view.scale.choices.gain) == ("6x2", "20")
    assert "20 mm/mV" in _scale(room)
    room.press(Qt.Key.Key_Minus)
    assert "10 mm/mV" in _scale(room)
