"""What a case brings for the specialist to look at, sorted by how it is looked at."""

from __future__ import annotations

from dataclasses import dataclass

from clinic_app.foundation.errors import NotFoundError
from clinic_app.records import DocumentReference, ImagingStudy, Observation, Reference, Resource, ServiceRequest
from clinic_app.referral.cases import package_id
from clinic_app.referral.evidence import DICOM, EVIDENCE
from clinic_app.storage import Store


@dataclass(frozen=True)
class Evidence:
    """The evidence of one case, as far as it has arrived here.

    Args:
        recordings: live signals that were kept: ECG and pleth.
        studies: imaging studies with their original objects.
        vitals: measurements and findings.
        key_images: pictures somebody chose from studies.
        documents: everything else.
        missing: how many pieces the question names that are not here.
    """

    recordings: tuple[DocumentReference, ...] = ()
    studies: tuple[ImagingStudy, ...] = ()
    vitals: tuple[Observation, ...] = ()
    key_images: tuple[DocumentReference, ...] = ()
    documents: tuple[DocumentReference, ...] = ()
    missing: int = 0

    @property
    def records(self) -> tuple[Resource, ...]:
        """Everything of it that is here."""
        return (*self.recordings, *self.studies, *self.vitals, *self.key_images, *self.documents)


def evidence_of(store: Store, request: ServiceRequest) -> Evidence:
    """Return the evidence a question names."""
    found = [_found(store, reference.reference or "") for reference in request.supporting_info]
    patient = request.subject.id
    records = [record for record in found if record is not None and _is_about(record, patient)]
    documents = [each for each in records if isinstance(each, DocumentReference) and not package_id(each)]
    return Evidence(
        recordings=tuple(each for each in documents if _mime(each) == DICOM),
        studies=tuple(each for each in records if isinstance(each, ImagingStudy)),
        vitals=tuple(each for each in records if isinstance(each, Observation) and _has_value(each)),
        key_images=tuple(each for each in documents if _mime(each).startswith("image/")),
        documents=tuple(each for each in documents if _mime(each) != DICOM and not _mime(each).startswith("image/")),
        missing=len(found) - len(records),
    )


def _found(store: Store, reference: str) -> Resource | None:
    type_name, _, record_id = reference.partition("/")
    kind = EVIDENCE.get(type_name)
    try:
        return store.records.get(kind, record_id) if kind else None
    except NotFoundError:
        return None


def _is_about(record: Resource, patient_id: str) -> bool:
    """Whether it is this patient's: what a foreign question names may be another's."""
    subject = getattr(record, "subject", None)
    return isinstance(subject, Reference) and subject.id == patient_id


def _has_value(observation: Observation) -> bool:
    """Whether it measured something itself; "a recording was made" is no measurement."""
    return bool(observation.value_quantity or observation.value_string or observation.component)


def _mime(document: DocumentReference) -> str:
    return (document.content[0].attachment.content_type or "") if document.content else ""
