"""One field of a form: label above, editor, and a line below for a hint or for what is wrong.

The label is the editor's buddy, so that a screen reader and Alt+letter find it. An error is amber, with a sign and with
words; red belongs to alarms. The line below keeps its room, so that a form does not jump while it is filled in.
"""

from __future__ import annotations

from typing import Final

from PySide6.QtWidgets import QHBoxLayout, QLineEdit, QPlainTextEdit, QVBoxLayout, QWidget

from clinic_app.foundation.texts import Text
from ui import icons
from ui.language import Translated, said
from ui.widgets.labels import breakable, label

LONGEST: Final = 500
"""Characters a line takes; a whole page pasted by mistake is cut before anybody reads it."""


class FormField(Translated, QWidget):
    """A labelled editor.

    Args:
        editor: any input; it is named by its label.
        name: stable object name of the editor, ``room.field``.
        has_message: False where the form has no room for a line below.
    """

    def __init__(self, editor: QWidget, name: str, *, has_message: bool = True) -> None:
        super().__init__()
        self.editor = editor
        editor.setObjectName(name)
        if isinstance(editor, QLineEdit):
            editor.setMaxLength(min(editor.maxLength(), LONGEST))
        self._label = label("label")
        self._label.setBuddy(editor)
        self._sign = label()
        icons.put(self._sign, "triangle-alert", "warn", 14)
        self._message = label("label", is_wrapped=True)
        self._message.setObjectName(f"{name}.message")
        self._error: str | Text = ""
        self._hint: str | Text = ""
        self._build(has_message)

    def _build(self, has_message: bool) -> None:
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(4)
        column.addWidget(self._label)
        column.addWidget(self.editor, 1 if isinstance(self.editor, QPlainTextEdit) else 0)
        self._below = QWidget()
        row = QHBoxLayout(self._below)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(5)
        row.addWidget(self._sign)
        row.addWidget(self._message, 1)
        self._below.setMinimumHeight(16)
        column.addWidget(self._below)
        self._sign.hide()
        if not has_message:
            self._below.hide()
        if not isinstance(self.editor, QPlainTextEdit):
            column.addStretch()

    @property
    def error(self) -> str:
        """What is shown as wrong, or an empty string."""
        return said(self._error)

    def set_label(self, text: str) -> None:
        """Name the field."""
        self._label.setText(text)
        self.editor.setAccessibleName(text)

    def set_error(self, text: str | Text) -> None:
        """Say what is wrong with it; an empty string takes it back. A `Text` follows the language of the windows."""
        if text != self._error:
            self._error = text
            self._show()

    def set_hint(self, text: str | Text) -> None:
        """Say something helpful; an error goes before it."""
        if text != self._hint:
            self._hint = text
            self._show()

    def retranslate(self) -> None:
        """Say error and hint anew, where they can be."""
        self._show()

    def _show(self) -> None:
        shown = said(self._error or self._hint)
        self._message.setText(breakable(shown))
        self._sign.setVisible(bool(self._error))
        self._below.setHidden(self._below.isHidden() and not shown)
        self._dress(self._message, "role", "error" if self._error else "label")
        self._dress(self.editor, "state", "wrong" if self._error else "")
        self.editor.setAccessibleDescription(shown)

    @staticmethod
    def _dress(widget: QWidget, name: str, value: str) -> None:
        if widget.property(name) != value:
            widget.setProperty(name, value)
            widget.style().unpolish(widget)
            widget.style().polish(widget)
