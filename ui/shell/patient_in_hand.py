"""The one patient whose data the window shows. There are never two."""

from __future__ import annotations

from PySide6.QtCore import QObject, Signal

from clinic_app.records import Patient


class PatientInHand(QObject):
    """Shared by the banner and every screen; ``changed`` fires after another patient was taken or put away."""

    changed = Signal()

    def __init__(self) -> None:
        super().__init__()
        self._patient: Patient | None = None

    @property
    def patient(self) -> Patient | None:
        """The patient, or None."""
        return self._patient

    def take(self, patient: Patient | None) -> None:
        """Take a patient in hand, a newer version of the same one, or nobody."""
        if patient != self._patient:
            self._patient = patient
            self.changed.emit()
