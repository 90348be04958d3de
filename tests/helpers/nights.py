"""A recording of hours as the program makes it, in minutes of a test's time: recorded, interrupted and marked."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from clinic_app.access import Session, Trail
from clinic_app.storage import Store
from clinic_app.waveforms.store import LongRecordings, Recorder
from tests.helpers.clocks import FixedClock
from tests.helpers.device_items import NOON, blocks, numbers

LENGTH_S = 260.0
"""A hundred seconds, a pause of a minute, a hundred more."""
AGAIN_AT = NOON + timedelta(seconds=160)
MARKED_AT = NOON + timedelta(seconds=42)


def recorded_night(store: Store, session: Session, patient_id: str, band: str = "0.5–40 Hz") -> str:
    """Record bed 1 with a pause and a mark; return the recording's id."""
    recorder, service = _recording(store, NOON)
    head = service.start(session, patient_id, "bed 1", band)
    _play(recorder, 0, 50_000, "run 1")
    recorder.close()
    recorder, service = _recording(store, AGAIN_AT)
    service.go_on(session, head.id, patient_id)
    _play(recorder, 0, 50_000, "run 2")
    service.mark(session, head.id, MARKED_AT, "desaturation")
    service.stop(session, head.id)
    recorder.close()
    return head.id


def _recording(store: Store, at: datetime) -> tuple[Recorder, LongRecordings]:
    clock = FixedClock(at)
    recorder = Recorder(store, clock, lambda: 1000.0)
    return recorder, LongRecordings(store, Trail(store, clock), clock, recorder)


def _play(recorder: Recorder, first: int, last: int, run: str) -> None:
    for each in blocks(first, last, 5_000):
        recorder.take_in(replace(each, stream_id=run))
    recorder.take_in(numbers(1000.0 + 50))
