"""Measures a millimetre on this screen: a bank card or a ruler is held to it, and the drawing is made as large.

A card after ISO/IEC 7810 ID-1 is 85.60 x 53.98 mm; everybody has one. What is measured belongs to the screen the dialog
stands on and holds for every paper and every sweep on it.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Final, Literal

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QFont, QKeyEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QDialog, QHBoxLayout, QSizePolicy, QSlider, QVBoxLayout, QWidget

from clinic_app.foundation.numbers import show_number
from ui import icons, language, theme
from ui.language import _
from ui.widgets.buttons import Button
from ui.widgets.labels import label
from ui.widgets.screen_scale import possible_px_per_mm, screen_scales
from ui.widgets.segmented import Option, Segmented

CARD_MM: Final = (85.60, 53.98)
RULER_MM: Final = 100.0
STEPS_PER_PX: Final = 200
"""Steps of the slider in one pixel a millimetre: 0.005 px/mm, half a pixel over 100 mm."""
_MOST_PX_PER_MM: Final = 15.0
"""Of logical pixels: more would make the slider coarse, and no screen that is looked at from a chair has them."""
Measure = Literal["card", "ruler"]
_FIELD: Final = QSize(760, 330)
_LEAST: Final = QSize(640, 300)
_EDGE_PX: Final = 20
_BESIDE_PX: Final = 80
"""Of the dialog, and of the screen around it."""


class _Drawing(QWidget):
    """The card or the ruler, at the size the slider says."""

    def __init__(self) -> None:
        super().__init__()
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setMinimumSize(_LEAST)
        self.px_per_mm = 4.0
        self.measure: Measure = "card"

    def sizeHint(self) -> QSize:
        """Return a size in which a card fits most screens."""
        return _FIELD

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Draw from the left edge, so that one side of the thing can be held there."""
        painter = QPainter(self)
        painter.fillRect(self.rect(), theme.token("surface", "clinical"))
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QPen(theme.token("warn", "clinical"), 2))
        if self.measure == "card":
            size = [mm * self.px_per_mm for mm in CARD_MM]
            painter.setBrush(theme.token("raised", "clinical"))
            painter.drawRoundedRect(QRectF(20, 14, *size), 3.18 * self.px_per_mm, 3.18 * self.px_per_mm)
        else:
            self._paint_ruler(painter)

    def _paint_ruler(self, painter: QPainter) -> None:
        painter.setFont(theme.body_font(9.0, QFont.Weight.Normal))
        top, step = self.height() / 2, self.px_per_mm
        painter.drawLine(20, round(top), round(20 + RULER_MM * step), round(top))
        for mm in range(int(RULER_MM) + 1):
            height = 26 if mm % 10 == 0 else 16 if mm % 5 == 0 else 9
            x = 20 + mm * step
            painter.drawLine(round(x), round(top), round(x), round(top - height))
            if mm % 10 == 0:
                painter.drawText(QRectF(x - 20, top + 4, 40, 18), Qt.AlignmentFlag.AlignHCenter, str(mm // 10))


class CalibrationDialog(QDialog):
    """The dialog. Arrow keys move by the finest step, Page keys by more; Esc leaves everything as it was.

    Args:
        parent: what it stands over; its screen is measured.
    """

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.setObjectName("calibration")
        self.setWindowTitle("Dala")
        theme.make_clinical(self)
        self._place = parent
        self._drawing = _Drawing()
        self._slider = QSlider(Qt.Orientation.Horizontal)
        self._slider.setObjectName("calibration.size")
        least, most = possible_px_per_mm(parent)
        most = min(most, _MOST_PX_PER_MM)
        self._slider.setRange(math.ceil(least * STEPS_PER_PX), math.floor(most * STEPS_PER_PX))
        self._slider.setPageStep(20)
        self._words = label("muted")
        self._kind = Segmented("calibration.kind", [Option("card", lambda: _("Bank card")), Option("ruler", _ruler)])
        self._build()
        self._slider.valueChanged.connect(self._draw)
        self._kind.chosen.connect(self._measure_by)
        self._kind.choose("card")
        self._slider.setValue(round(screen_scales().px_per_mm(parent) * STEPS_PER_PX))
        self._draw()
        icons.redraw_in(self)
        self._slider.setFocus()

    def _build(self) -> None:
        column = QVBoxLayout(self)
        column.setContentsMargins(22, 18, 22, 16)
        column.setSpacing(12)
        column.addWidget(label("heading", _("Size of this screen")))
        told = _("Hold a bank card or a ruler to the screen and move the slider until the drawing is as large.")
        column.addWidget(label("body", told, is_wrapped=True))
        self._kind.setAccessibleName(_("What is held to the screen"))
        column.addWidget(self._kind)
        column.addWidget(self._drawing, 1)
        self._slider.setAccessibleName(_("Size of this screen"))
        column.addWidget(self._slider)
        column.addWidget(self._words)
        row = QHBoxLayout()
        forget = self._button("calibration.forget", _("As the screen says"), "rotate-ccw", self._forget, "quiet")
        leave = self._button("calibration.leave", _("Cancel"), "", self.reject, "plain")
        keep = self._button("calibration.keep", _("Keep this size"), "check", self._keep, "primary")
        forget.setEnabled(screen_scales().is_measured(self._place))
        row.addWidget(forget)
        row.addStretch()
        row.addWidget(leave)
        row.addWidget(keep)
        column.addLayout(row)

    @staticmethod
    def _button(name: str, words: str, icon: str, act: Callable[[], object], role: str) -> Button:
        made = Button(name, role, icon)  # type: ignore[arg-type]
        made.say(words)
        made.setAutoDefault(False)
        made.clicked.connect(act)
        return made

    @property
    def px_per_mm(self) -> float:
        """What the drawing shows now, in logical pixels."""
        return self._slider.value() / STEPS_PER_PX

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Enter keeps the size."""
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self._keep()
        else:
            super().keyPressEvent(event)

    def _measure_by(self, kind: str) -> None:
        self._drawing.measure = "card" if kind == "card" else "ruler"
        self._draw()

    def _draw(self) -> None:
        self._drawing.px_per_mm = self.px_per_mm
        self._make_room()
        self._drawing.update()
        pixels = show_number(round(self.px_per_mm, 2), language.current())
        self._words.setText(_("{pixels} pixels in a millimetre", pixels=pixels))

    def _make_room(self) -> None:
        """Let the dialog be as wide as the thing that is held to it, as far as the screen goes."""
        wanted = (
            math.ceil((RULER_MM if self._drawing.measure == "ruler" else CARD_MM[0]) * self.px_per_mm) + 2 * _EDGE_PX
        )
        most = self._place.screen().availableSize().width() - _BESIDE_PX
        self._drawing.setMinimumWidth(max(_LEAST.width(), min(wanted, most)))

    def _keep(self) -> None:
        """Keep the size; where the window was moved to another screen meanwhile, as far as that one can have it."""
        least, most = possible_px_per_mm(self._place)
        screen_scales().measure(min(max(self.px_per_mm, least), most), self._place)
        self.accept()

    def _forget(self) -> None:
        screen_scales().forget(self._place)
        self.accept()


def _ruler() -> str:
    return _("Ruler, 10 cm")
