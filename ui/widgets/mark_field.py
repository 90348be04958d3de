"""Where the words of a mark are written, in its place on the picture: Enter keeps them, Esc does not."""

from __future__ import annotations

from decimal import Decimal

from PySide6.QtCore import QPoint, Qt, Signal
from PySide6.QtGui import QFocusEvent, QKeyEvent
from PySide6.QtWidgets import QLineEdit, QWidget

from clinic_app.foundation.errors import InvalidInputError
from clinic_app.foundation.numbers import parse_number
from clinic_app.imaging.measuring.marks import LONGEST_WORDS
from ui.language import _

_WIDTH_PX = 240
_MOST_MM = Decimal(5000)


class MarkField(QLineEdit):
    """An input over the picture.

    Args:
        name: stable object name.
        place: the canvas.

    Signals: ``written(str)``; ``number_written(float)`` where a length in millimetres is asked for; ``given_up``.
    """

    written = Signal(str)
    number_written = Signal(float)
    given_up = Signal()

    def __init__(self, name: str, place: QWidget) -> None:
        super().__init__(place)
        self.setObjectName(name)
        self.setMaxLength(LONGEST_WORDS)
        self.hide()
        self._place = place
        self._is_number = False
        self._is_open = False
        self._begun_with = ""

    def ask(self, at: QPoint, words: str, *, is_number: bool = False) -> None:
        """Ask for words, or for millimetres.

        Args:
            at: where the mark is on the glass.
            words: to begin with.
            is_number: a length in millimetres is wanted.
        """
        self._is_number, self._is_open, self._begun_with = is_number, True, words
        self.setAccessibleName(_("Known length in millimetres") if is_number else _("Words beside the mark"))
        self.setPlaceholderText(_("mm") if is_number else _("Words beside the mark"))
        self.setText(words)
        self.setProperty("invalid", False)
        place = self._place
        width = min(120 if is_number else _WIDTH_PX, place.width())
        x = min(max(at.x() + 8, 0), max(place.width() - width, 0))
        y = min(max(at.y() + 8, 0), max(place.height() - self.sizeHint().height(), 0))
        self.setGeometry(x, y, width, self.sizeHint().height())
        self.show()
        self.selectAll()
        self.setFocus()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Keep or give up."""
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self._keep()
        elif event.key() == Qt.Key.Key_Escape:
            self._close()
            self.given_up.emit()
        else:
            super().keyPressEvent(event)

    def focusOutEvent(self, event: QFocusEvent) -> None:
        """Whoever looks away has written; a length that is none, or that nobody has touched, is not kept."""
        super().focusOutEvent(event)
        if self._is_open and event.reason() != Qt.FocusReason.PopupFocusReason:
            if not (self._is_number and self.text() == self._begun_with):
                self._keep()
            if self._is_open:
                self._close()
                self.given_up.emit()

    def put_away(self) -> None:
        """What was asked for is gone; nothing is kept."""
        if self._is_open:
            self._close()

    def _keep(self) -> None:
        words = self.text().strip()
        if not self._is_number:
            self._close()
            self.written.emit(words)
            return
        number = _millimetres(words)
        if number is None:
            self.setProperty("invalid", True)
            self.style().polish(self)
            self.setToolTip(_("A length in millimetres, such as 50 or 12.5"))
            return
        self._close()
        self.number_written.emit(number)

    def _close(self) -> None:
        self._is_open = False
        self.hide()
        self._place.setFocus()


def _millimetres(words: str) -> float | None:
    try:
        number = parse_number(words)
    except InvalidInputError:
        return None
    return float(number) if 0 < number <= _MOST_MM else None
