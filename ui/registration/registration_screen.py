"""The reception's screen: search first, then open, register or amend."""

from __future__ import annotations

from datetime import date

from PySide6.QtWidgets import QStackedWidget, QWidget

from clinic_app.access import Draft
from clinic_app.records import Patient
from clinic_app.registration import is_masked
from ui.language import _
from ui.registration.patient_form import PatientFormPanel
from ui.registration.view_model import RegistrationViewModel
from ui.widgets.busy_line import FELT_MS, BusyLine
from ui.widgets.buttons import Button
from ui.widgets.cursor import put_cursor
from ui.widgets.laid_out import laid_out_once
from ui.widgets.page import Page
from ui.widgets.patient_words import birth_words, chart_words, closed_look, iin_words, list_name, sex_words
from ui.widgets.record_table import Column, RecordTable
from ui.widgets.search_field import SearchField


class RegistrationScreen(Page):
    """Search field and results; the form takes their place while somebody is registered.

    The form is made when it is first wanted, or in a quiet moment (`make_more`).

    Args:
        model: the reception.
        place: what it will stand in (see `Page`).
    """

    def __init__(self, model: RegistrationViewModel, place: QWidget | None = None) -> None:
        super().__init__("registration", place)
        self._model = model
        model.setParent(self)
        self._is_amending = False
        self._goes_to_results = False
        self._search = SearchField("registration.search")
        self._search.setMinimumWidth(380)
        self._amend = Button("registration.amend", "plain", "pen-line")
        self._new = Button("registration.new", "primary", "user-plus")
        for part in (self._search, self._amend, self._new):
            self.head.addWidget(part)
        self._today = today = date.today()  # noqa: DTZ011 - the local day on the wall
        self._table: RecordTable[Patient] = RecordTable(
            "registration.results",
            (
                Column(lambda: _("Patient"), list_name, is_strong=True),
                Column(lambda: _("Birth date"), lambda each: birth_words(each, today), width=190),
                Column(lambda: _("Sex"), sex_words, width=140),
                Column(lambda: _("IIN"), iin_words, closed_look, width=160),
                Column(lambda: _("Chart No."), chart_words, width=170),
            ),
            "users",
            place=self,
        )
        self._form: PatientFormPanel | None = None
        self._wait = BusyLine("registration.wait")
        self._stack = QStackedWidget()
        self.column.addWidget(self._wait)
        self.column.addWidget(self._stack, 1)
        self._stack.addWidget(self._table)
        self._connect()
        self.retranslate()

    def _connect(self) -> None:
        self._search.searched.connect(self._model.search)
        self._search.returnPressed.connect(self._after_enter)
        self._model.searching_changed.connect(self._show_wait)
        self._wait.cancelled.connect(self._model.stop_waiting)
        self._model.found.connect(self._show_found)
        self._model.saved.connect(self._after_save)
        self._model.search_failed.connect(self._show_search_failed)
        self._search.textEdited.connect(lambda _text: self._stay_here())
        self._table.chosen.connect(self._open)
        self._table.selected.connect(lambda row: self._amend.setEnabled(row is not None and not is_masked(row)))
        self._table.empty.action.clicked.connect(self._register)
        self._new.clicked.connect(self._register)
        self._amend.clicked.connect(self._amend_current)
        self.primary_shortcut(self._primary)
        self.shortcut("Ctrl+F", self._to_search)
        self.shortcut("F2", self._amend_current)
        self.shortcut("Escape", self._back)

    @property
    def form(self) -> PatientFormPanel:
        """The form, made now if this is the first time."""
        if self._form is None:
            self._form = PatientFormPanel(self._model, self._today)
            self._form.cancelled.connect(self._show_list)
            self._form.opened.connect(self._open)
            self._stack.addWidget(self._form)
        return self._form

    def make_more(self) -> bool:
        """Make the form ahead; return whether it was still to be made."""
        is_missing = self._form is None
        _made = self.form
        return is_missing

    @property
    def _is_form(self) -> bool:
        return self._form is not None and self._stack.currentWidget() is self._form

    def entered(self) -> None:
        """Show who was registered last, or search again what was searched."""
        if self._stack.currentWidget() is self._table:
            self._model.search(self._search.text().strip())
            self._search.setFocus()

    def has_unsaved(self) -> bool:
        """Return whether the form is open and something is typed in it."""
        return bool(self.drafts())

    def drafts(self) -> tuple[Draft, ...]:
        """Return what is typed in the form."""
        draft = self.form.draft() if self._is_form else None
        return (draft,) if draft is not None else ()

    def take_draft(self, draft: Draft) -> None:
        """Open the form with what was typed; the patient being amended is in hand."""
        self._show_form(self._model.hand.patient if draft.kind == "amend" else None)
        self.form.take_draft(draft)

    def retranslate(self) -> None:
        """Say everything anew."""
        self.title.setText(self._form_title() if self._is_form else _("Patients"))
        self._search.set_words(_("Search patients"), _("Name, IIN or chart number (Ctrl+F)"))
        self._new.say(_("Register a patient"), "Ctrl+Enter")
        self._amend.say(_("Amend"), "F2")
        self._table.set_name(_("Patients found"))
        self._say_empty()
        self._show_head()

    def _form_title(self) -> str:
        return _("Amend a patient") if self._is_amending else _("New patient")

    def _say_empty(self) -> None:
        words = self._model.words
        may = self._model.may_register
        if not self._model.is_read:
            self._table.empty.say(_("The list is being read…"), "")
        elif words:
            sentence = _("Nobody is registered under “{words}”, in any spelling.", words=words)
            self._table.empty.say(_("Nobody found"), sentence, _("Register a patient") if may else "")
        else:
            sentence = _("Type a name or an IIN above, or register the first patient.")
            self._table.empty.say(_("No patients yet"), sentence, _("Register a patient") if may else "")

    def _show_head(self) -> None:
        is_list = self._stack.currentWidget() is self._table
        with laid_out_once(self):
            self._search.setVisible(is_list)
            self._new.setVisible(is_list and self._model.may_register)
            self._amend.setVisible(is_list and self._model.may_register)
        target = self._target()
        self._amend.setEnabled(target is not None and not is_masked(target))

    def _show_found(self) -> None:
        self._say_empty()
        self._table.show_rows(self._model.patients)
        self._show_head()
        if self._goes_to_results and self._model.patients:
            self._table.view.selectRow(0)
            put_cursor(self._table.view)
        self._goes_to_results = False

    def _show_wait(self, is_searching: bool) -> None:
        if is_searching:
            self._wait.begin(_("Searching…"), can_cancel=True, after_ms=FELT_MS)
        else:
            self._wait.end()

    def _after_enter(self) -> None:
        self._goes_to_results = True

    def _show_list(self) -> None:
        self._stack.setCurrentWidget(self._table)
        self.retranslate()
        put_cursor(self._search)

    def _back(self) -> None:
        if self._is_form:
            self.form.leave()
        else:
            put_cursor(self._search)

    def _stay_here(self) -> None:
        self._goes_to_results = False

    def _show_search_failed(self, words: str) -> None:
        self._goes_to_results = False
        if not self._model.is_read:
            self._table.empty.say(_("The list could not be read"), _("Search once more; if it stays so, call IT."))
        self.noticed.emit(words, "warn")

    def _show_form(self, patient: Patient | None, family: str = "") -> None:
        self._is_amending = patient is not None
        self._stack.setCurrentWidget(self.form)
        self.retranslate()
        self.form.begin(patient, family)

    def _register(self) -> None:
        self._model.hand.take(None)
        words = self._search.text().strip()
        is_name = bool(words) and not any(sign.isdigit() for sign in words)
        self._show_form(None, words.split()[0].title() if is_name else "")

    def _target(self) -> Patient | None:
        return self._table.current_row() or self._model.hand.patient

    def _amend_current(self) -> None:
        target = self._target()
        is_open = target is not None and not is_masked(target)
        if target is not None and is_open and self._model.may_register and self._stack.currentWidget() is self._table:
            self._model.take(target)  # the banner names whose data the form holds
            self._show_form(target)

    def _primary(self) -> None:
        if self._is_form:
            self.form.send()
        elif self._model.may_register:
            self._register()

    def _to_search(self) -> None:
        if self._is_form:
            self.form.leave()
        if put_cursor(self._search):
            self._search.selectAll()

    def _open(self, patient: Patient) -> None:
        self._model.take(patient)
        if self._is_form:
            self._show_list()
        self.went.emit("chart")

    def _after_save(self, patient: Patient) -> None:
        words = _("{name} is saved. Chart No. {chart}.", name=list_name(patient), chart=chart_words(patient))
        self.noticed.emit(words, "ok")
        self._show_list()
        self._model.search(self._search.text().strip())
