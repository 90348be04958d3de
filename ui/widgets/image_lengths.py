"""Lengths drawn on the pictures of a series: each belongs to its picture and carries who says how large a pixel is."""

from __future__ import annotations

from dataclasses import dataclass, replace
from decimal import Decimal
from typing import TYPE_CHECKING

from clinic_app.foundation.numbers import show_number
from clinic_app.foundation.texts import Text
from clinic_app.imaging.display.layers import Mark
from clinic_app.imaging.measuring.measured import length
from ui import language
from ui.language import _, say
from ui.widgets.image_view import Point

if TYPE_CHECKING:
    from clinic_app.imaging import Frame


@dataclass(frozen=True)
class Measured:
    """A length, its unit and who says how large a pixel is; nothing where it cannot be measured."""

    value: float
    unit: str
    origin: Text


@dataclass(frozen=True)
class Line:
    """A length between two image points."""

    a: Point
    b: Point
    measured: Measured

    @classmethod
    def between(cls, frame: Frame, a: Point, b: Point) -> Line:
        """Measure on a frame's stored pixels; ends outside the picture are moved to its edge."""
        a, b = _inside(frame, a), _inside(frame, b)
        found = length(frame, a, b)
        if not found.values:
            return cls(a, b, Measured(0.0, "px", found.note or Text("")))
        first = found.values[0]
        return cls(a, b, Measured(first.number, first.unit, first.origin or Text("")))

    def end_moved(self, frame: Frame, dx: float, dy: float) -> Line:
        """Return the line with its second end moved by so many image pixels."""
        return Line.between(frame, self.a, (self.b[0] + dx, self.b[1] + dy))

    def words(self) -> str:
        """Return the length, its unit and who says how large a pixel is, in the language of the windows."""
        return f"{length_words(self.measured)} · {say(self.measured.origin)}"

    def marks(self) -> tuple[Mark, Mark]:
        """Return the line and its words as a presentation state keeps them."""
        return Mark("polyline", (self.a, self.b)), Mark("text", (self.b,), self.words())


def length_words(measured: Measured) -> str:
    """Return ``42.7 mm``, always with one decimal, in the language of the windows."""
    value = show_number(Decimal(f"{measured.value:.1f}"), language.current())
    return _("{value} mm", value=value) if measured.unit == "mm" else _("{value} px", value=value)


@dataclass(frozen=True)
class Lines:
    """All lengths of a series, the last drawn last.

    Args:
        drawn: image number and line.
    """

    drawn: tuple[tuple[int, Line], ...] = ()

    def on(self, number: int) -> tuple[Line, ...]:
        """Return the lines of one picture."""
        return tuple(line for each, line in self.drawn if each == number)

    def last_on(self, number: int) -> Line | None:
        """Return the line drawn last on a picture."""
        return next(reversed(self.on(number)), None)

    def added(self, number: int, line: Line) -> Lines:
        """Return them with one more."""
        return replace(self, drawn=(*self.drawn, (number, line)))

    def without_last(self, number: int) -> Lines:
        """Return them without the line drawn last on a picture."""
        places = [place for place, (each, _line) in enumerate(self.drawn) if each == number]
        gone = places[-1] if places else -1
        return replace(self, drawn=tuple(each for place, each in enumerate(self.drawn) if place != gone))


def _inside(frame: Frame, point: Point) -> Point:
    return min(max(point[0], 0.0), float(frame.columns)), min(max(point[1], 0.0), float(frame.rows))
