"""A finished document's place among the patient's records."""

from __future__ import annotations

from typing import Final

from clinic_app.access import Session, Trail
from clinic_app.foundation.clock import Clock
from clinic_app.foundation.errors import NotFoundError
from clinic_app.foundation.ids import new_id
from clinic_app.foundation.texts import Language, Text
from clinic_app.records import (
    Attachment,
    CodeableConcept,
    Coding,
    DocumentReference,
    DocumentReferenceContent,
    Reference,
)
from clinic_app.records.datatypes import SHA256_URN
from clinic_app.storage import Store
from clinic_app.terminology.systems import LOINC

PDF: Final = "application/pdf"
CONSULT_NOTE: Final = "11488-4"
"""LOINC: Consult note."""


class Documents:
    """Files documents and opens them again.

    Args:
        store: where records and bytes lie.
        trail: writes who did it.
        clock: dates the document.
    """

    def __init__(self, store: Store, trail: Trail, clock: Clock) -> None:
        self._store = store
        self._trail = trail
        self._clock = clock

    def file(
        self, session: Session, patient_id: str, pdf: bytes, title: str, language: Language, *, id: str = ""
    ) -> DocumentReference:
        """Keep a PDF as a document of the patient.

        Args:
            session: who files it.
            patient_id: whose it is.
            pdf: the file.
            title: what lists call it, in its own language.
            language: of the document.
            id: of the document, where it is already printed on its pages.
        """
        self._trail.require(session, "create", "DocumentReference", patient_id)
        sha256 = self._store.blobs.put(pdf)
        now = self._clock.now()
        attachment = Attachment(
            content_type=PDF, language=language, url=f"{SHA256_URN}{sha256}", size=len(pdf), title=title, creation=now
        )
        document = DocumentReference(
            id=id or new_id(),
            status="current",
            type=CodeableConcept(coding=(Coding(system=LOINC, code=CONSULT_NOTE, display="Consult note"),)),
            subject=Reference(reference=f"Patient/{patient_id}"),
            date=now,
            author=(Reference(reference=f"Practitioner/{session.practitioner_id}", display=session.name),),
            description=title,
            content=(DocumentReferenceContent(attachment=attachment),),
        )
        event = self._trail.event(session, "create", document)
        (stored,) = self._store.records.commit([document], audit=[event], uploads=[sha256], lane="bulk")
        assert isinstance(stored, DocumentReference)
        return stored

    def open(self, session: Session, document: DocumentReference) -> bytes:
        """Return the file's bytes and write down who opened it.

        Raises:
            NotFoundError: the bytes are not on this workstation.
        """
        document = self._trail.require_stored(session, "read", DocumentReference, document.id)
        sha256 = next((each.attachment.sha256 for each in document.content if each.attachment.sha256), "")
        if not sha256 or not self._store.blobs.has(sha256):
            raise NotFoundError(Text("This document has not arrived on this workstation yet."))
        content: bytes = self._store.blobs.read(sha256)
        self._store.records.commit([], audit=[self._trail.event(session, "read", document)], send=False)
        return content
