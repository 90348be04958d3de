"""Finding and registering patients, as the reception's screen needs it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal

from clinic_app.foundation.errors import ClinicError, InvalidInputError
from clinic_app.foundation.texts import Text
from clinic_app.records import Patient
from clinic_app.registration import PatientForm, check_iin, form_of, hints_for
from ui.language import say
from ui.tasks import TaskRunner

if TYPE_CHECKING:
    from clinic_app.access import Session
    from clinic_app.registration import Registration
    from ui.shell.patient_in_hand import PatientInHand


@dataclass(frozen=True)
class SaveAnswer:
    """What came of the wish to save: a patient, or the errors, or people who may be the same."""

    patient: Patient | None = None
    errors: tuple[InvalidInputError, ...] = ()
    duplicates: tuple[Patient, ...] = ()


class RegistrationViewModel(QObject):
    """The reception.

    Signals: ``found`` (see ``patients``), ``search_failed(sentence)``, ``errors_found(dict field -> Text)``,
    ``duplicates_found(tuple)``, ``saved(Patient)``, ``refused(Text)``: it was not saved, ``busy_changed(bool)`` while
    it is saved, ``searching_changed(bool)``.
    """

    found = Signal()
    errors_found = Signal(object)
    duplicates_found = Signal(object)
    saved = Signal(object)
    refused = Signal(object)
    search_failed = Signal(str)
    busy_changed = Signal(bool)
    searching_changed = Signal(bool)

    def __init__(self, registration: Registration, runner: TaskRunner, session: Session, hand: PatientInHand) -> None:
        super().__init__()
        self._registration = registration
        self._runner = runner
        self._session = session
        self.hand = hand
        self.words = ""
        self.patients: tuple[Patient, ...] = ()
        self._asked = 0
        self._is_searching = self._is_left = False
        self.is_read = False
        self.is_saving = False

    @property
    def may_register(self) -> bool:
        """Whether this role registers and amends patients (the service has the last word)."""
        return self._session.can("create", "Patient")

    def search(self, words: str) -> None:
        """Find patients; while one search is on its way only the last of the others waits, and only its answer counts.

        So a slow store is never asked for every letter, and keeps hands free for saving.
        """
        self.words = words
        self._asked += 1
        self._is_left = False
        self.searching_changed.emit(True)
        if self._is_searching:
            return
        self._is_searching = True
        asked = self._asked

        def settle() -> bool:
            self._is_searching = False
            if asked != self._asked and not self._is_left:
                self.search(self.words)
            else:
                self.searching_changed.emit(False)
            return asked == self._asked

        def take(patients: tuple[Patient, ...]) -> None:
            if settle():
                self.patients, self.is_read = patients, True
                self.found.emit()

        def fail(error: ClinicError) -> None:
            if settle():
                self.search_failed.emit(say(error.text))

        self._runner.run(lambda: self._registration.search(self._session, words), owner=self, done=take, failed=fail)

    def stop_waiting(self) -> None:
        """Nobody waits for the search any more: its answer is dropped when it comes."""
        self._asked += 1
        self._is_left = True
        self.searching_changed.emit(False)

    def take(self, patient: Patient) -> None:
        """Take a patient in hand."""
        self.hand.take(patient)

    @staticmethod
    def look_at_form(form: PatientForm) -> dict[str, tuple[Text, bool]]:
        """Return, while typing, what can be said at once: field -> (sentence, is it an error). Pure and quick."""
        said = {field: (text, False) for field, text in hints_for(form)}
        typed = "".join(form.iin.split())
        if typed:
            try:
                check_iin(typed)
                said["iin"] = (Text("The check digit is right."), False)
            except InvalidInputError as error:
                said["iin"] = (error.text, True)
        return said

    def save(self, form: PatientForm, *, patient: Patient | None, is_acknowledged: bool) -> None:
        """Register a new patient, or amend ``patient``.

        Args:
            form: as typed.
            patient: the one being amended, or None.
            is_acknowledged: somebody looked at the possible duplicates and said it is another person.
        """

        def work() -> SaveAnswer:
            errors = self._registration.check(form)
            if errors:
                return SaveAnswer(errors=errors)
            if patient is not None:
                return SaveAnswer(patient=self._registration.amend(self._session, patient, form))
            if not is_acknowledged:
                alike = self._registration.possible_duplicates(self._session, form)
                if alike:
                    return SaveAnswer(duplicates=alike)
            return SaveAnswer(patient=self._registration.register(self._session, form))

        if self.is_saving:
            return
        self._set_saving(True)
        self._runner.run(work, owner=self, done=self._after_save, failed=self._fail)

    def _set_saving(self, is_saving: bool) -> None:
        self.is_saving = is_saving
        self.busy_changed.emit(is_saving)

    @staticmethod
    def form_of(patient: Patient) -> PatientForm:
        """Return the form filled from a patient."""
        return form_of(patient)

    def _after_save(self, answer: SaveAnswer) -> None:
        self._set_saving(False)
        self.errors_found.emit({error.field: error.text for error in reversed(answer.errors)})
        if answer.duplicates:
            self.duplicates_found.emit(answer.duplicates)
        if answer.patient is not None:
            self.saved.emit(answer.patient)
            self.hand.take(answer.patient)

    def _fail(self, error: ClinicError) -> None:
        self._set_saving(False)
        self.refused.emit(error.text)
