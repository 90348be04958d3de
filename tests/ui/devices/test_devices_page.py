"""The page of devices: how they do, and for an administrator adding, changing, trying out, removing."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from threading import Event as Signal
from types import SimpleNamespace

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QComboBox, QLineEdit, QPushButton, QSpinBox, QTableView, QTabWidget

from clinic_app.access import Session
from clinic_app.devices import Block, ChannelInfo, Event, EventKind, Health, Numerics, Result, Trial
from clinic_app.devices.bluetooth.port import Seen
from clinic_app.foundation.errors import DeviceError
from clinic_app.foundation.texts import Text
from clinic_app.waveforms import LiveNumber, LiveTraces
from tests.helpers.clocks import NOON
from tests.helpers.fake_devices import ANALYSER, MONITOR, OXIMETER, FakeDevices, FakeInbox, FakeTraces
from tests.helpers.panes import Pane, shown
from tests.helpers.waiting import wait_until
from ui import language, theme
from ui.devices.device_form import DeviceForm
from ui.devices.devices_screen import DevicesScreen
from ui.devices.view_model_devices import DevicesViewModel, tally
from ui.devices.view_model_results import ResultsViewModel
from ui.shell.patient_in_hand import PatientInHand
from ui.tasks import TaskRunner

ADMINISTRATOR = Session("a-1", "Ахметова Айгүл", "admin", "administrator", "org", "Ырғыз АА")
NURSE = replace(ADMINISTRATOR, practitioner_id="n-1", login="nurse", role="nurse")
WAVE = Block(
    OXIMETER.name, "s", (ChannelInfo("MDC_PULS_OXIM_PLETH", "Pleth", "1"),), 0, Fraction(60),
    np.sin(np.arange(360, dtype=np.float32))[np.newaxis], NOON, 0.0,
)  # fmt: skip


@dataclass
class Basement:
    """Devices, and what was said."""

    devices: FakeDevices = field(default_factory=FakeDevices)
    traces: FakeTraces | LiveTraces = field(default_factory=FakeTraces)
    notices: list[tuple[str, str]] = field(default_factory=list)
    session: Session = ADMINISTRATOR

    def screen(self, runner: TaskRunner) -> DevicesScreen:
        screen = DevicesScreen(
            ResultsViewModel(FakeInbox(), runner, self.session, PatientInHand()),  # type: ignore[arg-type]
            DevicesViewModel(self.devices, self.traces, runner, self.session),  # type: ignore[arg-type]
        )
        screen.noticed.connect(lambda words, tone: self.notices.append((words, tone)))
        return screen


@pytest.fixture
def place(qapp: QApplication) -> Basement:
    made = Basement()
    made.devices.furnish()
    return made


@pytest.fixture
def pane(qapp: QApplication, place: Basement) -> Iterator[Pane[DevicesScreen]]:
    language.use("en")
    theme.apply(qapp, "light")
    with shown(place.screen) as made:
        made.widget.entered()
        made.settle()
        yield made
    language.use("kk")


def choose(pane: Pane[DevicesScreen], row: int) -> None:
    """Put the cursor on a device."""
    pane.find("devices.list", QTableView).selectRow(row)
    pane.settle()


def pick(pane: Pane[DevicesScreen], name: str, value: object) -> None:
    """Choose one of a box."""
    box = pane.find(name, QComboBox)
    box.setCurrentIndex(box.findData(value))
    pane.settle()


def test_each_device_says_how_it_does(pane: Pane[DevicesScreen]) -> None:
    assert pane.column("devices.list", 0) == [ANALYSER.name, OXIMETER.name, MONITOR.name]
    assert pane.column("devices.list", 2) == ["works", "not reached", "switched off"]
    choose(pane, 1)
    assert pane.words("devices.error") == "The port COM3 cannot be opened: it is not there or in use."
    assert "cable" in pane.words("devices.health_words")
    choose(pane, 0)
    assert not pane.sees("devices.error")
    assert "12 items came" in pane.words("devices.figures")


def test_news_come_by_themselves_while_somebody_looks(pane: Pane[DevicesScreen], place: Basement) -> None:
    place.devices.told[OXIMETER.name] = replace(place.devices.states()[1], health=Health.FINE, errors=None)
    wait_until(lambda: pane.column("devices.list", 2)[1] == "works")


def test_a_nurse_sees_devices_and_changes_none(qapp: QApplication, place: Basement) -> None:
    language.use("en")
    place.session = NURSE
    with shown(place.screen) as pane:
        pane.widget.entered()
        tabs = pane.find("devices.tabs", QTabWidget)
        assert tabs.count() == 3
        tabs.setCurrentIndex(2)
        pane.settle()
        choose(pane, 0)
        assert not any(pane.sees(f"devices.{name}") for name in ("add", "edit", "remove", "switch"))
    language.use("kk")


def test_an_administrator_sees_no_results(pane: Pane[DevicesScreen]) -> None:
    assert not pane.sees("devices.tabs")
    assert not pane.sees("devices.results")


def test_the_form_is_made_in_a_stroke_of_its_own_and_for_an_administrator_only(
    qapp: QApplication, place: Basement
) -> None:
    for session, strokes in ((ADMINISTRATOR, [True, False]), (NURSE, [True, True, False])):
        place.session = session
        with shown(place.screen) as pane:
            assert pane.widget.findChild(DeviceForm) is None
            assert [pane.widget.make_more() for _ in strokes] == strokes
            assert len(pane.widget.findChildren(DeviceForm)) == (session is ADMINISTRATOR)
            if session is ADMINISTRATOR:
                pane.click("devices.add")
                assert len(pane.widget.findChildren(DeviceForm)) == 1
                assert pane.sees("devices.name")


def test_a_device_is_added(pane: Pane[DevicesScreen], place: Basement) -> None:
    QTest.keyClick(pane.widget, Qt.Key.Key_N, Qt.KeyboardModifier.ControlModifier)
    pane.settle()
    pane.find("devices.name", QLineEdit).setText("Глюкометр")
    pick(pane, "devices.kind", "astm")
    pick(pane, "devices.way", "tcp-server")
    pane.find("devices.option.port", QSpinBox).setValue(4321)
    pick(pane, "devices.option.specimen", "urine")
    QTest.keyClick(pane.widget, Qt.Key.Key_Return, Qt.KeyboardModifier.ControlModifier)
    pane.settle()
    added = place.devices.known[-1]
    assert (added.name, added.family, added.transport) == ("Глюкометр", "astm", "tcp-server")
    assert (added.options["port"], added.options["specimen"]) == (4321, "urine")
    assert place.notices[-1] == ("“Глюкометр” is saved.", "ok")
    assert not pane.sees("devices.name")
    assert pane.words("devices.health_words")


def test_what_is_wrong_is_said_at_its_field(pane: Pane[DevicesScreen], place: Basement) -> None:
    pane.click("devices.add")
    pick(pane, "devices.kind", "cms50")
    pane.find("devices.option.port", QComboBox).setEditText("")
    pane.click("devices.save")
    assert pane.words("devices.name.message").startswith("A device needs a name")
    pane.find("devices.name", QLineEdit).setText(OXIMETER.name)
    pane.click("devices.save")
    assert pane.words("devices.option.port.message").startswith("“Serial port” cannot be")
    pane.find("devices.option.port", QComboBox).setEditText("COM9")
    pane.click("devices.save")
    assert "already" in pane.words("devices.name.message")
    assert len(place.devices.known) == 3


def test_bluetooth_devices_nearby_are_offered_by_their_names(
    pane: Pane[DevicesScreen], place: Basement, monkeypatch: pytest.MonkeyPatch
) -> None:
    stopped: list[Signal] = []

    def nearby(seconds: float, stopping: Signal) -> tuple[Seen, ...]:
        stopped.append(stopping)
        return (Seen("AA:BB:CC", "Cuff 7", frozenset((0x1810,)), -60), Seen("DD:EE", "", frozenset(), -70))

    monkeypatch.setattr("clinic_app.devices.bluetooth.family.nearby", nearby)
    pane.click("devices.add")
    pick(pane, "devices.kind", "bluetooth")
    address = pane.find("devices.option.address", QComboBox)
    assert [address.itemText(at) for at in range(2)] == ["AA:BB:CC  Cuff 7", "DD:EE"]
    assert len(stopped) == 1
    assert stopped[0].is_set()


def test_where_there_is_no_radio_that_is_said_at_the_field_and_one_may_search_again(
    pane: Pane[DevicesScreen], monkeypatch: pytest.MonkeyPatch
) -> None:
    answers: list[tuple[Seen, ...] | DeviceError] = [
        DeviceError(Text("No radio.")),
        (),
        (Seen("A", "", frozenset(), 0),),
    ]

    def nearby(_seconds: float, _stopping: Signal) -> tuple[Seen, ...]:
        answer = answers.pop(0)
        if isinstance(answer, DeviceError):
            raise answer
        return answer

    monkeypatch.setattr("clinic_app.devices.bluetooth.family.nearby", nearby)
    pane.click("devices.add")
    pick(pane, "devices.kind", "bluetooth")
    assert pane.words("devices.option.address.message") == "No radio."
    pane.click("devices.option.address.button")
    assert "hold it close" in pane.words("devices.option.address.message")
    pane.click("devices.option.address.button")
    assert "in the list" in pane.words("devices.option.address.message")
    assert pane.find("devices.option.address", QComboBox).currentText() == "A"


def test_a_file_is_chosen_by_a_button_and_one_that_is_left_changes_nothing(
    pane: Pane[DevicesScreen], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    asked: list[str] = []
    chosen = [str(tmp_path / "key.pem"), ""]

    def ask(_parent: object, _title: str, start: str, _kinds: str) -> tuple[str, str]:
        asked.append(start)
        return chosen.pop(0), ""

    monkeypatch.setattr("ui.devices.option_field.QFileDialog.getOpenFileName", ask)
    pane.click("devices.add")
    pick(pane, "devices.kind", "sdc")
    pane.click("devices.option.key_file.button")
    field = pane.find("devices.option.key_file", QLineEdit)
    assert field.text() == str(tmp_path / "key.pem")
    pane.click("devices.option.key_file.button")
    assert field.text() == str(tmp_path / "key.pem")
    assert asked == [str(Path.home()), str(tmp_path)]
    button = pane.find("devices.option.key_file.button", QPushButton)
    assert button.accessibleName() == "Choose a file: Private key (PEM)"


def test_a_device_is_changed_and_keeps_what_was_not_touched(pane: Pane[DevicesScreen], place: Basement) -> None:
    choose(pane, 2)
    QTest.keyClick(pane.widget, Qt.Key.Key_F2)
    pane.settle()
    assert pane.find("devices.option.port", QComboBox).currentText() == "COM7"
    pick(pane, "devices.option.baud", 19200)
    pane.click("devices.save")
    changed = place.devices.known[2]
    assert (changed.options["port"], changed.options["baud"], changed.is_on) == ("COM7", 19200, False)


def test_a_form_that_is_left_changes_nothing(pane: Pane[DevicesScreen], place: Basement) -> None:
    choose(pane, 2)
    pane.click("devices.edit")
    pane.find("devices.name", QLineEdit).setText("Басқа")
    QTest.keyClick(pane.find("devices.name", QLineEdit), Qt.Key.Key_Escape)
    pane.settle()
    assert place.devices.known == [ANALYSER, OXIMETER, MONITOR]
    assert pane.sees("devices.edit")


def test_a_device_is_switched_on_and_off(pane: Pane[DevicesScreen], place: Basement) -> None:
    choose(pane, 2)
    pane.click("devices.switch")
    assert place.devices.known[2].is_on
    pane.click("devices.switch")
    assert not place.devices.known[2].is_on


def test_a_device_is_removed_after_a_second_question(pane: Pane[DevicesScreen], place: Basement) -> None:
    choose(pane, 1)
    pane.click("devices.remove")
    pane.click("devices.remove_sure.no")
    assert len(place.devices.known) == 3
    pane.click("devices.remove")
    pane.click("devices.remove_sure.yes")
    assert place.devices.known == [ANALYSER, MONITOR]
    assert OXIMETER.name not in pane.all_words()
    assert place.notices[-1] == (f"“{OXIMETER.name}” is removed.", "ok")


def test_a_trial_says_what_came(pane: Pane[DevicesScreen], place: Basement) -> None:
    numbers = Numerics("x", {}, NOON, 0.0)
    state = replace(place.devices.trial.state, health=Health.FINE)
    place.devices.trial = Trial(state, (WAVE, numbers, numbers, Result("x", "GLU", Decimal(5), NOON)))
    choose(pane, 1)
    pane.click("devices.edit")
    pane.click("devices.try")
    words = pane.words("devices.outcome.text")
    assert words == "It works. Came: 1 piece of a wave, 2 sets of numbers, 1 result, it is in the inbox."
    assert place.devices.tried[0].options["port"] == "COM3"
    assert len(place.devices.known) == 3


def test_a_trial_that_fails_says_why(pane: Pane[DevicesScreen], place: Basement) -> None:
    why = Text("The port {port} cannot be opened: it is not there or in use.", port="COM3")
    place.devices.trial = Trial(replace(place.devices.trial.state, errors=why), ())
    choose(pane, 1)
    pane.click("devices.edit")
    pane.click("devices.try")
    assert pane.words("devices.outcome.text").endswith("The port COM3 cannot be opened: it is not there or in use.")


def test_a_trial_can_be_left(pane: Pane[DevicesScreen], place: Basement) -> None:
    place.devices.held = Signal()
    choose(pane, 1)
    pane.click("devices.edit")
    pane.find("devices.try").click()  # type: ignore[attr-defined]
    wait_until(place.devices.held.is_set)
    pane.find("devices.trying.cancel").click()  # type: ignore[attr-defined]
    pane.settle()
    assert not pane.sees("devices.trying")
    assert pane.find("devices.save").isEnabled()


def test_what_a_device_sends_now_is_seen(pane: Pane[DevicesScreen], place: Basement, qapp: QApplication) -> None:
    assert isinstance(place.traces, FakeTraces)
    place.traces.said = {ANALYSER.name: {"MDC_PULS_OXIM_SAT_O2": LiveNumber(Decimal(97), "%", 1.0),
                                         "MDC_TEMP": LiveNumber(Decimal(36), "Cel", 99.0)}}  # fmt: skip
    lost = Event(ANALYSER.name, EventKind.LOST, Text("{name} is no longer connected.", name="X"), NOON, 0.0)
    secret = Result(ANALYSER.name, "GLU", Decimal(5), NOON, patient_text="Иванов")
    place.devices.items = {ANALYSER.name: (lost, secret)}
    choose(pane, 0)
    assert pane.words("devices.numbers") == "SpO₂ 97 %"
    assert "X is no longer connected." in pane.words("devices.events")
    assert "1 result came lately" in pane.words("devices.events")
    assert "Иванов" not in pane.all_words()


def test_waves_are_drawn_small_as_they_come(qapp: QApplication, place: Basement) -> None:
    language.use("en")
    place.traces = LiveTraces(monotonic=lambda: 1.0)
    place.traces.take_in(WAVE)
    with shown(place.screen) as pane:
        pane.widget.entered()
        pane.settle()
        choose(pane, 1)
        preview = pane.find("devices.preview")
        assert preview.accessibleName() == "Waves that come now: Pleth"
        picture = preview.grab().toImage()
        colours = {picture.pixel(x, y) for x in range(60, picture.width(), 7) for y in range(picture.height())}
        assert len(colours) > 3
    language.use("kk")


def test_an_empty_page_says_what_to_do(qapp: QApplication) -> None:
    language.use("en")
    with shown(Basement().screen) as pane:
        pane.widget.entered()
        pane.settle()
        assert pane.sees("devices.list.empty")
        pane.click("devices.add")
        assert pane.find("devices.kind", QComboBox).count() > 1
    language.use("kk")


def test_items_are_counted_by_their_kind() -> None:
    came = tally((WAVE, Numerics("x", {}, NOON, 0.0), Result("x", "y", "z", NOON), Result("x", "y", "w", NOON)))
    assert SimpleNamespace(**vars(came)) == SimpleNamespace(waves=1, numbers=1, results=2)
