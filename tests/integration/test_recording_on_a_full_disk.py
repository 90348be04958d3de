"""A disk runs full while a monitor is recorded: the recording stands, says so, eats no reserve, and goes on."""

from __future__ import annotations

import math
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import numpy as np
import pytest

from clinic_app.access import Session, Trail
from clinic_app.encounters import Encounters, VitalsForm
from clinic_app.foundation.errors import DiskFullError, StorageError
from clinic_app.records import Patient
from clinic_app.registration import Registration
from clinic_app.storage import Store
from clinic_app.storage.engines import space as space_module
from clinic_app.waveforms import Bedside, LiveTraces, LongRecordings, RecorderState, Trouble
from clinic_app.waveforms.store import open_recording
from tests.helpers.clocks import FixedClock
from tests.helpers.device_items import NOON, blocks, integers
from tests.helpers.stores import KEY, patient, session_of, set_up

MB = 1 << 20
RESERVE_BYTES = 2 * MB


class Ward:
    """The real store and the real services behind a bed, on a disk that a test fills."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.folder = folder
        self.free = 10 << 30
        monkeypatch.setattr(space_module, "_free_bytes", lambda _folder: max(self.free - self.reserve(), 0))
        self.clock = FixedClock(NOON)
        self.now_s = 1000.0
        self.store = Store.open(folder, KEY, self.clock, reserve_bytes=RESERVE_BYTES)
        self.store.space.keep_reserve()
        set_up(self.store, "nurse")
        self.session: Session = session_of(self.store, "nurse")
        (saved,) = self.store.records.commit((patient(),))
        assert isinstance(saved, Patient)
        self.patient = saved
        self.traces = LiveTraces(self.clock, lambda: self.now_s)
        self.bedside = Bedside(self.store, self.traces, self.clock, lambda: self.now_s)
        self.trail = Trail(self.store, self.clock)
        self.service = LongRecordings(self.store, self.trail, self.clock, self.bedside.recorder)
        self.encounters = Encounters(self.store, self.trail, self.clock)

    def reserve(self) -> int:
        path = self.folder / space_module.RESERVE_NAME
        return path.stat().st_size if path.exists() else 0

    def fill(self) -> None:
        """Leave less than the reserve and its like beside it."""
        self.free = 2 * RESERVE_BYTES - 1

    def play(self, first: int, last: int) -> None:
        """Let samples come, half a second at a time."""
        for block in blocks(first, last):
            self.now_s = block.monotonic_s
            self.clock.moment = NOON + timedelta(seconds=self.now_s - 1000)
            self.traces.take_in(block)
            self.bedside.take_in(block)
            self.bedside.recorder.step()

    def state(self) -> RecorderState:
        (state,) = self.service.running()
        return state

    def contents(self) -> int:
        """Return the bytes of everything on the disk but the reserve."""
        return sum(each.stat().st_size for each in (self.folder / "blobs").rglob("*") if each.is_file())

    def troubles(self) -> dict[Trouble, str]:
        return {each.trouble: each.text.render("en") for each in self.bedside.technical.now()}


@pytest.fixture
def ward(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Ward]:
    made = Ward(tmp_path, monkeypatch)
    monkeypatch.setattr(made.bedside.recorder, "_start", lambda: None)  # the test steps instead of the thread
    yield made
    made.bedside.close()
    made.store.close()


def test_the_recording_stands_before_the_reserve_is_touched_and_everything_else_goes_on(ward: Ward) -> None:
    head = ward.service.start(ward.session, ward.patient.id, "bed 1")
    ward.encounters.record_vitals(ward.session, ward.patient.id, VitalsForm(heart_rate="70"))
    ward.play(0, 15_000)
    before = ward.state()
    assert before.saved_until is not None
    assert ward.troubles() == {}
    ward.fill()
    kept = ward.contents()
    ward.play(15_000, 45_000)
    assert ward.contents() == kept, "not one byte more of the recording"
    assert ward.free >= RESERVE_BYTES, "what the reserve kept free is there for reading"
    state = ward.state()
    assert (state.samples, state.saved_until, state.lost) == (before.samples, before.saved_until, 0)
    told = ward.troubles()
    assert told[Trouble.DISK].startswith("The disk is full.")
    waiting_s = (ward.clock.now() - before.saved_until).total_seconds()
    assert waiting_s > 55
    assert told[Trouble.RECORDER] == (
        f"The recording of bed 1 stands still: the last {math.ceil(waiting_s / 60)} min wait in the memory for room."
    )
    recording = open_recording(ward.store, head.id)
    seen = recording.read(recording.begins_at, recording.ends_at).channels[0].samples
    assert np.array_equal(np.round(seen / 2.44).astype(int), integers(0, len(seen))), "what is recorded is readable"
    assert len(ward.encounters.vitals(ward.session, ward.patient.id)) == 1
    assert Registration(ward.store, ward.trail, ward.clock, lambda: "AKT").get(ward.session, ward.patient.id)
    assert ward.traces.streams("bed 1")[0].end_index() == 45_000, "the traces go on"
    with pytest.raises(DiskFullError):
        ward.encounters.record_vitals(ward.session, ward.patient.id, VitalsForm(heart_rate="71"))


def test_with_room_again_nothing_is_lost_and_the_alarm_goes(ward: Ward) -> None:
    head = ward.service.start(ward.session, ward.patient.id, "bed 1")
    ward.play(0, 10_000)
    ward.fill()
    ward.play(10_000, 40_000)
    with pytest.raises(StorageError):
        ward.service.stop(ward.session, head.id)
    assert ward.state().recording_id == head.id, "it is recorded still"
    ward.free = 10 << 30
    ward.play(40_000, 45_000)
    assert ward.troubles() == {}
    ward.service.stop(ward.session, head.id)
    recording = open_recording(ward.store, head.id)
    seen = recording.read(recording.begins_at, recording.ends_at).channels[0].samples
    assert np.array_equal(np.round(seen / 2.44).astype(int), integers(0, 45_000))


def test_a_program_that_is_closed_on_the_full_disk_keeps_what_was_on_it(ward: Ward) -> None:
    head = ward.service.start(ward.session, ward.patient.id, "bed 1")
    ward.play(0, 15_000)
    saved_until = ward.state().saved_until
    ward.fill()
    ward.play(15_000, 25_000)
    ward.bedside.close()
    recording = open_recording(ward.store, head.id)
    assert saved_until is not None
    assert abs((recording.ends_at - saved_until).total_seconds()) < 0.01
    assert recording.read(recording.begins_at, recording.ends_at).channels[0].samples.size > 10_000
    assert head.id in {each.id for each in ward.service.interrupted(ward.session)}


def test_a_recording_does_not_begin_on_a_full_disk(ward: Ward) -> None:
    ward.fill()
    with pytest.raises(DiskFullError):
        ward.service.start(ward.session, ward.patient.id, "bed 1")
    assert ward.service.running() == ()
