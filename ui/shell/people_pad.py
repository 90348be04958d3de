"""Large buttons with the people who worked here last: one press and a password, for a workstation many share."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from itertools import zip_longest
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QKeyEvent, QKeySequence, QShortcut
from PySide6.QtWidgets import QHBoxLayout, QSizePolicy, QVBoxLayout, QWidget

from clinic_app.access import ROLE_WORDS
from ui import icons
from ui.language import Translated, _, say
from ui.widgets.buttons import Button
from ui.widgets.labels import OneLine, label, plain_tip

if TYPE_CHECKING:
    from clinic_app.access import RecentPerson

WIDTH: Final = 330
BUTTON_PX: Final = 62
MOST: Final = 6


class PersonButton(Button):
    """One person: the name, below it the role and whether his work is still open.

    Args:
        name: stable object name.
        place: from 1; Alt and this digit press it.
    """

    def __init__(self, name: str, place: int) -> None:
        super().__init__(name, "plain")
        self._place = place
        self.login = ""
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self._picture = label()
        self._name = OneLine("")
        self._role = label("label")
        texts = QVBoxLayout()
        texts.setSpacing(3)
        texts.addStretch()
        for part in (self._name, self._role):
            texts.addWidget(part)
        texts.addStretch()
        for part in (self._picture, self._name, self._role):
            part.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        row = QHBoxLayout(self)
        row.setContentsMargins(14, 8, 14, 8)
        row.setSpacing(12)
        row.addWidget(self._picture)
        row.addLayout(texts, 1)

    def show_person(self, person: RecentPerson, *, is_kept: bool) -> None:
        """Show somebody; ``is_kept``: his page waits for him."""
        self.login = person.login
        words = say(ROLE_WORDS[person.role])
        kept_words = _("work kept open")
        below = f"{words} · {kept_words}" if is_kept else words
        self._name.say(person.name)
        self._role.setText(below)
        self.setAccessibleName(f"{person.name}, {below}")
        self.setToolTip(plain_tip(f"Alt+{self._place}"))
        icons.put(self._picture, "lock" if is_kept else "user", "accent", 22)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Leave the arrows to the pad: Qt would go on to whatever comes next in the window."""
        if event.key() in (Qt.Key.Key_Up, Qt.Key.Key_Down):
            event.ignore()
        else:
            super().keyPressEvent(event)

    def sizeHint(self) -> QSize:
        """Return the size of the words, not that of the empty button under them."""
        inside = self.layout()
        return inside.sizeHint().expandedTo(QSize(0, BUTTON_PX)) if inside is not None else super().sizeHint()

    def minimumSizeHint(self) -> QSize:
        """Return the least the words take."""
        inside = self.layout()
        return inside.minimumSize() if inside is not None else super().minimumSizeHint()


class PeoplePad(Translated, QWidget):
    """The buttons, one under the other; arrows go through them, Alt and a digit press them.

    Args:
        name: stable object name; the buttons are ``name.1`` and so on.

    Signal ``chosen`` carries a login.
    """

    chosen = Signal(str)

    def __init__(self, name: str) -> None:
        super().__init__()
        self.setObjectName(name)
        self.setFixedWidth(WIDTH)
        self._people: tuple[RecentPerson, ...] = ()
        self._kept: frozenset[str] = frozenset()
        self._heading = label("heading")
        self._buttons = [PersonButton(f"{name}.{place}", place) for place in range(1, MOST + 1)]
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(8)
        column.addWidget(self._heading)
        for place, button in enumerate(self._buttons, 1):
            column.addWidget(button)
            button.hide()
            button.clicked.connect(lambda _down=False, each=button: self.chosen.emit(each.login))
            keys = QShortcut(QKeySequence(f"Alt+{place}"), self)
            keys.setAutoRepeat(False)
            keys.activated.connect(partial(self._press, button))
        column.addStretch()
        self.hide()

    def show_people(self, people: Sequence[RecentPerson], kept: frozenset[str]) -> None:
        """Show some people.

        Args:
            people: the last one first.
            kept: logins of those whose work waits for them.
        """
        self._people, self._kept = tuple(people), kept
        self.retranslate()
        self.setVisible(bool(people))

    def retranslate(self) -> None:
        """Say everything anew."""
        self._heading.setText(_("Who works here"))
        for button, person in zip_longest(self._buttons, self._people[:MOST]):
            if person is not None:
                button.show_person(person, is_kept=person.login in self._kept)
            button.setHidden(person is None)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Let the arrows go through the buttons."""
        step = {Qt.Key.Key_Down: 1, Qt.Key.Key_Up: -1}.get(Qt.Key(event.key()), 0)
        shown = [button for button in self._buttons if not button.isHidden()]
        places = [place for place, button in enumerate(shown) if button.hasFocus()]
        if step and places:
            shown[(places[0] + step) % len(shown)].setFocus(Qt.FocusReason.TabFocusReason)
        else:
            super().keyPressEvent(event)

    @staticmethod
    def _press(button: PersonButton) -> None:
        if button.isVisible():
            button.click()
