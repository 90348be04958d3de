"""An ECG as vectors at true scale: 25 mm/s, 10 mm/mV, on a millimetre grid, with a calibration pulse.

Twelve leads are set 3 x 4 with lead II as the rhythm strip below, columns following one another in time; fewer leads
are set one below the other over ten seconds. Each lead is shifted to its own line (its median lies on it); its shape
and size are never changed. Where samples were lost the line is broken.

Source: AHA/ACCF/HRS Recommendations for the Standardization and Interpretation of the Electrocardiogram, part I (2007):
paper speed and gain, 3 x 4 format, simultaneous leads; calibration pulse 1 mV for 0.2 s.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from reportlab.lib.colors import HexColor
from reportlab.lib.units import mm
from reportlab.platypus import Flowable

from clinic_app.documents.content import EcgLead, EcgStrip
from clinic_app.documents.fonts import SEMI_BOLD, printable
from clinic_app.terminology.leads import LEADS

MM_PER_S: Final = 25.0
MM_PER_MV: Final = 10.0
STRIP_S: Final = 10.0
CALIBRATION_MM: Final = 12
"""Room before the traces: 2 mm, a pulse of 5 mm, and the rest."""
WIDTH_MM: Final = int(CALIBRATION_MM + STRIP_S * MM_PER_S)
RHYTHM_LEAD: Final = "II"
POINTS_PER_S: Final = 500
"""20 points for every millimetre: finer than a printer."""

_FINE = HexColor("#F3C9C4")
_STRONG = HexColor("#DE8F86")
_TRACE = HexColor("#10181D")


@dataclass(frozen=True)
class Cell:
    """One lead's place on the paper: what is shown, where it begins and how long it is."""

    lead: EcgLead
    start_s: float
    seconds: float


def rows_of(strip: EcgStrip) -> tuple[tuple[Cell, ...], ...]:
    """Return the rows of the paper, from top to bottom."""
    leads = {lead.label: lead for lead in strip.leads}
    twelve = tuple(LEADS.values())
    if any(label not in leads for label in twelve):
        return tuple((Cell(lead, 0, STRIP_S),) for lead in strip.leads)
    part_s = STRIP_S / 4
    rows = [tuple(Cell(leads[twelve[row + 3 * i]], i * part_s, part_s) for i in range(4)) for row in range(3)]
    return (*rows, (Cell(leads[RHYTHM_LEAD], 0, STRIP_S),))


class EcgPaper(Flowable):  # type: ignore[misc]  # reportlab has no type hints
    """The strip as one block of the page, ``WIDTH_MM`` wide.

    Args:
        strip: what to draw.
        height_mm: height of the whole paper, in whole millimetres; shared evenly by the rows.
    """

    def __init__(self, strip: EcgStrip, height_mm: int) -> None:
        super().__init__()
        self.strip = strip
        self.height_mm = height_mm
        self.rows = rows_of(strip)

    def wrap(self, available_width: float, available_height: float) -> tuple[float, float]:  # noqa: ARG002
        """Return the size in points; it does not depend on the room there is."""
        return WIDTH_MM * mm, self.height_mm * mm

    def draw(self) -> None:
        """Draw grid, calibration pulses, traces and lead names."""
        canvas = self.canv
        _draw_grid(canvas, WIDTH_MM, self.height_mm)
        paper = canvas.beginPath()
        paper.rect(0, 0, WIDTH_MM * mm, self.height_mm * mm)
        canvas.clipPath(paper, stroke=0, fill=0)  # an artefact of 50 mV leaves the paper, not the page
        row_mm = self.height_mm / len(self.rows)
        for index, row in enumerate(self.rows):
            baseline_mm = 5 * round((self.height_mm - (index + 0.5) * row_mm) / 5)  # on a strong line
            _draw_calibration(canvas, baseline_mm)
            for place, cell in enumerate(row):
                self._draw_cell(cell, baseline_mm, place)

    def _draw_cell(self, cell: Cell, baseline_mm: int, place: int) -> None:
        canvas = self.canv
        x_mm = CALIBRATION_MM + cell.start_s * MM_PER_S
        if place:
            _draw_divider(canvas, x_mm, baseline_mm)
        canvas.setFillColor(_TRACE)
        canvas.setFont(SEMI_BOLD, 8.5)
        canvas.drawString((x_mm + 1.5) * mm, (baseline_mm + 11) * mm, printable(cell.lead.label))
        canvas.setStrokeColor(_TRACE)
        canvas.setLineWidth(0.22 * mm)
        canvas.setLineJoin(1)
        canvas.setLineCap(1)
        for times_s, millivolts in pieces(cell, self.strip.rate_hz):
            path = canvas.beginPath()
            xs = ((x_mm + (times_s - cell.start_s) * MM_PER_S) * mm).tolist()
            ys = ((baseline_mm + millivolts * MM_PER_MV) * mm).tolist()
            path.moveTo(xs[0], ys[0])
            for x, y in zip(xs[1:] or xs, ys[1:] or ys, strict=True):  # a sample alone is a dot
                path.lineTo(x, y)
            canvas.drawPath(path, stroke=1, fill=0)


def pieces(cell: Cell, rate_hz: float) -> Iterator[tuple[NDArray[np.float64], NDArray[np.float64]]]:
    """Return the unbroken pieces of a cell as times (s, from the start of the recording) and values (mV).

    Fast recordings are thinned so that the highest and the lowest of every few samples stay: no spike gets lost.
    """
    first = round(cell.start_s * rate_hz)
    values = cell.lead.millivolts[first : first + round(cell.seconds * rate_hz) + 1].astype(np.float64)
    is_there = np.isfinite(values)
    if not is_there.any():
        return
    values -= float(np.median(cell.lead.millivolts[np.isfinite(cell.lead.millivolts)]))
    edges = np.flatnonzero(np.diff(np.concatenate(([False], is_there, [False])).astype(np.int8)))
    for begin, end in zip(edges[::2], edges[1::2], strict=True):
        kept = begin + _extremes(values[begin:end], max(1, round(2 * rate_hz / POINTS_PER_S)))
        yield (first + kept) / rate_hz, values[kept]


def _extremes(values: NDArray[np.float64], per_bin: int) -> NDArray[np.int64]:
    """Return the places of the first, the last, and the lowest and highest sample of every ``per_bin``."""
    if per_bin <= 2:
        return np.arange(len(values))
    whole = len(values) // per_bin * per_bin
    bins = values[:whole].reshape(-1, per_bin)
    starts = np.arange(len(bins)) * per_bin
    kept = np.concatenate([starts + bins.argmin(axis=1), starts + bins.argmax(axis=1), np.arange(whole, len(values))])
    return np.unique(np.concatenate([[0], kept, [len(values) - 1]])).astype(np.int64)


def _draw_grid(canvas: Any, width_mm: int, height_mm: int) -> None:  # noqa: ANN401 - reportlab has no type hints
    """Draw the lines of the millimetre paper, each fifth one stronger."""
    for is_strong, width_pt, colour in ((False, 0.2, _FINE), (True, 0.45, _STRONG)):
        canvas.setStrokeColor(colour)
        canvas.setLineWidth(width_pt)
        columns = [x for x in range(width_mm + 1) if (x - CALIBRATION_MM) % 5 == 0 or not is_strong]
        rows = [y for y in range(height_mm + 1) if y % 5 == 0 or not is_strong]
        canvas.lines([(x * mm, 0, x * mm, height_mm * mm) for x in columns])
        canvas.lines([(0, y * mm, width_mm * mm, y * mm) for y in rows])


def _draw_calibration(canvas: Any, baseline_mm: float) -> None:  # noqa: ANN401
    """Draw the pulse of 1 mV for 0.2 s: 10 mm high, 5 mm wide."""
    canvas.setStrokeColor(_TRACE)
    canvas.setLineWidth(0.22 * mm)
    path = canvas.beginPath()
    corners = ((2, 0), (3, 0), (3, MM_PER_MV), (8, MM_PER_MV), (8, 0), (9, 0))
    for index, (x_mm, y_mm) in enumerate(corners):
        step = path.lineTo if index else path.moveTo
        step(x_mm * mm, (baseline_mm + y_mm) * mm)
    canvas.drawPath(path, stroke=1, fill=0)


def _draw_divider(canvas: Any, x_mm: float, baseline_mm: float) -> None:  # noqa: ANN401
    """Mark where one lead ends and the next begins."""
    canvas.setStrokeColor(_TRACE)
    canvas.setLineWidth(0.3 * mm)
    canvas.line(x_mm * mm, (baseline_mm - 4) * mm, x_mm * mm, (baseline_mm - 1.5) * mm)
    canvas.line(x_mm * mm, (baseline_mm + 1.5) * mm, x_mm * mm, (baseline_mm + 4) * mm)
