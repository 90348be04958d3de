"""The benchmark of live traces counts what it says, and says where a figure is missed."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtWidgets import QApplication

from clinic_app.waveforms import LiveTraces
from tests.helpers.waiting import wait_until
from tests.performance import waveforms
from tests.performance.waveforms import GATES, _frames, _holds, _ingest, _Player, bench_waveforms

GOOD = {
    "sweep_ms_12x500": 0.5,
    "ratio_12x500": 20.0,
    "sample_to_paint_p95_ms": 15.0,
    "ring_ingest_times_real_time": 1000,
    "ring_lost_samples": 0,
    "beds_16x3_cores": 0.3,
    "beds_16x3_fps": 60.0,
}


@pytest.mark.parametrize(
    ("name", "value", "held"),
    [
        ("sweep_ms_12x500", 2.0, True),
        ("sweep_ms_12x500", 2.1, False),
        ("ratio_12x500", 10.0, True),
        ("ratio_12x500", 9.9, False),
        ("sample_to_paint_p95_ms", 25.1, False),
        ("ring_ingest_times_real_time", 99.0, False),
        ("ring_lost_samples", 1, False),
        ("beds_16x3_cores", 1.01, False),
        ("beds_16x3_fps", 54.0, False),
    ],
)
def test_every_figure_has_its_bound(name: str, value: float, held: bool) -> None:
    assert _holds(name, value) is held
    assert set(GOOD) == set(GATES)
    assert all(_holds(each, GOOD[each]) for each in GATES)


@pytest.mark.parametrize("missed", ["", "ratio_12x500"])
def test_the_file_tells_the_figures_and_what_was_missed(
    qapp: QApplication, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], missed: str
) -> None:
    figures = {**GOOD, **({missed: 1.0} if missed else {})}
    monkeypatch.setattr(waveforms, "SIZES", ())
    monkeypatch.setattr(waveforms, "_sample_to_paint", lambda _paint: figures)
    monkeypatch.setattr(waveforms, "_ingest", dict)
    monkeypatch.setattr(waveforms, "_beds", lambda _paint: {})
    assert bench_waveforms(tmp_path / "out.json") == (1 if missed else 0)
    told = json.loads((tmp_path / "out.json").read_text(encoding="utf-8"))
    assert told["missed"] == ([missed] if missed else [])
    assert told["sweep_ms_12x500"] == 0.5
    assert ("MISSED" in capsys.readouterr().out) is bool(missed)


def test_both_ways_of_drawing_are_measured_in_one_run(qapp: QApplication, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(waveforms, "FRAMES", 4)
    monkeypatch.setattr(waveforms, "WARM_FRAMES", 2)
    monkeypatch.setattr(waveforms, "_plots", lambda _samples, _rate: (lambda: None, lambda: None))
    figures = _frames(2, 250, qapp.processEvents)
    assert set(figures) == {"sweep_ms_2x250", "pyqtgraph_ms_2x250", "ratio_2x250"}
    assert figures["sweep_ms_2x250"] > 0


def test_what_a_ring_lost_would_be_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(waveforms, "INGEST_S", 2)
    assert _ingest()["ring_lost_samples"] == 0
    whole = LiveTraces.take_in

    def forgetful(self: LiveTraces, item: object) -> None:
        if getattr(item, "first_index", 0) != 500:
            whole(self, item)  # type: ignore[arg-type]

    monkeypatch.setattr(LiveTraces, "take_in", forgetful)
    assert _ingest()["ring_lost_samples"] == 12 * 10


def test_the_player_delivers_what_it_notes() -> None:
    traces = LiveTraces()
    player = _Player(traces, 2, 3, 250, 20)
    player.start()
    wait_until(lambda: len(player.came_s) >= 3, what="three blocks")
    player.stop()
    assert set(traces.sources()) == {"Bed 1", "Bed 2"}
    end = traces.streams("Bed 1")[0].end_index()
    assert max(player.came_s) == end
    assert np.isfinite(traces.streams("Bed 1")[0].read(0, end)).all()
