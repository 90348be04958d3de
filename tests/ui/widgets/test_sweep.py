"""The sweep is true to scale, honest about gaps and age, and draws only what is new."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray
from PySide6.QtCore import QRect
from PySide6.QtGui import QImage
from pytestqt.qtbot import QtBot

from tests.helpers.signals import SteadyClock, TapedSource, lead_group, real_leads
from ui import language, theme
from ui.widgets.sweep import Sweep
from ui.widgets.sweep_overlays import STALE_S
from ui.widgets.sweep_panel import SweepPanel
from ui.widgets.sweep_source import Lane, SweepGroup
from ui.widgets.sweep_ticker import ticker
from ui.widgets.trace_scale import PaperScale

SCALE = PaperScale(px_per_mm=4.0)


@pytest.fixture
def clock() -> SteadyClock:
    return SteadyClock()


def _sweep(qtbot: QtBot, clock: SteadyClock, *groups: SweepGroup, width: int = 600, height: int = 400) -> Sweep:
    sweep = Sweep("sweep", clock)
    qtbot.addWidget(sweep)
    sweep.resize(width, height)
    sweep.set_layout("12x1")
    sweep.set_scale(SCALE)
    sweep.set_groups(groups)
    return sweep


def _run(sweep: Sweep, clock: SteadyClock, seconds: float, *sources: TapedSource, frame_s: float = 0.02) -> None:
    for _ in range(round(seconds / frame_s)):
        clock.now_s += frame_s
        for source in sources:
            source.arrive(frame_s)
        sweep.tick()


def _pixels(sweep: Sweep) -> NDArray[np.uint8]:
    image = sweep.grab().toImage().convertToFormat(QImage.Format.Format_RGB888)
    raw = np.frombuffer(image.constBits(), dtype=np.uint8).reshape(image.height(), image.bytesPerLine())
    return raw[:, : 3 * image.width()].reshape(image.height(), image.width(), 3).copy()


def _trace(pixels: NDArray[np.uint8], panel: SweepPanel) -> NDArray[np.bool_]:
    """Return where the green of a lead is, inside the field of a panel."""
    field = panel.field
    inside = pixels[field.top() : field.bottom() + 1, field.left() : field.right() + 1].astype(int)
    return (inside[..., 1] - inside[..., 0]) > 50


def _flat(clock: SteadyClock, channels: int = 1) -> TapedSource:
    return TapedSource(np.zeros((channels, 500), dtype=np.float32), 500.0, clock)


def test_the_calibration_pulse_is_ten_millimetres_high_and_five_wide(qtbot: QtBot, clock: SteadyClock) -> None:
    source = _flat(clock)
    sweep = _sweep(qtbot, clock, lead_group(source))
    _run(sweep, clock, 0.1, source)
    panel = sweep.panels[0]
    gutter = _pixels(sweep)[:, : panel.field.left()].astype(int)
    ink = np.argwhere(gutter.min(axis=2) > 140)
    top, bottom = ink[:, 0].min(), ink[:, 0].max()
    upright = [x for x in range(gutter.shape[1]) if np.count_nonzero(ink[:, 1] == x) > 30]
    assert bottom - top == pytest.approx(40, abs=1.1)
    assert upright[-1] - upright[0] == pytest.approx(20, abs=1.1)


def test_one_millivolt_of_signal_is_as_high_as_the_pulse(qtbot: QtBot, clock: SteadyClock) -> None:
    samples = np.zeros((1, 500), dtype=np.float32)
    samples[0, 250:300] = 1000.0
    source = TapedSource(samples, 500.0, clock)
    sweep = _sweep(qtbot, clock, lead_group(source))
    _run(sweep, clock, 4.0, source)
    rows = np.flatnonzero(_trace(_pixels(sweep), sweep.panels[0]).any(axis=1))
    assert rows.max() - rows.min() == pytest.approx(40, abs=3)


def test_one_second_of_signal_is_twenty_five_millimetres(qtbot: QtBot, clock: SteadyClock) -> None:
    samples = np.zeros((1, 500), dtype=np.float32)
    samples[0, 250:260] = 1000.0
    source = TapedSource(samples, 500.0, clock)
    sweep = _sweep(qtbot, clock, lead_group(source))
    _run(sweep, clock, 4.4, source)
    panel = sweep.panels[0]
    high = np.flatnonzero(_trace(_pixels(sweep), panel)[: round(panel.places[0].middle) - 25].any(axis=0))
    begins = high[np.flatnonzero(np.diff(high, prepend=-10) > 5)]
    assert np.diff(begins) == pytest.approx([100] * (len(begins) - 1), abs=1.1)
    assert len(begins) >= 4


def test_columns_of_lost_samples_stay_empty(qtbot: QtBot, clock: SteadyClock) -> None:
    source = TapedSource(real_leads()[:1], 1000.0, clock)
    source.lost = [(2000, 2500)]
    sweep = _sweep(qtbot, clock, lead_group(source))
    _run(sweep, clock, 4.0, source)
    ink = _trace(_pixels(sweep), sweep.panels[0])
    assert not ink[:, 202:248].any()
    assert ink[:, 100:198].any(axis=0).all()
    assert ink[:, 252:300].any(axis=0).all()


def test_the_bar_before_the_edge_is_empty_and_the_old_picture_stands_beyond(qtbot: QtBot, clock: SteadyClock) -> None:
    source = _flat(clock)
    sweep = _sweep(qtbot, clock, lead_group(source))
    _run(sweep, clock, 8.0, source)
    panel = sweep.panels[0]
    ink = _trace(_pixels(sweep), panel).any(axis=0)
    edge = panel.edge_column % panel.width
    assert not ink[edge + 1 : edge + 14].any()
    assert ink[edge + 20 :].all()
    assert ink[: edge - 1].all()


def test_only_the_new_strip_is_repainted(qtbot: QtBot, clock: SteadyClock, monkeypatch: pytest.MonkeyPatch) -> None:
    source = TapedSource(np.zeros((12, 500), dtype=np.float32), 500.0, clock)
    sweep = _sweep(qtbot, clock, lead_group(source))
    _run(sweep, clock, 5.0, source)
    asked: list[QRect] = []
    monkeypatch.setattr(Sweep, "update", lambda self, *where: asked.extend(where or [self.rect()]))
    source.asked.clear()
    _run(sweep, clock, 0.2, source)
    assert asked
    assert all(rect.width() < 40 for rect in asked)
    assert max(last - first for first, last in source.asked) < 100


def test_strips_drawn_one_by_one_look_like_the_whole_drawn_at_once(qtbot: QtBot, clock: SteadyClock) -> None:
    source = TapedSource(real_leads()[:3], 1000.0, clock)
    sweep = _sweep(qtbot, clock, lead_group(source))
    _run(sweep, clock, 4.2, source)
    piecewise = _trace(_pixels(sweep), sweep.panels[0])
    for place in sweep.panels[0].places:
        place.settle = lambda *_ignored: None  # type: ignore[method-assign]
    sweep.freeze(True)
    sweep.freeze(False)
    whole = _trace(_pixels(sweep), sweep.panels[0])
    edge = sweep.panels[0].edge_column
    differing = np.count_nonzero(piecewise[:, : edge - 2] != whole[:, : edge - 2])
    assert differing < 0.03 * np.count_nonzero(whole)


def test_a_frozen_picture_stays_while_samples_go_on(qtbot: QtBot, clock: SteadyClock) -> None:
    source = TapedSource(real_leads(), 1000.0, clock)
    sweep = _sweep(qtbot, clock, lead_group(source))
    _run(sweep, clock, 3.0, source)
    sweep.freeze(True)
    before = _pixels(sweep)
    end = source.end
    _run(sweep, clock, 2.0, source)
    assert source.end > end
    assert (_pixels(sweep) == before).all()
    sweep.set_gain(20.0)
    assert sweep.panels[0].edge_column == pytest.approx(300, abs=8)
    sweep.freeze(False)
    assert sweep.panels[0].edge_column == pytest.approx(500, abs=8)


def test_a_trace_that_gets_nothing_new_says_so(qtbot: QtBot, clock: SteadyClock) -> None:
    language.use("en")
    source = TapedSource(real_leads(), 1000.0, clock)
    sweep = _sweep(qtbot, clock, lead_group(source))
    _run(sweep, clock, 2.0, source)
    live = _trace(_pixels(sweep), sweep.panels[0]).sum()
    assert not sweep.is_stale
    with qtbot.waitSignal(sweep.stale_changed):
        _run(sweep, clock, STALE_S + 0.5)
    assert sweep.is_stale
    assert "No signal for 3 s" in sweep.accessibleDescription()
    assert _trace(_pixels(sweep), sweep.panels[0]).sum() < live / 2
    _run(sweep, clock, 0.2, source)
    assert not sweep.is_stale
    language.use("kk")


def test_one_stale_curve_does_not_veil_the_others(qtbot: QtBot, clock: SteadyClock) -> None:
    leads, curve = TapedSource(real_leads(), 1000.0, clock), _flat(clock)
    pleth = SweepGroup(curve, (Lane(lambda: "Pleth", "trace_pleth"),), False)
    sweep = _sweep(qtbot, clock, lead_group(leads), pleth)
    _run(sweep, clock, 5.0, leads)
    assert sweep.is_stale
    upper = _pixels(sweep)[: sweep.panels[1].area.top()]
    assert (upper[..., 1].astype(int) - upper[..., 0] > 80).any()


def test_a_new_stream_begins_on_a_clean_picture(qtbot: QtBot, clock: SteadyClock) -> None:
    source = _flat(clock)
    sweep = _sweep(qtbot, clock, lead_group(source))
    _run(sweep, clock, 5.0, source)
    source.end = 0
    _run(sweep, clock, 1.0, source)
    ink = _trace(_pixels(sweep), sweep.panels[0]).any(axis=0)
    assert ink[5:80].all()
    assert not ink[110:].any()


def test_a_signal_without_a_scale_fills_most_of_its_lane(qtbot: QtBot, clock: SteadyClock) -> None:
    wave = (50 + 0.3 * np.sin(np.arange(1250) / 125 * 7.5))[np.newaxis].astype(np.float32)
    source = TapedSource(wave, 125.0, clock)
    sweep = _sweep(qtbot, clock, SweepGroup(source, (Lane(lambda: "Pleth", "trace_ecg"),), False))
    _run(sweep, clock, 5.0, source)
    rows = np.flatnonzero(_trace(_pixels(sweep), sweep.panels[0]).any(axis=1))
    assert 0.55 * 400 < rows.max() - rows.min() < 0.85 * 400


def test_two_columns_share_the_leads(qtbot: QtBot, clock: SteadyClock) -> None:
    sweep = _sweep(qtbot, clock, lead_group(TapedSource(real_leads(), 1000.0, clock)))
    sweep.set_layout("6x2")
    assert [[place.lane.label() for place in panel.places] for panel in sweep.panels] == [
        ["I", "II", "III", "aVR", "aVL", "aVF"],
        ["V1", "V2", "V3", "V4", "V5", "V6"],
    ]


def test_the_timer_runs_only_while_a_sweep_is_to_be_seen(qtbot: QtBot) -> None:
    sweep = Sweep("sweep")
    qtbot.addWidget(sweep)
    assert not ticker().is_running
    sweep.show()
    assert ticker().is_running
    sweep.hide()
    assert not ticker().is_running


def test_the_words_follow_the_language(qtbot: QtBot, clock: SteadyClock) -> None:
    sweep = _sweep(qtbot, clock, lead_group(_flat(clock, 12)))
    said = []
    for code in ("en", "ru", "kk"):
        language.use(code)  # type: ignore[arg-type]
        sweep.retranslate()
        said.append(sweep.accessibleDescription())
    assert said[0] == "12 live traces, ECG: No signal"
    assert len(set(said)) == 3


def test_the_colours_are_dark_in_every_theme(qtbot: QtBot, clock: SteadyClock) -> None:
    source = _flat(clock)
    sweep = _sweep(qtbot, clock, lead_group(source))
    _run(sweep, clock, 0.1, source)
    assert _pixels(sweep)[-3, -3].max() <= max(theme.token("trace_grid", "clinical").getRgb()[:3])
