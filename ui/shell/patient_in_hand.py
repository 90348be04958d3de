"""The one patient whose data the window shows. There are never two."""

from __future__ import annotations

from PySide6.QtCore import QObject, Signal

from clinic_app.records import Patient
from clinic_app.registration import is_masked


class PatientInHand(QObject):
    """Shared by the banner and every screen; ``changed`` fires after another patient was taken or put away.

    A record that is closed to this person is not in hand: the screens would only be refused. It is `closed` until it
    is opened or put away.
    """

    changed = Signal()

    def __init__(self) -> None:
        super().__init__()
        self._patient: Patient | None = None

    @property
    def patient(self) -> Patient | None:
        """The patient whose record is open, or None."""
        return None if self.closed is not None else self._patient

    @property
    def closed(self) -> Patient | None:
        """So much as is shown of a patient whose record is closed to this person, or None."""
        return self._patient if self._patient is not None and is_masked(self._patient) else None

    def take(self, patient: Patient | None) -> None:
        """Take a patient in hand, a newer version of the same one, or nobody."""
        if patient != self._patient:
            self._patient = patient
            self.changed.emit()
