"""The patient's recordings: the newest opens by itself, and nothing of one patient stays for the next."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import cast

import numpy as np
import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QLabel, QPushButton, QTableView, QWidget
from pytestqt.qtbot import QtBot

from clinic_app.access import Session
from clinic_app.foundation.errors import NotFoundError
from clinic_app.foundation.texts import Text
from clinic_app.records import Attachment, DocumentReference, DocumentReferenceContent, HumanName, Patient
from clinic_app.terminology.leads import LEADS, PLETH
from clinic_app.waveforms import RecordedChannel, Recording
from tests.helpers.clocks import NOON
from tests.helpers.signals import real_leads
from tests.helpers.waiting import wait_until
from ui import language
from ui.shell.patient_in_hand import PatientInHand
from ui.tasks import TaskRunner
from ui.waveforms.recordings_screen import RecordingsScreen
from ui.waveforms.view_model_recordings import RecordingsViewModel
from ui.widgets.recording_traces import traces_of

NURSE = Session("n", "Nurse", "nurse", "nurse", "org", "Hospital")
ONE = Patient(id="p1", name=(HumanName(family="Әлібекқызы"),))
OTHER = Patient(id="p2", name=(HumanName(family="Петров"),))


def _recording() -> Recording:
    pleth = RecordedChannel(PLETH, "Pleth", "%", 125.0, np.sin(np.arange(1250) / 20).astype(np.float32))
    leads = [
        RecordedChannel(code, label, "uV", 1000.0, real_leads()[row]) for row, (code, label) in enumerate(LEADS.items())
    ]
    return Recording((pleth, *reversed(leads)), NOON, "Bed 1")


def _document(number: int) -> DocumentReference:
    content = DocumentReferenceContent(attachment=Attachment(content_type="application/dicom"))
    moment = NOON + timedelta(minutes=number)
    return DocumentReference(id=f"d{number}", status="current", date=moment, content=(content,))


class FakeShelf:
    """Recordings of patient p1 only."""

    def __init__(self) -> None:
        self.documents = (_document(2), _document(1))
        self.lists = 0
        self.is_away = False

    def of_patient(self, session: Session, patient_id: str) -> tuple[DocumentReference, ...]:
        self.lists += 1
        return self.documents if patient_id == "p1" else ()

    def load(self, session: Session, document: DocumentReference) -> Recording:
        if self.is_away:
            raise NotFoundError(Text("Its content has not arrived yet."))
        return _recording()


class Room:
    """The screen with what it stands on."""

    def __init__(self) -> None:
        self.shelf = FakeShelf()
        self.runner = TaskRunner(1)
        self.hand = PatientInHand()
        self.model = RecordingsViewModel(self.shelf, self.runner, NURSE, self.hand)
        self.screen = RecordingsScreen(self.model)
        self.screen.resize(1262, 664)
        self.notices: list[tuple[str, str]] = []
        self.screen.noticed.connect(lambda words, tone: self.notices.append((words, tone)))

    def open(self) -> None:
        self.screen.show()
        self.screen.entered()
        self.settle()

    def settle(self) -> None:
        wait_until(lambda: self.runner.is_idle, what="the background to be idle")

    def list(self) -> QTableView:
        return cast("QTableView", self.screen.findChild(QTableView, "recordings.list"))

    def words(self, name: str) -> str:
        return cast("QLabel", self.screen.findChild(QLabel, name)).text()


@pytest.fixture
def room(qtbot: QtBot) -> Iterator[Room]:
    language.use("en")
    made = Room()
    qtbot.addWidget(made.screen)
    yield made
    made.runner.close()
    language.use("kk")


def test_the_newest_recording_opens_by_itself(room: Room) -> None:
    room.hand.take(ONE)
    room.open()
    assert room.model.document is not None
    assert room.model.document.id == "d2"
    assert len({cell.trace.label for cell in room.screen.paper.cells}) == 12
    assert room.screen.paper.accessibleDescription() == "12 leads, 25 mm/s   10 mm/mV   unfiltered"


@pytest.mark.parametrize(
    ("band", "said"),
    [("raw", "unfiltered"), ("not stated", "filter not stated"), ("0.5-40 Hz", "0.5-40 Hz")],
)
def test_the_paper_says_what_the_file_says_of_its_filter(
    room: Room, monkeypatch: pytest.MonkeyPatch, band: str, said: str
) -> None:
    monkeypatch.setattr(room.shelf, "load", lambda _session, _document: replace(_recording(), band=band))
    room.hand.take(ONE)
    room.open()
    assert room.screen.paper.accessibleDescription().endswith(f"   {said}")
    room.screen._scale.turn("band")
    room.settle()
    ours = room.screen.paper.accessibleDescription()
    assert "unfiltered" not in ours
    assert ours.endswith("0.05–150 Hz, 50 Hz notch")
    assert (f"{said} + " in ours) == (band != "raw")


def test_leads_are_in_the_order_of_paper_and_other_curves_below() -> None:
    traces = traces_of(_recording())
    assert [trace.label for trace in traces] == [*LEADS.values(), "Pleth"]
    assert traces[0].samples.max() == pytest.approx(real_leads()[0].max() / 1000)
    assert not traces[-1].is_millivolts


def test_a_drag_over_the_trace_is_read_in_words(room: Room) -> None:
    room.hand.take(ONE)
    room.open()
    view = room.screen.paper.viewport()
    px_per_s = room.screen.paper.scale.px_per_s
    QTest.mousePress(view, Qt.MouseButton.LeftButton, pos=QPoint(100, 200))
    QTest.mouseMove(view, QPoint(150, 200))
    QTest.mouseRelease(view, Qt.MouseButton.LeftButton, pos=QPoint(100 + round(px_per_s), 200))
    assert " ms · 6" in room.words("recordings.reading")
    assert room.words("recordings.reading").endswith("· 0 mV")


def test_calipers_come_by_a_button_too(room: Room) -> None:
    room.hand.take(ONE)
    room.open()
    cast("QPushButton", room.screen.findChild(QPushButton, "recordings.caliper")).click()
    assert "200 ms" in room.words("recordings.reading")


def test_nothing_of_one_patient_stays_for_the_next(room: Room) -> None:
    room.hand.take(ONE)
    room.open()
    room.hand.take(OTHER)
    assert room.screen.paper.cells == ()
    assert room.model.documents == ()
    room.settle()
    assert room.screen._none.title() == "No recordings yet"
    assert room.screen._stack.currentWidget() is room.screen._none


def test_a_list_that_nobody_sees_is_not_read(room: Room) -> None:
    room.hand.take(ONE)
    room.settle()
    assert room.shelf.lists == 0


def test_the_empty_state_leads_to_the_live_signals(room: Room, qtbot: QtBot) -> None:
    room.hand.take(OTHER)
    room.open()
    with qtbot.waitSignal(room.screen.went) as went:
        room.screen._none.action.click()
    assert went.args == ["signals"]


def test_a_recording_that_has_not_arrived_is_said(room: Room) -> None:
    room.shelf.is_away = True
    room.hand.take(ONE)
    room.open()
    assert ("Its content has not arrived yet.", "warn") in room.notices
    assert room.screen.paper.cells == ()


def test_every_word_follows_the_language(room: Room) -> None:
    room.hand.take(ONE)
    room.open()
    said = set()
    for code in ("en", "ru", "kk"):
        language.use(code)  # type: ignore[arg-type]
        QApplication.processEvents()
        said.add(
            (room.screen.title.text(), room.screen.paper.accessibleDescription(), room.words("recordings.reading"))
        )
        parts = [
            w
            for w in room.screen.findChildren(QWidget)
            if w.focusPolicy() & Qt.FocusPolicy.TabFocus and not w.isHidden()
        ]
        named = [w for w in parts if w.objectName().startswith("recordings.")]
        assert [w.objectName() for w in named if not w.accessibleName()] == []
    assert len({title for title, _paper, _reading in said}) == 3
    assert len({paper for _title, paper, _reading in said}) == 3
