"""What the referral room needs of the core, no more."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Protocol

from clinic_app.foundation.texts import Language
from clinic_app.records import DocumentReference, ImagingStudy, Observation, Organization

if TYPE_CHECKING:
    from clinic_app.access import Session
    from clinic_app.consultation import Answer
    from clinic_app.referral import Case, ReferralForm


class Referrals(Protocol):
    """Sends questions and knows where they are."""

    def destinations(self, session: Session) -> Sequence[Organization]:
        """Return the hospitals a question can go to."""
        ...

    def send(self, session: Session, patient_id: str, form: ReferralForm) -> Case:
        """Seal a question with its evidence and put it in the queue."""
        ...

    def cases(self, session: Session) -> Sequence[Case]:
        """Return the referrals of this facility."""
        ...

    def case(self, session: Session, task_id: str) -> Case:
        """Return one referral."""
        ...


class Answers(Protocol):
    """Gives the specialist's answers."""

    def answer(self, session: Session, task_id: str) -> Answer | None:
        """Return the signed answer, or None while there is none."""
        ...

    def mark_read(self, session: Session, task_id: str) -> Case:
        """Close the referral: somebody has read the answer."""
        ...

    def make_summary(self, session: Session, task_id: str, language: Language) -> DocumentReference:
        """File the consult summary as a PDF."""
        ...


class Recordings(Protocol):
    """Knows the recorded signals."""

    def of_patient(self, session: Session, patient_id: str) -> Sequence[DocumentReference]:
        """Return the recordings of a patient."""
        ...


class Studies(Protocol):
    """Knows the imaging studies."""

    def studies(self, session: Session, patient_id: str) -> Sequence[ImagingStudy]:
        """Return the studies of a patient."""
        ...


class KeyImages(Protocol):
    """Knows the pictures a doctor marked."""

    def of_patient(self, session: Session, patient_id: str) -> Sequence[DocumentReference]:
        """Return the key images of a patient."""
        ...


class Vitals(Protocol):
    """Knows the vital signs."""

    def vitals(self, session: Session, patient_id: str) -> Sequence[Observation]:
        """Return the vital signs of a patient."""
        ...


class Files(Protocol):
    """Opens filed documents."""

    def open(self, session: Session, document: DocumentReference) -> bytes:
        """Return the bytes of a document."""
        ...


class Station(Protocol):
    """The services of the workstation this room uses."""

    @property
    def referrals(self) -> Referrals:
        """Questions."""
        ...

    @property
    def consultations(self) -> Answers:
        """Answers."""
        ...

    @property
    def recordings(self) -> Recordings:
        """Recorded signals."""
        ...

    @property
    def imaging(self) -> Studies:
        """Imaging studies."""
        ...

    @property
    def key_images(self) -> KeyImages:
        """Marked pictures."""
        ...

    @property
    def encounters(self) -> Vitals:
        """Vital signs."""
        ...

    @property
    def documents(self) -> Files:
        """Filed documents."""
        ...
