"""What a list shows when it has nothing to show: what that means and what to do next."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QVBoxLayout, QWidget

from ui import icons
from ui.widgets.buttons import Button
from ui.widgets.labels import breakable, label


class EmptyState(QWidget):
    """A picture, a sentence, and where it helps a button.

    Args:
        name: stable object name; the button is ``name.action``.
        icon: name of the icon.
    """

    def __init__(self, name: str, icon: str) -> None:
        super().__init__()
        self.setObjectName(name)
        picture = label()
        icons.put(picture, icon, "muted", 40)
        self._title = label("heading", is_wrapped=True)
        self._sentence = label("muted", is_wrapped=True)
        self.action = Button(f"{name}.action", "plain")
        self.action.hide()
        column = QVBoxLayout(self)
        column.setSpacing(8)
        column.addStretch(2)
        for part in (picture, self._title, self._sentence):
            part.setAlignment(Qt.AlignmentFlag.AlignCenter)
            column.addWidget(part)
        self._sentence.setContentsMargins(40, 0, 40, 6)
        column.addWidget(self.action, 0, Qt.AlignmentFlag.AlignCenter)
        column.addStretch(3)

    def say(self, title: str, sentence: str, action: str = "") -> None:
        """Put its words; without ``action`` there is no button."""
        self._title.setText(breakable(title))
        self._sentence.setText(breakable(sentence))
        self.action.say(action)
        self.action.setVisible(bool(action))

    def title(self) -> str:
        """Return the title it shows."""
        return self._title.text()
