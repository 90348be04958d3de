"""Recordings are kept raw with who made them, for whom, and are read back sample for sample."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import numpy as np
import pytest
from pydicom.data import get_testdata_file

from clinic_app.access import Session, Trail
from clinic_app.foundation.errors import (
    DamagedError,
    InvalidInputError,
    NotAllowedError,
    NotFoundError,
    UnreadableFileError,
)
from clinic_app.foundation.ids import new_id
from clinic_app.records import (
    Attachment,
    AuditEvent,
    DocumentReference,
    DocumentReferenceContent,
    Observation,
    Patient,
    Reference,
    reference_to,
)
from clinic_app.storage import Store
from clinic_app.terminology.leads import PLETH
from clinic_app.terminology.systems import LOINC
from clinic_app.waveforms import RecordedChannel, Recording, Recordings, from_dicom
from tests.helpers.clocks import FixedClock
from tests.helpers.stores import opened, patient, session_of, set_up

BEGAN = datetime(2026, 3, 5, 7, 1, 2, 345_000, tzinfo=UTC)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with opened(tmp_path) as made:
        set_up(made, "nurse", "registrar")
        yield made


@pytest.fixture
def nurse(store: Store) -> Session:
    return session_of(store, "nurse")


@pytest.fixture
def recordings(store: Store) -> Recordings:
    return Recordings(store, Trail(store, FixedClock()), FixedClock())


@pytest.fixture
def nurlan(store: Store) -> Patient:
    (saved,) = store.records.commit((patient(iin="850101300124"),))
    assert isinstance(saved, Patient)
    return saved


def real_recording() -> Recording:
    """The real ECG with a stretch that was lost, and a pulse curve of another rate beside it."""
    ecg = from_dicom(Path(str(get_testdata_file("waveform_ecg.dcm", download=False))).read_bytes())
    leads = [each.samples.copy() for each in ecg.channels]
    for samples in leads:
        samples[3000:3250] = np.nan
    channels = [
        RecordedChannel(old.code, old.label, old.unit, old.rate_hz, samples)
        for old, samples in zip(ecg.channels, leads, strict=True)
    ]
    pulse = RecordedChannel(PLETH, "Pleth", "%", 62.5, np.arange(625, dtype=np.float32) % 100)
    return Recording((*channels, pulse), BEGAN, "BENEVIEW")


def test_a_recording_comes_back_with_every_sample_and_its_gap(
    recordings: Recordings, nurse: Session, nurlan: Patient
) -> None:
    before = real_recording()
    document = recordings.save(nurse, nurlan.id, before)
    after = recordings.load(nurse, document)
    assert (after.started_at, after.device, after.duration_s) == (BEGAN, "BENEVIEW", 10.0)
    assert [each.code for each in after.channels] == [each.code for each in before.channels]
    for old, new in zip(before.channels, after.channels, strict=True):
        assert (old.rate_hz, old.unit, old.label) == (new.rate_hz, new.unit, new.label)
        np.testing.assert_array_equal(old.samples, new.samples)
    assert np.isnan(after.leads[0].samples[3000:3250]).all()


def test_it_is_filed_for_the_patient_with_its_finding(
    store: Store, recordings: Recordings, nurse: Session, nurlan: Patient
) -> None:
    document = recordings.save(nurse, nurlan.id, real_recording())
    assert recordings.of_patient(nurse, nurlan.id) == (document,)
    with pytest.raises(NotFoundError):
        recordings.of_patient(nurse, "somebody-else")
    assert document.date == BEGAN
    assert document.author[0].id == nurse.practitioner_id
    (finding,) = store.records.find(Observation, subject=nurlan.id)
    assert finding.code.code(LOINC) == "11524-6"
    assert finding.derived_from[0].id == document.id
    assert finding.effective_date_time == BEGAN


def test_saving_listing_and_reading_are_written_down(
    store: Store, recordings: Recordings, nurse: Session, nurlan: Patient
) -> None:
    document = recordings.save(nurse, nurlan.id, real_recording())
    recordings.of_patient(nurse, nurlan.id)
    recordings.load(nurse, document)
    assert sorted(event.action for event in store.records.find(AuditEvent))[-3:] == ["C", "R", "R"]


def test_who_may_not_record_leaves_nothing(store: Store, recordings: Recordings, nurlan: Patient) -> None:
    with pytest.raises(NotAllowedError):
        recordings.save(session_of(store, "registrar"), nurlan.id, real_recording())
    assert store.records.find(DocumentReference) == ()
    assert store.records.find(Observation) == ()


def test_nothing_is_filed_for_a_patient_who_is_not_here(store: Store, recordings: Recordings, nurse: Session) -> None:
    with pytest.raises(NotFoundError):
        recordings.save(nurse, "nobody", real_recording())
    assert store.records.find(DocumentReference) == ()


@pytest.mark.parametrize("samples", [np.empty(0), np.full(500, np.nan)])
def test_a_recording_without_a_sample_is_refused(
    recordings: Recordings, nurse: Session, nurlan: Patient, samples: np.ndarray
) -> None:
    channel = RecordedChannel("MDC_ECG_LEAD_II", "II", "uV", 500.0, samples.astype(np.float32))
    with pytest.raises(InvalidInputError):
        recordings.save(nurse, nurlan.id, Recording((channel,), BEGAN, "M"))
    with pytest.raises(InvalidInputError):
        recordings.save(nurse, nurlan.id, Recording((), BEGAN, "M"))


def test_a_document_that_is_no_recording_is_named(
    store: Store, recordings: Recordings, nurse: Session, nurlan: Patient
) -> None:
    address = store.blobs.put(b"%PDF-1.7")
    for url in (f"urn:sha256:{address}", "https://elsewhere.example/x"):
        content = DocumentReferenceContent(attachment=Attachment(url=url))
        document = DocumentReference(id=new_id(), status="current", subject=reference_to(nurlan), content=(content,))
        store.records.commit((document,))
        with pytest.raises(UnreadableFileError):
            recordings.load(nurse, document)


def test_content_that_has_not_arrived_or_is_damaged_is_told_apart(
    store: Store, recordings: Recordings, nurse: Session, nurlan: Patient, tmp_path: Path
) -> None:
    document = recordings.save(nurse, nurlan.id, real_recording())
    content = (DocumentReferenceContent(attachment=Attachment(url="urn:sha256:" + "0" * 64)),)
    absent = DocumentReference(id="d", status="current", subject=reference_to(nurlan), content=content)
    store.records.commit((absent,))
    with pytest.raises(NotFoundError):
        recordings.load(nurse, absent)
    for blob in (path for path in (tmp_path / "blobs").rglob("*") if path.is_file()):
        blob.write_bytes(blob.read_bytes()[:-1] + b"?")
    with pytest.raises(DamagedError):
        recordings.load(nurse, document)


def test_whose_a_document_is_says_the_store_and_not_the_caller(
    store: Store, recordings: Recordings, nurse: Session, nurlan: Patient
) -> None:
    """A document of a closed record is not opened by writing one's own patient over its subject."""
    document = recordings.save(nurse, nurlan.id, real_recording())
    theirs = msgspec.structs.replace(patient(), managing_organization=Reference(reference="Organization/far"))
    stolen = msgspec.structs.replace(document, id="stolen", subject=reference_to(theirs), meta=None)
    store.records.commit((theirs, stolen))
    with pytest.raises(NotAllowedError):
        recordings.load(nurse, msgspec.structs.replace(stolen, subject=reference_to(nurlan)))
