"""The specialist's answer as the district reads it, with what its signature is worth.

An answer whose signature does not hold is refused in words; not a letter of it is shown.
"""

from __future__ import annotations

from typing import cast

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QComboBox, QFrame, QHBoxLayout, QLabel, QSizePolicy, QVBoxLayout, QWidget

from clinic_app.foundation.dates import form_moment
from clinic_app.foundation.texts import LANGUAGE_NAMES, LANGUAGES, Language
from ui import icons, language
from ui.language import Translated, _
from ui.referral.view_model_case import CaseViewModel
from ui.widgets.buttons import Button
from ui.widgets.chip import Chip, ChipLook
from ui.widgets.form_field import FormField
from ui.widgets.labels import Card, label, line
from ui.widgets.laid_out import laid_out_once
from ui.widgets.page import scrolled


class AnswerCard(Translated, Card):
    """Opinion, plan and signature; reads and closes; makes the PDF.

    Args:
        model: the case in front.

    Signal ``summary_asked`` carries a language.
    """

    summary_asked = Signal(str)

    def __init__(self, model: CaseViewModel) -> None:
        super().__init__()
        self._model = model
        self._heading = label("heading")
        self.verdict = Chip("case.verdict")
        self._opinion_title, self._plan_title = label("label"), label("label")
        self._opinion, self._plan = _reading("case.opinion"), _reading("case.plan")
        self._signed = label("muted", is_wrapped=True)
        self._signed.setObjectName("case.signed")
        self._refusal = _Refusal()
        self._waiting = label("muted", is_wrapped=True)
        self._waiting.setObjectName("case.waiting")
        self._language = QComboBox()
        self._language_field = FormField(self._language, "case.summary_language", has_message=False)
        self._summary = Button("case.make_summary", "plain", "file-text")
        self._close = Button("case.read_and_close", "primary", "check-check")
        for each in LANGUAGES:
            self._language.addItem(LANGUAGE_NAMES[each], each)
        self._language.setCurrentIndex(self._language.findData(language.current()))
        self._build()
        self._summary.clicked.connect(lambda: self.summary_asked.emit(self.chosen_language))
        self._close.clicked.connect(model.read_and_close)
        model.changed.connect(self._follow)
        model.busy_changed.connect(lambda _is_busy: self._allow())
        self.retranslate()

    @property
    def chosen_language(self) -> Language:
        """The patient's language for the PDF."""
        return cast("Language", self._language.currentData())

    def _build(self) -> None:
        top = QHBoxLayout()
        top.addWidget(self._heading)
        top.addStretch()
        top.addWidget(self.verdict)
        self.column.addLayout(top)
        self._text = QWidget()
        text = QVBoxLayout(self._text)
        text.setContentsMargins(0, 0, 8, 0)
        text.setSpacing(6)
        for part in (self._opinion_title, self._opinion, self._plan_title, self._plan):
            text.addWidget(part)
        text.addStretch()
        self._area = scrolled(self._text)
        self.column.addWidget(self._refusal)
        self.column.addWidget(self._waiting)
        self.column.addWidget(self._area, 1)
        self.column.addWidget(self._signed)
        self.column.addStretch()
        self._line = line()
        self.column.addWidget(self._line)
        self._foot = QWidget()
        self._foot.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)
        foot = QHBoxLayout(self._foot)
        foot.setContentsMargins(0, 0, 0, 0)
        foot.setSpacing(10)
        foot.addWidget(self._language_field)
        foot.addWidget(self._summary, 0, Qt.AlignmentFlag.AlignBottom)
        foot.addStretch()
        foot.addWidget(self._close, 0, Qt.AlignmentFlag.AlignBottom)
        self.column.addWidget(self._foot)

    def close_case(self) -> None:
        """Press the primary button."""
        self._close.click()

    def retranslate(self) -> None:
        """Say everything anew."""
        self._heading.setText(_("Answer"))
        self._opinion_title.setText(_("Opinion"))
        self._plan_title.setText(_("Plan"))
        self._opinion.setAccessibleName(_("Opinion"))
        self._plan.setAccessibleName(_("Plan"))
        self._language_field.set_label(_("Language of the patient's document"))
        self._summary.say(_("Consult summary (PDF)"))
        self._close.say(_("Read and close"), "Ctrl+Enter")
        self._refusal.retranslate()
        self.show_answer()

    def _follow(self) -> None:
        with laid_out_once(self):
            self.show_answer()

    def show_answer(self) -> None:
        """Show what the model holds."""
        model, answer = self._model, self._model.opinion
        plan = (answer.plan.description or "") if answer and answer.plan else ""
        self._opinion.setText((answer.report.conclusion or "") if answer else "")
        self._plan.setText(plan)
        for part, is_shown in (
            (self._area, answer is not None),
            (self._signed, answer is not None),
            (self._line, answer is not None),
            (self._foot, answer is not None),
            (self._plan_title, bool(plan)),
            (self._plan, bool(plan)),
            (self._refusal, model.is_refused),
            (self._waiting, answer is None and not model.is_refused),
            (self.verdict, answer is not None or model.is_refused),
        ):
            part.setVisible(is_shown)
        if answer:
            self.verdict.show_look(ChipLook(_("Signature valid"), "ok", "badge-check"))
            self._signed.setText(
                _("Signed by {name}, {moment}", name=answer.signed_by, moment=form_moment(answer.signed_at))
            )
        elif model.is_refused:
            self.verdict.show_look(ChipLook(_("Signature NOT valid"), "alarm", "circle-x"))
        else:
            self._waiting.setText(_waiting_words(model))
        self._allow()

    def _allow(self) -> None:
        model = self._model
        self._summary.setEnabled(model.opinion is not None and not model.is_busy)
        self._language.setEnabled(model.opinion is not None)
        self._close.setEnabled(model.can_close and not model.is_busy)


class _Refusal(QFrame):
    """Says loudly that what came is no opinion."""

    def __init__(self) -> None:
        super().__init__()
        self.setObjectName("case.refusal")
        self.setProperty("role", "refusal")
        sign = label()
        icons.put(sign, "circle-x", "alarm", 26)
        self._words = label("strong", is_wrapped=True)
        self._advice = label(is_wrapped=True)
        row = QHBoxLayout(self)
        row.setContentsMargins(14, 12, 14, 12)
        row.setSpacing(14)
        row.addWidget(sign, 0, Qt.AlignmentFlag.AlignTop)
        words = QVBoxLayout()
        words.setSpacing(4)
        words.addWidget(self._words)
        words.addWidget(self._advice)
        row.addLayout(words, 1)
        self.hide()

    def retranslate(self) -> None:
        """Say it in the language of the windows."""
        self._words.setText(_("This is not an opinion: its signature does not hold."))
        self._advice.setText(
            _("It was changed on its way, or somebody else wrote it. It is not shown. Call the specialist's hospital.")
        )
        self.setAccessibleName(f"{self._words.text()} {self._advice.text()}")


def _reading(name: str) -> QLabel:
    made = label(is_wrapped=True)
    made.setObjectName(name)
    made.setTextInteractionFlags(
        Qt.TextInteractionFlag.TextSelectableByMouse | Qt.TextInteractionFlag.TextSelectableByKeyboard
    )
    return made


def _waiting_words(model: CaseViewModel) -> str:
    progress = model.case.progress if model.case else "saved-here"
    return {
        "saved-here": _("The question is saved here. It goes to the hub as soon as there is a link."),
        "queued": _("The question waits for the link. Nothing has to be done; it is sent by itself."),
        "received-by-hub": _("The hub has the question. Nobody has opened it yet."),
        "opened": _("A specialist has the case open. The answer comes here once it is signed."),
        "answered": _("The answer is on its way to this workstation."),
    }.get(progress, _("The referral was closed without an answer."))
