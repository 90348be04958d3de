"""The question whose recording a file holds; nothing is filed until somebody has answered it."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QVBoxLayout

from clinic_app.foundation.dates import form_date, form_moment
from clinic_app.foundation.numbers import show_number
from clinic_app.waveforms.formats.limits import UNKNOWN_START
from ui import icons, language
from ui.language import Translated, _, counted
from ui.widgets.buttons import Button
from ui.widgets.labels import label

if TYPE_CHECKING:
    from clinic_app.documents import FoundRecording
    from clinic_app.records import Patient
    from clinic_app.waveforms import PatientText, Recording

_WHOLE_DATE: Final = len("1964-03-05")


class WhoseQuestion(Translated, QFrame):
    """Shows what the file says and who is in hand, and asks whether they are one.

    Args:
        name: stable object name of the button that confirms; the other one is ``name.cancel``, the words ``name.text``.

    Signals: ``confirmed``, ``declined``.
    """

    confirmed = Signal()
    declined = Signal()

    def __init__(self, name: str) -> None:
        super().__init__()
        self.setObjectName(f"{name}.question")
        self.setProperty("role", "ask")
        self._found: FoundRecording | None = None
        self._sign = label()
        self._title = label("strong", is_wrapped=True)
        self._title.setObjectName(f"{name}.title")
        self._words = label(is_wrapped=True)
        self._words.setObjectName(f"{name}.text")
        self._confirm = _Unhurried(name, "plain")
        self._decline = Button(f"{name}.cancel", "plain")
        self._confirm.clicked.connect(self.confirmed)
        self._decline.clicked.connect(self.declined)
        self._lay_out()
        self.retranslate()
        self.hide()

    def _lay_out(self) -> None:
        texts = QVBoxLayout()
        texts.setSpacing(4)
        texts.addWidget(self._title)
        texts.addWidget(self._words)
        row = QHBoxLayout(self)
        row.setContentsMargins(14, 10, 14, 10)
        row.setSpacing(12)
        row.addWidget(self._sign)
        row.addLayout(texts, 1)
        row.addWidget(self._decline)
        row.addWidget(self._confirm)

    def ask(self, found: FoundRecording | None) -> None:
        """Ask, or take the question away; the cursor goes to the button that does nothing."""
        is_new = found is not None and found is not self._found
        self._found = found
        self.retranslate()
        self.setVisible(found is not None)
        if is_new:
            self._decline.setFocus()

    def retranslate(self) -> None:
        """Say everything anew."""
        self._confirm.say(_("It is this patient's recording"))
        self._decline.say(_("Do not file it"))
        found = self._found
        if found is None:
            return
        is_safe = found.whose == "same" and not found.differs
        icons.put(
            self._sign, "circle-question-mark" if is_safe else "triangle-alert", "accent" if is_safe else "warn", 22
        )
        self._title.setText(_title(found))
        lines = [
            _("In the file: {words}", words=_said(found.recording.patient_text) or _("nothing about a patient")),
            _("In hand: {words}", words=_held(found.patient)),
            _("The recording: {words}", words=_described(found.recording)),
        ]
        self._words.setText("\n".join(lines))
        self.setAccessibleName(f"{self._title.text()} {self._words.text()}")


class _Unhurried(Button):
    """A button Enter does not press: a wrong patient is not taken by a habit of the hand."""

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Let Space press the button, and nothing else."""
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            event.accept()
        else:
            super().keyPressEvent(event)


def _title(found: FoundRecording) -> str:
    if found.whose == "other":
        return _("The file bears another patient's number; nothing is filed yet.")
    if found.whose == "unsaid":
        return _("The file bears no number of a patient; nothing is filed yet.")
    if "birth_date" in found.differs:
        return _("The number is this patient's, the date of birth is not; nothing is filed yet.")
    if "sex" in found.differs:
        return _("The number is this patient's, the sex is not; nothing is filed yet.")
    return _("The file bears this patient's number. Is it his recording?")


def _said(said: PatientText) -> str:
    return ", ".join(part for part in (said.name, _day(said.birth_date), said.identifier) if part)


def _held(patient: Patient) -> str:
    numbers = (each.value or "" for each in patient.identifier)
    return ", ".join(part for part in (patient.full_name, _day(patient.birth_date or ""), *numbers) if part)


def _day(text: str) -> str:
    try:
        return form_date(date.fromisoformat(text)) if len(text) == _WHOLE_DATE else text
    except ValueError:
        return text


def _described(recording: Recording) -> str:
    length = show_number(round(recording.duration_s, 1), language.current())
    when = form_moment(recording.started_at) if recording.started_at != UNKNOWN_START else ""
    channels = counted("{count} channel", "{count} channels", len(recording.channels))
    return ", ".join(part for part in (when, _("{seconds} s", seconds=length), channels, recording.device) if part)
