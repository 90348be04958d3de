"""Where each lead lies on the paper: 3 x 4 with a rhythm strip, 6 x 2, one below the other, or in Cabrera's order.

In 3 x 4, 6 x 2 and Cabrera's order the columns follow one another in time, as the standardization of the ECG asks
(AHA/ACCF/HRS 2007, part I): what lies at one x was recorded at one moment, in every row. A recording longer than a page
repeats the pattern page by page.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Final

import numpy as np

from ui.widgets.sweep_layout import CABRERA, RHYTHM, TWELVE, SweepLayout
from ui.widgets.trace_columns import Samples

PaperLayout = SweepLayout
PAGE_S: Final = 10.0


@dataclass(frozen=True, eq=False)
class PaperTrace:
    """One recorded channel.

    Args:
        label: its name.
        samples: shape ``(n,)``; NaN where a sample was lost.
        rate_hz: samples per second.
        is_millivolts: False for a signal without a true scale, which fills its row.
    """

    label: str
    samples: Samples
    rate_hz: float
    is_millivolts: bool = True

    @property
    def seconds(self) -> float:
        """Its length."""
        return len(self.samples) / self.rate_hz

    @cached_property
    def middle(self) -> float:
        """The value that lies on the line of its row: the median of what is known."""
        known = self.samples[~np.isnan(self.samples)]
        return float(np.median(known)) if known.size else 0.0

    @cached_property
    def span(self) -> float:
        """The greatest less the least known value."""
        known = self.samples[~np.isnan(self.samples)]
        return float(known.max() - known.min()) if known.size else 0.0

    def turned(self) -> PaperTrace:
        """Return it upside down, with the sign in its name."""
        return replace(self, label=f"\N{MINUS SIGN}{self.label}", samples=-self.samples)


@dataclass(frozen=True, eq=False)
class PaperCell:
    """A stretch of one trace in one row: it begins at its own time on the paper."""

    trace: PaperTrace
    row: int
    start_s: float
    end_s: float


def cells_of(traces: Sequence[PaperTrace], layout: PaperLayout) -> tuple[PaperCell, ...]:
    """Return the cells of the paper, from top to bottom and from left to right.

    Where one of the twelve leads is missing every layout is one lead below the other.
    """
    by_label = {trace.label: trace for trace in traces}
    if layout == "12x1" or any(label not in by_label for label in TWELVE):
        return tuple(PaperCell(trace, row, 0.0, trace.seconds) for row, trace in enumerate(traces))
    length_s = max(by_label[label].seconds for label in TWELVE)
    order = CABRERA if layout == "cabrera" else TWELVE
    shown = [by_label[label[1:]].turned() if label[0] == "-" else by_label[label] for label in order]
    rows = 3 if layout == "3x4" else 6
    columns = len(shown) // rows
    part_s = PAGE_S / columns
    cells = []
    for row in range(rows):
        for part in range(int(np.ceil(length_s / part_s - 1e-9))):
            trace = shown[row + rows * (part % columns)]
            cells.append(PaperCell(trace, row, part * part_s, min((part + 1) * part_s, length_s)))
    if layout != "3x4":
        return tuple(cells)
    rhythm = by_label[RHYTHM]
    return (*cells, PaperCell(rhythm, 3, 0.0, rhythm.seconds))
