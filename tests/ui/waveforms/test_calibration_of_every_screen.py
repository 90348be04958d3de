"""The size of a screen is kept, and a pulse is whole, whatever the magnification of the screen and the gain."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest
from PySide6.QtCore import QSize, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QWidget
from pytestqt.qtbot import QtBot

from tests.helpers.signals import SteadyClock, TapedSource, lead_group
from ui import language
from ui.widgets import paper_painter, screen_scale, sweep_panel
from ui.widgets.calibration_dialog import RULER_MM, STEPS_PER_PX, CalibrationDialog
from ui.widgets.ecg_paper import EcgPaper
from ui.widgets.paper_layout import PaperTrace
from ui.widgets.screen_scale import screen_scales
from ui.widgets.sweep import Sweep
from ui.widgets.trace_scale import GAINS_MM_MV, PaperScale, pulse_mv

RATIOS = (1.0, 1.25, 1.5, 2.0, 3.0)


class Screen:
    """A screen of a magnification."""

    def __init__(self, ratio: float) -> None:
        self.ratio = ratio

    def devicePixelRatio(self) -> float:  # noqa: N802 - Qt's name
        return self.ratio

    def size(self) -> QSize:
        return QSize(1366, 768)

    def manufacturer(self) -> str:
        return "Screens of the steppe"

    model = serialNumber = name = manufacturer  # noqa: N815 - Qt's names


@pytest.fixture(params=RATIOS)
def ratio(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[float]:
    language.use("en")
    monkeypatch.setattr(screen_scale, "_screen", lambda _widget: Screen(request.param))
    yield request.param
    screen_scales().use(None)
    language.use("kk")


@pytest.mark.parametrize("end", [Qt.Key.Key_Home, Qt.Key.Key_End])
def test_both_ends_of_the_slider_can_be_kept(qtbot: QtBot, ratio: float, end: Qt.Key) -> None:
    place = QWidget()
    qtbot.addWidget(place)
    dialog = CalibrationDialog(place)
    QTest.keyClick(dialog._slider, end)
    shown = dialog.px_per_mm
    QTest.keyClick(dialog, Qt.Key.Key_Return)
    assert screen_scales().px_per_mm(place) == pytest.approx(shown)
    again = CalibrationDialog(place)
    assert again.px_per_mm == pytest.approx(shown, abs=1 / STEPS_PER_PX)
    for each in (dialog, again):
        each.deleteLater()


def test_a_size_kept_by_hand_in_a_file_is_within_the_slider_too(qtbot: QtBot, ratio: float) -> None:
    place = QWidget()
    qtbot.addWidget(place)
    name = screen_scale.name_of(Screen(ratio))  # type: ignore[arg-type]
    screen_scales().use('{"' + name + '": 30.0}')
    dialog = CalibrationDialog(place)
    dialog._keep()
    assert 1.5 <= screen_scales().px_per_mm(place) * ratio <= 30
    dialog.deleteLater()


def test_a_window_that_went_to_a_finer_screen_meanwhile_keeps_what_that_one_can_have(
    qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = QWidget()
    qtbot.addWidget(place)
    dialog = CalibrationDialog(place)
    QTest.keyClick(dialog._slider, Qt.Key.Key_End)
    monkeypatch.setattr(screen_scale, "_screen", lambda _widget: Screen(3.0))
    dialog._keep()
    assert screen_scales().px_per_mm(place) == pytest.approx(10.0)
    screen_scales().use(None)
    dialog.deleteLater()


def test_the_dialog_grows_with_what_is_held_to_it(qtbot: QtBot) -> None:
    place = QWidget()
    qtbot.addWidget(place)
    dialog = CalibrationDialog(place)
    dialog._kind.choose("ruler")
    dialog._measure_by("ruler")
    for px in (4, 6, 7):
        dialog._slider.setValue(px * STEPS_PER_PX)
        wanted = RULER_MM * px + 40
        most = place.screen().availableSize().width() - 80
        assert dialog._drawing.minimumWidth() == max(640, min(wanted, most))
    dialog.deleteLater()


class Magnified(Sweep):
    """A sweep on a screen of a magnification."""

    ratio = 1.0

    def devicePixelRatioF(self) -> float:  # noqa: N802 - Qt's name
        return self.ratio


def _panels(
    qtbot: QtBot, ratio: float, px_per_mm: float, gain: float, lanes: int
) -> tuple[sweep_panel.SweepPanel, ...]:
    clock = SteadyClock()
    sweep = Magnified("sweep", clock)
    sweep.ratio = ratio
    qtbot.addWidget(sweep)
    sweep.resize(800, 420)
    sweep.set_layout("12x1")
    sweep.set_scale(PaperScale(px_per_mm, 25.0, gain))
    sweep.set_groups([lead_group(TapedSource(np.zeros((lanes, 500), dtype=np.float32), 500.0, clock))])
    return sweep.panels


@pytest.mark.parametrize("lanes", [1, 12])
@pytest.mark.parametrize("px_per_mm", [3.78, 8.0, 15.0])
def test_no_pulse_of_the_sweep_leaves_its_panel(
    qtbot: QtBot, ratio: float, px_per_mm: float, lanes: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    drawn: list[tuple[float, float]] = []
    monkeypatch.setattr(
        sweep_panel, "_paint_pulse",
        lambda _painter, panel, place, mv: drawn.append((place.middle - mv * panel.scale.px_per_mv, mv)),
    )  # fmt: skip
    for gain in GAINS_MM_MV:
        drawn.clear()
        panels = _panels(qtbot, ratio, px_per_mm, gain, lanes)
        assert drawn, "a scale without a pulse"
        assert min(top for top, _mv in drawn) >= panels[0].area.top()
        assert all(mv > 0 for _top, mv in drawn)
        first = panels[0].places[0]
        assert 0 < first.middle < panels[0].area.bottom()


def test_a_pulse_that_is_not_a_millivolt_says_so(qtbot: QtBot, monkeypatch: pytest.MonkeyPatch) -> None:
    said: list[float] = []
    for module in (sweep_panel, paper_painter):
        monkeypatch.setattr(module, "write_pulse", lambda _painter, _area, mv, _ratio: said.append(mv))
    _panels(qtbot, 1.0, 3.78, 10.0, 6)
    assert said == []
    _panels(qtbot, 1.0, 15.0, 10.0, 12)
    assert said == [0.2]


def test_the_words_of_a_pulse_are_in_the_language_of_the_windows(qtbot: QtBot) -> None:
    pictures = []
    for spoken in ("en", "ru"):
        language.use(spoken)
        clock = SteadyClock()
        sweep = Sweep("sweep", clock)
        qtbot.addWidget(sweep)
        sweep.resize(600, 300)
        sweep.set_scale(PaperScale(15.0, 25.0, 10.0))
        sweep.set_layout("12x1")
        sweep.set_groups([lead_group(TapedSource(np.zeros((12, 500), dtype=np.float32), 500.0, clock))])
        pictures.append(sweep._background.toImage())
    assert pictures[0] != pictures[1], "0.2 mV and 0,2 мВ"
    language.use("kk")


@pytest.mark.parametrize("gain", GAINS_MM_MV)
def test_a_row_of_paper_is_as_high_as_its_millivolt_and_the_pulse_is_whole(
    qtbot: QtBot, gain: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    said: list[float] = []
    monkeypatch.setattr(paper_painter, "write_pulse", lambda _painter, _area, mv, _ratio: said.append(mv))
    paper = EcgPaper("paper")
    qtbot.addWidget(paper)
    paper.resize(700, 400)
    traces = [PaperTrace(f"X{row}", np.zeros(1000, dtype=np.float32), 500.0) for row in range(12)]
    paper.show_recording(traces)
    for px_per_mm in (3.78, 15.0):
        paper.set_scale(replace(paper.scale, px_per_mm=px_per_mm, gain_mm_mv=gain))
        assert paper._row_height() >= gain * px_per_mm - 1e-6
        paper.grab()
    assert all(0 < mv < 1 for mv in said)
    if gain <= 10:
        assert said == [], "the usual millivolt has room"


def test_the_highest_pulse_that_fits_is_taken() -> None:
    assert pulse_mv(40.0, 45.0) == 1.0
    assert pulse_mv(40.0, 40.0) == 1.0
    assert pulse_mv(40.0, 39.0) == 0.5
    assert pulse_mv(600.0, 39.0) == 0.05
    assert pulse_mv(6000.0, 39.0) == 0.0
