"""The patient in hand, as a room asks for him: any object that keeps one patient and says when it is another."""

from __future__ import annotations

from typing import Protocol

from PySide6.QtCore import SignalInstance

from clinic_app.records import Patient


class Hand(Protocol):
    """The patient whose data the window shows."""

    @property
    def changed(self) -> SignalInstance:
        """Another patient was taken or put away."""
        ...

    @property
    def patient(self) -> Patient | None:
        """The patient, or None."""
        ...

    def take(self, patient: Patient | None) -> None:
        """Take a patient in hand."""
        ...
