"""A benchmark measures ours beside a yardstick and tells both."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from tests.performance import bench, save, startup


def test_the_save_benchmark_measures_both_sides(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(save, "PATIENTS_BEFORE", 2)
    monkeypatch.setattr(save, "RUNS", 3)
    assert bench.main(["save", "--json", str(tmp_path / "save.json")]) == 0
    figures = json.loads((tmp_path / "save.json").read_text(encoding="utf-8"))
    assert figures["runs"] == 3
    assert figures["ours_ms"]["median"] > 0
    assert figures["ratio"] > 0


def test_the_yardstick_window_becomes_ready(tmp_path: Path) -> None:
    assert startup.start_once([sys.executable, "-c", startup.BARE], tmp_path / "ready") > 0


def test_a_window_that_never_comes_is_told_with_what_it_said(tmp_path: Path) -> None:
    command = [sys.executable, "-c", "raise SystemExit('no display')"]
    with pytest.raises(RuntimeError, match="no display"):
        startup.start_once(command, tmp_path / "ready")


def test_figures_tell_median_and_95th_percentile() -> None:
    measured = bench.Measured("a", "b", tuple(map(float, range(1, 101))), (10.0,))
    figures = measured.as_json("x")
    assert figures["ours_ms"] == {"median": 50.5, "p95": 95.0, "best": 1.0}
    assert measured.ratio == 5.05
