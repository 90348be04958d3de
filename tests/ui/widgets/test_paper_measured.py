"""The millimetres of the paper on the screen, counted in its pixels, and traces that end before the others."""

from __future__ import annotations

import numpy as np
import pytest
from PySide6.QtGui import QImage, QPainter
from pytestqt.qtbot import QtBot

from ui.widgets.paper_layout import TWELVE, PaperTrace, cells_of
from ui.widgets.paper_painter import PaperView, margin_mm, paint_paper
from ui.widgets.trace_scale import GAINS_MM_MV, SPEEDS_MM_S, PaperScale

ROW = 420.0


def _painted(traces: list[PaperTrace], scale: PaperScale, width: int = 1400) -> np.ndarray:
    """Return how green each pixel of the painted paper is more than the paper without the traces: rows, columns."""
    cells = cells_of(traces, "3x4")
    rows = max(cell.row for cell in cells) + 1
    view = PaperView(scale, 0, 0, width, round(ROW * rows + 40), ROW, 1.0)
    blank = [PaperTrace(each.label, np.full_like(each.samples, np.nan), each.rate_hz) for each in traces]
    with_traces, without = (_image(view, cells_of(each, "3x4")) for each in (traces, blank))
    return np.abs(with_traces.astype(int) - without.astype(int)).sum(axis=2)


def _image(view: PaperView, cells: object) -> np.ndarray:
    image = QImage(view.width, view.height, QImage.Format.Format_RGB32)
    painter = QPainter(image)
    paint_paper(painter, view, cells)  # type: ignore[arg-type]
    painter.end()
    return np.frombuffer(image.constBits(), np.uint8).reshape(view.height, view.width, 4)[..., :3].copy()


def _lead(seconds: float, rate_hz: float = 500.0, label: str = "II") -> PaperTrace:
    return PaperTrace(label, np.zeros(round(seconds * rate_hz), np.float32), rate_hz)


@pytest.mark.parametrize("speed", SPEEDS_MM_S)
@pytest.mark.parametrize("px_per_mm", [2.5, 96 / 25.4, 6.0])
def test_a_trace_of_three_seconds_is_as_long_as_the_paper_says(qtbot: QtBot, speed: float, px_per_mm: float) -> None:
    scale = PaperScale(px_per_mm, speed)
    columns = np.flatnonzero(_painted([_lead(3)], scale).any(axis=0))
    assert columns[0] == pytest.approx(margin_mm(scale) * px_per_mm, abs=2)
    assert columns[-1] - columns[0] == pytest.approx(3 * speed * px_per_mm, abs=3)


@pytest.mark.parametrize("gain", GAINS_MM_MV)
@pytest.mark.parametrize("px_per_mm", [2.5, 96 / 25.4])
def test_a_millivolt_is_as_high_as_the_paper_says(qtbot: QtBot, gain: float, px_per_mm: float) -> None:
    trace = _lead(4)
    trace.samples[1000:1200] = 1.0
    rows = np.flatnonzero(_painted([trace], PaperScale(px_per_mm, 25.0, gain)).any(axis=1))
    assert rows[-1] - rows[0] == pytest.approx(gain * px_per_mm, abs=3)


@pytest.mark.parametrize("rate_hz", [62.5, 249.89, 1000.0])
def test_the_length_does_not_depend_on_the_rate(qtbot: QtBot, rate_hz: float) -> None:
    scale = PaperScale()
    columns = np.flatnonzero(_painted([_lead(4, rate_hz)], scale).any(axis=0))
    assert columns[-1] - columns[0] == pytest.approx(4 * scale.px_per_s, abs=3)


def test_a_lead_that_ends_before_the_others_does_not_go_on_as_a_flat_line(qtbot: QtBot) -> None:
    scale = PaperScale()
    traces = [_lead(10 if label != "V4" else 8, label=label) for label in TWELVE]
    seen = _painted(traces, scale)
    row = seen[round(ROW * 0.25) : round(ROW * 0.9)]
    end = round((margin_mm(scale) * scale.px_per_mm) + 8 * scale.px_per_s)
    assert row[:, end - 20 : end - 2].any()
    assert not row[:, end + 3 : end + 150].any()


def test_a_trace_of_nothing_but_gaps_leaves_the_paper_as_it_is(qtbot: QtBot) -> None:
    trace = _lead(4)
    trace.samples[:] = np.nan
    assert not _painted([trace], PaperScale()).any()
    assert (trace.middle, trace.span) == (0.0, 0.0)


def test_a_gap_is_as_wide_as_what_was_lost(qtbot: QtBot) -> None:
    scale, trace = PaperScale(), _lead(6)
    trace.samples[1000:1500] = np.nan
    columns = np.flatnonzero(_painted([trace], scale).any(axis=0))
    assert np.diff(columns).max() == pytest.approx(scale.px_per_s, abs=3)
