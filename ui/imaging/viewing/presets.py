"""Windows somebody made his own, for each kind of picture, kept with him."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from typing import Final, NamedTuple

from clinic_app.imaging import Window
from ui.remembered import Remembered
from ui.widgets.image_presets import HOUNSFIELD, MOST_PRESETS, PRESETS, Preset

_WINDOWS: Final = "windows."
_LONGEST_NAME: Final = 40
MOST_VALUE: Final = 1_000_000.0


class OwnWindow(NamedTuple):
    """One window of somebody's own."""

    name: str
    center: float
    width: float


NO_WINDOW: Final = OwnWindow("", 0.0, 1.0)
"""A digit without a window."""


def kind_of_values(modality: str, unit: str) -> str:
    """Return under what windows are kept: a window for Hounsfield units means nothing for a picture without them.

    Args:
        modality: of the pictures.
        unit: of their values, empty where nobody says.
    """
    return modality if unit == (HOUNSFIELD if modality == "CT" else "") else f"{modality} {unit or '?'}"


class PresetBook:
    """The windows of one person.

    Args:
        remembered: keeps them; None: there is nobody, everybody's windows hold.
    """

    def __init__(self, remembered: Remembered | None) -> None:
        self._remembered = remembered

    def of(self, modality: str) -> tuple[Preset, ...] | None:
        """Return somebody's windows for a kind of picture; None where he made none."""
        own = self.own(modality)
        return tuple(_preset(place, each) for place, each in enumerate(own, 1) if each.name) or None

    def own(self, modality: str) -> tuple[OwnWindow, ...]:
        """Return what somebody keeps; what is no window is left out."""
        kept = self._remembered.values.get(f"{_WINDOWS}{modality}", "") if self._remembered else ""
        try:
            told = json.loads(kept or "[]")
        except ValueError:
            return ()
        rows = told if isinstance(told, list) else []
        return tuple(found for row in rows[:MOST_PRESETS] if (found := _read(row)) is not None)

    def usual(self, modality: str) -> tuple[OwnWindow, ...]:
        """Return the windows everybody knows for a kind of picture."""
        if modality != "CT":
            return ()
        return tuple(OwnWindow(each.words(), each.window.center, each.window.width) for each in PRESETS)

    def put(self, modality: str, windows: Sequence[OwnWindow]) -> None:
        """Keep windows; none means everybody's again."""
        if self._remembered is not None:
            rows = [list(each) for each in windows[:MOST_PRESETS]]
            text = json.dumps(rows, ensure_ascii=False) if rows else ""
            self._remembered.put(**{f"{_WINDOWS}{modality}": text})


def _preset(place: int, own: OwnWindow) -> Preset:
    return Preset(str(place), lambda: own.name, Window(own.center, own.width))


def _read(row: object) -> OwnWindow | None:
    if not (isinstance(row, list) and len(row) == 3 and isinstance(row[0], str)):
        return None
    numbers = [each for each in row[1:] if isinstance(each, int | float) and not isinstance(each, bool)]
    if len(numbers) != 2 or not all(math.isfinite(each) and abs(each) <= MOST_VALUE for each in numbers):
        return None
    return OwnWindow(row[0][:_LONGEST_NAME], float(numbers[0]), float(numbers[1])) if numbers[1] > 0 else None
