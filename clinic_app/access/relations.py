"""How somebody stands to a patient: what the table of rights asks, answered from the records that are here."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

from clinic_app.access.emergencies import EmergencyRecord
from clinic_app.access.own import own_organization
from clinic_app.access.permissions import Relation
from clinic_app.access.session import Session
from clinic_app.foundation.errors import NotFoundError
from clinic_app.records import (
    AllergyIntolerance,
    CarePlan,
    Communication,
    DiagnosticReport,
    DocumentReference,
    Observation,
    Patient,
    Resource,
    ServiceRequest,
    Task,
)
from clinic_app.storage import AuditQuery, Store
from clinic_app.terminology.systems import CONFIDENTIALITY

RESTRICTED: Final = "R"
"""HL7 v3 Confidentiality: restricted."""
REFERRAL_ACCESS_DAYS: Final = 90
"""How long a hospital that was asked may still look, where the setting says nothing else."""
_CLOSED: Final = frozenset({"rejected", "cancelled", "failed", "completed"})
_NEVER: Final = frozenset({"draft", "entered-in-error"})
_TREATED_BY: Final[tuple[tuple[type[Resource], str], ...]] = (
    (Observation, "performer"),
    (AllergyIntolerance, "author"),
    (DocumentReference, "author"),
    (ServiceRequest, "requester"),
    (DiagnosticReport, "author"),
    (CarePlan, "author"),
    (Communication, "author"),
)
"""Who treats a patient: whoever measured, noted, wrote, asked or answered something about him."""
_MOST_TASKS: Final = 1000
_MOST_WRITTEN: Final = 10_000
_SLACK: Final = timedelta(minutes=5)


class Relations:
    """Answers for one person at one moment: make a new one for each call.

    Args:
        store: the records.
        session: the person.
        now: says how long ago a referral was closed.
        open_for: the patients whose glass he has broken.
        referral_days: how many days after its end a referral still opens the record.
        visits: his emergencies that nobody found justified; what he wrote in them is no treatment.
    """

    def __init__(
        self,
        store: Store,
        session: Session,
        now: datetime,
        open_for: frozenset[str],
        referral_days: int,
        visits: Sequence[EmergencyRecord] = (),
    ) -> None:
        self._store = store
        self._session = session
        self._now = now
        self._open_for = open_for
        self._visits = visits
        self._lapse = timedelta(days=referral_days)
        self._own = own_organization(store).id

    def of(self, patient_id: str) -> frozenset[Relation] | None:
        """Return how the person stands to a patient; None for a patient nobody here has heard of."""
        try:
            return self.of_patient(self._store.records.get(Patient, patient_id))
        except NotFoundError:
            return frozenset({"referred"}) if self._is_referred(patient_id) else None

    def of_patient(self, patient: Patient) -> frozenset[Relation]:
        """Return how the person stands to a patient whose record is at hand."""
        held: set[Relation] = set()
        if is_ours(patient, self._own):
            held.add("own")
        elif self._is_referred(patient.id):
            held.add("referred")
        if patient.id in self._open_for:
            held.add("emergency")
        elif is_restricted(patient) and not self._treats(patient.id, held):
            held.add("restricted")
        return frozenset(held)

    def _is_referred(self, patient_id: str) -> bool:
        """Whether another hospital asked ours about the patient, and the question is open or was closed lately."""
        tasks = self._store.records.find(Task, subject=patient_id, owner=self._own, limit=_MOST_TASKS)
        return any(self._is_asked_from_elsewhere(task) and self._opens(task) for task in tasks)

    def _is_asked_from_elsewhere(self, task: Task) -> bool:
        return task.requester is None or task.requester.id != self._own

    def _opens(self, task: Task) -> bool:
        if task.status in _NEVER:
            return False
        closed_at = task.last_modified or task.authored_on
        return task.status not in _CLOSED or (closed_at is not None and self._now - closed_at < self._lapse)

    def _treats(self, patient_id: str, held: set[Relation]) -> bool:
        """Whether the person treats a patient; the hospital that was asked treats through its specialists."""
        if self._session.role == "specialist" and "referred" in held:
            return True
        through_glass = self._written_through_glass(patient_id)
        return any(self._wrote(kind, name, patient_id, through_glass) for kind, name in _TREATED_BY)

    def _wrote(self, kind: type[Resource], name: str, patient_id: str, through_glass: frozenset[str]) -> bool:
        params = {"subject": patient_id, name: self._session.practitioner_id}
        found = self._store.records.find(kind, limit=len(through_glass) + 1, **params)
        return any(f"{kind.__name__}/{each.id}" not in through_glass for each in found)

    def _written_through_glass(self, patient_id: str) -> frozenset[str]:
        """Return what the trail says the person made in his emergencies: otherwise a glass once broken stays open."""
        made: set[str] = set()
        for each in self._visits:
            if each.patient_id != patient_id:
                continue
            wanted = AuditQuery(
                person=self._session.practitioner_id,
                patient=patient_id,
                action="create",
                from_at=each.opened_at - _SLACK,
                to_at=each.until_at + _SLACK,
            )
            for row in self._store.audit.page(wanted, _MOST_WRITTEN):
                if row.event.agent[0].purpose_of_use:
                    made |= {entity.what.reference or "" for entity in row.event.entity if entity.what}
        return frozenset(made)


def is_ours(patient: Patient, own: str) -> bool:
    """Return whether a patient is an organisation's own.

    What came in a package bears its sender and is never ours, whatever it says of itself.
    """
    source = (patient.meta.source or "") if patient.meta else ""
    if source.startswith("Organization/") and source != f"Organization/{own}":
        return False
    return patient.managing_organization is None or patient.managing_organization.id == own


def is_restricted(patient: Patient) -> bool:
    """Return whether a patient's record is closed to all but those who treat him."""
    labels = patient.meta.security if patient.meta else ()
    return any(label.system == CONFIDENTIALITY and label.code == RESTRICTED for label in labels)
