"""A millimetre on the ECG paper is a millimetre, and the trace is what was recorded."""

from __future__ import annotations

import io
from dataclasses import replace

import numpy as np
import pypdfium2
import pytest
from pypdf import PdfReader
from pypdf.generic import ContentStream

from clinic_app.documents import render_consult_summary
from clinic_app.documents.content import EcgLead, EcgStrip
from clinic_app.documents.ecg_paper import Cell, pieces, rows_of
from clinic_app.terminology.leads import LEADS
from tests.helpers.consults import consult, real_ecg

POINTS_PER_MM = 72 / 25.4
Line = list[tuple[float, float]]


def _lines(strip: EcgStrip) -> list[Line]:
    """Return every path of the ECG page in millimetres, from the page's lower left corner."""
    page = PdfReader(io.BytesIO(render_consult_summary(consult(ecg=strip), "en"))).pages[-1]
    stream = ContentStream(page.get_contents(), page.pdf)
    stack, matrix, lines = [], np.eye(3), []
    for operands, operator in stream.operations:
        if operator == b"q":
            stack.append(matrix)
        elif operator == b"Q":
            matrix = stack.pop()
        elif operator == b"cm":
            a, b, c, d, e, f = map(float, operands)
            matrix = np.array([[a, b, 0], [c, d, 0], [e, f, 1]]) @ matrix
        elif operator in {b"m", b"l"}:
            x, y, _ = np.array([float(operands[0]), float(operands[1]), 1]) @ matrix / POINTS_PER_MM
            if operator == b"m":
                lines.append([])
            lines[-1].append((x, y))
    return lines


def _grid(lines: list[Line], axis: int) -> list[float]:
    """Return where the grid's lines across ``axis`` lie, in mm."""
    straight = [line for line in lines if len(line) == 2 and line[0][axis] == pytest.approx(line[1][axis], abs=1e-3)]
    long = [line for line in straight if abs(line[0][1 - axis] - line[1][1 - axis]) > 100]
    places = sorted(line[0][axis] for line in long)
    return [place for i, place in enumerate(places) if i == 0 or place - places[i - 1] > 0.01]


@pytest.fixture(scope="module")
def real_lines() -> list[Line]:
    return _lines(real_ecg())


@pytest.mark.parametrize(("axis", "count"), [(0, 263), (1, 146)])
def test_the_grid_has_a_line_at_every_exact_millimetre(real_lines: list[Line], axis: int, count: int) -> None:
    places = [place for place in _grid(real_lines, axis) if place > 17.4]
    inside = places if axis == 0 else places[-count - 1 :]
    grid = [place for place in inside if abs((place - inside[len(inside) // 2] + 0.5) % 1 - 0.5) < 0.002]
    assert len(grid) >= count
    assert np.allclose(np.diff(grid)[:count], 1, atol=0.002)


def test_the_calibration_pulse_is_one_millivolt_for_a_fifth_of_a_second(real_lines: list[Line]) -> None:
    pulses = [line for line in real_lines if len(line) == 6]
    assert len(pulses) == 4
    for pulse in pulses:
        xs, ys = zip(*pulse, strict=True)
        assert max(ys) - min(ys) == pytest.approx(10, abs=1e-3)
        assert xs[3] - xs[2] == pytest.approx(5, abs=1e-3)


def test_one_second_is_25_mm_and_one_millivolt_10_mm() -> None:
    rate_hz = 500
    wave = np.zeros(10 * rate_hz, np.float32)
    wave[rate_hz] = 1.0
    wave[3 * rate_hz] = -0.5
    lines = _lines(EcgStrip((EcgLead("II", wave),), rate_hz))
    trace = max(lines, key=len)
    top, bottom = max(trace, key=lambda p: p[1]), min(trace, key=lambda p: p[1])
    assert bottom[0] - top[0] == pytest.approx(50, abs=0.002)
    assert top[1] - trace[0][1] == pytest.approx(10, abs=0.002)
    assert trace[0][1] - bottom[1] == pytest.approx(5, abs=0.002)
    assert trace[-1][0] - trace[0][0] == pytest.approx(250, abs=0.06)


def test_the_real_recording_keeps_its_heights_on_paper(real_lines: list[Line]) -> None:
    lead = next(lead for lead in real_ecg().leads if lead.label == "II").millivolts
    rhythm = max(real_lines, key=len)
    heights = [y for _, y in rhythm]
    assert max(heights) - min(heights) == pytest.approx(10 * float(lead.max() - lead.min()), abs=0.01)


def test_twelve_leads_stand_three_by_four_over_the_rhythm() -> None:
    rows = rows_of(real_ecg())
    assert [[cell.lead.label for cell in row] for row in rows] == [
        ["I", "aVR", "V1", "V4"],
        ["II", "aVL", "V2", "V5"],
        ["III", "aVF", "V3", "V6"],
        ["II"],
    ]
    assert [cell.start_s for cell in rows[0]] == [0, 2.5, 5, 7.5]
    assert rows[3][0].seconds == 10


def test_fewer_leads_stand_one_below_the_other() -> None:
    strip = replace(real_ecg(), leads=real_ecg().leads[:2])
    assert [[cell.lead.label for cell in row] for row in rows_of(strip)] == [["I"], ["II"]]


def test_lost_samples_break_the_line() -> None:
    wave = np.zeros(5000, np.float32)
    wave[1000:1500] = np.nan
    found = list(pieces(Cell(EcgLead("II", wave), 0, 10), 500))
    assert [(times[0], times[-1]) for times, _ in found] == [(0, 999 / 500), (1500 / 500, 4999 / 500)]


def test_a_lead_that_was_off_is_blank() -> None:
    assert list(pieces(Cell(EcgLead("II", np.full(5000, np.nan, np.float32)), 0, 10), 500)) == []


def test_a_recording_that_ends_early_draws_what_there_is() -> None:
    wave = np.zeros(500, np.float32)
    assert list(pieces(Cell(EcgLead("V4", wave), 7.5, 2.5), 500)) == []
    ((times, _),) = pieces(Cell(EcgLead("V4", wave), 0, 2.5), 500)
    assert times[-1] == 499 / 500


def test_thinning_a_fast_recording_loses_no_spike() -> None:
    wave = np.zeros(40_000, np.float32)
    wave[12_345] = 3.0
    wave[23_457] = -2.0
    ((times, values),) = pieces(Cell(EcgLead("II", wave), 0, 10), 4000)
    assert len(values) < 6000
    assert times[values.argmax()] == 12_345 / 4000
    assert (values.max(), values.min()) == (3.0, -2.0)


def test_the_first_ten_of_more_seconds_are_shown_and_said() -> None:
    lead = EcgLead("II", np.zeros(500 * 30, np.float32))
    pdf = render_consult_summary(consult(ecg=EcgStrip((lead,), 500)), "en")
    assert "Shown are the first 10 s of 30 s." in PdfReader(io.BytesIO(pdf)).pages[-1].extract_text()


def test_a_strip_is_small_enough_for_a_bad_link() -> None:
    assert len(LEADS) == len(real_ecg().leads)
    assert len(render_consult_summary(consult(image=None), "ru")) < 200_000


def test_an_artefact_leaves_the_paper_but_not_the_page() -> None:
    wave = np.zeros(5000, np.float32)
    flat = _picture(wave)
    wave[1000:1100] = 50.0
    changed = np.flatnonzero((_picture(wave) != flat).any(axis=(1, 2)))
    is_paper = ((flat[..., 0] > 200) & (flat[..., 1] < 235)).mean(axis=1) > 0.1
    first_row, last_row = np.flatnonzero(is_paper)[[0, -1]]
    assert len(changed) > 100
    assert changed.min() >= first_row - 1
    assert changed.max() <= last_row + 1


def _picture(wave: np.ndarray) -> np.ndarray:
    """Return the ECG page with one lead, drawn: rows, columns, RGB."""
    document = pypdfium2.PdfDocument(render_consult_summary(consult(ecg=EcgStrip((EcgLead("II", wave),), 500)), "en"))
    pixels: np.ndarray = document[len(document) - 1].render(scale=1, rev_byteorder=True).to_numpy()[..., :3].copy()
    return pixels
