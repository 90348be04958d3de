"""Sixteen monitors on one screen: a tile each, made one at a turn, and a click that opens the right one."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal
from fractions import Fraction

import numpy as np
import pytest
from PySide6.QtCore import QPoint, QRectF, Qt
from PySide6.QtGui import QFontMetricsF
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from clinic_app.devices import Block, ChannelInfo, Numerics, NumericValue
from clinic_app.terminology.leads import LEADS, PLETH
from clinic_app.waveforms import LiveTraces
from clinic_app.waveforms.filtered_view import FilteredView
from clinic_app.waveforms.filters import MONITOR, RAW
from tests.helpers.signals import SteadyClock, real_leads
from tests.helpers.waiting import wait_until
from tests.helpers.watchdog import Watchdog
from ui import language
from ui.waveforms.beds_view import MOST_BEDS, TRACES, BedsView, bed_groups, columns_for
from ui.waveforms.monitor_values import monitor_values
from ui.widgets import sweep_overlays
from ui.widgets.plates import plate_font
from ui.widgets.sweep_overlays import age_words

NOW = datetime(2026, 3, 5, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _english(qapp: QApplication) -> Iterator[None]:
    language.use("en")
    yield
    language.use("kk")


class Ward:
    """Monitors that send, as a view asks for them."""

    def __init__(self) -> None:
        self.clock = SteadyClock()
        self.traces = LiveTraces(monotonic=self.clock)
        self.names: list[str] = []

    def admit(self, name: str, leads: int = 12, rate: int = 61) -> None:
        channels = tuple(ChannelInfo(code, label, "uV") for code, label in list(LEADS.items())[:leads])
        seconds = self.clock.now_s
        if leads:
            samples = real_leads()[:leads, :1000]
            self.traces.take_in(Block(name, f"{name} ecg", channels, 0, Fraction(500), samples, NOW, seconds))
        pleth = (ChannelInfo(PLETH, "Pleth", "%"), ChannelInfo("MDC_RESP", "Resp", "1"), ChannelInfo("X", "X", "1"))
        curve = np.sin(np.arange(750).reshape(3, 250) / 9).astype(np.float32)
        self.traces.take_in(Block(name, f"{name} pleth", pleth, 0, Fraction(125), curve, NOW, seconds))
        numbers = {"MDC_ECG_HEART_RATE": NumericValue(Decimal(rate), "/min")}
        self.traces.take_in(Numerics(name, numbers, NOW, seconds))
        self.names.append(name)

    def sources(self) -> list[str]:
        return self.names

    def streams_of(self, source: str) -> object:
        return self.traces.streams(source)

    def values_of(self, source: str) -> object:
        return monitor_values(self.traces.numbers(source))


def _view(qtbot: QtBot, ward: Ward) -> BedsView:
    view = BedsView(ward, lambda: RAW)  # type: ignore[arg-type]
    qtbot.addWidget(view)
    view.resize(1226, 560)
    view.show()
    view.look()
    wait_until(lambda: len(view.tiles) == min(len(ward.names), MOST_BEDS), what="the tiles")
    QApplication.processEvents()
    return view


def test_sixteen_monitors_have_a_tile_each_and_the_window_answers_meanwhile(qtbot: QtBot) -> None:
    ward = Ward()
    for number in range(20):
        ward.admit(f"Bed {number + 1}")
    dog = Watchdog()
    dog.start()
    view = _view(qtbot, ward)
    dog.stop()
    dog.check()
    assert [tile.source for tile in view.tiles] == [f"Bed {number + 1}" for number in range(MOST_BEDS)]
    for tile in view.tiles:
        assert view.rect().contains(tile.geometry())
        assert tile.width() > 250
        assert tile.height() > 110
    places = {(tile.x(), tile.y()) for tile in view.tiles}
    assert len(places) == MOST_BEDS


def test_a_tile_shows_one_lead_the_pleth_and_one_more_curve() -> None:
    ward = Ward()
    ward.admit("Bed 1")
    groups = bed_groups(ward.traces.streams("Bed 1"), RAW)
    assert [group.lanes[0].label() for group in groups] == ["II", "Pleth", "Resp"]
    assert len(groups) == TRACES
    assert groups[0].source.read(0, 10).shape == (1, 10)
    assert (groups[0].source.read(0, 10)[0] == real_leads()[1, :10]).all()


def test_of_twelve_leads_only_the_one_that_is_seen_is_filtered() -> None:
    ward = Ward()
    ward.admit("Bed 1")
    lead = bed_groups(ward.traces.streams("Bed 1"), MONITOR)[0]
    assert isinstance(lead.source, FilteredView)
    assert lead.source.band == MONITOR
    assert lead.source.read(0, 10).shape == (1, 10)
    assert lead.lanes[0].label() == "II"


def test_a_finger_clip_without_leads_is_a_bed_too() -> None:
    ward = Ward()
    ward.admit("Clip", leads=0)
    assert [group.lanes[0].label() for group in bed_groups(ward.traces.streams("Clip"), RAW)] == ["Pleth", "Resp", "X"]
    ward.admit("Two leads", leads=1)
    assert bed_groups(ward.traces.streams("Two leads"), RAW)[0].lanes[0].label() == "I"


def test_a_click_on_a_tile_or_its_curves_opens_that_monitor(qtbot: QtBot) -> None:
    ward = Ward()
    for name in ("Bed 1", "Bed 2"):
        ward.admit(name)
    view = _view(qtbot, ward)
    told: list[str] = []
    view.opened.connect(told.append)
    QTest.mouseClick(view.tiles[1], Qt.MouseButton.LeftButton, pos=QPoint(5, 5))
    QTest.mouseClick(view.tiles[0].sweep, Qt.MouseButton.LeftButton, pos=QPoint(60, 60))
    QTest.keyClick(view.tiles[1], Qt.Key.Key_Return)
    QTest.keyClick(view.tiles[0], Qt.Key.Key_Space)
    assert told == ["Bed 2", "Bed 1", "Bed 2", "Bed 1"]


def test_numbers_are_told_and_old_ones_are_not(qtbot: QtBot) -> None:
    ward = Ward()
    ward.admit("Bed 1", rate=77)
    view = _view(qtbot, ward)
    view.look()
    assert view.tiles[0].accessibleDescription() == "HR 77 /min, SpO₂ —"
    assert view.tiles[0].accessibleName() == "Monitor Bed 1"
    ward.clock.now_s += 12
    view.look()
    assert view.tiles[0].accessibleDescription() == "HR 77 /min, SpO₂ —, 12 s"
    assert view.tiles[0]._figures[0].property("role") == "muted", "old figures are grey"
    ward.clock.now_s += 48
    view.look()
    assert view.tiles[0].accessibleDescription() == "HR —, SpO₂ —"


def test_figures_nobody_can_have_are_a_dash_with_a_word(qtbot: QtBot) -> None:
    ward = Ward()
    ward.admit("Bed 1", rate=900)
    view = _view(qtbot, ward)
    view.look()
    assert view.tiles[0].accessibleDescription() == "HR —, SpO₂ —, not possible"


def test_a_heart_that_stands_still_is_told_in_its_tile(qtbot: QtBot) -> None:
    ward = Ward()
    ward.admit("Bed 1", rate=0)
    view = _view(qtbot, ward)
    view.look()
    assert view.tiles[0].accessibleDescription() == "HR 0 /min, SpO₂ —, look at the patient"
    assert view.tiles[0]._figures[0].property("role") == "strong"
    assert view.tiles[0]._age.property("role") == "error"


@pytest.mark.parametrize("spoken", ["kk", "ru", "en"])
def test_that_no_signal_comes_can_be_read_whole_in_the_smallest_tile(qtbot: QtBot, spoken: language.Language) -> None:
    language.use(spoken)
    ward = Ward()
    for number in range(MOST_BEDS):
        ward.admit(f"Bed {number + 1}")
    view = _view(qtbot, ward)
    tile = view.tiles[0].sweep
    for seconds in (4, 55, 599):
        words = age_words(seconds)
        font, plate = plate_font(QRectF(tile.rect()), words)
        assert QFontMetricsF(font).horizontalAdvance(words) <= plate.width()
        assert QRectF(tile.rect()).contains(plate)
        assert font.pointSizeF() >= 10


def test_a_dead_bed_says_so_once_and_one_dead_curve_by_its_name(qtbot: QtBot, monkeypatch: pytest.MonkeyPatch) -> None:
    said: list[str] = []
    monkeypatch.setattr(sweep_overlays, "paint_plate", lambda _painter, _area, words, _tone: said.append(words))
    ward = Ward()
    ward.admit("Bed 1")
    view = _view(qtbot, ward)
    sweep = view.tiles[0].sweep
    ward.clock.now_s += 9
    sweep.tick()
    said.clear()
    sweep.grab()
    assert set(said) == {"No signal for 9 s"}
    sweep.overlays.stale = {1: "Pleth: No signal for 9 s"}
    monkeypatch.setattr(sweep.overlays, "look", lambda: None)
    said.clear()
    sweep.grab()
    assert set(said) == {"Pleth: No signal for 9 s"}


def test_words_too_long_for_a_lane_go_on_in_a_second_line() -> None:
    area = QRectF(0, 0, 120, 60)
    words = "Plethysmogram of the left hand: No signal for 9 s"
    font, plate = plate_font(area, words)
    metrics = QFontMetricsF(font)
    assert metrics.horizontalAdvance(words) > plate.width()
    assert plate.height() >= 2 * metrics.height()
    assert plate.width() <= area.width()


def test_a_monitor_that_leaves_takes_its_tile_and_one_that_comes_gets_one(qtbot: QtBot) -> None:
    ward = Ward()
    for name in ("Bed 1", "Bed 2"):
        ward.admit(name)
    view = _view(qtbot, ward)
    first = view.tiles[1]
    ward.names.remove("Bed 1")
    ward.admit("Bed 3")
    view.look()
    wait_until(lambda: [tile.source for tile in view.tiles] == ["Bed 2", "Bed 3"], what="the third bed")
    assert view.tiles[0] is first, "who stays is not made anew"


def test_a_tile_is_built_anew_only_where_the_monitor_sends_other_streams(qtbot: QtBot) -> None:
    ward = Ward()
    ward.admit("Bed 1")
    view = _view(qtbot, ward)
    groups = view.tiles[0].sweep.groups
    view.look()
    assert view.tiles[0].sweep.groups is groups
    view._band = lambda: RAW.with_notch(50.0)  # another name is another filter
    view.look()
    assert view.tiles[0].sweep.groups is groups


@pytest.mark.parametrize(("beds", "columns"), [(0, 1), (1, 1), (2, 2), (4, 2), (5, 3), (9, 3), (10, 4), (16, 4)])
def test_tiles_are_as_large_as_they_can_be(beds: int, columns: int) -> None:
    assert columns_for(beds) == columns


def test_a_picture_that_stands_is_read_without_a_veil_and_says_that_nothing_comes(
    qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    veils: list[QRectF] = []
    monkeypatch.setattr(sweep_overlays, "paint_veil", lambda _painter, area: veils.append(area))
    ward = Ward()
    ward.admit("Bed 1")
    view = _view(qtbot, ward)
    sweep = view.tiles[0].sweep
    sweep.freeze(True)
    assert sweep.overlays.frozen_words() == "Frozen. The signal goes on."
    ward.clock.now_s += 9
    sweep.tick()
    assert sweep.overlays.frozen_words() == "Frozen. No signal for 9 s"
    sweep.grab()
    assert veils == []
    sweep._back_s = 65.0
    assert sweep.overlays.frozen_words() == "1 min 5 s back · No signal for 9 s"
    sweep.freeze(False)
    sweep.grab()
    assert veils, "running, it must not look alive"


@pytest.mark.parametrize(("beds", "gain"), [(1, 10.0), (4, 5.0), (16, 2.5)])
def test_a_beat_has_room_in_its_lane_however_many_beds_there_are(qtbot: QtBot, beds: int, gain: float) -> None:
    ward = Ward()
    for number in range(beds):
        ward.admit(f"Bed {number + 1}")
    view = _view(qtbot, ward)
    wait_until(lambda: view.tiles[0].sweep.scale.gain_mm_mv == gain, what="the gain")
    lane = view.tiles[0].sweep.panels[0].places[0]
    assert lane.height / 2 >= view.tiles[0].sweep.scale.px_per_mv
