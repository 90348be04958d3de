"""Foreign files belong to nobody until a person says so; what goes out is noted, named or nameless as was asked."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import msgspec
import pypdfium2
import pytest

from clinic_app.access import Session, Trail
from clinic_app.documents import FoundRecording, RecordingFiles
from clinic_app.documents.recording_files import formats, whose_is, words_of
from clinic_app.documents.recording_paper import MOST_PAGES, render_recording
from clinic_app.foundation.errors import InvalidInputError, NotAllowedError, UnreadableFileError
from clinic_app.records import AuditEvent, DocumentReference, Patient
from clinic_app.storage import Store
from clinic_app.terminology.leads import LEADS
from clinic_app.waveforms import PatientText, Recordings
from clinic_app.waveforms.formats import read, write
from tests.helpers.clocks import FixedClock
from tests.helpers.recordings import assert_same_signal, channel, recording, with_gaps
from tests.helpers.stores import opened, patient, session_of, set_up

IIN_OF_NURLAN = "850101300124"


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    with opened(tmp_path_factory.mktemp("store")) as made:
        set_up(made, "nurse", "registrar")
        yield made


@pytest.fixture
def nurse(store: Store) -> Session:
    return session_of(store, "nurse")


@pytest.fixture
def files(store: Store) -> RecordingFiles:
    trail = Trail(store, FixedClock())
    return RecordingFiles(store, trail, Recordings(store, trail, FixedClock()))


@pytest.fixture
def nurlan(store: Store) -> Patient:
    known = msgspec.structs.replace(patient(iin=IIN_OF_NURLAN), birth_date="1985-01-01", gender="male")
    (saved,) = store.records.commit((known,))
    assert isinstance(saved, Patient)
    return saved


def _file(folder: Path, **said: str) -> Path:
    made = recording(with_gaps(channel(), (5, 9)), patient_text=PatientText(**said), marks=())
    return write(made, folder / "foreign.edf")[0]


def _events(store: Store, kind: str) -> list[AuditEvent]:
    events = store.records.find(AuditEvent)
    return [event for event in events if kind in {each.code for each in event.subtype or ()}]


# --- coming in ---


def test_a_file_with_the_patients_number_is_his_and_still_files_nothing(
    files: RecordingFiles, store: Store, nurse: Session, nurlan: Patient, tmp_path: Path
) -> None:
    found = files.look(nurse, nurlan.id, _file(tmp_path, identifier=IIN_OF_NURLAN))
    assert (found.whose, found.patient) == ("same", nurlan)
    assert not store.records.find(DocumentReference, subject=nurlan.id)


def test_the_same_name_and_birth_date_with_another_number_is_somebody_else(nurlan: Patient) -> None:
    said = replace(words_of(nurlan), identifier="640305300123")
    assert whose_is(said, nurlan) == "other"


def test_the_same_name_without_a_number_says_nothing(nurlan: Patient) -> None:
    assert whose_is(replace(words_of(nurlan), identifier=""), nurlan) == "unsaid"
    assert whose_is(PatientText(identifier=" - "), nurlan) == "unsaid"


def test_blanks_and_dashes_in_a_number_are_not_part_of_it(nurlan: Patient) -> None:
    assert whose_is(PatientText(identifier="850101 300-124"), nurlan) == "same"


def test_another_birth_date_and_sex_are_told(
    files: RecordingFiles, nurse: Session, nurlan: Patient, tmp_path: Path
) -> None:
    path = _file(tmp_path, identifier=IIN_OF_NURLAN, birth_date="1901-01-01", sex="female")
    found = files.look(nurse, nurlan.id, path)
    assert found.whose == "same"
    assert found.differs == ("birth_date", "sex")


def test_what_was_confirmed_lies_in_the_record_sample_for_sample_and_the_trail_says_from_where(
    files: RecordingFiles, store: Store, nurse: Session, nurlan: Patient, tmp_path: Path
) -> None:
    found = files.look(nurse, nurlan.id, _file(tmp_path, identifier="unknown-7"))
    document = files.take(nurse, nurlan.id, found)
    assert document.subject
    assert document.subject.reference == f"Patient/{nurlan.id}"
    kept = Recordings(store, Trail(store, FixedClock()), FixedClock()).load(nurse, document)
    assert_same_signal(kept, found.recording)
    assert kept.patient_text.identifier == IIN_OF_NURLAN, "the store's words, not the file's"
    told = [entity.description for event in _events(store, "import") for entity in event.entity]
    assert "foreign.edf: number in the file: other" in told


def test_what_was_looked_at_for_one_patient_is_not_filed_for_another(
    files: RecordingFiles, store: Store, nurse: Session, nurlan: Patient, tmp_path: Path
) -> None:
    (other,) = store.records.commit((patient(iin="850101300125"),))
    found = files.look(nurse, nurlan.id, _file(tmp_path))
    with pytest.raises(UnreadableFileError):
        files.take(nurse, other.id, found)


def test_a_registrar_neither_looks_nor_files_nor_takes_out(
    files: RecordingFiles, store: Store, nurse: Session, nurlan: Patient, tmp_path: Path
) -> None:
    registrar = session_of(store, "registrar")
    found = files.look(nurse, nurlan.id, _file(tmp_path))
    document = files.take(nurse, nurlan.id, found)
    with pytest.raises(NotAllowedError):
        files.look(registrar, nurlan.id, found.path)
    with pytest.raises(NotAllowedError):
        files.take(registrar, nurlan.id, found)
    with pytest.raises(NotAllowedError):
        files.export(registrar, document, tmp_path / "out.edf", "", "en")
    assert not (tmp_path / "out.edf").exists()


# --- going out ---


def _taken(
    files: RecordingFiles, nurse: Session, nurlan: Patient, folder: Path
) -> tuple[FoundRecording, DocumentReference]:
    found = files.look(nurse, nurlan.id, _file(folder))
    return found, files.take(nurse, nurlan.id, found)


def test_a_recording_goes_out_with_the_words_of_the_record(
    files: RecordingFiles, store: Store, nurse: Session, nurlan: Patient, tmp_path: Path
) -> None:
    found, document = _taken(files, nurse, nurlan, tmp_path)
    (path,) = files.export(nurse, document, tmp_path / "out.dcm", "dicom", "ru")
    assert_same_signal(read(path), found.recording)
    assert read(path).patient_text.identifier == IIN_OF_NURLAN
    last = _events(store, "export")[-1]
    assert "dicom, with the patient" in [entity.description for entity in last.entity]


def test_without_the_patient_nothing_of_him_is_in_any_file(
    files: RecordingFiles, nurse: Session, nurlan: Patient, tmp_path: Path
) -> None:
    _, document = _taken(files, nurse, nurlan, tmp_path)
    for each in formats("en"):
        if each.write is None or each.code in ("wav", "flac"):
            continue
        target = tmp_path / f"nameless{each.suffixes[0]}"
        for path in files.export(nurse, document, target, each.code, "en", is_anonymous=True):
            data = path.read_bytes()
            assert IIN_OF_NURLAN.encode() not in data, path.name
            assert nurlan.full_name.split()[0].encode() not in data, path.name


def test_a_format_that_is_only_read_is_refused_in_words(
    files: RecordingFiles, nurse: Session, nurlan: Patient, tmp_path: Path
) -> None:
    _, document = _taken(files, nurse, nurlan, tmp_path)
    with pytest.raises(InvalidInputError, match="SCP-ECG"):
        files.export(nurse, document, tmp_path / "x.scp", "scp", "en")
    with pytest.raises(InvalidInputError, match="Choose one"):
        files.export(nurse, document, tmp_path / "x.unknown", "", "en")


# --- paper ---


def _words(data: bytes) -> list[str]:
    document = pypdfium2.PdfDocument(data)
    try:
        return [page.get_textpage().get_text_range() for page in document]
    finally:
        document.close()


def test_twelve_leads_get_the_page_doctors_know_and_then_all_of_every_lead() -> None:
    leads = [channel(label, 5000, seed=place) for place, label in enumerate(LEADS.values())]
    pages = _words(render_recording(recording(*leads, band="0.05-150 Hz"), "en"))
    assert len(pages) == 3
    assert all("0.05-150 Hz" in page and "640305300123" in page and "25 mm/s, 10 mm/mV" in page for page in pages)
    assert "V6" in pages[2]
    assert "V6" not in pages[1]


def test_a_long_strip_goes_on_from_page_to_page_and_other_curves_are_named() -> None:
    made = recording(channel("II", 12_501), channel("PPG", 100, 62.5, unit="1"))
    pages = _words(render_recording(made, "ru"))
    assert len(pages) == 3
    assert "с 20 с" in pages[2]
    assert "PPG" in pages[0]
    assert "без фильтра" in pages[0].lower()


def test_paper_for_hours_and_paper_for_a_sound_are_refused() -> None:
    with pytest.raises(InvalidInputError, match="pages"):
        render_recording(recording(channel("II", 11 * MOST_PAGES, 1.0)), "en")
    with pytest.raises(InvalidInputError, match="no ECG"):
        render_recording(recording(channel("SOUND", 100, 4000.0, unit="1")), "en")
