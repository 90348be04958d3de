"""Shown before the workstation stands: the key of the data is not in this computer's keyring."""

from __future__ import annotations

from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import QStackedWidget, QVBoxLayout, QWidget

from clinic_app.foundation.texts import Text
from ui.language import _, say
from ui.shell.early_window import EarlyWindow
from ui.shell.view_model_opening import OpeningViewModel
from ui.widgets.busy_line import BusyLine
from ui.widgets.code_field import CodeField
from ui.widgets.form_field import FormField
from ui.widgets.labels import label
from ui.widgets.segmented import Option, Segmented
from ui.widgets.standstill import Standstill

CARD_WIDTH = 520


class UnlockWindow(EarlyWindow):
    """Two ways to the key: what somebody who works here signs in with, or the recovery code.

    Args:
        model: tries them.
    """

    def __init__(self, model: OpeningViewModel) -> None:
        super().__init__("unlock", CARD_WIDTH)
        self._model = model
        model.setParent(self)
        self._why = label("muted", is_wrapped=True)
        self._way = Segmented(
            "unlock.way",
            [Option("user", lambda: _("Login and password")), Option("recovery", lambda: _("Recovery code"))],
        )
        self._pages = QStackedWidget()
        self._code = CodeField("unlock.code")
        self._code_field = FormField(self._code, "unlock.code")
        self._busy = BusyLine("unlock.busy")
        self._said: Text | None = None
        self._build_card()
        self._still = Standstill(self._way, self._pages, self.enter)
        self._connect()
        self.retranslate()
        self._choose("user" if "user" in model.ways else "recovery")
        self._way.setVisible(len(model.ways) > 1)

    def _build_card(self) -> None:
        column = self.card.column
        column.addWidget(self._why)
        column.addSpacing(8)
        column.addWidget(self._way)
        column.addSpacing(6)
        person, paper = QWidget(), QWidget()
        for page in (person, paper):
            inner = QVBoxLayout(page)
            inner.setContentsMargins(0, 0, 0, 0)
            inner.setSpacing(6)
            self._pages.addWidget(page)
        for key in ("login", "password"):
            self.add_field(key, is_secret=key == "password")
            _column(person).addWidget(self.fields[key])
        _column(paper).addWidget(self._code_field)
        _column(paper).addStretch()
        column.addWidget(self._pages)
        column.addWidget(self.enter)
        column.addWidget(self._busy)

    def _connect(self) -> None:
        login, password = (self.fields[key].editor for key in ("login", "password"))
        login.returnPressed.connect(password.setFocus)  # type: ignore[attr-defined]
        password.returnPressed.connect(self._enter)  # type: ignore[attr-defined]
        self._code.return_pressed.connect(self._enter)
        self.enter.clicked.connect(self._enter)
        self._way.chosen.connect(self._choose)
        self._model.refused.connect(self.refuse)
        self._model.busy_changed.connect(self._show_busy)

    def showEvent(self, event: QShowEvent) -> None:
        """Put the cursor where typing begins."""
        super().showEvent(event)
        self._to_typing()

    def retranslate(self) -> None:
        """Say everything anew."""
        super().retranslate()
        self.heading.setText(_("The key of these data is not on this computer"))
        self._why.setText(
            _(
                "The hospital's data are here, whole and encrypted. Their key was not found in this computer's "
                "keyring: a new Windows account, a repaired computer, or an emptied keyring. Nothing is lost."
            )
        )
        self._way.setAccessibleName(_("How to open the data"))
        self._way.retranslate()
        self.fields["login"].set_label(_("Login of somebody who works here"))
        self.fields["password"].set_label(_("Password"))
        self._code_field.set_label(_("Recovery code"))
        self._code_field.set_hint(_("It is on the paper that was printed at the first start. The whole can be pasted."))
        self.enter.say(_("Open the data"))
        if self._said is not None:
            self._busy.begin(say(self._said))

    def refuse(self, key: str, sentence: Text | None) -> None:
        """Show what is wrong: at its field, at a group of the code, or above the form."""
        place = key.partition("code.")[2]
        self._code.mark_wrong(int(place) - 1 if place else None)
        self._code_field.set_error(sentence if sentence and key.startswith("code") else "")
        if not key.startswith("code"):
            super().refuse(key, sentence)
        elif sentence and self.isVisible():
            self._code.go_to(int(place) - 1 if place else 0)

    def show_sentence(self, sentence: Text) -> None:
        """Say something above the form."""
        self.notice.show_notice(sentence, "warn")

    def _choose(self, way: str) -> None:
        self._way.choose(way)
        self._pages.setCurrentIndex(0 if way == "user" else 1)
        self.refuse("", None)
        self._to_typing()

    def _to_typing(self) -> None:
        if self.isVisible():
            is_person = self._pages.currentIndex() == 0
            (self.fields["login"].editor if is_person else self._code).setFocus()

    def _back_to_typing(self) -> None:
        if self._pages.currentIndex() == 0:
            super()._back_to_typing()
        else:
            self._code.go_to(0)

    def _enter(self) -> None:
        if not self.enter.isEnabled():
            return
        if self._pages.currentIndex() == 0:
            self._model.with_password(self.text("login"), self.text("password"))
        else:
            self._model.with_code(self._code.groups)

    def _show_busy(self, words: Text | None) -> None:
        self._said = words
        self.hold(words is not None)
        self._still.set_busy(words is not None)
        if words is None:
            self._busy.end()
        else:
            self._busy.begin(say(words))


def _column(page: QWidget) -> QVBoxLayout:
    layout = page.layout()
    assert isinstance(layout, QVBoxLayout)
    return layout
