"""The recordings of patients: saved raw as DICOM, listed, and read back."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Final

import msgspec
import numpy as np

from clinic_app.access import Session, Trail
from clinic_app.foundation.clock import Clock
from clinic_app.foundation.errors import InvalidInputError, UnreadableFileError
from clinic_app.foundation.ids import new_id
from clinic_app.foundation.texts import Text
from clinic_app.records import (
    Attachment,
    CodeableConcept,
    Coding,
    DocumentReference,
    DocumentReferenceContent,
    DocumentReferenceRelatesTo,
    Observation,
    Patient,
    Reference,
    reference_to,
)
from clinic_app.records.datatypes import SHA256_URN
from clinic_app.storage import Store
from clinic_app.terminology.systems import DOCUMENT_KIND, LOINC, OBSERVATION_CATEGORY
from clinic_app.waveforms.formats.dicom_reading import from_dicom
from clinic_app.waveforms.formats.dicom_writing import to_dicom
from clinic_app.waveforms.recording import Recording

RECORDING: Final = CodeableConcept(
    coding=(
        Coding(system=DOCUMENT_KIND, code="recording"),
        Coding(system=LOINC, code="11524-6", display="EKG study"),
    ),
    text="EKG study",
)
"""How a DocumentReference says that it is a recording."""
_PROCEDURE: Final = CodeableConcept(coding=(Coding(system=OBSERVATION_CATEGORY, code="procedure"),))


class Recordings:
    """Keeps recordings.

    Args:
        store: the workstation's store.
        trail: makes the audit events.
        clock: tells when a recording was filed.
    """

    def __init__(self, store: Store, trail: Trail, clock: Clock) -> None:
        self._store = store
        self._trail = trail
        self._clock = clock

    def save(
        self,
        session: Session,
        patient_id: str,
        recording: Recording,
        *,
        imported: str = "",
        cut_out_of: Reference | None = None,
    ) -> DocumentReference:
        """Save a recording for a patient: its DICOM objects, the document that points to them, the finding.

        Args:
            session: who saves it.
            patient_id: whose it is.
            recording: at least one sample.
            imported: of which foreign file it is, for the trail; empty for what was recorded here.
            cut_out_of: the recording of hours it is a part of, with the words for people.

        Raises:
            InvalidInputError: there is not one sample in the recording.
            NotFoundError: there is no such patient here.
        """
        self._trail.require(session, "create", "DocumentReference", patient_id)
        if not any(np.isfinite(channel.samples).any() for channel in recording.channels):
            raise InvalidInputError(Text("There is nothing in this recording."))
        patient = self._store.records.get(Patient, patient_id)
        contents = tuple(self._content(part, recording.started_at) for part in to_dicom(recording, patient))
        document = self._document(session, patient, recording, contents)
        if cut_out_of is not None:
            origin = DocumentReferenceRelatesTo(code="transforms", target=cut_out_of)
            document = msgspec.structs.replace(document, relates_to=(origin,))
        finding = self._finding(session, patient, recording, document)
        events = [self._trail.event(session, "create", document, finding)]
        if imported:
            events.append(self._trail.happening(session, "import", document, description=imported[:500]))
        saved = self._store.records.commit((document, finding), audit=tuple(events))[0]
        assert isinstance(saved, DocumentReference)
        return saved

    def of_patient(self, session: Session, patient_id: str) -> tuple[DocumentReference, ...]:
        """Return a patient's recordings, the newest first."""
        self._trail.require(session, "read", "DocumentReference", patient_id)
        found = self._store.records.find(DocumentReference, subject=patient_id)
        recordings = tuple(each for each in found if is_recording(each))
        event = self._trail.looking(session, "DocumentReference", patient_id, *recordings)
        self._store.records.commit((), audit=(event,))
        return recordings

    def load(self, session: Session, document: DocumentReference) -> Recording:
        """Return the recording a document points to.

        Raises:
            UnreadableFileError: the document points to no recording.
            NotFoundError: its content has not arrived yet.
        """
        document = self._trail.require_stored(session, "read", DocumentReference, document.id)
        recording = read_recording(self._store, document)
        self._store.records.commit((), audit=(self._trail.event(session, "read", document),))
        return recording

    def _content(self, part: bytes, started_at: datetime) -> DocumentReferenceContent:
        sha256 = self._store.blobs.put(part)
        return DocumentReferenceContent(
            attachment=Attachment(
                content_type="application/dicom", url=f"{SHA256_URN}{sha256}", size=len(part), creation=started_at
            )
        )

    def _document(
        self,
        session: Session,
        patient: Patient,
        recording: Recording,
        contents: tuple[DocumentReferenceContent, ...],
    ) -> DocumentReference:
        labels = ", ".join(channel.label for channel in recording.channels)
        return DocumentReference(
            id=new_id(),
            status="current",
            type=RECORDING,
            subject=reference_to(patient),
            date=recording.started_at,
            author=(Reference(reference=f"Practitioner/{session.practitioner_id}", display=session.name),),
            description=f"{recording.duration_s:g} s: {labels} ({recording.device})",
            content=contents,
        )

    def _finding(
        self, session: Session, patient: Patient, recording: Recording, document: DocumentReference
    ) -> Observation:
        return Observation(
            id=new_id(),
            status="final",
            category=(_PROCEDURE,),
            code=RECORDING,
            subject=reference_to(patient),
            effective_date_time=recording.started_at,
            issued=self._clock.now(),
            performer=(Reference(reference=f"Practitioner/{session.practitioner_id}", display=session.name),),
            device=Reference(display=recording.device) if recording.device else None,
            derived_from=(reference_to(document),),
        )


def is_recording(document: DocumentReference) -> bool:
    """Return whether a document is a recording and stands."""
    kind = document.type.code(DOCUMENT_KIND) if document.type else None
    return kind == "recording" and document.status == "current"


def read_recording(store: Store, document: DocumentReference) -> Recording:
    """Return the recording a document points to, all its objects together; asks nobody's permission.

    Raises:
        UnreadableFileError: the document points to no recording.
    """
    parts = [
        from_dicom(store.blobs.read(each.attachment.sha256)) for each in document.content if each.attachment.sha256
    ]
    if not parts:
        raise UnreadableFileError(Text("This document holds no recording."))
    channels = tuple(channel for part in parts for channel in part.channels)
    return replace(parts[0], channels=channels)
