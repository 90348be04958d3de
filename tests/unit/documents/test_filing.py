"""A document is filed with who filed it, and opened only by who may, each opening written down."""

from __future__ import annotations

import hashlib
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from clinic_app.access import Session, Trail
from clinic_app.documents.filing import Documents
from clinic_app.foundation.errors import NotAllowedError, NotFoundError
from clinic_app.records import Attachment, AuditEvent, DocumentReference, DocumentReferenceContent, Patient, Reference
from clinic_app.storage import Store
from tests.helpers.clocks import FixedClock
from tests.helpers.stores import opened, session_of, set_up

PDF = b"%PDF-1.4 a summary"
PATIENT = "pat1"


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with opened(tmp_path) as made:
        set_up(made, "doctor", "registrar")
        made.records.commit((Patient(id=PATIENT),))
        yield made


@pytest.fixture
def doctor(store: Store) -> Session:
    return session_of(store, "doctor")


@pytest.fixture
def documents(store: Store) -> Documents:
    clock = FixedClock()
    return Documents(store, Trail(store, clock), clock)


def _events(store: Store, action: str) -> list[AuditEvent]:
    return [event for event in store.records.find(AuditEvent) if event.action == action]


def test_a_filed_document_is_found_among_the_patients_records(
    store: Store, documents: Documents, doctor: Session
) -> None:
    filed = documents.file(doctor, PATIENT, PDF, "Заключение", "ru")
    assert store.records.find(DocumentReference, subject=PATIENT) == (filed,)
    attachment = filed.content[0].attachment
    assert (attachment.content_type, attachment.language, attachment.size) == ("application/pdf", "ru", len(PDF))
    assert attachment.sha256 == hashlib.sha256(PDF).hexdigest()
    assert filed.author[0].id == doctor.practitioner_id


def test_it_is_opened_with_the_bytes_it_was_filed_with_and_each_opening_is_written_down(
    store: Store, documents: Documents, doctor: Session
) -> None:
    filed = documents.file(doctor, PATIENT, PDF, "Заключение", "ru")
    assert documents.open(doctor, filed) == PDF
    assert documents.open(doctor, filed) == PDF
    assert len(_events(store, "C")) == 1
    assert len(_events(store, "R")) == 2


def test_the_id_printed_on_the_pages_is_the_id_of_the_record(documents: Documents, doctor: Session) -> None:
    assert documents.file(doctor, PATIENT, PDF, "x", "kk", id="printed-id").id == "printed-id"


def test_the_record_and_its_bytes_wait_for_the_hub(store: Store, documents: Documents, doctor: Session) -> None:
    filed = documents.file(doctor, PATIENT, PDF, "x", "kk")
    assert store.outbox.rows_for("DocumentReference", filed.id)
    assert [transfer.sha256 for transfer in store.transfers.pending("up")] == [filed.content[0].attachment.sha256]


def test_who_may_not_see_findings_neither_files_nor_opens(store: Store, documents: Documents, doctor: Session) -> None:
    with pytest.raises(NotAllowedError):
        documents.file(session_of(store, "registrar"), PATIENT, PDF, "x", "kk")
    assert store.records.find(DocumentReference) == ()
    filed = documents.file(doctor, PATIENT, PDF, "x", "kk")
    with pytest.raises(NotAllowedError):
        documents.open(session_of(store, "registrar"), filed)


@pytest.mark.parametrize("url", [None, "urn:sha256:" + "0" * 64, "http://elsewhere/x.pdf"])
def test_a_document_whose_bytes_are_not_here_says_so(
    store: Store, documents: Documents, doctor: Session, url: str | None
) -> None:
    foreign = DocumentReference(
        id="d",
        status="current",
        subject=Reference(reference=f"Patient/{PATIENT}"),
        content=(DocumentReferenceContent(attachment=Attachment(url=url)),),
    )
    store.records.commit((foreign,))
    with pytest.raises(NotFoundError, match="has not arrived"):
        documents.open(doctor, foreign)


def test_the_pdf_library_is_not_loaded_with_the_program() -> None:
    code = "import sys, clinic_app.documents; sys.exit('reportlab' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
