"""The form of a patient, made for the keyboard: Tab goes on, Ctrl+Enter saves, Esc goes back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from datetime import date
from typing import Final, cast

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtWidgets import QCheckBox, QGridLayout, QHBoxLayout, QLineEdit, QVBoxLayout, QWidget

from clinic_app.access import Draft
from clinic_app.foundation.texts import Text
from clinic_app.records import Patient
from clinic_app.registration import PatientForm
from ui import icons
from ui.language import Translated, _
from ui.registration.view_model import RegistrationViewModel
from ui.widgets.busy_line import FELT_MS, BusyLine
from ui.widgets.buttons import Button
from ui.widgets.cursor import put_cursor
from ui.widgets.date_field import DateField
from ui.widgets.form_field import FormField
from ui.widgets.labels import Card, label
from ui.widgets.notice import NoticeBar
from ui.widgets.page import scrolled
from ui.widgets.patient_words import birth_words, chart_words, list_name
from ui.widgets.segmented import Option, Segmented
from ui.widgets.standstill import Standstill

_PLACES: Final = {
    "family": (0, 0, 1), "given": (0, 1, 1), "patronymic": (0, 2, 1),
    "iin": (1, 0, 1), "birth_date": (1, 1, 1), "gender": (1, 2, 1),
    "phone": (2, 0, 1), "address": (2, 1, 2),
}  # fmt: skip


class PatientFormPanel(Translated, QWidget):
    """Fields, possible duplicates, save.

    Args:
        model: the reception.
        today: the local day, for ages.

    Signals: ``cancelled``; ``opened(Patient)``, when the one wanted was there already.
    """

    cancelled = Signal()
    opened = Signal(object)

    def __init__(self, model: RegistrationViewModel, today: date) -> None:
        super().__init__()
        self._model = model
        self._today = today
        self._patient: Patient | None = None
        self._alike: tuple[Patient, ...] = ()
        self._refused: dict[str, str] = {}
        self._begun = PatientForm()
        self._is_warned = False
        self._gender = Segmented(
            "registration.gender", [Option("female", lambda: _("female")), Option("male", lambda: _("male"))]
        )
        editors: dict[str, QWidget] = {key: QLineEdit() for key in _PLACES}
        editors |= {"birth_date": DateField(), "gender": self._gender}
        self.fields = {key: FormField(editor, f"registration.{key}") for key, editor in editors.items()}
        self.notice = NoticeBar("registration.notice")
        self.save = Button("registration.save", "primary", "save")
        self.cancel = Button("registration.cancel", "plain")
        self._busy = BusyLine("registration.busy")
        self._warning = Card(spacing=6)
        self._warning_title = label("heading", is_wrapped=True)
        self._warning_sign = label()
        icons.put(self._warning_sign, "triangle-alert", "warn", 20)
        self._open_buttons = QVBoxLayout()
        self._acknowledge = QCheckBox()
        self._acknowledge.setObjectName("registration.is_other_person")
        self._still = Standstill(*self.fields.values(), self.save, self.cancel, self._warning)
        self._build()
        self._connect()
        self.retranslate()

    def _build(self) -> None:
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        outer.setSpacing(12)
        inner = QWidget()
        column = QVBoxLayout(inner)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(12)
        self._paper = scrolled(inner)
        outer.addWidget(self._paper, 1)
        card = Card(margin=20)
        grid = QGridLayout()
        grid.setHorizontalSpacing(18)
        grid.setVerticalSpacing(6)
        for key, (row, place, span) in _PLACES.items():
            grid.addWidget(self.fields[key], row, place, 1, span)
        for place in range(3):
            grid.setColumnStretch(place, 1)
        card.column.addWidget(self.notice)
        card.column.addLayout(grid)
        over = QHBoxLayout()
        over.setSpacing(10)
        over.addWidget(self._warning_sign)
        over.addWidget(self._warning_title, 1)
        self._warning.column.addLayout(over)
        self._warning.column.addLayout(self._open_buttons)
        self._warning.column.addWidget(self._acknowledge)
        self._warning.hide()
        column.addWidget(card)
        column.addWidget(self._warning)
        foot = QHBoxLayout()
        foot.addWidget(self._busy, 1)
        foot.addStretch()
        foot.addWidget(self.cancel)
        foot.addWidget(self.save)
        column.addStretch()
        outer.addLayout(foot)

    def _connect(self) -> None:
        self.save.clicked.connect(self.send)
        self.cancel.clicked.connect(self.leave)
        self._model.errors_found.connect(self._show_errors)
        self._model.duplicates_found.connect(self._show_duplicates)
        self._model.refused.connect(lambda words: self.notice.show_notice(words, "warn"))
        self._model.busy_changed.connect(self._show_busy)
        self._line("iin").textChanged.connect(self._look_while_typing)
        self._line("birth_date").editingFinished.connect(self._look_while_typing)
        self._gender.chosen.connect(self._look_while_typing)
        for key in ("family", "given", "patronymic", "iin", "birth_date", "phone"):
            self._line(key).returnPressed.connect(self.focusNextChild)

    def begin(self, patient: Patient | None = None, family: str = "") -> None:
        """Show an empty form (with the name somebody searched for), or a patient's."""
        self._patient, self._refused = patient, {}
        form = self._model.form_of(patient) if patient else PatientForm(family=family)
        for key in _PLACES:
            if key != "gender":
                self._line(key).setText(getattr(form, key))
            self.fields[key].set_error("")
            self.fields[key].set_hint("")
        self._gender.choose(form.gender)
        self._begun, self._is_warned = self.form(), False
        self._warning.hide()
        self._acknowledge.setChecked(False)
        self.notice.hide()
        put_cursor(self._line("given" if family else "family"))

    def leave(self) -> None:
        """Go back. What was typed is thrown away only by a second wish; a form that is being saved is not left."""
        if self._model.is_saving:
            return
        if self.form() == self._begun or self._is_warned:
            self.cancelled.emit()
        else:
            self._is_warned = True
            self.notice.show_notice(Text("What you typed is not saved. Go back once more to throw it away."), "warn")

    def _show_busy(self, is_busy: bool) -> None:
        self._still.set_busy(is_busy)
        if is_busy:
            self._busy.begin(_("Saving. You can go to another screen meanwhile."), after_ms=FELT_MS)
        else:
            self._busy.end()

    def form(self) -> PatientForm:
        """Return what is typed."""
        typed = {key: self._line(key).text() for key in _PLACES if key != "gender"}
        return PatientForm(gender=self._gender.value(), **typed)

    def draft(self) -> Draft | None:
        """Return what is typed and not saved, or None where nothing is."""
        form = self.form()
        if form == self._begun:
            return None
        name = list_name(self._patient) if self._patient else f"{form.family} {form.given}".strip()
        kind, patient_id = ("amend", self._patient.id) if self._patient else ("register", "")
        return Draft(kind=kind, patient_id=patient_id, name=name, values=asdict(form))

    def take_draft(self, draft: Draft) -> None:
        """Put back what was typed; the form was begun for the same patient, or for a new one."""
        for key in _PLACES:
            if key != "gender":
                self._line(key).setText(draft.values.get(key, ""))
        self._gender.choose(draft.values.get("gender", ""))
        self._look_while_typing()

    def send(self) -> None:
        """Ask to save."""
        if self.save.isEnabled():
            self.notice.hide()
            self._is_warned = False
            is_acknowledged = self._acknowledge.isChecked()
            self._model.save(self.form(), patient=self._patient, is_acknowledged=is_acknowledged)

    def retranslate(self) -> None:
        """Say everything anew."""
        names = {
            "family": _("Family name"), "given": _("First name"), "patronymic": _("Patronymic, if any"),
            "iin": _("IIN"), "birth_date": _("Birth date"), "gender": _("Sex"),
            "phone": _("Phone"), "address": _("Address"),
        }  # fmt: skip
        for key, words in names.items():
            self.fields[key].set_label(words)
        self._gender.retranslate()
        self.save.say(_("Save"), "Ctrl+Enter")
        self.cancel.say(_("Back"), "Esc")
        self._acknowledge.setText(_("I have compared the documents: this is another person"))
        self._acknowledge.setAccessibleName(self._acknowledge.text())
        self._warning_title.setText(_("Somebody like this is registered already. Is it the same person?"))
        if not self._warning.isHidden():
            self._show_duplicates(self._alike)

    def _line(self, key: str) -> QLineEdit:
        return cast("QLineEdit", self.fields[key].editor)

    def _look_while_typing(self) -> None:
        said = self._model.look_at_form(self.form())
        form = self.form()
        for key in ("iin", "birth_date", "gender"):
            if self._refused.get(key) == getattr(form, key):
                continue  # what was refused stays named until it is changed
            sentence, is_error = said.get(key, (Text(""), False))
            is_half_typed = key == "iin" and len("".join(self._line("iin").text().split())) < 12
            self.fields[key].set_error(sentence if is_error and not is_half_typed else "")
            self.fields[key].set_hint("" if is_error or key not in said else sentence)

    def _show_errors(self, errors: Mapping[str, Text]) -> None:
        form = self.form()
        self._refused = {key: getattr(form, key) for key in errors if key in self.fields}
        for key, field in self.fields.items():
            field.set_error(errors.get(key, ""))
        homeless = next((text for key, text in errors.items() if key not in self.fields), None)
        if homeless is not None:
            self.notice.show_notice(homeless, "warn")
        first = next((key for key in _PLACES if key in errors), None)
        if first:
            put_cursor(self.fields[first].editor)

    def _show_duplicates(self, alike: tuple[Patient, ...]) -> None:
        self._alike = alike
        while self._open_buttons.count():
            taken = self._open_buttons.takeAt(0)
            old = taken.widget() if taken else None
            if old is not None:
                old.hide()
                old.deleteLater()
        for place, patient in enumerate(alike[:4]):
            button = Button(f"registration.duplicate.{place}", "plain", "user-check")
            button.say(
                _("Open {name}, {birth}, {chart}", name=list_name(patient), birth=birth_words(patient, self._today),
                  chart=chart_words(patient))
            )  # fmt: skip
            button.clicked.connect(lambda _down=False, each=patient: self.opened.emit(each))
            self._open_buttons.addWidget(button, 0, Qt.AlignmentFlag.AlignLeft)
            button.show()
        self._warning.show()
        put_cursor(self._acknowledge)
        QTimer.singleShot(0, self, lambda: self._paper.ensureWidgetVisible(self._acknowledge))
