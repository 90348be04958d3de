"""The frame of sign-in, first start and lock: a quiet page, one card, language and theme at hand."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QLineEdit, QSizePolicy, QVBoxLayout, QWidget

from clinic_app.foundation.texts import LANGUAGE_NAMES, LANGUAGES, Text
from ui import language, theme
from ui.language import Translated, _
from ui.shell.people_pad import PeoplePad
from ui.widgets.busy_line import FELT_MS, BusyLine
from ui.widgets.buttons import Button
from ui.widgets.form_field import FormField
from ui.widgets.labels import Card, breakable, label
from ui.widgets.notice import NoticeBar
from ui.widgets.segmented import Option, Segmented

CARD_WIDTH = 430


class LanguageAndTheme(Translated, QWidget):
    """Two small choices at the top of the gate.

    Args:
        name: stable object name; choices are ``name.language`` and ``name.theme``.

    Signals: ``language_chosen``, ``theme_chosen``.
    """

    language_chosen = Signal(str)
    theme_chosen = Signal(str)

    def __init__(self, name: str) -> None:
        super().__init__()
        words = [Option(each, lambda each=each: LANGUAGE_NAMES[each]) for each in LANGUAGES]  # type: ignore[misc]
        self.language = Segmented(f"{name}.language", words)
        self.theme = Segmented(
            f"{name}.theme", [Option("light", lambda: _("Light")), Option("dark", lambda: _("Dark"))]
        )
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(14)
        for part in (self.language, self.theme):
            part.setSizePolicy(QSizePolicy.Policy.Maximum, QSizePolicy.Policy.Fixed)
        row.addStretch()
        row.addWidget(self.language)
        row.addWidget(self.theme)
        self.language.chosen.connect(self.language_chosen)
        self.theme.chosen.connect(self.theme_chosen)
        theme.notifier().changed.connect(self._follow)
        self.retranslate()

    def retranslate(self) -> None:
        """Press down what is in force."""
        self.language.setAccessibleName(_("Language"))
        self.theme.setAccessibleName(_("Theme"))
        self._follow()

    def _follow(self) -> None:
        self.language.choose(language.current())
        self.theme.choose(theme.current())


class GatePage(Translated, QWidget):
    """The frame; subclasses fill `card`.

    Args:
        name: stable object name.
        has_pad: the people who worked here last stand beside the card.

    Signal ``left_waiting``: the person does not want to wait for the answer any longer.
    """

    left_waiting = Signal()

    def __init__(self, name: str, *, has_pad: bool = False) -> None:
        super().__init__()
        self.setObjectName(name)
        self.setProperty("role", "page")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.fields: dict[str, FormField] = {}
        self.choices = LanguageAndTheme(name)
        self.brand = label("brand", "Dala")
        self.under = label("muted", is_wrapped=True)
        self.place = label("heading", is_wrapped=True)
        self.place.setObjectName(f"{name}.place")
        self.pad = PeoplePad(f"{name}.people") if has_pad else None
        self.can_be_left = False
        self.busy = BusyLine(f"{name}.busy")
        self.card = Card(margin=20, spacing=6)
        self.card.setFixedWidth(CARD_WIDTH)
        self.heading = label("title", is_wrapped=True)
        self.notice = NoticeBar(f"{name}.notice")
        self.enter = Button(f"{name}.enter", "primary")
        self._foot = label("label", is_wrapped=True)
        self._build()

    def _build(self) -> None:
        column = QVBoxLayout(self)
        column.setContentsMargins(22, 16, 22, 16)
        column.setSpacing(6)
        column.addWidget(self.choices)
        column.addStretch(2)
        for part in (self.brand, self.under, self.place):
            part.setAlignment(Qt.AlignmentFlag.AlignCenter)
            column.addWidget(part)
        self.place.hide()
        column.addSpacing(14)
        middle = QHBoxLayout()  # with an alignment Qt would reckon the card's height for the width of the window
        middle.setSpacing(28)
        middle.addStretch()
        if self.pad is not None:
            middle.addWidget(self.pad, 0, Qt.AlignmentFlag.AlignTop)
        if self.pad is not None:
            self.busy.make()
        room = self.busy.sizePolicy()
        room.setRetainSizeWhenHidden(self.pad is not None)  # sign-in and lock do not jump when the wait is told
        self.busy.setSizePolicy(room)
        with_wait = QVBoxLayout()
        with_wait.setSpacing(8)
        with_wait.addWidget(self.card)
        with_wait.addWidget(self.busy)
        with_wait.addStretch()
        middle.addLayout(with_wait)
        middle.addStretch()
        column.addLayout(middle)
        column.addStretch(3)
        self._foot.setAlignment(Qt.AlignmentFlag.AlignCenter)
        column.addWidget(self._foot)
        self.card.column.addWidget(self.heading)
        self.card.column.addSpacing(6)
        self.card.column.addWidget(self.notice)
        self.busy.cancelled.connect(self.left_waiting)

    def show_place(self, name: str) -> None:
        """Name the hospital whose data this window holds, so that two windows are told apart."""
        self.place.setText(breakable(name))
        self.place.setVisible(bool(name))

    def add_field(self, key: str, *, is_secret: bool = False) -> QLineEdit:
        """Add one line to the form and return its input."""
        editor = QLineEdit()
        editor.setMaxLength(200)
        if is_secret:
            editor.setEchoMode(QLineEdit.EchoMode.Password)
        self.fields[key] = FormField(editor, f"{self.objectName()}.{key}")
        self.card.column.addWidget(self.fields[key])
        return editor

    def text(self, key: str) -> str:
        """Return what is typed in a field."""
        editor = self.fields[key].editor
        return editor.text() if isinstance(editor, QLineEdit) else ""

    def clear(self) -> None:
        """Forget everything typed, passwords first of all."""
        for field in self.fields.values():
            if isinstance(field.editor, QLineEdit):
                field.editor.clear()
            field.set_error("")
        self.notice.hide()

    def refuse(self, key: str, sentence: Text | None) -> None:
        """Show what is wrong, at its field or above the form; None takes everything back."""
        for field in self.fields.values():
            field.set_error("")
        self.notice.hide()
        if not self.isVisible():
            return
        if key in self.fields and sentence:
            self.fields[key].set_error(sentence)
            self.fields[key].editor.setFocus()
        elif sentence:
            self.notice.show_notice(sentence, "warn")
            self._back_to_typing()

    def _back_to_typing(self) -> None:
        last = next((field.editor for field in reversed(self.fields.values())), None)
        if isinstance(last, QLineEdit):
            last.setFocus()
            last.selectAll()

    def set_busy(self, is_busy: bool) -> None:
        """Keep the form from being sent twice; a wait that is felt says for what, and can be left."""
        self.enter.setEnabled(not is_busy)
        if is_busy:
            self.busy.begin(self.wait_words(), can_cancel=self.can_be_left, after_ms=FELT_MS)
        else:
            self.busy.end()

    def wait_words(self) -> str:
        """Return what is waited for."""
        return _("Checking the password…")

    def retranslate(self) -> None:
        """Say the words every gate has."""
        self.under.setText(_("Clinic workstation"))
        self._foot.setText(_("Works without a link. What you save is kept on this workstation, encrypted."))
