"""Sets the limits beyond which a monitor's numbers are marked. They mark and nothing else: nobody is called by them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Final

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QDialog, QGridLayout, QHBoxLayout, QLineEdit, QVBoxLayout, QWidget

from clinic_app.foundation.errors import InvalidInputError
from clinic_app.foundation.numbers import parse_number, show_number
from clinic_app.waveforms import OWN_HEART_RATE, Limit
from ui import icons, language, theme
from ui.language import _, say
from ui.waveforms.monitor_values import MONITOR_SIGNS, MonitorSign
from ui.widgets.buttons import Button, ButtonRole
from ui.widgets.labels import label

_FIELD_PX: Final = 90


class LimitsDialog(QDialog):
    """The dialog; Enter keeps, Esc leaves everything as it was.

    Args:
        source: the monitor, by name.
        limits: its limits as they stand.
        parent: what it stands over.

    Signals: ``chosen(dict)``: limits by reference identifier that are to be kept; ``reset``: the usual ones.
    """

    chosen = Signal(object)
    reset = Signal()

    def __init__(self, source: str, limits: Mapping[str, Limit], parent: QWidget) -> None:
        super().__init__(parent)
        self.setObjectName("limits")
        self.setWindowTitle("Dala")
        theme.make_clinical(self)
        self._limits = limits
        self._lines: dict[tuple[str, str], QLineEdit] = {}
        self._shown: dict[str, Limit] = {}
        self._wrong = label("error", is_wrapped=True)
        self._wrong.setObjectName("limits.wrong")
        self._wrong.hide()
        column = QVBoxLayout(self)
        column.setContentsMargins(22, 18, 22, 16)
        column.setSpacing(12)
        column.addWidget(label("heading", _("Limits for {name}", name=source)))
        told = _("Numbers beyond them are marked by colour and an arrow. No alarm is given.")
        column.addWidget(label("body", told, is_wrapped=True))
        column.addLayout(self._grid())
        column.addWidget(self._wrong)
        column.addLayout(self._buttons())
        icons.redraw_in(self)

    def _grid(self) -> QGridLayout:
        grid = QGridLayout()
        grid.setHorizontalSpacing(12)
        grid.setVerticalSpacing(6)
        for place, words in ((1, _("from")), (2, _("to"))):
            grid.addWidget(label("label", words), 0, place)
        for row, sign in enumerate(MONITOR_SIGNS, 1):
            words = f"{say(sign.sign.words)}, {say(sign.sign.unit)}"
            grid.addWidget(label("body", words), row, 0)
            limit = next((self._limits[code] for code in sign.codes if code in self._limits), Limit())
            self._shown[sign.field] = limit
            for place, (side, value) in enumerate((("low", limit.low), ("high", limit.high)), 1):
                line = QLineEdit("" if value is None else show_number(value, language.current()))
                line.setObjectName(f"limits.{sign.field}.{side}")
                line.setAccessibleName(f"{words}: {_('from') if side == 'low' else _('to')}")
                line.setMaxLength(7)
                line.setFixedWidth(_FIELD_PX)
                self._lines[sign.field, side] = line
                grid.addWidget(line, row, place)
        grid.setColumnStretch(0, 1)
        return grid

    def _buttons(self) -> QHBoxLayout:
        row = QHBoxLayout()
        row.addWidget(self._button("limits.usual", _("Usual limits"), "rotate-ccw", self._give_up, "quiet"))
        row.addStretch()
        row.addWidget(self._button("limits.leave", _("Cancel"), "", self.reject, "plain"))
        row.addWidget(self._button("limits.keep", _("Save"), "check", self._keep, "primary"))
        return row

    @staticmethod
    def _button(name: str, words: str, icon: str, act: Callable[[], object], role: ButtonRole) -> Button:
        made = Button(name, role, icon)
        made.say(words)
        made.setAutoDefault(False)
        made.clicked.connect(act)
        return made

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Enter keeps."""
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self._keep()
        else:
            super().keyPressEvent(event)

    def _keep(self) -> None:
        """Keep what was changed, if all of it is numbers in order."""
        found: dict[str, Limit] = {}
        for sign in MONITOR_SIGNS:
            try:
                limit = Limit(self._value(sign, "low"), self._value(sign, "high"))
            except InvalidInputError:
                self._say_wrong(sign)
                return
            if limit.low is not None and limit.high is not None and limit.low >= limit.high:
                self._say_wrong(sign)
                return
            own = (OWN_HEART_RATE,) if sign.field == "heart_rate" else ()
            if limit != self._shown[sign.field]:
                found.update(dict.fromkeys((*sign.codes, *own), limit))
        self.chosen.emit(found)
        self.accept()

    def _value(self, sign: MonitorSign, side: str) -> Decimal | None:
        typed = self._lines[sign.field, side].text().strip()
        return parse_number(typed) if typed else None

    def _say_wrong(self, sign: MonitorSign) -> None:
        words = _("{name}: two numbers are needed, the lower one first.", name=say(sign.sign.words))
        self._wrong.setText(words)
        self._wrong.show()
        self._lines[sign.field, "low"].setFocus()

    def _give_up(self) -> None:
        self.reset.emit()
        self.accept()
