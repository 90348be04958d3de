"""What is drawn over a picture: text in its corners, a scale bar, and that it is not for diagnosis."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QFont, QPainter, QPainterPath, QPen

from clinic_app.foundation.numbers import show_number
from ui import language, theme
from ui.language import _

if TYPE_CHECKING:
    from clinic_app.imaging import Frame

MARGIN: Final = 12
_LINE_HEIGHT: Final = 18
_ROWS_BELOW_LETTER: Final = 2
"""Rows of words at the foot that lie below the letter of the lower edge."""
_BAR_SHARE: Final = 0.22
_ROOMY: Final = (380.0, 250.0)
_HALO: Final = QColor(0, 0, 0, 200)
_NICE: Final = (1.0, 2.0, 5.0)


@dataclass(frozen=True)
class Corners:
    """Lines of text of the owner; the canvas adds its own below.

    Args:
        left: at the top left: whose picture it is.
        right: at the top right: what it shows.
    """

    left: tuple[str, ...] = ()
    right: tuple[str, ...] = ()

    def fitting(self, width: float, height: float) -> Corners:
        """Return what there is room for: in a small pane whose it is and what, and not how it was taken."""
        if is_roomy(width, height):
            return self
        return Corners(self.left[:1], self.right[:2])


def is_roomy(width: float, height: float) -> bool:
    """Return whether a pane has room for all that is written, so that no line lies over another."""
    return width >= _ROOMY[0] and height >= _ROOMY[1]


def column_mm(frame: Frame) -> float | None:
    """Return how wide a pixel is in millimetres where that holds for the whole picture, else None."""
    if frame.regions:
        known = {region.spacing.column_mm for region in frame.regions if region.spacing}
        return known.pop() if len(known) == 1 else None
    return frame.spacing.column_mm if frame.spacing else None


def bar_mm(px_per_mm: float, width: float) -> float:
    """Return a round length in millimetres for a scale bar of at most a fifth of ``width`` pixels."""
    most = width * _BAR_SHARE / px_per_mm
    power = 10 ** math.floor(math.log10(most))
    return float(max(nice * power for nice in _NICE if nice * power <= most))


def paint_text(
    painter: QPainter, lines: Sequence[str], area: QRectF, align: Qt.AlignmentFlag, *, at_foot: bool
) -> None:
    """Write lines at the top or the foot of an area, legible on black and on white."""
    shown = [line for line in lines if line]
    top = area.bottom() - len(shown) * _LINE_HEIGHT if at_foot else area.top()
    for place, line in enumerate(shown):
        row = QRectF(area.left(), top + place * _LINE_HEIGHT, area.width(), _LINE_HEIGHT)
        words = painter.fontMetrics().elidedText(line, Qt.TextElideMode.ElideRight, round(area.width()))
        _write(painter, row, align | Qt.AlignmentFlag.AlignVCenter, words)


def paint_corners(painter: QPainter, area: QRectF, corners: Corners, foot: Sequence[str]) -> None:
    """Write the owner's lines at the top, ``foot`` at the bottom left, and what the display is not."""
    painter.setFont(theme.body_font(9.0, QFont.Weight.Medium))
    half = area.width() / 2 - MARGIN
    left = QRectF(area.left(), area.top(), half, area.height())
    right = QRectF(area.right() - half, area.top(), half, area.height())
    paint_text(painter, corners.left, left, Qt.AlignmentFlag.AlignLeft, at_foot=False)
    paint_text(painter, corners.right, right, Qt.AlignmentFlag.AlignRight, at_foot=False)
    paint_foot(painter, area, foot)
    # never cut short: in Kazakh the word that denies comes last
    paint_text(painter, (_("Not for diagnosis"),), area, Qt.AlignmentFlag.AlignRight, at_foot=True)


def paint_foot(painter: QPainter, area: QRectF, foot: Sequence[str]) -> None:
    """Write lines at the bottom left; numbers are cut short last, so each row has all the width that is free in it."""
    shown = [line for line in foot if line]
    beside = painter.fontMetrics().horizontalAdvance(_("Not for diagnosis")) + 2 * MARGIN
    half = area.width() / 2 - MARGIN
    for place, line in enumerate(reversed(shown)):
        free = area.width() - (0 if place else beside)
        width = half if place >= _ROWS_BELOW_LETTER else max(half, free)
        row = QRectF(area.left(), area.top(), width, area.height() - place * _LINE_HEIGHT)
        paint_text(painter, (line,), row, Qt.AlignmentFlag.AlignLeft, at_foot=True)


def paint_letters(painter: QPainter, area: QRectF, letters: Sequence[str], foot: float | None = None) -> None:
    """Write which side of the patient lies at the left, the top, the right and the lower edge.

    Args:
        painter: of the glass.
        area: the glass.
        letters: of the four edges.
        foot: where something else begins at the lower edge; None: nothing but the scale bar.
    """
    painter.setFont(theme.body_font(12.0, QFont.Weight.DemiBold))
    for letter, row in zip(letters, letter_rows(area, foot), strict=True):
        _write(painter, row, Qt.AlignmentFlag.AlignCenter, letter)


def letter_rows(area: QRectF, foot: float | None = None) -> tuple[QRectF, ...]:
    """Return where the letters of the four edges are written; what is drawn over a picture leaves them free."""
    middle, side = area.center(), 44.0
    centers = (
        QPointF(area.left() + MARGIN + 12, middle.y()),
        QPointF(middle.x(), area.top() + MARGIN + 8),
        QPointF(area.right() - MARGIN - 12, middle.y()),
        QPointF(middle.x(), min(area.bottom() - MARGIN - 46, math.inf if foot is None else foot - MARGIN)),
    )
    return tuple(QRectF(center.x() - side / 2, center.y() - _LINE_HEIGHT / 2, side, _LINE_HEIGHT) for center in centers)


def paint_scale_bar(painter: QPainter, area: QRectF, px_per_mm: float) -> None:
    """Draw a bar of a round length at the foot, in the middle."""
    length_mm = bar_mm(px_per_mm, area.width())
    width = length_mm * px_per_mm
    y = area.bottom() - 5
    left = area.center().x() - width / 2
    path = QPainterPath(QPointF(left, y - 6))
    for x, down in ((left, y), (left + width, y), (left + width, y - 6)):
        path.lineTo(x, down)
    _stroke(painter, path, theme.token("overlay", "clinical"), 1.6)
    painter.setFont(theme.body_font(9.0, QFont.Weight.Medium))
    words = _("{value} mm", value=show_number(length_mm, language.current()))
    _write(painter, QRectF(left - 60, y - 26, width + 120, _LINE_HEIGHT), Qt.AlignmentFlag.AlignCenter, words)


def paint_notes(painter: QPainter, area: QRectF, notes: Sequence[str]) -> float | None:
    """Write sentences on a plate above the scale bar, in the colour of a warning; return where it begins."""
    shown = [note for note in notes if note]
    if not shown:
        return None
    painter.setFont(theme.body_font(9.5, QFont.Weight.DemiBold))
    words = "\n".join(shown)
    flags = Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap
    room = QRectF(0, 0, min(area.width() * 0.62, 640.0), area.height() / 3)
    box = painter.boundingRect(room, flags, words).adjusted(-12, -6, 12, 6)
    box.moveCenter(QPointF(area.center().x(), 0))
    box.moveBottom(area.bottom() - 34)
    ground = theme.token("warn_soft", "clinical")
    ground.setAlpha(230)
    painter.setPen(QPen(theme.token("warn", "clinical"), 1))
    painter.setBrush(ground)
    painter.drawRoundedRect(box, 5, 5)
    painter.drawText(box, flags, words)
    return box.top()


def _stroke(painter: QPainter, path: QPainterPath, colour: QColor, width: float) -> None:
    painter.setBrush(Qt.BrushStyle.NoBrush)
    for ink, wide in ((_HALO, width + 2.2), (colour, width)):
        painter.setPen(QPen(ink, wide))
        painter.drawPath(path)


def _write(painter: QPainter, row: QRectF, align: Qt.AlignmentFlag, words: str) -> None:
    painter.setPen(_HALO)
    for dx, dy in ((-1, 0), (1, 0), (0, -1), (0, 1), (1, 1)):
        painter.drawText(row.translated(dx, dy), align, words)
    painter.setPen(theme.token("overlay", "clinical"))
    painter.drawText(row, align, words)
