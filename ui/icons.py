"""Icons drawn in the colours of the theme, sharp at one and at two pixels a point.

The drawings (Lucide, ISC) are put into ``resources/built/icons`` when the resources are built; their ``currentColor``
is replaced by a colour of the table.
"""

from __future__ import annotations

import logging
from functools import lru_cache
from pathlib import Path
from typing import Final

from PySide6.QtCore import QByteArray, QRectF, QSize, Qt
from PySide6.QtGui import QIcon, QPainter, QPixmap
from PySide6.QtSvg import QSvgRenderer
from PySide6.QtWidgets import QAbstractButton, QApplication, QLabel, QPushButton, QWidget

from ui import theme

log = logging.getLogger(__name__)
_FOLDER: Final = Path(__file__).parents[1] / "resources" / "built" / "icons"
_NAME, _COLOUR, _SIZE = "icon_name", "icon_colour", "icon_size"
_GAP: Final = 6
"""Points between the icon and the words of a button; Qt's own distance is too small."""


def icon(
    name: str, colour: str = "text", theme_name: theme.ThemeName | None = None, *, size: int = 18, gap: int = 0
) -> QIcon:
    """Return the icon ``name`` in a colour of the table (greyed where the control is disabled).

    Args:
        name: Lucide's name.
        colour: name of a token.
        theme_name: by default what the windows wear.
        size: of its side, in points; drawn for screens of one and two pixels a point.
        gap: empty points at its right, to keep it off a button's words.
    """
    wears = theme_name or theme.current()
    made = QIcon()
    for pixels in (size, 2 * size):
        room = gap * pixels // size
        off = "rail_off" if colour.startswith("rail") else "disabled"
        made.addPixmap(_pixmap(name, theme.TOKENS[wears][colour], pixels, 1.0, room))
        made.addPixmap(_pixmap(name, theme.TOKENS[wears][off], pixels, 1.0, room), QIcon.Mode.Disabled)
    return made


def pixmap(
    name: str, colour: str = "text", size: int = 18, ratio: float = 2.0, theme_name: theme.ThemeName | None = None
) -> QPixmap:
    """Return the icon as a picture of ``size`` points for a screen of ``ratio`` pixels a point."""
    return _pixmap(name, theme.TOKENS[theme_name or theme.current()][colour], size, ratio)


def put(widget: QAbstractButton | QLabel, name: str, colour: str = "text", size: int = 18) -> None:
    """Give a button or a label an icon that follows the theme; beside a button's words it keeps its distance."""
    widget.setProperty(_NAME, name)
    widget.setProperty(_COLOUR, colour)
    widget.setProperty(_SIZE, size)
    _draw(widget)
    _follow_theme()


def redraw_in(part: QWidget) -> None:
    """Draw every icon of a part of a window anew, after the part has put on another theme."""
    for widget in part.findChildren(QWidget):
        if widget.property(_NAME):
            _draw(widget)


@lru_cache(maxsize=1)
def _follow_theme() -> bool:
    theme.notifier().changed.connect(_redraw_all)
    return True


def _redraw_all() -> None:
    for widget in QApplication.allWidgets():
        if widget.property(_NAME):
            _draw(widget)


def _draw(widget: QWidget) -> None:
    name, colour, size = widget.property(_NAME), widget.property(_COLOUR), widget.property(_SIZE)
    if isinstance(widget, QAbstractButton):
        gap = _GAP if isinstance(widget, QPushButton) else 0
        widget.setIcon(icon(name, colour, theme.worn_by(widget), gap=gap))
        widget.setIconSize(QSize(size + gap, size))
    elif isinstance(widget, QLabel):
        widget.setPixmap(pixmap(name, colour, size, widget.devicePixelRatioF(), theme.worn_by(widget)))


@lru_cache(maxsize=512)
def _pixmap(name: str, colour: str, size: int, ratio: float, gap: int = 0) -> QPixmap:
    picture = QPixmap(round((size + gap) * ratio), round(size * ratio))
    picture.setDevicePixelRatio(ratio)
    picture.fill(Qt.GlobalColor.transparent)
    drawing = _drawing(name)
    if drawing:
        painter = QPainter(picture)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        coloured = drawing.replace("currentColor", colour)
        QSvgRenderer(QByteArray(coloured.encode())).render(painter, QRectF(0, 0, size, size))
        painter.end()
    return picture


@lru_cache(maxsize=256)
def _drawing(name: str) -> str:
    path = _FOLDER / f"{name}.svg"
    if path.exists():
        return path.read_text(encoding="utf-8")
    log.warning("the icon %s is not built", name)
    return ""
