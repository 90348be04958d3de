"""The traces by keys: gain, speed, layout, filter, looking back, measuring; and what was chosen comes back."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from fractions import Fraction

import numpy as np
import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QKeyEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QLabel
from pytestqt.qtbot import QtBot

from clinic_app.access import Session
from clinic_app.devices import Block, ChannelInfo
from clinic_app.terminology.leads import LEADS, PLETH
from clinic_app.waveforms import LiveTraces
from clinic_app.waveforms.filtered_view import FilteredView
from tests.helpers.fake_workstation import FakePreferences
from tests.helpers.signals import SteadyClock, real_leads
from tests.helpers.waiting import wait_until
from ui import language
from ui.remembered import Remembered
from ui.tasks import TaskRunner
from ui.waveforms.alarm_line import AlarmLine
from ui.waveforms.traces_panel import TracesPanel, groups_of
from ui.widgets.calibration_dialog import STEPS_PER_PX, CalibrationDialog
from ui.widgets.scale_bar import ScaleBar
from ui.widgets.screen_scale import screen_scales
from ui.widgets.sweep_source import Picked
from ui.widgets.trace_choices import ALLOWED, TraceChoices, choices_from

NURSE = Session("n", "Nurse", "nurse", "nurse", "org", "Hospital")


@pytest.fixture(autouse=True)
def _english(qapp: QApplication) -> Iterator[None]:
    language.use("en")
    yield
    screen_scales().use(None)
    language.use("kk")


class Bench:
    """A panel over one monitor whose signal a test plays."""

    def __init__(self, qtbot: QtBot) -> None:
        self.clock = SteadyClock()
        self.traces = LiveTraces(monotonic=self.clock)
        self.play(1)
        self.panel = TracesPanel("monitor")
        self.panel.sweep._clock = self.clock
        qtbot.addWidget(self.panel)
        self.panel.resize(900, 600)
        self.panel.show_streams(self.traces.streams())
        self.panel.show()

    def play(self, seconds: int) -> None:
        streams = self.traces.streams()
        first = streams[0].end_index() if streams else 0
        now = datetime(2026, 3, 5, tzinfo=UTC)
        for _ in range(seconds):
            index = np.arange(first, first + 1000) % real_leads().shape[1]
            self.clock.now_s += 1
            leads = tuple(ChannelInfo(code, label, "uV") for code, label in LEADS.items())
            rows = real_leads()[:, index]
            self.traces.take_in(Block("Bed 1", "ecg", leads, first, Fraction(1000), rows, now, self.clock.now_s))
            pleth, curve = (ChannelInfo(PLETH, "Pleth", "%"),), np.sin(index[None, ::8] / 100).astype(np.float32)
            self.traces.take_in(Block("Bed 1", "pleth", pleth, first // 8, Fraction(125), curve, now, self.clock.now_s))
            first += 1000
        if hasattr(self, "panel"):
            self.panel.sweep.tick()

    def key(self, key: Qt.Key, modifiers: Qt.KeyboardModifier = Qt.KeyboardModifier.NoModifier, text: str = "") -> bool:
        return self.panel.act(QKeyEvent(QKeyEvent.Type.KeyPress, key, modifiers, text))


@pytest.fixture
def bench(qtbot: QtBot) -> Bench:
    return Bench(qtbot)


def test_gain_and_speed_go_by_the_arrows(bench: Bench) -> None:
    sweep = bench.panel.sweep
    assert (sweep.scale.gain_mm_mv, sweep.scale.speed_mm_s) == (10, 25)
    bench.key(Qt.Key.Key_Up)
    bench.key(Qt.Key.Key_Up)
    assert sweep.scale.gain_mm_mv == 40
    bench.key(Qt.Key.Key_Up)
    assert sweep.scale.gain_mm_mv == 40
    for _ in range(9):
        bench.key(Qt.Key.Key_Down)
        bench.key(Qt.Key.Key_Down, Qt.KeyboardModifier.ControlModifier)
    assert (sweep.scale.gain_mm_mv, sweep.scale.speed_mm_s) == (2.5, 6.25)


def test_layout_filter_and_motion_go_by_function_keys(bench: Bench) -> None:
    told: list[TraceChoices] = []
    bench.panel.chosen.connect(told.append)
    for key in (Qt.Key.Key_F6, Qt.Key.Key_F7, Qt.Key.Key_F8):
        assert bench.key(key)
    choices = bench.panel.choices
    assert (choices.layout, choices.band, choices.mode) == ("12x1", "monitor", "paper")
    assert told[-1] == choices
    assert len(bench.panel.sweep.panels) == 2
    lead_source = bench.panel.sweep.groups[0].source
    assert isinstance(lead_source, FilteredView)
    assert lead_source.band.name == "monitor"


def test_the_band_always_stands_above_the_traces(bench: Bench) -> None:
    bar = bench.panel.bar
    words = [bar._pickers[part].currentText() for part in ("band", "notch")]
    assert words == ["Diagnostic 0.05–150 Hz", "Notch 50 Hz"]
    language.use("ru")
    QApplication.processEvents()
    assert bar._pickers["band"].currentText() == "Диагностика 0,05–150 Гц"


def test_a_raw_trace_has_no_notch(bench: Bench) -> None:
    bench.panel.use(TraceChoices(band="raw"))
    assert isinstance(bench.panel.sweep.groups[0].source, Picked)
    assert not bench.panel.bar._pickers["notch"].isEnabled()
    bench.panel.use(TraceChoices(band="st", notch="60"))
    assert bench.panel.choices.filter.notch_hz == 60
    assert bench.panel.bar._pickers["notch"].isEnabled()


def test_only_leads_are_filtered(bench: Bench) -> None:
    groups = [group for stream in bench.traces.streams() for group in groups_of(stream, TraceChoices().filter)]
    assert isinstance(groups[0].source, FilteredView)
    assert isinstance(groups[1].source, Picked)


def test_looking_back_goes_by_keys(bench: Bench) -> None:
    bench.play(40)
    sweep = bench.panel.sweep
    assert not bench.key(Qt.Key.Key_Left), "a running trace has nothing to go through"
    bench.key(Qt.Key.Key_Space)
    assert sweep.is_frozen
    bench.key(Qt.Key.Key_Left)
    bench.key(Qt.Key.Key_Left)
    assert sweep.back_s == 2
    bench.key(Qt.Key.Key_Right)
    assert sweep.back_s == 1
    bench.key(Qt.Key.Key_PageUp)
    assert sweep.back_s == pytest.approx(1 + 0.9 * sweep.page_s)
    bench.key(Qt.Key.Key_Home)
    assert sweep.back_s == pytest.approx(sweep.kept_s - sweep.page_s)
    bench.key(Qt.Key.Key_End)
    assert sweep.back_s == 0
    bench.key(Qt.Key.Key_Space)
    assert not sweep.is_frozen


def test_measuring_goes_by_keys_in_every_alphabet(bench: Bench) -> None:
    bench.play(20)
    sweep = bench.panel.sweep
    bench.key(Qt.Key.Key_Space)
    bench.key(Qt.Key.Key_unknown, text="с")
    first = sweep.reading()
    assert first is not None
    bench.key(Qt.Key.Key_Right, Qt.KeyboardModifier.ShiftModifier)
    wider = sweep.reading()
    assert wider is not None
    assert wider.milliseconds - first.milliseconds == pytest.approx(40)
    bench.key(Qt.Key.Key_Left, Qt.KeyboardModifier.ControlModifier)
    assert sweep.reading().milliseconds == pytest.approx(wider.milliseconds)  # type: ignore[union-attr]
    bench.key(Qt.Key.Key_B, text="b")
    assert sweep.marks.calipers is not None
    assert sweep.marks.calipers.is_box
    bench.key(Qt.Key.Key_Escape)
    assert sweep.reading() is None
    bench.key(Qt.Key.Key_Up)
    assert sweep.scale.gain_mm_mv == 20, "without calipers the arrows change the gain again"


def test_qtc_is_told_by_named_formulas_from_what_the_calipers_span(bench: Bench) -> None:
    bench.play(20)
    panel = bench.panel
    assert not panel.qt.isVisible()
    bench.key(Qt.Key.Key_Space)
    QApplication.processEvents()
    assert "press Q" in panel.qt.text(), "said from the beginning, so that nothing moves later"
    bench.key(Qt.Key.Key_C, text="c")
    for _step in range(5):
        bench.key(Qt.Key.Key_Right, Qt.KeyboardModifier.ShiftModifier)
    bench.key(Qt.Key.Key_Q, text="q")
    QApplication.processEvents()
    assert panel.sweep.marks.calipers is not None, "noting takes no calipers away"
    assert panel.qt.text().startswith("QT 400 ms")
    for _step in range(10):
        bench.key(Qt.Key.Key_Right, Qt.KeyboardModifier.ShiftModifier)
    bench.key(Qt.Key.Key_unknown, text="к")
    assert panel.qt.measured == (pytest.approx(400), pytest.approx(800))
    for formula in ("Bazett", "Fridericia", "Framingham", "Hodges"):
        assert formula in panel.qt.text()
    bench.key(Qt.Key.Key_Space)
    assert panel.qt.measured == (None, None)
    assert not panel.qt.isVisible()


def test_a_mark_is_asked_for_by_its_letter(bench: Bench, qtbot: QtBot) -> None:
    with qtbot.waitSignal(bench.panel.mark_asked):
        assert bench.key(Qt.Key.Key_M, text="m")
    assert not bench.key(Qt.Key.Key_Z, text="z")


def test_the_overview_comes_with_the_freeze_and_leads_anywhere(bench: Bench) -> None:
    bench.play(60)
    panel = bench.panel
    assert panel.overview.isHidden()
    panel.sweep.freeze(True)
    QApplication.processEvents()
    assert not panel.overview.isHidden()
    wait_until(lambda: panel.overview.is_whole, what="the overview")
    QTest.mouseClick(panel.overview, Qt.MouseButton.LeftButton, pos=QPoint(panel.overview.width() // 2, 20))
    kept, page = panel.sweep.kept_s, panel.sweep.page_s
    assert panel.sweep.back_s == pytest.approx(kept / 2 - page / 2, abs=0.3)
    assert f"{round(panel.sweep.back_s)} s back" in panel.overview.accessibleDescription()
    QTest.mouseClick(panel.overview, Qt.MouseButton.LeftButton, pos=QPoint(1, 20))
    assert panel.sweep.back_s == pytest.approx(kept - page, abs=0.1)
    panel.sweep.freeze(False)
    assert panel.overview.isHidden()


def test_the_overview_shows_the_highest_beat_of_every_column(bench: Bench) -> None:
    bench.play(30)
    panel = bench.panel
    panel.use(TraceChoices(band="raw"))
    panel.sweep.freeze(True)
    QApplication.processEvents()
    wait_until(lambda: panel.overview.is_whole, what="the overview")
    stream = bench.traces.streams()[0]
    highest = np.nanmax(stream.read(0, stream.end_index())[1])
    assert np.nanmax(panel.overview._high) == highest
    panel.overview.show_marks([5.0, 5_000.0])
    image = panel.overview.grab().toImage()
    assert image.pixelColor(round(panel.overview._x_of(5.0)), 4).red() > 150


def test_what_was_chosen_comes_back_for_the_same_person(qtbot: QtBot) -> None:
    book, runner = FakePreferences(), TaskRunner(1)
    first = Remembered(book, runner, NURSE, "monitor")
    first.put(**TraceChoices(layout="cabrera", gain="20").as_kept())
    wait_until(lambda: runner.is_idle, what="the writing")
    again = Remembered(book, runner, NURSE, "monitor")
    with qtbot.waitSignal(again.known):
        again.load()
    assert choices_from(again.values) == TraceChoices(layout="cabrera", gain="20")
    other = Remembered(book, runner, Session("x", "Other", "other", "nurse", "org", "Hospital"), "monitor")
    with qtbot.waitSignal(other.known):
        other.load()
    assert choices_from(other.values) == TraceChoices()
    runner.close()


def test_what_was_chosen_before_the_answer_came_wins(qtbot: QtBot) -> None:
    book, runner = FakePreferences(), TaskRunner(1)
    book.put(NURSE, "monitor", '{"gain": "5", "layout": "3x4"}')
    mine = Remembered(book, runner, NURSE, "monitor")
    mine.put(gain="20")
    with qtbot.waitSignal(mine.known):
        mine.load()
    assert mine.values["gain"] == "20"
    runner.close()


@pytest.mark.parametrize("kept", ["no json", "[1]", '"x"', "null"])
def test_what_was_remembered_badly_is_forgotten(qtbot: QtBot, kept: str) -> None:
    book, runner = FakePreferences(), TaskRunner(1)
    book.put(NURSE, "monitor", kept)
    mine = Remembered(book, runner, NURSE, "monitor")
    with qtbot.waitSignal(mine.known):
        mine.load()
    assert mine.values == {}
    runner.close()


def test_a_choice_that_no_longer_exists_is_the_usual_one() -> None:
    kept = {"layout": "9x9", "speed": "25000", "gain": "40", "band": "magic", "notch": "50", "mode": "", "more": "x"}
    assert choices_from(kept) == TraceChoices(gain="40")
    assert all(getattr(TraceChoices(), part) in values for part, values in ALLOWED.items())


def test_a_bar_that_does_not_offer_a_value_keeps_what_it_shows(qtbot: QtBot) -> None:
    bar = ScaleBar("bar", ("speed", "layout"), {"speed": ("25", "50")})
    qtbot.addWidget(bar)
    bar.show_choices(TraceChoices(speed="6.25", layout="3x4"))
    assert bar.choices.speed == "25"
    assert bar.choices.layout == "3x4"
    bar.step("gain", 1)
    bar.turn("band")
    assert bar.choices.gain == "10", "what a bar does not have it does not change"


def test_a_screen_is_measured_with_a_card(bench: Bench) -> None:
    dialog = CalibrationDialog(bench.panel)
    dialog.show()
    assert dialog.px_per_mm == pytest.approx(screen_scales().px_per_mm(bench.panel), abs=1 / STEPS_PER_PX)
    dialog._slider.setValue(round(5.5 * STEPS_PER_PX))
    assert dialog._words.text() == "5.5 pixels in a millimetre"
    picture = dialog._drawing.grab().toImage()
    ground = picture.pixel(2, 2)
    right = max(x for x in range(picture.width()) if picture.pixel(x, 60) != ground)
    assert right - 20 == pytest.approx(85.6 * 5.5, abs=2)
    QTest.keyClick(dialog, Qt.Key.Key_Return)
    assert screen_scales().px_per_mm(bench.panel) == pytest.approx(5.5)
    assert bench.panel.sweep.scale.px_per_mm == pytest.approx(5.5)
    dialog.deleteLater()


def test_leaving_the_dialog_measures_nothing_and_a_measure_can_be_given_up(bench: Bench) -> None:
    guessed = screen_scales().px_per_mm(bench.panel)
    dialog = CalibrationDialog(bench.panel)
    dialog._slider.setValue(round(7 * STEPS_PER_PX))
    dialog._kind.chosen.emit("ruler")
    dialog._drawing.grab()
    dialog.reject()
    assert screen_scales().px_per_mm(bench.panel) == guessed
    screen_scales().measure(6.0, bench.panel)
    again = CalibrationDialog(bench.panel)
    again._forget()
    assert screen_scales().px_per_mm(bench.panel) == guessed
    for each in (dialog, again):
        each.deleteLater()


def test_that_nobody_is_watched_is_read_beside_the_longest_messages(qtbot: QtBot) -> None:
    line = AlarmLine("alarms")
    qtbot.addWidget(line)
    line.resize(1226, 30)
    line.show()
    line.show_words(["A very long sentence about a device that sends what nobody can have in his body. " * 2] * 3)
    QApplication.processEvents()
    disclaimer = line.findChild(QLabel, "alarms.disclaimer")
    assert disclaimer.width() >= 240
    assert line.rect().contains(disclaimer.geometry())


def test_the_line_of_technical_messages_always_says_that_nobody_is_watched(qtbot: QtBot) -> None:
    line = AlarmLine("alarms")
    qtbot.addWidget(line)
    line.show()
    assert "not a bedside alarm monitor" in line._disclaimer.text()
    assert line._disclaimer.isVisible()
    line.show_words(["No data", "Electrode off"])
    assert [chip.isVisible() for chip in line._chips] == [True, True, False]
    line.show_words([f"Message {number}" for number in range(9)])
    assert line._chips[2].text() == "7 more"
    assert "Message 8" in line.toolTip()
    assert "Message 8" in line.accessibleDescription()
    line.show_words([])
    assert not any(chip.isVisible() for chip in line._chips)
