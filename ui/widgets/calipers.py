"""Two marks on a trace and what lies between them: time, rate, amplitude; as two lines or as a rectangle."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from clinic_app.foundation.numbers import show_number
from ui import language
from ui.language import _
from ui.widgets.trace_columns import Samples

_MOST_PER_MINUTE: Final = 6000


@dataclass(frozen=True)
class Reading:
    """What the calipers span.

    Args:
        milliseconds: time between the marks, never negative.
        millivolts: height of the second mark over the first; negative when it lies below.
        label: the lead the first mark stands on.
        lowest: the least of that lead between the marks, in mV; None where it was not looked at or all is lost.
        highest: the greatest.
    """

    milliseconds: float
    millivolts: float
    label: str = ""
    lowest: float | None = None
    highest: float | None = None

    @property
    def per_minute(self) -> float | None:
        """Events a minute if the marks stand on two of them; None for no time at all."""
        return 60_000 / self.milliseconds if self.milliseconds >= 1 else None

    @property
    def is_of_signal(self) -> bool:
        """Whether it tells what the signal itself does between the marks."""
        return self.lowest is not None and self.highest is not None

    def words(self) -> str:
        """Return the reading in the language of the windows."""
        parts = [_("{value} ms", value=round(self.milliseconds))]
        if self.lowest is not None and self.highest is not None:
            span = _("{value} mV", value=_number(self.highest - self.lowest))
            parts.append(_("{span} from lowest to highest", span=span))
            parts.append(_("{value} mV", value=f"{_number(self.lowest)} … {_number(self.highest)}"))
        else:
            if self.per_minute is not None and self.per_minute < _MOST_PER_MINUTE:
                parts.append(_("{value}/min", value=round(self.per_minute)))
            parts.append(_("{value} mV", value=_number(self.millivolts)))
        return (f"{self.label}: " if self.label else "") + " · ".join(parts)

    def over(self, millivolts: Samples) -> Reading:
        """Return it with what the lead itself does between the marks; lost samples do not count."""
        known = millivolts[~np.isnan(millivolts)]
        if not known.size:
            return self
        return replace(self, lowest=float(known.min()), highest=float(known.max()))


@dataclass(frozen=True)
class Calipers:
    """Two marks on the paper, in pixels of its content.

    Args:
        x0: first mark.
        y0: height of the first mark.
        x1: second mark.
        y1: height of the second mark.
        is_box: they are the corners of a rectangle, which looks at the signal in it.
    """

    x0: float
    y0: float
    x1: float
    y1: float
    is_box: bool = False

    def end_moved(self, dx: float, dy: float) -> Calipers:
        """Return them with the second mark moved."""
        return replace(self, x1=self.x1 + dx, y1=self.y1 + dy)

    def moved(self, dx: float, dy: float) -> Calipers:
        """Return them moved as a whole."""
        return replace(self, x0=self.x0 + dx, y0=self.y0 + dy, x1=self.x1 + dx, y1=self.y1 + dy)

    def read(self, px_per_s: float, px_per_mv: float, label: str = "") -> Reading:
        """Return what they span at a scale."""
        milliseconds = abs(self.x1 - self.x0) / px_per_s * 1000
        return Reading(milliseconds, (self.y0 - self.y1) / px_per_mv, label)


def _number(millivolts: float) -> str:
    return show_number(round(millivolts, 2) + 0.0, language.current())
