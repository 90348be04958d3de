"""A frozen picture is moved back and forth, measured and marked; what runs like paper is as true as what sweeps."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest
from numpy.typing import NDArray
from PySide6.QtCore import QPoint, QPointF, QSize, Qt
from PySide6.QtGui import QImage, QWheelEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from tests.helpers.signals import LABELS, SteadyClock, TapedSource, lead_group, real_leads
from ui import language
from ui.widgets.screen_scale import screen_scales
from ui.widgets.sweep import Sweep
from ui.widgets.sweep_layout import CABRERA, LAYOUTS, TWELVE, SweepLayout, lay_out
from ui.widgets.sweep_paper import PaperPanel
from ui.widgets.sweep_source import Lane, Picked, SweepGroup
from ui.widgets.trace_scale import PaperScale

SCALE = PaperScale(px_per_mm=4.0)


@pytest.fixture(autouse=True)
def _english(qapp: QApplication) -> Iterator[None]:
    language.use("en")
    yield
    screen_scales().use(None)
    language.use("kk")


class Stand:
    """A sweep over a taped signal, and the time."""

    def __init__(self, qtbot: QtBot, samples: NDArray[np.float32] | None = None, rate_hz: float = 1000.0) -> None:
        self.clock = SteadyClock()
        self.source = TapedSource(real_leads() if samples is None else samples, rate_hz, self.clock)
        self.sweep = Sweep("sweep", self.clock)
        qtbot.addWidget(self.sweep)
        self.sweep.resize(600, 400)
        self.sweep.set_layout("12x1")
        self.sweep.set_scale(SCALE)
        self.sweep.set_groups([lead_group(self.source)])

    def run(self, seconds: float, frame_s: float = 0.02) -> None:
        for _ in range(round(seconds / frame_s)):
            self.clock.now_s += frame_s
            self.source.arrive(frame_s)
            self.sweep.tick()

    def ink(self) -> NDArray[np.bool_]:
        """Return where the green of a lead is, in the field of the first panel."""
        image = self.sweep.grab().toImage().convertToFormat(QImage.Format.Format_RGB888)
        raw = np.frombuffer(image.constBits(), np.uint8).reshape(image.height(), image.bytesPerLine())
        pixels = raw[:, : 3 * image.width()].reshape(image.height(), image.width(), 3).astype(int)
        field = self.sweep.panels[0].field
        inside = pixels[50 : field.bottom() + 1, field.left() : field.right() + 1]
        return (inside[..., 1] - inside[..., 0]) > 50

    def wheel(self, notches: int) -> None:
        at = QPointF(300, 200)
        turned = QPoint(0, 120 * notches)
        buttons, modifiers = Qt.MouseButton.NoButton, Qt.KeyboardModifier.NoModifier
        phase = Qt.ScrollPhase.NoScrollPhase
        QApplication.sendEvent(self.sweep, QWheelEvent(at, at, QPoint(), turned, buttons, modifiers, phase, False))


def _pulses(seconds: int) -> NDArray[np.float32]:
    """Return a pulse of 1 mV at every whole second, one sample in ten higher for each second gone by."""
    samples = np.zeros((1, seconds * 500), dtype=np.float32)
    for second in range(seconds):
        samples[0, second * 500 : second * 500 + 10] = 1000
    return samples


def test_a_frozen_picture_is_in_the_order_of_time_with_the_newest_at_the_right(qtbot: QtBot) -> None:
    stand = Stand(qtbot)
    stand.run(8)
    stand.sweep.freeze(True)
    panel = stand.sweep.panels[0]
    assert isinstance(panel, PaperPanel)
    assert panel.x_of(panel.edge_column) == panel.field.right() + 1
    assert stand.ink().any(axis=0)[5:-5].all(), "no erase bar in what stands still"


def test_looking_back_shows_what_was_there_while_samples_go_on(qtbot: QtBot) -> None:
    stand = Stand(qtbot)
    stand.run(8)
    stand.sweep.freeze(True)
    then = stand.ink()
    stand.run(12)
    stand.sweep.freeze(False)
    stand.sweep.freeze(True)
    assert (stand.ink() != then).any()
    told: list[float] = []
    stand.sweep.looked_back.connect(told.append)
    stand.sweep.look_back(12.0)
    again = stand.ink()
    assert told == [12.0]
    common = np.count_nonzero(again & then) / np.count_nonzero(then)
    assert common > 0.9, "the same beats stand in the same places"
    end = stand.source.end
    stand.run(1)
    assert stand.source.end > end
    assert (stand.ink() == again).all()


def test_the_wheel_freezes_and_goes_back_and_comes_to_now_again(qtbot: QtBot) -> None:
    stand = Stand(qtbot)
    stand.run(12)
    told: list[bool] = []
    stand.sweep.frozen_changed.connect(told.append)
    stand.wheel(-1)
    assert not stand.sweep.is_frozen, "towards now there is nothing to look at"
    stand.wheel(2)
    assert told == [True]
    assert stand.sweep.back_s == pytest.approx(0.2 * stand.sweep.page_s)
    stand.wheel(-5)
    assert stand.sweep.back_s == 0


def test_nobody_looks_further_back_than_samples_are_kept(qtbot: QtBot) -> None:
    stand = Stand(qtbot)
    stand.run(12)
    stand.sweep.look_back(10_000)
    assert stand.sweep.back_s == pytest.approx(stand.sweep.kept_s - stand.sweep.page_s)
    assert stand.sweep.kept_s == pytest.approx(12, abs=0.2)
    stand.sweep.look_back(-3)
    assert stand.sweep.back_s == 0


def test_letting_go_comes_back_to_now(qtbot: QtBot) -> None:
    stand = Stand(qtbot)
    stand.run(12)
    stand.sweep.look_back(4)
    assert "4 s back" in stand.sweep.accessibleDescription()
    stand.sweep.freeze(False)
    assert stand.sweep.back_s == 0
    assert not isinstance(stand.sweep.panels[0], PaperPanel)
    assert stand.sweep.panels[0].shown_edge == stand.sweep.panels[0].standing.edge


def test_an_empty_sweep_does_not_freeze(qtbot: QtBot) -> None:
    sweep = Sweep("empty")
    qtbot.addWidget(sweep)
    sweep.freeze(True)
    assert not sweep.is_frozen
    sweep.look_back(3)
    assert sweep.back_s == 0


def test_paper_that_runs_looks_like_paper_drawn_at_once(qtbot: QtBot) -> None:
    stand = Stand(qtbot, real_leads()[:2])
    stand.sweep.set_paper(True)
    stand.run(5.3)
    for place in stand.sweep.panels[0].places:
        place.settle = lambda *_ignored: None  # type: ignore[method-assign]
    piecewise = stand.ink()
    stand.sweep._redraw()
    whole = stand.ink()
    assert np.count_nonzero(piecewise != whole) < 0.03 * np.count_nonzero(whole)
    assert np.count_nonzero(whole) > 1000


def test_on_running_paper_a_second_is_twenty_five_millimetres(qtbot: QtBot) -> None:
    stand = Stand(qtbot, _pulses(20), 500.0)
    stand.sweep.set_paper(True)
    stand.run(6)
    middle = round(stand.sweep.panels[0].places[0].middle) - 50
    high = np.flatnonzero(stand.ink()[: middle - 20].any(axis=0))
    begins = high[np.flatnonzero(np.diff(high, prepend=-10) > 5)]
    assert len(begins) >= 4
    assert np.diff(begins) == pytest.approx([100] * (len(begins) - 1), abs=1.5)


def test_calipers_on_what_stands_still_read_time_rate_and_height(qtbot: QtBot) -> None:
    stand = Stand(qtbot)
    stand.run(8)
    QTest.mousePress(stand.sweep, Qt.MouseButton.LeftButton, pos=QPoint(200, 200))
    assert stand.sweep.reading() is None, "a running trace is not measured"
    stand.sweep.freeze(True)
    told: list[object] = []
    stand.sweep.measured.connect(told.append)
    QTest.mousePress(stand.sweep, Qt.MouseButton.LeftButton, pos=QPoint(200, 200))
    QTest.mouseMove(stand.sweep, QPoint(260, 180))
    QTest.mouseRelease(stand.sweep, Qt.MouseButton.LeftButton, pos=QPoint(280, 160))
    reading = stand.sweep.reading()
    assert reading is not None
    assert (reading.milliseconds, reading.millivolts, reading.per_minute) == (800, 1.0, 75)
    assert reading.label in LABELS
    assert told[-1] == reading
    assert "800 ms · 75/min · 1 mV" in stand.sweep.accessibleDescription()
    stand.sweep.look_back(2)
    assert stand.sweep.reading() is None, "calipers belong to what was seen"


def test_a_rectangle_tells_what_the_lead_itself_does_in_it(qtbot: QtBot) -> None:
    stand = Stand(qtbot, _pulses(20), 500.0)
    stand.run(8)
    stand.sweep.freeze(True)
    panel = stand.sweep.panels[0]
    y = round(panel.places[0].middle)
    shift = Qt.KeyboardModifier.ShiftModifier
    QTest.mousePress(stand.sweep, Qt.MouseButton.LeftButton, shift, QPoint(200, y))
    QTest.mouseMove(stand.sweep, QPoint(320, y - 60))
    QTest.mouseRelease(stand.sweep, Qt.MouseButton.LeftButton, shift, QPoint(320, y - 60))
    reading = stand.sweep.reading()
    assert reading is not None
    assert reading.is_of_signal
    assert reading.highest == pytest.approx(1.0)
    assert reading.lowest == pytest.approx(0.0)
    assert "1 mV from lowest to highest" in reading.words()
    stand.sweep.marks.turn()
    assert not stand.sweep.reading().is_of_signal  # type: ignore[union-attr]


def test_a_click_without_a_drag_takes_the_calipers_of_a_sweep_away(qtbot: QtBot) -> None:
    stand = Stand(qtbot)
    stand.run(4)
    stand.sweep.freeze(True)
    stand.sweep.marks.put_in_the_middle()
    assert stand.sweep.reading().milliseconds == pytest.approx(200)  # type: ignore[union-attr]
    QTest.mouseClick(stand.sweep, Qt.MouseButton.LeftButton, pos=QPoint(300, 200))
    assert stand.sweep.reading() is None


def test_marks_are_lines_at_their_moment(qtbot: QtBot) -> None:
    stand = Stand(qtbot, np.zeros((1, 500), dtype=np.float32), 500.0)
    stand.run(8)
    stand.sweep.freeze(True)
    before = stand.sweep.grab().toImage()
    stand.sweep.show_events([(2.0, "cough")])
    after = stand.sweep.grab().toImage()
    x = stand.sweep.panels[0].field.right() - 200
    changed = [each for each in range(after.width()) if after.pixel(each, 350) != before.pixel(each, 350)]
    assert changed
    assert min(changed) == pytest.approx(x, abs=3)
    assert max(changed) == pytest.approx(x, abs=3)
    stand.sweep.look_back(100)
    stand.sweep.show_events([(0.0, "beyond")])
    assert len(changed) < 5


def test_a_lane_whose_electrode_is_off_is_hatched_and_the_others_are_not(qtbot: QtBot) -> None:
    stand = Stand(qtbot, real_leads()[:3])
    stand.run(4)
    before = stand.sweep.grab().toImage()
    stand.source.electrodes_off = frozenset({1})
    stand.sweep.tick()
    after = stand.sweep.grab().toImage()
    rows = {
        y
        for y in range(400)
        if after.pixel(300, y) != before.pixel(300, y) or after.pixel(305, y) != before.pixel(305, y)
    }
    middle, height = stand.sweep.panels[0].places[1].middle, stand.sweep.panels[0].places[1].height
    assert rows
    assert all(abs(y - middle) <= height / 2 for y in rows)
    picked = Picked(stand.source, (1, 2))
    assert picked.off() == {0}
    stand.source.electrodes_off = frozenset()
    stand.sweep.tick()
    assert stand.sweep.grab().toImage().pixel(300, round(middle)) == before.pixel(300, round(middle))


def test_another_filter_keeps_the_place_of_a_frozen_picture(qtbot: QtBot) -> None:
    stand = Stand(qtbot)
    stand.run(12)
    stand.sweep.look_back(3)
    edge = stand.sweep.panels[0].shown_edge
    turned = TapedSource(-real_leads(), 1000.0, stand.clock)
    turned.end = stand.source.end
    before = stand.ink()
    stand.sweep.replace_groups([lead_group(turned)])
    assert stand.sweep.is_frozen
    assert stand.sweep.back_s == 3
    assert stand.sweep.panels[0].shown_edge == edge
    assert (stand.ink() != before).any()


@pytest.mark.parametrize("layout", LAYOUTS)
def test_every_layout_shows_all_twelve_leads_inside_the_picture(layout: SweepLayout) -> None:
    source = TapedSource(real_leads(), 1000.0, SteadyClock())
    size = QSize(1000, 600)
    panels = [panel for _group, panel in lay_out([lead_group(source)], size, SCALE, layout, 1.0)]
    shown = {place.channel for panel in panels for place in panel.places}
    assert shown == set(range(12))
    for panel in panels:
        assert panel.area.left() >= 0
        assert panel.area.right() < 1000
        assert panel.area.bottom() < 601
        assert all(panel.area.top() <= place.middle <= panel.area.bottom() for place in panel.places)
    areas = sum(panel.area.width() * panel.area.height() for panel in panels)
    assert areas == pytest.approx(600_000, rel=0.01), "nothing is covered twice and nothing is left empty"


def test_three_by_four_has_a_rhythm_strip_below() -> None:
    source = TapedSource(real_leads(), 1000.0, SteadyClock())
    panels = [panel for _group, panel in lay_out([lead_group(source)], QSize(1000, 600), SCALE, "3x4", 1.0)]
    names = [[place.lane.label() for place in panel.places] for panel in panels]
    assert names == [list(TWELVE[0:3]), list(TWELVE[3:6]), list(TWELVE[6:9]), list(TWELVE[9:12]), ["II"]]
    assert panels[-1].area.width() == 1000
    assert panels[-1].area.top() >= max(panel.area.bottom() for panel in panels[:-1])


def test_cabrera_turns_avr_over_and_goes_round_the_frontal_plane() -> None:
    source = TapedSource(real_leads(), 1000.0, SteadyClock())
    panels = [panel for _group, panel in lay_out([lead_group(source)], QSize(1000, 600), SCALE, "cabrera", 1.0)]
    places = panels[0].places
    assert [place.lane.lead for place in places] == list(CABRERA[:6])
    turned = places[2]
    assert turned.lane.label() == "\N{MINUS SIGN}aVR"
    turned.settle(np.array([0, 1000, 0], dtype=np.float32), 40.0)
    assert turned.px_per_unit == pytest.approx(-0.04)


def test_fewer_than_twelve_leads_are_set_as_they_come(qtbot: QtBot) -> None:
    three = lead_group(TapedSource(real_leads()[:3], 1000.0, SteadyClock()))
    for layout in LAYOUTS:
        [(_group, panel)] = lay_out([three], QSize(600, 400), SCALE, layout, 1.0)
        assert [place.lane.label() for place in panel.places] == ["I", "II", "III"]
    pleth = SweepGroup(three.source, (Lane(lambda: "Pleth", "trace_pleth"),), False)
    assert len(lay_out([three, pleth], QSize(600, 400), SCALE, "cabrera", 1.0)) == 2


def test_a_screen_that_is_measured_is_drawn_true_at_once(qtbot: QtBot) -> None:
    stand = Stand(qtbot)
    stand.run(1)
    screen_scales().measure(5.0, stand.sweep)
    assert stand.sweep.scale.px_per_mm == 5.0
    assert stand.sweep.panels[0].scale.px_per_s == 125
