"""The recorder and its ledger: every ten seconds on the disk, in order, and nothing lost without a word."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import msgspec
import numpy as np
import pytest

from clinic_app.foundation.errors import DamagedError, DiskFullError, NotFoundError, StorageError
from clinic_app.foundation.texts import Text
from clinic_app.storage import Store
from clinic_app.waveforms.recording import EventMark
from clinic_app.waveforms.store import Head, Ledger, Line, Recorder, decode, open_recording
from clinic_app.waveforms.store import ledger as ledger_module
from clinic_app.waveforms.store import recorder as recorder_module
from clinic_app.waveforms.store.ledger import PAGE_LINES
from tests.helpers.clocks import FixedClock
from tests.helpers.device_items import NOON, block, blocks, numbers, samples
from tests.helpers.stores import opened

HEAD = Head("r1", "patient-1", "bed 1", NOON)


class Steady:
    """The steady clock, where a test sets it."""

    def __init__(self) -> None:
        self.now_s = 1000.0

    def __call__(self) -> float:
        return self.now_s


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with opened(tmp_path) as made:
        yield made


@pytest.fixture
def steady() -> Steady:
    return Steady()


@pytest.fixture
def recorder(store: Store, steady: Steady, monkeypatch: pytest.MonkeyPatch) -> Iterator[Recorder]:
    monkeypatch.setattr(recorder_module, "STEP_S", 1000.0)  # the tests step themselves
    made = Recorder(store, FixedClock(NOON), steady)
    yield made
    made.close()


def begun(recorder: Recorder, store: Store, head: Head = HEAD) -> None:
    Ledger(store).keep(head)
    recorder.begin(head)


def play(recorder: Recorder, steady: Steady, first: int, last: int) -> None:
    """Let the device deliver a stretch as time goes on."""
    for each in blocks(first, last):
        steady.now_s = each.monotonic_s
        recorder.take_in(each)
        recorder.step()


def test_every_ten_seconds_are_on_the_disk(store: Store, recorder: Recorder, steady: Steady) -> None:
    begun(recorder, store)
    play(recorder, steady, 0, 15_000)
    lines = tuple(Ledger(store).lines("r1"))
    saved = sum(line.samples for line in lines)
    assert 15_000 * 2 - saved <= 10 * 500 * 2
    assert all(line.ends_at - line.begins_at <= timedelta(seconds=10) for line in lines)
    (state,) = recorder.states()
    assert (state.samples, state.lost, state.problem) == (saved, 0, None)
    assert state.saved_until == lines[-1].ends_at


def test_the_end_writes_what_waits(store: Store, recorder: Recorder, steady: Steady) -> None:
    begun(recorder, store)
    play(recorder, steady, 0, 15_100)
    head = recorder.end("r1")
    recording = open_recording(store, "r1").read(NOON, NOON + timedelta(seconds=30.2))
    assert head.chunks == len(tuple(Ledger(store).lines("r1")))
    np.testing.assert_array_equal(np.stack([each.samples for each in recording.channels]), samples(0, 15_100))
    assert recorder.states() == ()
    assert not recorder.is_recording("bed 1")


def test_only_the_devices_that_are_recorded_are_kept(store: Store, recorder: Recorder, steady: Steady) -> None:
    begun(recorder, store)
    recorder.take_in(block(0, source="bed 2"))
    recorder.take_in(numbers(1000.5, source="bed 2"))
    assert recorder.is_recording("bed 1")
    assert not recorder.is_recording("bed 2")
    recorder.end("r1")
    recorder.take_in(block(0))
    assert tuple(Ledger(store).lines("r1")) == ()


def test_two_beds_are_kept_apart(store: Store, recorder: Recorder, steady: Steady) -> None:
    begun(recorder, store)
    begun(recorder, store, Head("r2", "patient-2", "bed 2", NOON))
    recorder.take_in(block(0))
    recorder.take_in(block(500, source="bed 2"))
    recorder.end("r1")
    recorder.end("r2")
    chunks = [decode(store.blobs.read(next(Ledger(store).lines(each)).sha256)) for each in ("r1", "r2")]
    assert [chunk.parts[0].first_index for chunk in chunks] == [0, 500]


def test_numbers_alone_are_a_chunk_too(store: Store, recorder: Recorder, steady: Steady) -> None:
    begun(recorder, store)
    for second in range(12):
        steady.now_s = 1000.0 + second
        recorder.take_in(numbers(steady.now_s, str(60 + second)))
        recorder.step()
    recorder.end("r1")
    trend = open_recording(store, "r1").numbers("MDC_ECG_HEART_RATE")
    assert trend.values.tolist() == [60.0 + second for second in range(12)]
    assert np.diff(trend.times_s).tolist() == [1.0] * 11


def test_a_full_disk_is_told_and_nothing_that_came_is_lost(
    store: Store, recorder: Recorder, steady: Steady, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun(recorder, store)
    put = store.blobs.put

    def refuse(data: bytes) -> str:
        raise DiskFullError(Text("The disk is full."))

    monkeypatch.setattr(store.blobs, "put", refuse)
    play(recorder, steady, 0, 15_000)
    assert recorder.states()[0].problem == Text("The disk is full.")
    with pytest.raises(StorageError):
        recorder.end("r1")
    assert recorder.is_recording("bed 1"), "it goes on, and what waits is kept"
    monkeypatch.setattr(store.blobs, "put", put)
    recorder.step()
    assert recorder.states()[0].problem is None
    recorder.end("r1")
    assert sum(line.samples for line in Ledger(store).lines("r1")) == 15_000 * 2


def test_what_can_wait_no_longer_is_counted_as_lost(
    store: Store, recorder: Recorder, steady: Steady, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun(recorder, store)
    monkeypatch.setattr(recorder_module, "MOST_WAITING_BYTES", 0)
    put = store.blobs.put

    def refuse(data: bytes) -> str:
        raise DiskFullError(Text("The disk is full."))

    monkeypatch.setattr(store.blobs, "put", refuse)
    play(recorder, steady, 0, 10_000)
    (state,) = recorder.states()
    assert state.lost > 0
    assert state.samples == 0
    monkeypatch.setattr(store.blobs, "put", put)


def test_a_queue_that_nobody_empties_has_an_end(
    store: Store, recorder: Recorder, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun(recorder, store)
    monkeypatch.setattr(recorder_module, "MOST_QUEUED_BYTES", 3 * block(0).samples.nbytes)
    for each in blocks(0, 1250):
        recorder.take_in(each)
    assert recorder.states()[0].lost == 2 * 250 * 2


def test_closing_keeps_what_came_and_leaves_it_running_in_the_ledger(store: Store, steady: Steady) -> None:
    recorder = Recorder(store, FixedClock(NOON), steady)
    begun(recorder, store)
    recorder.take_in(block(0))
    recorder.close()
    assert sum(line.samples for line in Ledger(store).lines("r1")) == 500
    assert Ledger(store).running() == ("r1",)


def test_it_goes_on_where_it_was_cut_and_the_time_between_is_a_gap(store: Store, steady: Steady) -> None:
    first = Recorder(store, FixedClock(NOON), steady)
    begun(first, store)
    first.take_in(block(0))
    first.close()
    again = Recorder(store, FixedClock(NOON + timedelta(minutes=2)), steady)
    again.begin(HEAD)
    again.take_in(block(0, stream_id="after the start"))
    again.end("r1")
    recording = open_recording(store, "r1")
    assert [decode(store.blobs.read(line.sha256)).number for line in recording.lines] == [0, 1]
    assert len(recording.covered()) == 2
    seen = recording.read(NOON, NOON + timedelta(seconds=121)).channels[0].samples
    assert np.isfinite(seen[:250]).all()
    assert np.isnan(seen[300:59_500]).all()
    again.close()


def test_its_own_thread_does_what_is_due(store: Store) -> None:
    from tests.helpers.waiting import wait_until

    recorder = Recorder(store, FixedClock(NOON), chunk_s=0.0)
    begun(recorder, store)
    recorder.take_in(block(0, at_s=0.0))
    wait_until(lambda: recorder.states()[0].samples == 500, what="the recorder to have written")
    recorder.close()


def test_a_page_that_is_full_is_not_written_again(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    assert PAGE_LINES * 10 == 600, "ten minutes"
    monkeypatch.setattr(ledger_module, "PAGE_LINES", 6)
    ledger, head = Ledger(store), HEAD
    for number in range(13):
        begins_at = NOON + timedelta(seconds=10 * number)
        head = ledger.add(head, Line(f"{number:064x}", begins_at, begins_at + timedelta(seconds=10), 1))
    assert head.chunks == 13
    assert [int(line.sha256, 16) for line in ledger.lines("r1")] == list(range(13))
    assert [int(line.sha256, 16) for line in ledger.lines("r1", 11)] == [11, 12]
    assert len(ledger._page("r1", 1)) == 6
    assert len(ledger._page("r1", 2)) == 1


def test_chunks_are_no_orphans(store: Store, recorder: Recorder) -> None:
    from clinic_app.storage.contents.orphans import named_contents

    begun(recorder, store)
    recorder.take_in(block(0))
    recorder.end("r1")
    named = {digest.decode() for digests in named_contents(store.database) for digest in digests}
    assert {line.sha256 for line in Ledger(store).lines("r1")} <= named


def test_heads_running_and_marks_are_kept(store: Store) -> None:
    ledger = Ledger(store)
    with pytest.raises(NotFoundError):
        ledger.head("r1")
    ledger.keep(HEAD)
    ledger.keep(msgspec.structs.replace(HEAD, id="r2"))
    assert ledger.running() == ("r1", "r2")
    ledger.keep(msgspec.structs.replace(HEAD, ended_at=NOON))
    assert ledger.running() == ("r2",)
    assert ledger.head("r1").ended_at == NOON
    late, early = EventMark(NOON + timedelta(seconds=9), "кейін"), EventMark(NOON, "adrenaline 1 mg", "nurse")
    ledger.add_mark("r1", late)
    ledger.add_mark("r1", early)
    assert ledger.marks("r1") == (early, late)
    assert ledger.marks("r2") == ()


def test_a_ledger_of_a_stranger_is_refused(store: Store) -> None:
    store.memory.put("long-recording/r1", b'{"id": 5}')
    with pytest.raises(DamagedError):
        Ledger(store).head("r1")
