"""Where the specialist writes opinion and plan, sees that the draft is his alone, and signs after one more question.

The question before the signature names the patient and says what happens; Enter never answers it, the cursor stands on
"Not yet".
"""

from __future__ import annotations

from datetime import date

from PySide6.QtCore import QSignalBlocker, Qt
from PySide6.QtWidgets import QFrame, QHBoxLayout, QPlainTextEdit, QVBoxLayout

from clinic_app.foundation.dates import form_moment
from ui import icons
from ui.consultation.view_model_case import CaseViewModel
from ui.language import Translated, _
from ui.widgets.busy_line import BusyLine
from ui.widgets.buttons import Button
from ui.widgets.chip import Chip, ChipLook
from ui.widgets.form_field import FormField
from ui.widgets.labels import Card, label
from ui.widgets.patient_words import banner_name, birth_words


class OpinionPanel(Translated, Card):
    """The panel.

    Args:
        model: the open case.
    """

    def __init__(self, model: CaseViewModel) -> None:
        super().__init__(margin=14)
        self._model = model
        self._heading = label("heading")
        self.verdict = Chip("consultation.verdict")
        self._opinion, self._plan = QPlainTextEdit(), QPlainTextEdit()
        self._fields = {
            "opinion": FormField(self._opinion, "consultation.opinion", has_message=False),
            "plan": FormField(self._plan, "consultation.plan", has_message=False),
        }
        self._draft_sign = label()
        self._draft = label("muted", is_wrapped=True)
        self._draft.setObjectName("consultation.draft_line")
        self._sign = Button("consultation.sign", "primary", "signature")
        self._ask = _Confirmation()
        self._busy = BusyLine("consultation.busy")
        self._build()
        self._connect()
        self.retranslate()

    def _build(self) -> None:
        top = QHBoxLayout()
        top.addWidget(self._heading)
        top.addStretch()
        top.addWidget(self.verdict)
        self.column.addLayout(top)
        for editor in (self._opinion, self._plan):
            editor.setTabChangesFocus(True)
        self.column.addWidget(self._fields["opinion"], 3)
        self.column.addWidget(self._fields["plan"], 2)
        line = QHBoxLayout()
        line.setSpacing(7)
        line.addWidget(self._draft_sign)
        line.addWidget(self._draft, 1)
        self.column.addLayout(line)
        self.column.addWidget(self._sign, 0, Qt.AlignmentFlag.AlignRight)
        self.column.addWidget(self._ask)
        self.column.addWidget(self._busy)

    def _connect(self) -> None:
        model = self._model
        self._opinion.textChanged.connect(lambda: model.write(opinion=self._opinion.toPlainText()))
        self._plan.textChanged.connect(lambda: model.write(plan=self._plan.toPlainText()))
        self._sign.clicked.connect(self.ask)
        self._ask.yes.clicked.connect(self._confirm)
        self._ask.no.clicked.connect(self.withdraw)
        model.changed.connect(self._show)
        model.form_changed.connect(self._fill)
        model.draft_changed.connect(self._say_draft)
        model.refused.connect(self._refuse)
        model.busy_changed.connect(self._show_busy)

    def ask(self) -> None:
        """Ask once more before signing, if the opinion can be signed."""
        if self._model.check():
            self._ask.show()
            self._sign.hide()
            self._ask.no.setFocus()

    def withdraw(self) -> None:
        """Go on writing."""
        self._ask.hide()
        self._show()
        self._opinion.setFocus()

    @property
    def is_asking(self) -> bool:
        """Whether the question before the signature is on the screen."""
        return not self._ask.isHidden()

    def retranslate(self) -> None:
        """Say everything anew."""
        self._fields["opinion"].set_label(_("Opinion"))
        self._fields["plan"].set_label(_("Plan"))
        self._opinion.setPlaceholderText(_("What you see and what it means"))
        self._plan.setPlaceholderText(_("What to do, in which dose, when to ask again"))
        self._sign.say(_("Sign…"), "Ctrl+Enter")
        self._ask.yes.say(_("Sign and send"))
        self._ask.no.say(_("Not yet"), "Esc")
        self._show()

    def _confirm(self) -> None:
        self._ask.hide()
        self._opinion.setFocus()
        self._model.sign()

    def _fill(self) -> None:
        for editor, text in ((self._opinion, self._model.form.opinion), (self._plan, self._model.form.plan)):
            if editor.toPlainText() != text:
                with QSignalBlocker(editor):
                    editor.setPlainText(text)

    def _show(self) -> None:
        model, answer = self._model, self._model.answer
        if answer is not None:
            self._show_signed()
        for editor in (self._opinion, self._plan):
            editor.setReadOnly(not model.can_write)
        self._heading.setText(_("Your opinion") if answer is None else _("Signed opinion"))
        self.verdict.setVisible(answer is not None)
        self._sign.setVisible(answer is None and not self.is_asking)
        self._sign.setEnabled(model.can_write)
        case = model.case
        if case is not None and case.patient is not None:
            hospital = (case.task.requester.display or "") if case.task.requester else ""
            born = birth_words(case.patient, date.today())  # noqa: DTZ011 - local day
            self._ask.say(banner_name(case.patient), born, hospital)
        if case is None or answer is not None:
            self._ask.hide()
        self._say_draft()

    def _show_signed(self) -> None:
        answer = self._model.answer
        assert answer is not None
        texts = (answer.report.conclusion or "", (answer.plan.description or "") if answer.plan else "")
        for editor, text in zip((self._opinion, self._plan), texts, strict=True):
            with QSignalBlocker(editor):
                editor.setPlainText(text if answer.is_signature_valid else "")
        if answer.is_signature_valid:
            self.verdict.show_look(ChipLook(_("Signature valid"), "ok", "badge-check"))
        else:
            self.verdict.show_look(ChipLook(_("Signature NOT valid"), "alarm", "circle-x"))

    def _say_draft(self) -> None:
        model = self._model
        if model.answer is not None:
            words = _("Signed by {name}, {moment}", name=model.answer.signed_by,
                      moment=form_moment(model.answer.signed_at))  # fmt: skip
            icons.put(self._draft_sign, "badge-check", "ok", 16)
        else:
            words = _("Draft: not visible to the district")
            said = {"saving": _("saving…"), "unsaved": _("not saved yet"), "failed": model.draft_error}
            if model.draft_state == "saved":
                said["saved"] = (
                    _("saved {time}", time=f"{model.saved_at.astimezone():%H:%M}") if model.saved_at else _("saved")
                )
            more = said.get(model.draft_state, "")
            words = f"{words} · {more}" if more else words
            icons.put(self._draft_sign, "triangle-alert" if model.draft_state == "failed" else "eye-off",
                      "warn" if model.draft_state == "failed" else "muted", 16)  # fmt: skip
        self._draft.setText(words)

    def _refuse(self, field: str, sentence: str) -> None:
        for name, each in self._fields.items():
            each.set_error(sentence if name == field else "")
        if field in self._fields:
            self._fields[field].editor.setFocus()

    def _show_busy(self, is_busy: bool) -> None:
        if is_busy:
            self._busy.begin(_("Signing…"))
        else:
            self._busy.end()
        self._show()


class _Confirmation(QFrame):
    """The question before the signature."""

    def __init__(self) -> None:
        super().__init__()
        self.setObjectName("consultation.question_before_signing")
        self.setProperty("role", "ask")
        self._who, self._what = label("strong", is_wrapped=True), label(is_wrapped=True)
        self.yes = Button("consultation.confirm", "primary", "signature")
        self.no = Button("consultation.not_yet", "plain")
        column = QVBoxLayout(self)
        column.setContentsMargins(12, 10, 12, 10)
        column.setSpacing(6)
        column.addWidget(self._who)
        column.addWidget(self._what)
        row = QHBoxLayout()
        row.addWidget(self.no)
        row.addStretch()
        row.addWidget(self.yes)
        column.addLayout(row)
        self.hide()

    def say(self, name: str, born: str, hospital: str) -> None:
        """Name the patient and say what happens."""
        self._who.setText(_("Sign the opinion about {name}, born {born}?", name=name, born=born))
        self._what.setText(
            _("It goes to {hospital} under your name and cannot be changed afterwards.", hospital=hospital)
        )
        self.setAccessibleName(f"{self._who.text()} {self._what.text()}")
