"""The monitor over the real services: hours on the disk, marks in them, limits that only mark, beats counted here."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import cast

import msgspec
import numpy as np
import pytest
from PySide6.QtCore import QEvent, QPoint, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QComboBox, QLabel, QLineEdit, QPushButton, QWidget
from pytestqt.qtbot import QtBot

from clinic_app.access import Trail
from clinic_app.devices import Block, Numerics
from clinic_app.encounters import Encounters
from clinic_app.foundation.ids import new_id
from clinic_app.records import Patient
from clinic_app.storage import Store
from clinic_app.waveforms import Bedside, Heart, Limit, Limits, LiveTraces, Quality, Recordings, Trend
from clinic_app.waveforms.store import LongRecordings
from tests.helpers.device_items import NOON, blocks, numbers
from tests.helpers.signals import SteadyClock
from tests.helpers.stores import opened, patient, session_of, set_up
from tests.helpers.waiting import wait_until
from ui import language
from ui.shell.patient_in_hand import PatientInHand
from ui.tasks import TaskRunner
from ui.waveforms.limits_dialog import LimitsDialog
from ui.waveforms.monitor_screen import MonitorScreen
from ui.waveforms.monitor_values import MONITOR_SIGNS
from ui.waveforms.numbers_panel import heart_words
from ui.waveforms.recordings_screen import RecordingsScreen
from ui.waveforms.trends_panel import TrendsPanel, sign_line
from ui.waveforms.view_model import MonitorViewModel
from ui.waveforms.view_model_bedside import BedsideViewModel
from ui.waveforms.view_model_long import LongViewModel
from ui.waveforms.view_model_long_reading import PAGE_S, LongReadingModel
from ui.waveforms.view_model_recordings import RecordingsViewModel
from ui.widgets.trend_plot import TrendLine, TrendPlot, broken


class MovingClock:
    """The wall clock, as far as the steady one went."""

    def __init__(self, steady: SteadyClock) -> None:
        self._steady = steady

    def now(self) -> object:
        return NOON + timedelta(seconds=self._steady.now_s - 1000)


class Ward:
    """One bed, the services behind it, and both screens of signals."""

    def __init__(self, store: Store, qtbot: QtBot) -> None:
        self.steady = SteadyClock()
        self.steady.now_s = 1000.0
        clock = cast("object", MovingClock(self.steady))
        trail = Trail(store, clock)  # type: ignore[arg-type]
        self.session = session_of(store, "nurse")
        (self.patient,) = cast("tuple[Patient]", store.records.commit((patient(),)))
        self.traces = LiveTraces(clock, self.steady)  # type: ignore[arg-type]
        self.bedside = Bedside(store, self.traces, clock, self.steady)  # type: ignore[arg-type]
        self.hours = LongRecordings(store, trail, clock, self.bedside.recorder)  # type: ignore[arg-type]
        self.limits = Limits(store, trail)
        self.recordings = Recordings(store, trail, clock)  # type: ignore[arg-type]
        self.runner, self.hand = TaskRunner(1), PatientInHand()
        encounters = Encounters(store, trail, clock)  # type: ignore[arg-type]
        model = MonitorViewModel(self.traces, self.recordings, encounters, None, self.runner, self.session, self.hand)
        self.model = model
        self.side = BedsideViewModel(self.bedside, self.limits, self.runner, self.session)
        self.long = LongViewModel(self.hours, self.runner, self.session, self.hand, clock)  # type: ignore[arg-type]
        self.monitor = MonitorScreen(model, None, None, self.side, self.long)
        self.monitor.sweep._clock = self.steady
        self.reader = LongReadingModel(self.hours, self.runner, self.session)
        shelf = RecordingsViewModel(self.recordings, self.runner, self.session, self.hand, self.hours)
        self.shelf = RecordingsScreen(shelf, None, None, None, None, self.reader)
        self.notices: list[str] = []
        for screen in (self.monitor, self.shelf):
            qtbot.addWidget(screen)
            screen.resize(1262, 660)
            screen.noticed.connect(lambda words, _tone: self.notices.append(words))
        self._first = 0

    def play(self, seconds: int, rate: str = "72") -> None:
        """Let so many seconds come, with the monitor's numbers."""
        for _ in range(seconds):
            self.steady.now_s += 1
            for each in blocks(self._first, self._first + 500):
                self.deliver(replace(each, monotonic_s=self.steady.now_s))
            self._first += 500
            self.deliver(numbers(self.steady.now_s, rate))
        self.model.look()
        self.monitor.sweep.tick()

    def deliver(self, item: Block | Numerics) -> None:
        self.traces.take_in(item)
        self.bedside.take_in(item)

    def settle(self) -> None:
        wait_until(lambda: self.runner.is_idle, what="the background to be idle")
        QApplication.processEvents()

    def button(self, name: str) -> QPushButton:
        return cast("QPushButton", self.monitor.findChild(QPushButton, name))

    def find(self, name: str) -> QWidget:
        return cast("QWidget", self.monitor.findChild(QWidget, name))

    def words(self, name: str) -> str:
        return cast("QLabel", self.monitor.findChild(QLabel, name)).text()

    def record(self, seconds: int) -> None:
        """Record so long for the patient, and end it."""
        self.hand.take(self.patient)
        self.play(1)
        self.button("monitor.long").click()
        self.settle()
        self.play(seconds)
        self.bedside.recorder.step()
        self.button("monitor.long").click()
        self.settle()

    def open_recording(self) -> None:
        """Open the newest recording and wait for its first page."""
        self.shelf.show()
        self.shelf.entered()
        wait_until(lambda: self.reader.page is not None, what="the first page")
        self.settle()


@pytest.fixture
def ward(tmp_path: Path, qtbot: QtBot) -> Iterator[Ward]:
    language.use("en")
    with opened(tmp_path) as store:
        set_up(store, "nurse")
        made = Ward(store, qtbot)
        yield made
        made.model.watch(False)
        made.settle()
        made.reader.close()
        made.bedside.close()
        made.runner.close()
    language.use("kk")


def test_hours_are_recorded_and_the_screen_says_how_far_they_are_on_the_disk(ward: Ward) -> None:
    ward.play(2)
    assert not ward.button("monitor.long").isEnabled(), "without a patient nothing is recorded"
    ward.hand.take(ward.patient)
    ward.play(1)
    ward.button("monitor.long").click()
    ward.settle()
    assert ward.button("monitor.long").text() == "End recording"
    assert ward.words("monitor.long_state") == "recording begins"
    ward.play(25)
    ward.bedside.recorder.step()
    ward.model.look()
    assert ward.words("monitor.long_state").startswith("on the disk until ")
    ward.button("monitor.long").click()
    ward.settle()
    [document] = ward.hours.of_patient(ward.session, ward.patient.id)
    recorded = ward.hours.open(ward.session, document.id)
    assert recorded.duration_s == pytest.approx(25, abs=2)
    assert recorded.head.band == "0.05–150 Hz, 50 Hz notch", "the filter of the screen stands beside the raw samples"
    assert ward.button("monitor.long").text() == "Record on"


def test_the_recording_of_one_patient_is_not_taken_for_that_of_the_next(ward: Ward) -> None:
    ward.hand.take(ward.patient)
    ward.play(1)
    ward.button("monitor.long").click()
    ward.settle()
    ward.hand.take(msgspec.structs.replace(ward.patient, id=new_id()))
    ward.play(1)
    assert ward.words("monitor.long_state") == "for another patient: recording begins"
    ward.hand.take(None)
    ward.play(1)
    assert ward.words("monitor.long_state") == "recording begins"
    ward.hand.take(ward.patient)
    ward.play(1)
    assert ward.words("monitor.long_state") == "recording begins"


def test_space_freezes_after_a_recording_was_begun_with_the_mouse(ward: Ward, qtbot: QtBot) -> None:
    ward.hand.take(ward.patient)
    ward.play(1)
    with qtbot.waitExposed(ward.monitor):
        ward.monitor.show()
    QTest.mouseClick(ward.button("monitor.long"), Qt.MouseButton.LeftButton)
    ward.settle()
    assert ward.monitor.focusWidget() is ward.monitor.sweep
    assert ward.hours.running()


def test_a_mark_goes_into_the_recording_at_the_moment_it_was_asked_for(ward: Ward) -> None:
    ward.hand.take(ward.patient)
    ward.play(1)
    ward.button("monitor.long").click()
    ward.settle()
    ward.play(12)
    asked_at = ward.long.now()
    ward.monitor.show()
    QTest.keyClick(ward.monitor.sweep, Qt.Key.Key_M)
    line = cast("QLineEdit", ward.monitor.findChild(QLineEdit, "monitor.mark_words"))
    assert line.isVisible()
    ward.play(5)
    QTest.keyClicks(line, "  cough   and pallor ")
    QTest.keyClick(line, Qt.Key.Key_Return)
    ward.settle()
    assert not line.isVisible()
    [state] = ward.hours.running()
    [mark] = ward.hours.open(ward.session, state.recording_id).marks
    assert (mark.at, mark.text, mark.author) == (asked_at, "cough and pallor", ward.session.name)


def test_a_mark_on_what_stands_still_belongs_to_the_caliper(ward: Ward) -> None:
    ward.hand.take(ward.patient)
    ward.play(20)
    ward.monitor.show()
    sweep = ward.monitor.sweep
    sweep.freeze(True)
    frozen_at = ward.long.now()
    ward.play(3)
    sweep.look_back(5.0)
    ward.monitor._ask_mark()
    assert ward.monitor._long is not None
    assert ward.monitor._long._moment == frozen_at - timedelta(seconds=5)
    ward.monitor._long._leave()
    sweep.marks.press(sweep.rect().center().toPointF())
    ward.monitor._ask_mark()
    moment = ward.monitor._long._moment
    assert moment is not None
    back_s = (frozen_at - moment).total_seconds()
    assert 5.0 < back_s < 5.0 + sweep.page_s
    ward.long.mark("bed 1", frozen_at - timedelta(seconds=6), "here")
    assert sweep.overlays.events == ((6.0, "here"),)


def test_escape_leaves_the_words_and_another_monitor_too(ward: Ward) -> None:
    ward.play(2)
    ward.monitor.show()
    bar = ward.monitor._long
    assert bar is not None
    for leave in (lambda: QTest.keyClick(bar._words, Qt.Key.Key_Escape), lambda: bar.show_source("x", is_there=True)):
        ward.button("monitor.mark").click()
        assert bar._words.isVisible()
        leave()
        assert not bar._words.isVisible()
    assert ward.long.marks("bed 1") == ()
    bar._moment = None
    ward.long.mark("bed 1", ward.long.now(), "   ")
    assert ward.long.marks("bed 1") == ()


def test_marks_of_one_patient_are_not_those_of_the_next_and_old_ones_are_let_go(ward: Ward) -> None:
    ward.hand.take(ward.patient)
    ward.play(2)
    ward.long.mark("bed 1", ward.long.now(), "pain")
    assert [mark.text for mark in ward.long.marks("bed 1")] == ["pain"]
    assert ward.long.marks("bed 2") == ()
    ward.steady.now_s += 700
    assert ward.long.marks("bed 1") == ()
    ward.long.mark("bed 1", ward.long.now(), "again")
    ward.hand.take(None)
    assert ward.long.marks("bed 1") == ()


def test_a_mark_in_ten_seconds_goes_with_them(ward: Ward) -> None:
    ward.hand.take(ward.patient)
    ward.play(3)
    ward.model.record()
    ward.play(4)
    ward.long.mark("bed 1", ward.long.now(), "hiccup")
    ward.play(7)
    ward.settle()
    [document] = ward.recordings.of_patient(ward.session, ward.patient.id)
    assert [mark.text for mark in ward.recordings.load(ward.session, document).marks] == ["hiccup"]


def test_what_is_technically_wrong_stands_in_the_line_and_goes_again(ward: Ward) -> None:
    ward.play(3)
    line = ward.monitor._alarms
    assert line.words == ()
    ward.steady.now_s += 7
    ward.model.look()
    assert line.words == ("bed 1 sends nothing. Look at the device and its cable.",)
    ward.play(1)
    assert line.words == ()


def test_a_number_beyond_its_limit_is_marked_and_nothing_more(ward: Ward) -> None:
    ward.play(2, rate="72")
    ward.settle()
    ward.play(1)
    tile = ward.find("monitor.number.heart_rate")
    assert tile.accessibleDescription() == "72 /min, now"
    ward.play(1, rate="144")
    assert tile.accessibleDescription() == "144 /min, now, above the limit"
    assert tile.toolTip() == "above the limit"
    ward.play(1, rate="31")
    assert tile.accessibleDescription() == "31 /min, now, below the limit"
    ward.side.set_limits("bed 1", {"MDC_ECG_HEART_RATE": Limit(Decimal(30), Decimal(60))})
    ward.settle()
    ward.play(1, rate="31")
    assert tile.accessibleDescription() == "31 /min, now"
    ward.side.reset_limits("bed 1")
    ward.settle()
    ward.play(1, rate="31")
    assert "below the limit" in tile.accessibleDescription()
    assert ward.side.can_set_limits
    refused: list[str] = []
    ward.side.refused.connect(lambda text: refused.append(text.render("en")))
    ward.side.set_limits("bed 1", {"MDC_ECG_HEART_RATE": Limit(Decimal(90), Decimal(60))})
    ward.settle()
    assert refused == ["The lower limit has to be below the upper one."]


def test_limits_are_set_by_a_person_and_wrong_ones_are_said_at_once(ward: Ward) -> None:
    ward.play(2, rate="72")
    ward.settle()
    ward.play(1, rate="72")
    ward.button("monitor.limits").click()
    dialog = cast("LimitsDialog", ward.monitor.findChild(LimitsDialog))
    low, high = (
        cast("QLineEdit", dialog.findChild(QLineEdit, f"limits.heart_rate.{side}")) for side in ("low", "high")
    )
    assert (low.text(), high.text()) == ("50", "120")
    for wrong in ("80", "many"):
        low.setText("90")
        high.setText(wrong)
        cast("QPushButton", dialog.findChild(QPushButton, "limits.keep")).click()
        assert dialog.isVisible()
        assert "the lower one first" in cast("QLabel", dialog.findChild(QLabel, "limits.wrong")).text()
    high.setText("110,5")
    QTest.keyClick(dialog, Qt.Key.Key_Return)
    ward.settle()
    assert ward.limits.of("bed 1")["MDC_ECG_HEART_RATE"] == Limit(Decimal(90), Decimal("110.5"))
    ward.play(1, rate="72")
    assert "below the limit" in ward.find("monitor.number.heart_rate").accessibleDescription()
    QApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete.value)
    ward.button("monitor.limits").click()
    again = cast("LimitsDialog", ward.monitor.findChild(LimitsDialog))
    cast("QPushButton", again.findChild(QPushButton, "limits.usual")).click()
    ward.settle()
    assert ward.limits.of("bed 1")["MDC_ECG_HEART_RATE"] == Limit(Decimal(50), Decimal(120))


def test_leaving_the_limits_changes_none(ward: Ward) -> None:
    ward.play(1)
    ward.settle()
    dialog = LimitsDialog("bed 1", ward.limits.of("bed 1"), ward.monitor)
    told: list[object] = []
    dialog.chosen.connect(told.append)
    cast("QLineEdit", dialog.findChild(QLineEdit, "limits.spo2.low")).setText("")
    dialog.reject()
    assert told == []
    dialog._keep()
    assert told == [{"MDC_PULS_OXIM_SAT_O2": Limit()}], "an empty field is no limit, and only what changed is kept"
    dialog.deleteLater()


@pytest.mark.parametrize(
    ("quality", "rate", "words"),
    [
        (Quality(0.9, is_noisy=False), 61.4, "Counted here from II: 61/min"),
        (Quality(0.1, is_noisy=True), 61.4, "Counted here: signal too noisy"),
        (Quality(0.9, is_noisy=False), None, ""),
    ],
)
def test_what_is_counted_here_says_so_and_noise_is_no_number(quality: Quality, rate: float | None, words: str) -> None:
    language.use("en")
    assert heart_words(Heart("bed 1", "II", rate, quality, "s", (), None)) == words
    assert heart_words(None) == ""
    language.use("kk")


def test_trends_are_drawn_from_the_numbers_and_broken_where_there_were_none(ward: Ward) -> None:
    for rate in ("60", "70", "80"):
        ward.play(3, rate)
    ward.steady.now_s += 60
    ward.play(3, "90")
    ward.monitor.show()
    ward.button("monitor.show_trends").click()
    panel = ward.monitor._trends
    assert isinstance(panel, TrendsPanel)
    assert ward.monitor._stack.currentWidget() is panel
    wait_until(lambda: panel.plot.is_ready, what="the plots")
    [line] = panel.plot._lines
    assert sorted(set(line.values.tolist())) == [60, 70, 80, 90]
    assert line.times_s[-1] == pytest.approx(0, abs=1)
    _times, values = broken(line)
    assert np.isnan(values).sum() == 1, "a minute without numbers is no line"
    assert "90" in panel.plot.accessibleDescription()
    panel._span.choose("3600")
    panel.look()
    assert panel.plot._span == (-3600.0, 0.0)
    ward.button("monitor.show_trends").click()
    assert ward.monitor._stack.currentWidget() is ward.monitor.traces


def test_without_numbers_the_trends_say_so(ward: Ward) -> None:
    panel = TrendsPanel(ward.side, ward.runner, lambda: NOON)
    panel.show_source("nobody")
    assert panel._stack.currentWidget() is panel._none
    ward.settle()
    panel.deleteLater()


def test_a_click_on_a_trend_tells_the_moment(qtbot: QtBot) -> None:
    runner = TaskRunner(1)
    plot = TrendPlot("plot", runner, lambda: NOON)
    qtbot.addWidget(plot)
    plot.resize(600, 300)
    line = TrendLine(lambda: "Rate", "trace_ecg", np.arange(100.0), np.arange(100, dtype=np.float32))
    spot = TrendLine(lambda: "Pressure", "warn", np.array([50.0]), np.array([120], np.float32), is_spot=True)
    nothing = TrendLine(lambda: "Nothing", "warn", np.empty(0), np.empty(0, np.float32))
    plot.show_lines((line, spot, nothing), 0.0, 100.0)
    plot.show()
    wait_until(lambda: plot.is_ready, what="the plots")
    QApplication.processEvents()
    assert list(plot._plots) == ["Rate", "Pressure"]
    told: list[float] = []
    plot.pointed.connect(told.append)
    area = plot._plots["Rate"].vb.sceneBoundingRect()
    QTest.mouseClick(plot._view.viewport(), Qt.MouseButton.LeftButton, pos=QPoint(round(area.center().x()), 40))
    wait_until(lambda: bool(told), what="the click")
    assert told[0] == pytest.approx(50, abs=2)
    plot.show_cursor(30.0)
    assert [cursor.value() for cursor in plot._cursors] == [30.0, 30.0]
    plot.show_cursor(None)
    assert not plot._cursors[0].isVisible()
    runner.close()


def test_a_number_nobody_can_have_is_a_gap_in_its_trend() -> None:
    saturation = next(sign for sign in MONITOR_SIGNS if sign.field == "spo2")
    values = np.array([97, 130, -5, 96, np.nan], np.float32)
    line = sign_line(saturation, np.arange(5.0), values)
    assert line.values.tolist() == [97, 96]
    assert line.times_s.tolist() == [0, 3]
    assert not line.is_spot


def test_a_thermometers_readings_are_points_and_those_of_a_probe_a_line() -> None:
    temperature = next(sign for sign in MONITOR_SIGNS if sign.field == "temperature")
    for count, is_spot in ((1, True), (300, True), (301, False)):
        line = sign_line(temperature, np.arange(float(count)), np.full(count, 36.6, np.float32))
        assert line.is_spot == is_spot


def test_a_recording_of_hours_is_read_page_by_page(ward: Ward) -> None:
    ward.record(100)
    ward.open_recording()
    reader, view = ward.reader, ward.shelf._long_view
    assert view is not None
    assert ward.shelf._paper_stack.currentWidget() is view
    assert reader.overview is not None
    assert reader.overview.seconds == pytest.approx(100, abs=2)
    assert {cell.trace.label for cell in view.paper.cells} == {"I", "II"}
    assert reader.numbers["heart_rate"].values.tolist()[:3] == [72, 72, 72]
    assert "bed 1  ·  1 min 40 s" in ward.shelf._caption.text()
    QTest.keyClick(view, Qt.Key.Key_PageDown, Qt.KeyboardModifier.ControlModifier)
    ward.settle()
    assert reader.begin_s == PAGE_S
    QTest.keyClick(view, Qt.Key.Key_PageUp)
    ward.settle()
    assert reader.begin_s == PAGE_S / 2
    QTest.keyClick(view, Qt.Key.Key_End)
    ward.settle()
    assert reader.begin_s == pytest.approx(reader.overview.seconds - PAGE_S / 2)
    view.plot.pointed.emit(50.0)
    ward.settle()
    assert reader.begin_s == 35.0
    whole = ward.hours.open(ward.session, reader._document_id)
    begin = whole.begins_at + timedelta(seconds=35)
    expected = whole.read(begin, begin + timedelta(seconds=PAGE_S))
    assert reader.page is not None
    np.testing.assert_array_equal(reader.page.channels[0].samples, expected.channels[0].samples)


def test_whoever_turns_quickly_gets_the_page_he_stopped_at(ward: Ward) -> None:
    ward.record(100)
    ward.open_recording()
    read: list[float] = []
    ward.reader.page_read.connect(lambda: read.append(ward.reader.begin_s))
    for _ in range(5):
        ward.reader.turn(0.5)
    ward.settle()
    wait_until(lambda: not ward.reader._is_reading, what="the last page")
    assert ward.reader.begin_s == 75.0
    assert len(read) <= 3


def test_marks_of_the_recording_are_listed_and_lead_to_their_page(ward: Ward) -> None:
    ward.hand.take(ward.patient)
    ward.play(1)
    ward.button("monitor.long").click()
    ward.settle()
    ward.play(60)
    ward.long.mark("bed 1", ward.long.now(), "faint")
    ward.settle()
    ward.play(40)
    ward.button("monitor.long").click()
    ward.settle()
    ward.open_recording()
    view = ward.shelf._long_view
    assert view is not None
    box = cast("QComboBox", view.findChild(QComboBox, "long.marks"))
    assert box.count() == 2
    assert box.itemText(0) == "Marks (1)"
    assert box.itemText(1).endswith("  faint")
    box.activated.emit(1)
    ward.settle()
    assert ward.reader.begin_s == pytest.approx(60 - PAGE_S / 2, abs=2)
    assert view._where.text().endswith("faint")


def test_another_filter_and_layout_hold_for_hours_too(ward: Ward) -> None:
    ward.record(40)
    ward.open_recording()
    view = ward.shelf._long_view
    assert view is not None
    assert view.paper.scale_words().endswith("unfiltered")
    raw = ward.reader.page
    ward.shelf._scale.turn("band")
    ward.shelf._scale.step("gain", 1)
    ward.settle()
    assert view.paper.scale.gain_mm_mv == 20
    assert view.paper.scale_words().endswith("0.05–150 Hz, 50 Hz notch")
    assert ward.reader.page is not raw
    cast("QPushButton", ward.shelf.findChild(QPushButton, "recordings.caliper")).click()
    assert view.reading() is not None


def test_another_patient_closes_the_hours_of_the_one_before(ward: Ward) -> None:
    ward.record(30)
    ward.open_recording()
    ward.hand.take(None)
    assert ward.reader.overview is None
    assert ward.reader.page is None
    assert ward.shelf._paper_stack.currentWidget() is ward.shelf._closed
    view = ward.shelf._long_view
    assert view is not None
    assert view.paper.cells == ()
    ward.settle()


def test_a_recording_that_lies_elsewhere_is_said(ward: Ward, monkeypatch: pytest.MonkeyPatch) -> None:
    from clinic_app.foundation.errors import NotFoundError
    from clinic_app.foundation.texts import Text

    ward.record(20)

    def away(*_asked: object) -> object:
        raise NotFoundError(Text("Its content has not arrived yet."))

    monkeypatch.setattr(ward.hours, "open", away)
    ward.shelf.show()
    ward.settle()
    wait_until(lambda: ward.notices[-1:] == ["Its content has not arrived yet."], what="the sentence")
    assert ward.reader.overview is None


def test_services_that_are_not_there_say_nothing(qtbot: QtBot) -> None:
    runner = TaskRunner(1)
    session = cast("object", None)
    side = BedsideViewModel(None, None, runner, session)  # type: ignore[arg-type]
    assert side.technical("x") == ()
    assert side.heart("x") is None
    assert side.trend("x", "y", 60) is None
    assert side.limits("x") == {}
    assert not side.can_set_limits
    side.set_limits("x", {})
    side.reset_limits("x")
    assert Trend(np.empty(0), np.empty(0, np.float32), "").unit == ""
    runner.close()
