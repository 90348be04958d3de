"""The monitor screen: from the first empty state to a recording that belongs to the right patient."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import cast

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QLabel, QLineEdit, QPushButton, QWidget
from pytestqt.qtbot import QtBot

from clinic_app.access import Session
from clinic_app.devices import Block, ChannelInfo, Numerics, NumericValue
from clinic_app.devices.hl7.monitor_listener import SourceState
from clinic_app.encounters import VitalsForm
from clinic_app.foundation.errors import DiskFullError
from clinic_app.foundation.texts import Text
from clinic_app.records import Attachment, DocumentReference, DocumentReferenceContent, HumanName, Observation, Patient
from clinic_app.terminology.leads import LEADS, PLETH
from clinic_app.waveforms import LiveTraces, Recording
from tests.helpers.clocks import NOON, FixedClock
from tests.helpers.fake_workstation import FakeEncounters
from tests.helpers.signals import SteadyClock, real_leads
from tests.helpers.waiting import wait_until
from ui import language
from ui.shell.patient_in_hand import PatientInHand
from ui.tasks import TaskRunner
from ui.waveforms.monitor_screen import MonitorScreen
from ui.waveforms.view_model import MonitorViewModel

NURSE = Session("n", "Nurse", "nurse", "nurse", "org", "Hospital")
ONE = Patient(id="p1", name=(HumanName(family="Әлібекқызы"),))
OTHER = Patient(id="p2", name=(HumanName(family="Петров"),))


class FakeListener:
    """Devices as a test says."""

    def __init__(self) -> None:
        self.port = 2575
        self.told: list[SourceState] = []

    def sources(self) -> tuple[SourceState, ...]:
        return tuple(self.told)


class FakeKeeper:
    """Keeps recordings in a list, or has no room."""

    def __init__(self) -> None:
        self.saved: list[tuple[str, Recording]] = []
        self.is_full = False

    def save(self, session: Session, patient_id: str, recording: Recording) -> DocumentReference:
        if self.is_full:
            raise DiskFullError(Text("There is no room on the disk."))
        self.saved.append((patient_id, recording))
        content = DocumentReferenceContent(attachment=Attachment(content_type="application/dicom"))
        return DocumentReference(id="d", status="current", content=(content,))


class RememberingEncounters(FakeEncounters):
    """Also remembers from which device values came."""

    def __init__(self) -> None:
        super().__init__()
        self.calls: list[tuple[str, VitalsForm, str]] = []
        self.times: dict[str, datetime] = {}

    def record_vitals(
        self,
        session: Session,
        patient_id: str,
        form: VitalsForm,
        device: str = "",
        measured_at: Mapping[str, datetime] | None = None,
    ) -> tuple[Observation, ...]:
        self.calls.append((patient_id, form, device))
        self.times = dict(measured_at or {})
        return super().record_vitals(session, patient_id, form, device, measured_at)


class Bedside:
    """A monitor whose signal a test plays, and the screen that shows it."""

    def __init__(self, session: Session = NURSE) -> None:
        self.clock = SteadyClock()
        self.traces = LiveTraces(FixedClock(), self.clock)
        self.listener = FakeListener()
        self.keeper = FakeKeeper()
        self.encounters = RememberingEncounters()
        self.runner = TaskRunner(1)
        self.hand = PatientInHand()
        self.model = MonitorViewModel(
            self.traces, self.keeper, self.encounters, self.listener, self.runner, session, self.hand
        )
        self.screen = self.make_screen()
        self.notices: list[tuple[str, str]] = []
        self.screen.noticed.connect(lambda words, tone: self.notices.append((words, tone)))
        self._played_s = 0.0

    def make_screen(self) -> MonitorScreen:
        """Return the screen over the model."""
        return MonitorScreen(self.model)

    def play(self, seconds: float, name: str = "Bed 1") -> None:
        """Let so many seconds of leads, pleth and numbers arrive, a quarter at a time."""
        for _ in range(round(seconds * 4)):
            self.clock.now_s += 0.25
            self._send(name)
            self._played_s += 0.25
        if all(state.name != name for state in self.listener.told):
            self.listener.told.append(SourceState(name, True, NOON))
        self.model.look()

    def _send(self, name: str) -> None:
        place = round(self._played_s * 1000)
        index = np.arange(place, place + 250) % real_leads().shape[1]
        leads = tuple(ChannelInfo(code, label, "uV") for code, label in LEADS.items())
        steady = self.clock.now_s
        self.traces.take_in(
            Block(name, f"{name} ecg", leads, place, Fraction(1000), real_leads()[:, index], NOON, steady)
        )
        pleth = np.sin(index[None, ::8] / 100).astype(np.float32)
        channel = (ChannelInfo(PLETH, "Pleth", "%"),)
        self.traces.take_in(Block(name, f"{name} pleth", channel, place // 8, Fraction(125), pleth, NOON, steady))
        numbers = {
            "MDC_ECG_HEART_RATE": NumericValue(Decimal(61), "/min"),
            "MDC_TEMP": NumericValue(Decimal("36.7"), "Cel"),
        }
        self.traces.take_in(Numerics(name, numbers, NOON, steady))

    def wait(self, seconds: float) -> None:
        """Let time go by without a sample."""
        self.clock.now_s += seconds
        self.model.look()

    def find(self, name: str) -> QWidget:
        return cast("QWidget", self.screen.findChild(QWidget, name))

    def button(self, name: str) -> QPushButton:
        return cast("QPushButton", self.screen.findChild(QPushButton, name))

    def line(self, name: str) -> QLineEdit:
        return cast("QLineEdit", self.screen.findChild(QLineEdit, name))

    def settle(self) -> None:
        """Wait for every answer of the background."""
        wait_until(lambda: self.runner.is_idle, what="the background to be idle")


@pytest.fixture
def bedside(qtbot: QtBot) -> Iterator[Bedside]:
    language.use("en")
    made = Bedside()
    qtbot.addWidget(made.screen)
    yield made
    made.model.watch(False)
    made.runner.close()
    language.use("kk")


def test_without_a_monitor_the_screen_says_what_to_do_next(bedside: Bedside) -> None:
    bedside.model.look()
    assert bedside.screen._empty.title() == "No monitor has called yet"
    assert bedside.find("monitor.state").accessibleName() == "No monitor connected"
    assert not bedside.button("monitor.record").isEnabled()
    assert not bedside.button("monitor.freeze").isEnabled()


def test_where_monitors_are_off_the_screen_says_who_can_turn_them_on(bedside: Bedside) -> None:
    bedside.listener.port = 0
    bedside.model.look()
    assert bedside.screen._empty.title() == "Monitors are turned off"


def test_a_monitor_that_calls_is_drawn_with_leads_and_pleth(bedside: Bedside) -> None:
    bedside.play(2)
    assert bedside.screen._stack.currentWidget() is bedside.screen.traces
    assert bedside.find("monitor.state").accessibleName() == "Bed 1: receiving"
    lanes = [place.lane.label() for panel in bedside.screen.sweep.panels for place in panel.places]
    assert lanes == [*LEADS.values(), "Pleth"]


def test_a_signal_that_stops_is_told_from_a_monitor_that_left(bedside: Bedside) -> None:
    bedside.play(2)
    bedside.wait(4)
    assert bedside.model.state().kind == "silent"
    bedside.listener.told[0] = SourceState("Bed 1", False, NOON)
    bedside.model.look()
    assert bedside.find("monitor.state").accessibleName().startswith("Bed 1: disconnected, last seen")


def test_numbers_carry_their_age(bedside: Bedside) -> None:
    bedside.play(2)
    tile = bedside.find("monitor.number.heart_rate")
    assert tile.accessibleDescription() == "61 /min, now"
    bedside.wait(30)
    assert tile.accessibleDescription() == "61 /min, 30 s ago"
    bedside.wait(40)
    assert tile.accessibleDescription() == "no value, none for 1 min", "what is a minute old is no number any more"
    assert bedside.find("monitor.number.spo2").accessibleDescription() == "no value"


def test_ten_seconds_are_recorded_for_the_patient_in_hand(bedside: Bedside) -> None:
    bedside.play(3)
    bedside.hand.take(ONE)
    bedside.button("monitor.record").click()
    assert bedside.model.progress == 0
    bedside.play(5)
    assert bedside.model.progress == pytest.approx(0.5)
    assert not bedside.keeper.saved
    bedside.play(5)
    bedside.settle()
    [(patient_id, recording)] = bedside.keeper.saved
    assert patient_id == "p1"
    assert recording.duration_s == 10
    assert recording.device == "Bed 1"
    assert (recording.leads[1].samples == real_leads()[1, np.arange(3000, 13_000) % 10_000]).all()
    assert bedside.notices == [("10 s of 13 channels are recorded and saved.", "ok")]


def test_without_a_patient_nothing_can_be_recorded_or_saved(bedside: Bedside) -> None:
    bedside.play(2)
    assert not bedside.button("monitor.record").isEnabled()
    assert not bedside.button("monitor.save_vitals").isEnabled()
    bedside.model.record()
    assert bedside.model.progress is None


def test_another_patient_ends_the_recording_and_nothing_is_kept(bedside: Bedside) -> None:
    bedside.play(2)
    bedside.hand.take(ONE)
    bedside.model.record()
    bedside.play(5)
    bedside.hand.take(OTHER)
    bedside.play(8)
    bedside.settle()
    assert bedside.keeper.saved == []
    assert bedside.notices[0][1] == "warn"


def test_a_signal_that_stops_ends_the_recording_with_a_sentence(bedside: Bedside) -> None:
    bedside.play(2)
    bedside.hand.take(ONE)
    bedside.model.record()
    bedside.play(5)
    bedside.wait(6)
    assert bedside.model.progress is None
    assert bedside.keeper.saved == []
    assert "The signal stopped" in bedside.notices[0][0]


def test_a_recording_can_be_stopped(bedside: Bedside) -> None:
    bedside.play(2)
    bedside.hand.take(ONE)
    bedside.model.record()
    bedside.play(5)
    bedside.button("monitor.progress.cancel").click()
    bedside.play(6)
    bedside.settle()
    assert bedside.keeper.saved == []


def test_a_full_disk_is_told_to_the_nurse(bedside: Bedside) -> None:
    bedside.keeper.is_full = True
    bedside.play(2)
    bedside.hand.take(ONE)
    bedside.model.record()
    bedside.play(10.25)
    bedside.settle()
    assert bedside.notices == [("There is no room on the disk.", "warn")]


def test_the_monitors_numbers_are_taken_over_and_saved_with_its_name(bedside: Bedside) -> None:
    bedside.play(2)
    bedside.hand.take(ONE)
    bedside.button("monitor.take_over").click()
    assert bedside.line("monitor.heart_rate").text() == "61"
    assert bedside.line("monitor.temperature").text() == "36.7"
    bedside.button("monitor.save_vitals").click()
    bedside.settle()
    assert bedside.encounters.calls == [("p1", VitalsForm(heart_rate="61", temperature="36.7"), "Bed 1")]
    assert bedside.line("monitor.heart_rate").text() == ""


def test_what_is_taken_over_late_says_its_time_and_is_saved_with_it(bedside: Bedside) -> None:
    bedside.play(2)
    bedside.hand.take(ONE)
    bedside.button("monitor.take_over").click()
    told = cast("QLabel", bedside.find("monitor.vitals_aged"))
    assert told.isHidden(), "now is now"
    bedside.wait(12)
    bedside.button("monitor.take_over").click()
    moment = bedside.model.taken_at["heart_rate"]
    at = f"{moment.astimezone():%H:%M:%S}"
    assert told.text() == f"Measured earlier: {at}"
    QTest.keyClick(bedside.line("monitor.heart_rate"), Qt.Key.Key_Backspace)
    assert told.text() == f"Measured earlier: Temperature {at}", "what somebody typed is of now"
    bedside.line("monitor.heart_rate").setText("62")
    bedside.button("monitor.save_vitals").click()
    bedside.settle()
    assert bedside.encounters.times == {"temperature": moment}
    assert told.isHidden()


def test_an_old_pressure_is_taken_over_with_the_time_of_the_cuff(bedside: Bedside) -> None:
    bedside.play(2)
    bedside.hand.take(ONE)
    cuff = {code: NumericValue(Decimal(value), "mmHg") for code, value in
            (("MDC_PRESS_CUFF_SYS", 148), ("MDC_PRESS_CUFF_DIA", 92))}  # fmt: skip
    bedside.traces.take_in(Numerics("Bed 1", cuff, NOON, bedside.clock.now_s))
    bedside.wait(480)
    bedside.button("monitor.take_over").click()
    assert bedside.line("monitor.heart_rate").text() == "", "a pulse of eight minutes ago is nobody's"
    assert bedside.line("monitor.systolic").text() == "148"
    told = cast("QLabel", bedside.find("monitor.vitals_aged")).text()
    assert told == f"Measured earlier: {bedside.model.taken_at['systolic'].astimezone():%H:%M:%S}", "said once for all"
    bedside.button("monitor.save_vitals").click()
    bedside.settle()
    assert set(bedside.encounters.times) == {"systolic", "diastolic", "temperature"}
    age_s = (bedside.model._clock.now() - bedside.encounters.times["systolic"]).total_seconds()
    assert age_s == pytest.approx(480, abs=5)


def test_what_nobody_can_have_is_a_dash_with_a_word_and_is_not_taken_over(bedside: Bedside) -> None:
    bedside.play(2)
    bedside.hand.take(ONE)
    wrong = {"MDC_ECG_HEART_RATE": NumericValue(Decimal(900), "/min"), "MDC_TEMP": NumericValue(Decimal(200), "Cel")}
    bedside.traces.take_in(Numerics("Bed 1", wrong, NOON, bedside.clock.now_s))
    bedside.model.look()
    assert bedside.find("monitor.number.heart_rate").accessibleDescription() == "no value, 900: not possible"
    assert bedside.find("monitor.number.temperature").accessibleDescription() == "no value, 200.0: not possible"
    assert not bedside.button("monitor.take_over").isEnabled()


def test_a_heart_that_stands_still_is_no_dash(bedside: Bedside) -> None:
    bedside.play(2)
    bedside.hand.take(ONE)
    still = {"MDC_ECG_HEART_RATE": NumericValue(Decimal(0), "/min"), "MDC_RESP_RATE": NumericValue(Decimal(0), "/min")}
    bedside.traces.take_in(Numerics("Bed 1", still, NOON, bedside.clock.now_s))
    bedside.model.look()
    tile = bedside.find("monitor.number.heart_rate")
    assert tile.accessibleDescription() == "0 /min, the monitor says so"
    assert "Look at the patient first" in tile.toolTip()
    assert bedside.find("monitor.number.respiratory_rate").accessibleDescription() == "0 /min, the monitor says so"
    form = bedside.model.take_over()
    assert (form.heart_rate, form.respiratory_rate) == ("", "")
    bedside.clock.now_s += 12
    bedside.model.look()
    assert tile.accessibleDescription() == "0 /min, the monitor says so, 12 s ago"


def test_a_value_changed_by_hand_is_no_longer_the_monitors(bedside: Bedside) -> None:
    bedside.play(2)
    bedside.hand.take(ONE)
    bedside.button("monitor.take_over").click()
    QTest.keyClicks(bedside.line("monitor.spo2"), "97")
    bedside.button("monitor.save_vitals").click()
    bedside.settle()
    assert bedside.encounters.calls[0][2] == ""


def test_a_value_that_cannot_be_is_said_at_its_field_in_the_language_spoken(bedside: Bedside) -> None:
    bedside.hand.take(ONE)
    bedside.line("monitor.systolic").setText("9")
    bedside.line("monitor.diastolic").setText("5")
    bedside.button("monitor.save_vitals").click()
    field = bedside.screen._vitals.fields["systolic"]
    assert "not plausible" in field.error
    assert bedside.encounters.calls == []
    language.use("ru")
    bedside.screen._vitals.retranslate()
    assert "неправдоподобно" in field.error


def test_another_patient_finds_an_empty_form(bedside: Bedside) -> None:
    bedside.hand.take(ONE)
    bedside.line("monitor.systolic").setText("150")
    bedside.hand.take(OTHER)
    assert bedside.line("monitor.systolic").text() == ""


def test_a_second_monitor_does_not_take_the_place_of_the_one_shown(bedside: Bedside) -> None:
    bedside.play(2, "Bed 1")
    bedside.play(2, "Bed 2")
    assert bedside.model.source == "Bed 1"
    assert not bedside.find("monitor.source").isHidden()
    bedside.model.choose("Bed 2")
    assert {stream.source for stream in bedside.model.streams()} == {"Bed 2"}


def test_space_freezes_and_lets_go(bedside: Bedside, qtbot: QtBot) -> None:
    bedside.play(2)
    bedside.screen.show()
    bedside.screen.entered()
    QTest.keyClick(bedside.screen.sweep, Qt.Key.Key_Space)
    assert bedside.screen.sweep.is_frozen
    assert bedside.button("monitor.freeze").text() == "Go on"
    QTest.keyClick(bedside.screen.sweep, Qt.Key.Key_Space)
    assert not bedside.screen.sweep.is_frozen


def test_a_frozen_picture_outlives_a_monitor_that_connects_again(bedside: Bedside) -> None:
    bedside.play(2)
    bedside.button("monitor.freeze").click()
    panels = bedside.screen.sweep.panels
    bedside.model._stream_ids = ()
    bedside.model.look()
    assert bedside.screen.sweep.is_frozen
    assert bedside.screen.sweep.panels == panels
    bedside.button("monitor.freeze").click()
    assert bedside.screen.sweep.panels != panels


def test_everything_that_takes_keys_has_a_name_in_every_language(bedside: Bedside) -> None:
    bedside.play(1)
    titles = set()
    for code in ("en", "ru", "kk"):
        language.use(code)  # type: ignore[arg-type]
        bedside.screen.retranslate()
        bedside.screen._vitals.retranslate()
        titles.add(bedside.screen.title.text())
        parts = [
            w
            for w in bedside.screen.findChildren(QWidget)
            if w.focusPolicy() & Qt.FocusPolicy.TabFocus and not w.isHidden()
        ]
        nameless = [w.objectName() for w in parts if w.objectName().startswith("monitor.") and not w.accessibleName()]
        assert nameless == []
    assert len(titles) == 3


def test_a_registrar_cannot_record(qtbot: QtBot) -> None:
    registrar = Bedside(Session("r", "R", "r", "registrar", "org", "Hospital"))
    qtbot.addWidget(registrar.screen)
    registrar.play(2)
    registrar.hand.take(ONE)
    assert not registrar.model.can_record
    assert not registrar.model.can_save_vitals
    registrar.runner.close()


def test_age_of_a_day_is_minutes() -> None:
    from ui.waveforms.numbers_panel import age_words

    language.use("en")
    assert age_words(timedelta(hours=1).total_seconds()) == "60 min ago"
    assert age_words(30) == "30 s ago"
    language.use("kk")
