"""Long recordings as people begin, mark, find and end them, each time with the trail."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import pairwise
from pathlib import Path

import msgspec
import numpy as np
import pytest

from clinic_app.access import Session, Trail
from clinic_app.foundation.errors import ConflictError, InvalidInputError, NotFoundError, UnreadableFileError
from clinic_app.records import AuditEvent, DocumentReference, Patient
from clinic_app.storage import Store
from clinic_app.waveforms import Recordings
from clinic_app.waveforms.store import LongRecordings, Recorder, is_long_recording, open_recording
from tests.helpers.clocks import FixedClock
from tests.helpers.device_items import NOON, blocks, samples
from tests.helpers.stores import opened, patient, session_of, set_up


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with opened(tmp_path) as made:
        set_up(made, "nurse", "registrar")
        yield made


@pytest.fixture
def nurse(store: Store) -> Session:
    return session_of(store, "nurse")


@pytest.fixture
def recorder(store: Store) -> Iterator[Recorder]:
    made = Recorder(store, FixedClock(NOON), lambda: 1000.0)
    yield made
    made.close()


@pytest.fixture
def service(store: Store, recorder: Recorder) -> LongRecordings:
    return LongRecordings(store, Trail(store, FixedClock()), FixedClock(NOON), recorder)


@pytest.fixture
def someone(store: Store) -> Patient:
    (made,) = store.records.commit((patient(),))
    assert isinstance(made, Patient)
    return made


def events(store: Store) -> list[AuditEvent]:
    return list(store.records.find(AuditEvent))


def restarted(store: Store, after: timedelta = timedelta(minutes=5)) -> LongRecordings:
    """Return the service of a program that was started again after a cut."""
    clock = FixedClock(NOON + after)
    return LongRecordings(store, Trail(store, FixedClock()), clock, Recorder(store, clock, lambda: 5.0))


def cut_after_half_a_minute(service: LongRecordings, recorder: Recorder, nurse: Session, someone: Patient) -> str:
    """Record thirty seconds and stop the program; return the recording's id."""
    head = service.start(nurse, someone.id, "bed 1")
    for each in blocks(0, 15_000):
        recorder.take_in(each)
    recorder.close()
    return head.id


def test_a_recording_is_begun_filled_ended_and_opened(
    service: LongRecordings, recorder: Recorder, nurse: Session, someone: Patient, store: Store
) -> None:
    head = service.start(nurse, someone.id, "bed 1", "0.5–40 Hz")
    assert [(each.recording_id, each.patient_id) for each in service.running()] == [(head.id, someone.id)]
    for each in blocks(0, 30_000):
        recorder.take_in(each)
    document = service.stop(nurse, head.id)
    assert document.description == "1.0 min (bed 1)"
    assert service.of_patient(nurse, someone.id) == (document,)
    recording = service.open(nurse, document.id)
    seen = recording.read(NOON, NOON + timedelta(seconds=60)).channels[0].samples
    np.testing.assert_array_equal(seen, samples(0, 30_000)[0])
    assert recording.head.band == "0.5–40 Hz"
    assert service.running() == ()
    assert service.stop(nurse, head.id) == document, "ending twice changes nothing"


def test_one_that_runs_can_be_opened(
    service: LongRecordings, recorder: Recorder, nurse: Session, someone: Patient
) -> None:
    head = service.start(nurse, someone.id, "bed 1")
    assert service.open(nurse, head.id).duration_s == 0.0


def test_it_is_a_document_of_its_own_kind(
    service: LongRecordings, nurse: Session, someone: Patient, store: Store
) -> None:
    head = service.start(nurse, someone.id, "bed 1")
    document = store.records.get(DocumentReference, head.id)
    assert is_long_recording(document)
    assert document.content[0].attachment.sha256 == ""
    assert Recordings(store, Trail(store, FixedClock()), FixedClock()).of_patient(nurse, someone.id) == ()


def test_a_device_records_for_one_patient_at_a_time(
    service: LongRecordings, nurse: Session, someone: Patient, store: Store
) -> None:
    (other,) = store.records.commit((patient("Ким"),))
    head = service.start(nurse, someone.id, "bed 1")
    with pytest.raises(ConflictError):
        service.start(nurse, other.id, "bed 1")
    assert len(service.of_patient(nurse, other.id)) == 0
    service.start(nurse, other.id, "bed 2")
    service.stop(nurse, head.id)
    service.start(nurse, other.id, "bed 1")


def test_after_a_cut_nothing_goes_on_by_itself(
    service: LongRecordings, recorder: Recorder, nurse: Session, someone: Patient, store: Store
) -> None:
    head = service.start(nurse, someone.id, "bed 1")
    assert service.interrupted(nurse) == ()
    again = restarted(store)
    assert again.running() == ()
    assert [each.id for each in again.interrupted(nurse)] == [head.id]
    again.go_on(nurse, head.id, someone.id)
    assert [each.recording_id for each in again.running()] == [head.id]
    assert again.interrupted(nurse) == ()
    with pytest.raises(ConflictError):
        again.go_on(nurse, head.id, someone.id)
    again._recorder.close()


def test_after_a_cut_it_can_be_ended(
    service: LongRecordings, recorder: Recorder, nurse: Session, someone: Patient, store: Store
) -> None:
    number = cut_after_half_a_minute(service, recorder, nurse, someone)
    again = restarted(store)
    assert again.stop(nurse, number).description == "0.5 min (bed 1)"
    assert again.interrupted(nurse) == ()
    with pytest.raises(ConflictError):
        again.go_on(nurse, number, someone.id)
    again._recorder.close()


def test_what_was_interrupted_says_whose_it_is_since_when_and_until_when(
    service: LongRecordings, recorder: Recorder, nurse: Session, someone: Patient, store: Store
) -> None:
    cut_after_half_a_minute(service, recorder, nurse, someone)
    again = restarted(store)
    [found] = again.interrupted(nurse)
    assert (found.patient_name, found.source, found.started_at) == (someone.full_name, "bed 1", NOON)
    assert found.until == NOON + timedelta(seconds=30)
    again._recorder.close()


def test_it_goes_on_for_nobody_else_and_not_before_its_own_end(
    service: LongRecordings, recorder: Recorder, nurse: Session, someone: Patient, store: Store
) -> None:
    (other,) = store.records.commit((patient("Ким"),))
    number = cut_after_half_a_minute(service, recorder, nurse, someone)
    again, early = restarted(store), restarted(store, timedelta(hours=-1))
    with pytest.raises(ConflictError, match="another patient"):
        again.go_on(nurse, number, other.id)
    with pytest.raises(ConflictError, match="clock"):
        early.go_on(nurse, number, someone.id)
    assert again.running() == early.running() == ()
    for each in (again, early):
        each._recorder.close()


def test_going_on_is_one_recording_with_the_gap_between(
    service: LongRecordings, recorder: Recorder, nurse: Session, someone: Patient, store: Store
) -> None:
    number = cut_after_half_a_minute(service, recorder, nurse, someone)
    again = restarted(store)
    again.go_on(nurse, number, someone.id)
    for each in blocks(0, 5_000):  # the device began to count anew
        again._recorder.take_in(replace(each, stream_id="run 2", monotonic_s=each.monotonic_s - 995))
    again.stop(nurse, number)
    whole = again.open(nurse, number)
    gap = [(a.ends_at, b.begins_at) for a, b in pairwise(whole.covered())]
    assert gap == [(NOON + timedelta(seconds=30), NOON + timedelta(minutes=5))]
    first, *_between, last = whole.hours().pieces()
    np.testing.assert_array_equal(first.runs[0].channel.samples[:15_000], samples(0, 15_000)[0])
    assert np.isnan(first.runs[0].channel.samples[15_000:]).all()
    assert last.runs[0].first == 150_000
    np.testing.assert_array_equal(last.runs[0].channel.samples[:5_000], samples(0, 5_000)[0])
    again._recorder.close()


def test_a_mark_says_who_wrote_it_and_when(
    service: LongRecordings, nurse: Session, someone: Patient, store: Store
) -> None:
    head = service.start(nurse, someone.id, "bed 1")
    mark = service.mark(nurse, head.id, NOON + timedelta(seconds=5), "  адреналин \n 1 мг ")
    assert (mark.text, mark.author) == ("адреналин 1 мг", nurse.name)
    assert open_recording(store, head.id).marks == (mark,)


class _Clocks:
    """The steady clock of a computer, and its wall clock, which somebody may set."""

    def __init__(self) -> None:
        self.passed_s = 0.0
        self.set_by = timedelta()

    def now(self) -> datetime:
        return NOON + timedelta(seconds=self.passed_s) + self.set_by

    def steady(self) -> float:
        return 1000.0 + self.passed_s


@pytest.mark.parametrize("set_by", [timedelta(hours=-1), timedelta(0), timedelta(days=400)])
def test_a_clock_that_is_set_meanwhile_moves_no_mark(
    store: Store, nurse: Session, someone: Patient, set_by: timedelta
) -> None:
    clocks = _Clocks()
    recorder = Recorder(store, clocks, clocks.steady)
    service = LongRecordings(store, Trail(store, clocks), clocks, recorder)
    head = service.start(nurse, someone.id, "bed 1")
    clocks.passed_s, clocks.set_by = 30.0, set_by
    mark = service.mark(nurse, head.id, clocks.now() - timedelta(seconds=5), "cough")
    assert mark.at == NOON + timedelta(seconds=25), "beside the samples of that moment"
    recorder.close()
    assert service.mark(nurse, head.id, NOON, "later").at == NOON, "what does not run knows no other clock"


@pytest.mark.parametrize("text", ["", " \n ", "x" * 201])
def test_a_mark_is_one_line(service: LongRecordings, nurse: Session, someone: Patient, text: str) -> None:
    head = service.start(nurse, someone.id, "bed 1")
    with pytest.raises(InvalidInputError):
        service.mark(nurse, head.id, NOON, text)


def test_one_of_another_computer_is_known_and_says_where_it_lies(
    service: LongRecordings, nurse: Session, someone: Patient, store: Store
) -> None:
    head = service.start(nurse, someone.id, "bed 1")
    service.stop(nurse, head.id)
    with store.database.writing() as connection:
        from clinic_app.storage.memory import forget_values

        forget_values(connection, [f"long-recording/{head.id}"])
    assert len(service.of_patient(nurse, someone.id)) == 1
    with pytest.raises(NotFoundError):
        service.open(nurse, head.id)


def test_another_document_is_no_long_recording(
    service: LongRecordings, nurse: Session, someone: Patient, store: Store
) -> None:
    head = service.start(nurse, someone.id, "bed 1")
    document = store.records.get(DocumentReference, head.id)
    store.records.commit((msgspec.structs.replace(document, type=None),))
    with pytest.raises(UnreadableFileError):
        service.open(nurse, head.id)


def test_everything_is_in_the_trail(service: LongRecordings, nurse: Session, someone: Patient, store: Store) -> None:
    head = service.start(nurse, someone.id, "bed 1")
    service.mark(nurse, head.id, NOON, "x")
    service.open(nurse, head.id)
    service.of_patient(nurse, someone.id)
    service.stop(nurse, head.id)
    told = [event.action for event in events(store) if any(head.id in str(each.what) for each in event.entity)]
    assert sorted(map(str, told)) == ["C", "E", "R", "U", "U"] or sorted(map(str, told)) == ["C", "R", "R", "U", "U"]


def test_a_list_tells_two_recordings_of_one_day_apart(
    service: LongRecordings, recorder: Recorder, nurse: Session, someone: Patient, store: Store
) -> None:
    number = cut_after_half_a_minute(service, recorder, nurse, someone)
    again = restarted(store)
    running = again.start(nurse, someone.id, "bed 2")
    other = again.start(nurse, someone.id, "bed 3")
    with store.database.writing() as connection:
        from clinic_app.storage.memory import forget_values

        forget_values(connection, [f"long-recording/{other.id}"])
    told = {each.document.id: each for each in again.listed(nurse, someone.id)}
    first = told[number]
    assert (first.source, first.state, first.channels) == ("bed 1", "interrupted", ("I", "II"))
    assert (first.begins_at, first.ends_at) == (NOON, NOON + timedelta(seconds=30))
    assert (told[running.id].state, told[running.id].ends_at, told[running.id].channels) == ("running", None, ())
    assert (told[other.id].state, told[other.id].source) == ("elsewhere", "bed 3")
    again.stop(nurse, number)
    ended = next(each for each in again.listed(nurse, someone.id) if each.document.id == number)
    assert (ended.state, ended.ends_at, ended.channels) == ("ended", NOON + timedelta(seconds=30), ("I", "II"))
    again._recorder.close()
