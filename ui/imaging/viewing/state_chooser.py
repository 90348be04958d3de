"""How the pictures of a pane are seen: as their files ask, or as somebody saved them, with his window and his marks."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QComboBox, QHBoxLayout, QWidget

from clinic_app.foundation.dates import form_date, parse_form_date
from clinic_app.foundation.errors import InvalidInputError
from ui import icons
from ui.language import Translated, _
from ui.widgets.labels import label, plain_tip

if TYPE_CHECKING:
    from clinic_app.imaging.objects.saved_state import SavedState


class StateChooser(Translated, QWidget):
    """The choice; it is away where nobody saved anything.

    Args:
        name: stable object name; the list is ``name.states``.
        place: what it will stand in.

    Signal ``chosen(SavedState | None)``: a person wants to see it so.
    """

    chosen = Signal(object)

    def __init__(self, name: str, place: QWidget | None = None) -> None:
        super().__init__(place)
        self._states: tuple[SavedState, ...] = ()
        self._list = QComboBox(self)
        self._list.setObjectName(f"{name}.states")
        sign = label()
        sign.setParent(self)
        icons.put(sign, "layers", "muted", 16)
        row = QHBoxLayout(self)
        row.setContentsMargins(6, 3, 6, 3)
        row.setSpacing(6)
        row.addWidget(sign)
        row.addWidget(self._list, 1)
        self._list.activated.connect(self._choose)
        self.retranslate()

    def show_states(self, states: Sequence[SavedState]) -> None:
        """Offer these; the pictures are seen as their files ask."""
        self._states = tuple(states)
        self._list.clear()
        self.retranslate()
        self.setVisible(bool(states))

    def retranslate(self) -> None:
        """Say everything anew; what is chosen stays."""
        place = max(self._list.currentIndex(), 0)
        self._list.clear()
        self._list.addItem(_("As the files ask"))
        for state in self._states:
            self._list.addItem(state_words(state))
        self._list.setCurrentIndex(place if place < self._list.count() else 0)
        self._list.setAccessibleName(_("How it was saved"))
        self._list.setToolTip(plain_tip(self._list.currentText()))

    def _choose(self, place: int) -> None:
        self._list.setToolTip(plain_tip(self._list.currentText()))
        self.chosen.emit(self._states[place - 1] if place > 0 else None)


def state_words(state: SavedState) -> str:
    """Return who saved it, when, and what he says about it."""
    day = _day(state.made_on)
    if state.author and day:
        words = _("As saved by {name} on {day}", name=state.author, day=day)
    elif day:
        words = _("As saved on {day}", day=day)
    else:
        words = _("As saved")
    return f"{words} · {state.words}" if state.words else words


def _day(stated: str) -> str:
    try:
        return form_date(parse_form_date(f"{stated[6:8]}.{stated[4:6]}.{stated[:4]}")) if len(stated) == 8 else stated
    except InvalidInputError:
        return stated
