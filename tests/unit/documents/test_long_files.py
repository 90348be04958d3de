"""Stretches of a recording of hours: as recordings of their own, and as files of others, every sample of them."""

from __future__ import annotations

import tracemalloc
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import numpy as np
import pytest

from clinic_app.access import Session, Trail
from clinic_app.documents import LongFiles, Stretch
from clinic_app.foundation.errors import InvalidInputError, NotAllowedError, UnreadableFileError
from clinic_app.records import AuditEvent, DocumentReference, Patient
from clinic_app.storage import Store
from clinic_app.waveforms import PatientText, Recording, Recordings
from clinic_app.waveforms.formats import StoppedError, read
from clinic_app.waveforms.store import is_long_recording
from tests.helpers.clocks import FixedClock
from tests.helpers.device_items import NOON, samples
from tests.helpers.nights import AGAIN_AT, MARKED_AT, recorded_night
from tests.helpers.stores import opened, patient, session_of, set_up


@dataclass
class Night:
    """A recorded night and what takes stretches out of it."""

    store: Store
    nurse: Session
    files: LongFiles
    recordings: Recordings
    patient: Patient
    id: str


@pytest.fixture(scope="module")
def night(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Night]:
    with opened(tmp_path_factory.mktemp("night")) as store:
        set_up(store, "nurse", "registrar")
        (made,) = store.records.commit((patient(),))
        assert isinstance(made, Patient)
        nurse, trail = session_of(store, "nurse"), Trail(store, FixedClock())
        recordings = Recordings(store, trail, FixedClock(NOON))
        files = LongFiles(store, trail, recordings)
        yield Night(store, nurse, files, recordings, made, recorded_night(store, nurse, made.id))


def after(seconds: float) -> timedelta:
    return timedelta(seconds=seconds)


def expected() -> np.ndarray:
    """Return the two leads over the whole of it."""
    whole = np.full((2, 130_000), np.nan, np.float32)
    whole[:, :50_000] = whole[:, 80_000:] = samples(0, 50_000)
    return whole


def held(recording: Recording) -> np.ndarray:
    return np.stack([channel.samples for channel in recording.channels])


# --- as a recording ---


def test_what_is_cut_out_is_a_recording_of_the_patient_that_names_its_origin(night: Night) -> None:
    document = night.files.cut_out(night.nurse, night.id, Stretch(NOON + after(30), NOON + after(50)))
    assert not is_long_recording(document)
    assert document.subject is not None
    assert document.subject.reference == f"Patient/{night.patient.id}"
    [origin] = document.relates_to
    assert (origin.code, origin.target.reference) == ("transforms", f"DocumentReference/{night.id}")
    for word in ("bed 1", f"{NOON.astimezone():%H:%M}", "0.5–40 Hz"):
        assert word in (origin.target.display or "")
    found = night.recordings.load(night.nurse, document)
    np.testing.assert_array_equal(held(found), samples(15_000, 10_000))
    assert (found.started_at, found.band, found.device) == (NOON + after(30), "raw", "bed 1")
    [mark] = found.marks
    assert (mark.at, mark.text, mark.author) == (MARKED_AT, "desaturation", night.nurse.name)
    again = night.store.records.get(DocumentReference, document.id)
    assert again.relates_to == document.relates_to


def test_a_gap_in_it_stays_a_gap(night: Night) -> None:
    document = night.files.cut_out(night.nurse, night.id, Stretch(NOON + after(90), AGAIN_AT + after(10)))
    found = night.recordings.load(night.nurse, document)
    np.testing.assert_array_equal(held(found), expected()[:, 45_000:85_000])


def test_nothing_too_much_or_stopped_is_no_recording(night: Night, monkeypatch: pytest.MonkeyPatch) -> None:
    before = len(night.recordings.of_patient(night.nurse, night.patient.id))
    with pytest.raises(InvalidInputError, match="nothing"):
        night.files.cut_out(night.nurse, night.id, Stretch(NOON + after(110), NOON + after(150)))
    monkeypatch.setattr("clinic_app.documents.long_files.LONGEST_WHOLE_S", 60.0)
    with pytest.raises(InvalidInputError, match="1 minutes"):
        night.files.cut_out(night.nurse, night.id, Stretch())

    def stop(_done: int, _of: int) -> None:
        raise StoppedError

    with pytest.raises(StoppedError):
        night.files.cut_out(night.nurse, night.id, Stretch(NOON, NOON + after(20)), stop)
    assert len(night.recordings.of_patient(night.nurse, night.patient.id)) == before


def test_who_may_not_read_or_file_takes_nothing_out(night: Night, tmp_path: Path) -> None:
    registrar = session_of(night.store, "registrar")
    with pytest.raises(NotAllowedError):
        night.files.cut_out(registrar, night.id, Stretch())
    with pytest.raises(NotAllowedError):
        night.files.export(registrar, night.id, Stretch(), tmp_path / "n.edf", "", "en")
    assert not list(tmp_path.iterdir())


def test_another_document_is_no_night(night: Night, tmp_path: Path) -> None:
    short = night.files.cut_out(night.nurse, night.id, Stretch(NOON, NOON + after(10)))
    with pytest.raises(UnreadableFileError):
        night.files.export(night.nurse, short.id, Stretch(), tmp_path / "n.edf", "", "en")


# --- as a file ---


@pytest.mark.parametrize("code", ["edf", "wfdb", "dicom"])
def test_all_of_it_goes_into_a_file_sample_by_sample_with_its_gap_and_mark(
    night: Night, tmp_path: Path, code: str
) -> None:
    [first, *_] = night.files.export(night.nurse, night.id, Stretch(), tmp_path / "night", code, "en")
    found = read(first)
    np.testing.assert_array_equal(held(found), expected())
    assert [(mark.at, mark.text) for mark in found.marks] == [(MARKED_AT, "desaturation")]
    assert found.started_at == NOON
    assert found.patient_text.identifier
    if code == "edf":
        assert first.read_bytes()[192:197] == b"EDF+D"
        assert first.stat().st_size < 205 * 2_200, "what was a pause takes no room"


def test_a_part_of_it_goes_into_a_table(night: Night, tmp_path: Path) -> None:
    stretch = Stretch(NOON + after(41), NOON + after(43))
    [path] = night.files.export(night.nurse, night.id, stretch, tmp_path / "part.csv", "", "en")
    lines = path.read_text(encoding="utf-8").splitlines()
    assert len(lines) == 2 + 1000
    first, second = samples(21_000, 1)[:, 0]
    assert lines[2 + 500] == f"1.000000,{str(first)},{str(second)},desaturation"  # noqa: RUF010 - numpy formats others


def test_without_the_patient_nothing_names_him_and_the_trail_says_so(night: Night, tmp_path: Path) -> None:
    [path] = night.files.export(night.nurse, night.id, Stretch(), tmp_path / "n.edf", "", "en", is_anonymous=True)
    assert (read(path).patient_text, read(path).device) == (PatientText(), "")
    told = [event for event in night.store.records.find(AuditEvent) if "without the patient" in str(event)]
    assert len(told) == 1
    assert night.id in str(told[0])


def test_whoever_stops_an_export_finds_no_file(night: Night, tmp_path: Path) -> None:
    def stop(done: int, of: int) -> None:
        if done > of / 2:
            raise StoppedError

    for code in ("edf", "wfdb", "csv"):
        with pytest.raises(StoppedError):
            night.files.export(night.nurse, night.id, Stretch(), tmp_path / "n", code, "en", watch=stop)
    assert not list(tmp_path.iterdir())


def test_the_memory_an_export_takes_does_not_grow_with_the_night(night: Night, tmp_path: Path) -> None:
    peaks = []
    for seconds in (65, 260):
        tracemalloc.start()
        night.files.export(night.nurse, night.id, Stretch(NOON, NOON + after(seconds)), tmp_path / "n.edf", "", "en")
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] < 1.5 * peaks[0]
