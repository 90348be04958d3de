"""``python -m installer.app_icon FILE``: draws the program's icon, a beating heart on the colour of the house."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Final

from installer.launchers import ICON_SIZES, icon_file

DRAWING: Final = Path(__file__).parents[1] / "resources" / "built" / "icons" / "heart-pulse.svg"
GROUND: Final = "#0B5C86"
"""The accent of the light theme."""


def draw() -> bytes:
    """Return the icon file; a ``QGuiApplication`` must be there."""
    from PySide6.QtCore import QBuffer, QByteArray, QIODevice, QRectF, Qt
    from PySide6.QtGui import QColor, QImage, QImageWriter, QPainter
    from PySide6.QtSvg import QSvgRenderer

    drawing = DRAWING.read_text(encoding="utf-8").replace("currentColor", "#FFFFFF")
    renderer = QSvgRenderer(QByteArray(drawing.encode()))
    pictures = {}
    for width in ICON_SIZES:
        image = QImage(width, width, QImage.Format.Format_ARGB32)
        image.fill(Qt.GlobalColor.transparent)
        painter = QPainter(image)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(GROUND))
        painter.drawRoundedRect(QRectF(0, 0, width, width), width * 0.2, width * 0.2)
        edge = width * 0.16
        renderer.render(painter, QRectF(edge, edge, width - 2 * edge, width - 2 * edge))
        painter.end()
        kept = QBuffer()
        kept.open(QIODevice.OpenModeFlag.WriteOnly)
        QImageWriter(kept, b"png").write(image)
        pictures[width] = bytes(kept.data().data())
    return icon_file(pictures)


def main(words: list[str]) -> int:
    """Write the icon to the file on the command line; return the exit code."""
    os.environ["QT_QPA_PLATFORM"] = "offscreen"
    from PySide6.QtGui import QGuiApplication

    application = QGuiApplication(words[:1])
    Path(words[1]).write_bytes(draw())
    del application
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv))
