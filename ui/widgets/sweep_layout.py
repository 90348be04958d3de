"""How the leads of a sweep lie on the screen: 3 x 4 with a rhythm strip, 6 x 2, 12 x 1, or in the order of Cabrera.

Cabrera's order goes round the frontal plane in steps of 30 degrees (aVL, I, -aVR, II, aVF, III), so that aVR is shown
turned over. Source: AHA/ACCF/HRS Recommendations for the Standardization and Interpretation of the Electrocardiogram,
part I (2007), which recommends it beside the usual order.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Final, Literal, get_args

from PySide6.QtCore import QRect, QSize

from ui.widgets.sweep_panel import LanePlace, SweepPanel
from ui.widgets.sweep_source import Lane, SweepGroup
from ui.widgets.trace_scale import PaperScale

SweepLayout = Literal["3x4", "6x2", "12x1", "cabrera"]
LAYOUTS: Final[tuple[SweepLayout, ...]] = get_args(SweepLayout)
TWELVE: Final = ("I", "II", "III", "aVR", "aVL", "aVF", "V1", "V2", "V3", "V4", "V5", "V6")
CABRERA: Final = ("aVL", "I", "-aVR", "II", "aVF", "III", *TWELVE[6:])
RHYTHM: Final = "II"
_UNSCALED_WEIGHT: Final = 1.15
"""A signal without a true scale gets a little more height than a lead."""
_LEAST_SPLIT: Final = 4

MakePanel = Callable[[SweepGroup, list[LanePlace], QRect, PaperScale, float], SweepPanel]


@dataclass(frozen=True)
class _Block:
    """Lanes below each other in one column: which, and which part of the width is theirs."""

    lanes: tuple[tuple[int, Lane], ...]
    column: int = 0
    columns: int = 1
    row: int = 0


def new_panel(group: SweepGroup, places: list[LanePlace], area: QRect, scale: PaperScale, ratio: float) -> SweepPanel:
    """Return a panel that sweeps."""
    return SweepPanel(group.source, places, area, scale, ratio)


def lay_out(
    groups: Sequence[SweepGroup],
    size: QSize,
    scale: PaperScale,
    layout: SweepLayout,
    ratio: float,
    make: MakePanel = new_panel,
) -> list[tuple[SweepGroup, SweepPanel]]:
    """Return the panels: groups below each other, a splittable group's leads set as the layout says.

    Args:
        groups: from top to bottom.
        size: of the whole, in device pixels.
        scale: true scale, per device pixel.
        layout: for groups that may be split.
        ratio: device pixels in a logical one.
        make: makes one panel.
    """
    blocks = [_blocks(group, layout) for group in groups]
    heights = [_rows(each) for each in blocks]
    weights = [rows * _weight(group) for group, rows in zip(groups, heights, strict=True)]
    px_per_row = size.height() / sum(weights)
    panels: list[tuple[SweepGroup, SweepPanel]] = []
    top = 0.0
    for group, mine, rows, weight in zip(groups, blocks, heights, weights, strict=True):
        bottom = top + weight * px_per_row
        area = QRect(0, round(top), size.width(), round(bottom) - round(top))
        for block in mine:
            beside = _rows_beside(block, mine)
            field = _field(block, area, beside, rows)
            places = _places(block, field, beside, scale.px_per_mv)
            panels.append((group, make(group, places, field, scale, ratio)))
        top = bottom
    return panels


def _blocks(group: SweepGroup, layout: SweepLayout) -> list[_Block]:
    """Return the blocks of a group; layouts of twelve leads are for groups that have all twelve."""
    lanes = list(enumerate(group.lanes))
    if not group.is_split or len(lanes) < _LEAST_SPLIT:
        return [_Block(tuple(lanes))]
    by_lead = {lane.lead: (channel, lane) for channel, lane in lanes}
    if layout == "cabrera" and all(lead.lstrip("-") in by_lead for lead in CABRERA):
        return _columns([_turned(by_lead[lead[1:]]) if lead[0] == "-" else by_lead[lead] for lead in CABRERA], 2)
    if layout == "3x4" and all(lead in by_lead for lead in TWELVE):
        four = _columns([by_lead[lead] for lead in TWELVE], 4)
        return [*four, _Block((by_lead[RHYTHM],), row=3)]
    return _columns(lanes, 1 if layout == "12x1" else 2)


def _columns(lanes: Sequence[tuple[int, Lane]], columns: int) -> list[_Block]:
    each = -(-len(lanes) // columns)
    parts = [tuple(lanes[first : first + each]) for first in range(0, len(lanes), each)]
    return [_Block(part, place, len(parts)) for place, part in enumerate(parts)]


def _turned(place: tuple[int, Lane]) -> tuple[int, Lane]:
    channel, lane = place
    scale = lane.millivolts_per_unit
    turned = replace(lane, label=lambda: f"\N{MINUS SIGN}{lane.label()}", key=f"-{lane.lead}")
    return channel, replace(turned, millivolts_per_unit=-scale if scale is not None else None)


def _rows(blocks: Sequence[_Block]) -> int:
    return max(block.row + len(block.lanes) for block in blocks)


def _rows_beside(block: _Block, blocks: Sequence[_Block]) -> int:
    """Return how many rows the columns have among which a block stands."""
    return max(len(each.lanes) for each in blocks if each.row == block.row)


def _weight(group: SweepGroup) -> float:
    return 1.0 if group.lanes[0].millivolts_per_unit is not None else _UNSCALED_WEIGHT


def _field(block: _Block, area: QRect, beside: int, rows: int) -> QRect:
    left = area.width() * block.column // block.columns
    right = area.width() * (block.column + 1) // block.columns
    top, bottom = area.height() * block.row / rows, area.height() * (block.row + beside) / rows
    return QRect(left, area.top() + round(top), right - left, round(bottom) - round(top))


def _places(block: _Block, area: QRect, rows: int, px_per_mv: float) -> list[LanePlace]:
    """Return the lanes' places; the first calibration pulse is not cut off at the top."""
    missing = px_per_mv + 4 - area.height() / rows / 2
    is_scaled = block.lanes[0][1].millivolts_per_unit is not None
    top = min(max(missing, 0.0), 0.1 * area.height()) if is_scaled else 0.0
    height = (area.height() - top) / rows
    return [
        LanePlace(lane, channel, area.top() + top + (row + 0.5) * height, height)
        for row, (channel, lane) in enumerate(block.lanes)
    ]
