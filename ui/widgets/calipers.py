"""Two marks on a recording and what lies between them: time, rate, amplitude."""

from __future__ import annotations

from dataclasses import dataclass, replace

from clinic_app.foundation.numbers import show_number
from ui import language
from ui.language import _


@dataclass(frozen=True)
class Reading:
    """What the calipers span.

    Args:
        milliseconds: time between the marks, never negative.
        millivolts: height of the second mark over the first; negative when it lies below.
        label: the lead the first mark stands on.
    """

    milliseconds: float
    millivolts: float
    label: str = ""

    @property
    def per_minute(self) -> float | None:
        """Events a minute if the marks stand on two of them; None for no time at all."""
        return 60_000 / self.milliseconds if self.milliseconds >= 1 else None

    def words(self) -> str:
        """Return the reading in the language of the windows."""
        parts = [_("{value} ms", value=round(self.milliseconds))]
        if self.per_minute is not None:
            parts.append(_("{value}/min", value=round(self.per_minute)))
        parts.append(_("{value} mV", value=show_number(round(self.millivolts, 2) + 0.0, language.current())))
        return (f"{self.label}: " if self.label else "") + " · ".join(parts)


@dataclass(frozen=True)
class Calipers:
    """Two marks on the paper, in pixels of its content.

    Args:
        x0: first mark.
        y0: height of the first mark.
        x1: second mark.
        y1: height of the second mark.
    """

    x0: float
    y0: float
    x1: float
    y1: float

    def end_moved(self, dx: float, dy: float) -> Calipers:
        """Return them with the second mark moved."""
        return replace(self, x1=self.x1 + dx, y1=self.y1 + dy)

    def moved(self, dx: float, dy: float) -> Calipers:
        """Return them moved as a whole."""
        return Calipers(self.x0 + dx, self.y0 + dy, self.x1 + dx, self.y1 + dy)

    def read(self, px_per_s: float, px_per_mv: float, label: str = "") -> Reading:
        """Return what they span at a scale."""
        milliseconds = abs(self.x1 - self.x0) / px_per_s * 1000
        return Reading(milliseconds, (self.y0 - self.y1) / px_per_mv, label)
