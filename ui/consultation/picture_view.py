"""A key image as large as fits, on a dark ground, said not to be for diagnosis."""

from __future__ import annotations

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QPainter, QPaintEvent, QPixmap
from PySide6.QtWidgets import QSizePolicy, QWidget

from ui import theme
from ui.language import Translated, _


class PictureView(Translated, QWidget):
    """One picture.

    Args:
        name: stable object name.
    """

    def __init__(self, name: str) -> None:
        super().__init__()
        self.setObjectName(name)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self._picture = QPixmap()
        self._caption = ""
        self.retranslate()

    @property
    def has_picture(self) -> bool:
        """Whether there is something to see."""
        return not self._picture.isNull()

    def sizeHint(self) -> QSize:
        """Return a comfortable size."""
        return QSize(640, 420)

    def show_picture(self, data: bytes, caption: str) -> bool:
        """Show a PNG or JPEG; return False, and show nothing, where the bytes are no picture."""
        self._picture = QPixmap()
        self._picture.loadFromData(data)
        self._caption = caption
        self.retranslate()
        return self.has_picture

    def retranslate(self) -> None:
        """Say for a screen reader what is shown."""
        self.setAccessibleName(_("Picture: {caption}", caption=self._caption))
        self.update()

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Draw the picture in its proportions, caption and remark over it."""
        painter = QPainter(self)
        painter.fillRect(self.rect(), theme.token("bg", "clinical"))
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        if self.has_picture:
            fitted = self._picture.size().scaled(self.size(), Qt.AspectRatioMode.KeepAspectRatio)
            area = QRectF(0, 0, fitted.width(), fitted.height())
            area.moveCenter(QRectF(self.rect()).center())
            painter.drawPixmap(area, self._picture, QRectF(self._picture.rect()))
        painter.setPen(theme.token("overlay", "clinical"))
        painter.setFont(theme.body_font(9.0))
        inner = self.rect().adjusted(12, 10, -12, -10)
        painter.drawText(inner, Qt.AlignmentFlag.AlignTop | Qt.AlignmentFlag.AlignLeft, self._caption)
        painter.drawText(inner, Qt.AlignmentFlag.AlignBottom | Qt.AlignmentFlag.AlignRight, _("Not for diagnosis"))
        if self.hasFocus():
            painter.setPen(theme.token("focus", "clinical"))
            painter.drawRect(self.rect().adjusted(0, 0, -1, -1))
        painter.end()
