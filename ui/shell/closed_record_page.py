"""In the place of a chart that is closed to this person: why, and what to do when it is an emergency."""

from __future__ import annotations

from typing import cast

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QHBoxLayout, QPlainTextEdit, QVBoxLayout, QWidget

from clinic_app.access import REASON_WORDS
from clinic_app.foundation.texts import Text
from ui import icons
from ui.language import Translated, _, say
from ui.shell.view_model_record_access import RecordAccessViewModel
from ui.widgets.buttons import Button
from ui.widgets.cursor import put_cursor
from ui.widgets.form_field import FormField
from ui.widgets.labels import Card, label
from ui.widgets.segmented import Option, Segmented
from ui.widgets.standstill import Standstill

CARD_WIDTH = 640
WORDS_HEIGHT = 92
MOST_WORDS = 500


class ClosedRecordPage(Translated, QWidget):
    """Reason, words and one button; Enter opens nothing.

    Args:
        model: opens the record.
    """

    def __init__(self, model: RecordAccessViewModel) -> None:
        super().__init__()
        self.setObjectName("closed_record")
        self.setProperty("role", "page")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self._model = model
        self._title = label("title", is_wrapped=True)
        self._why = label("body", is_wrapped=True)
        self._duty = label("muted", is_wrapped=True)
        choices = [Option(code, lambda words=words: say(words)) for code, words in REASON_WORDS.items()]  # type: ignore[misc]
        self._reason = Segmented("closed_record.reason", choices)
        self._reason_field = FormField(self._reason, "closed_record.reason")
        self._words = FormField(QPlainTextEdit(), "closed_record.words")
        self._open = Button("closed_record.open", "plain", "siren")
        self._still = Standstill(self._reason_field, self._words, self._open)
        self._build()
        self._open.clicked.connect(self._send)
        self._editor.textChanged.connect(self._cut)
        self._editor.setTabChangesFocus(True)
        model.refused.connect(self._refuse)
        model.busy_changed.connect(self._still.set_busy)
        self.retranslate()

    def _build(self) -> None:
        page = QVBoxLayout(self)
        page.setContentsMargins(18, 14, 18, 14)
        card = Card(margin=20, spacing=10)
        card.setFixedWidth(CARD_WIDTH)
        head = QHBoxLayout()
        head.setSpacing(12)
        sign = label()
        icons.put(sign, "lock", "warn", 28)
        head.addWidget(sign, 0, Qt.AlignmentFlag.AlignTop)
        head.addWidget(self._title, 1)
        card.column.addLayout(head)
        self._editor.setFixedHeight(WORDS_HEIGHT)
        for part in (self._why, self._duty, self._reason_field, self._words):
            card.column.addWidget(part)
        row = QHBoxLayout()
        row.addWidget(self._open)
        row.addStretch()
        card.column.addLayout(row)
        middle = QHBoxLayout()
        middle.addStretch()
        middle.addWidget(card)
        middle.addStretch()
        page.addStretch(1)
        page.addLayout(middle)
        page.addStretch(2)
        for asked in (self._reason_field, self._words, self._open):
            asked.setVisible(self._model.may_open)

    @property
    def _editor(self) -> QPlainTextEdit:
        return cast("QPlainTextEdit", self._words.editor)

    def entered(self) -> None:
        """Begin with an empty form."""
        self._reason.choose("")
        self._editor.clear()
        self._refuse("", None)
        put_cursor(self._reason)

    def retranslate(self) -> None:
        """Say everything anew."""
        self._title.setText(_("This record is closed to you"))
        self._why.setText(_("Only those who treat this patient read the record."))
        if self._model.may_open:
            duty = _("In an emergency you open it for one hour. That you did and why is reviewed afterwards.")
        else:
            duty = _("Ask the doctor who treats this patient.")
        self._duty.setText(duty)
        self._reason_field.set_label(_("Why"))
        self._reason.retranslate()
        self._words.set_label(_("What has happened"))
        self._open.say(_("Open in an emergency"))

    def _cut(self) -> None:
        words = self._editor.toPlainText()
        if len(words) > MOST_WORDS:
            self._editor.setPlainText(words[:MOST_WORDS])

    def _send(self) -> None:
        self._refuse("", None)
        self._model.open(self._reason.value(), self._editor.toPlainText())

    def _refuse(self, field: str, sentence: Text | None) -> None:
        self._reason_field.set_error(sentence if sentence and field == "reason" else "")
        self._words.set_error(sentence if sentence and field != "reason" else "")
        if sentence:
            put_cursor(self._reason if field == "reason" else self._editor)
