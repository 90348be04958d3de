"""A small picture with the marks drawn on it, numbered, for who sees nothing but the picture: a page, a thin line.

What each number measures is said beside the picture in words, so that it can be read however small the picture is.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from PIL import Image, ImageDraw

from clinic_app.foundation.texts import Language
from clinic_app.imaging.frame import Frame
from clinic_app.imaging.measuring.marks import Mark, Point
from clinic_app.imaging.measuring.measured import measured
from clinic_app.imaging.measuring.outlines import beside, strokes_of
from clinic_app.imaging.measuring.statistics import statistics_of
from clinic_app.imaging.measuring.words import value_lines

_INK: Final = (243, 190, 91)
_DARK: Final = (0, 0, 0)
_LETTER_PX: Final = 20
_LONGEST: Final = 600


def with_marks(picture: Image.Image, frame: Frame, marks: Sequence[Mark]) -> Image.Image:
    """Return a picture in colour with numbered marks.

    Args:
        picture: the whole frame, perhaps smaller.
        frame: it was made of.
        marks: in pixels of the frame, of one picture.
    """
    drawn = picture.convert("RGB")
    pen = ImageDraw.Draw(drawn)
    across, down = drawn.width / frame.columns, drawn.height / frame.rows

    def placed(point: Point) -> Point:
        return point[0] * across, point[1] * down

    for number, mark in enumerate(marks, 1):
        for ink, width in ((_DARK, 5), (_INK, 2)):
            for stroke in strokes_of(mark):
                points = [placed(point) for point in stroke.points]
                pen.line([*points, points[0]] if stroke.is_closed else points, ink, width)
            if mark.kind in ("point", "text"):
                x, y = placed(mark.points[0])
                pen.ellipse((x - 4, y - 4, x + 4, y + 4), outline=ink, width=max(width - 1, 1))
        x, y = placed(beside(mark))
        x, y = min(x + 6, drawn.width - _LETTER_PX), min(max(y - _LETTER_PX, 0), drawn.height - _LETTER_PX)
        pen.text((x, y), str(number), fill=_INK, font_size=_LETTER_PX, stroke_width=2, stroke_fill=_DARK)
    return drawn


def words_of_marks(frame: Frame, marks: Sequence[Mark], language: Language) -> str:
    """Return what each numbered mark measures, with who says how large a pixel is.

    Args:
        frame: the picture, measured anew.
        marks: of one picture.
        language: of the words.
    """
    known = next((each for each in reversed(marks) if each.kind == "scale"), None)
    told = []
    for number, mark in enumerate(marks, 1):
        found = measured(frame, mark, statistics_of(frame, mark), known)
        told.append(f"{number}: {', '.join(value_lines(mark, found, language))}")
    words = "; ".join(told)
    return words if len(words) <= _LONGEST else words[: _LONGEST - 1] + "…"
