"""What the monitors send now: ages, gaps and recordings."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from fractions import Fraction

import numpy as np
import pytest

from clinic_app.devices import Block, ChannelInfo, Numerics, NumericValue
from clinic_app.foundation.errors import DeviceError
from clinic_app.waveforms import LiveTraces

NOW = datetime(2026, 3, 5, 12, tzinfo=UTC)
LEAD = ChannelInfo("MDC_ECG_LEAD_II", "II", "uV")


class Steady:
    now_s = 100.0

    def __call__(self) -> float:
        return self.now_s


def block(first: int, n: int = 100, *, stream: str = "s", source: str = "M", at_s: float = 100.0) -> Block:
    samples = np.arange(first, first + n, dtype=np.float32)[np.newaxis]
    return Block(source, stream, (LEAD,), first, Fraction(100), samples, NOW, at_s)


def test_a_stream_is_read_by_index_with_its_gap() -> None:
    traces = LiveTraces(monotonic=Steady())
    traces.take_in(block(0))
    traces.take_in(block(200))
    (stream,) = traces.streams()
    assert stream.rate_hz() == 100
    assert stream.end_index() == 300
    assert np.isnan(stream.read(100, 200)).all()
    assert traces.window(LEAD.code, 1.0).tolist() == list(range(200, 300))


def test_a_trace_grows_old_when_nothing_comes() -> None:
    steady = Steady()
    traces = LiveTraces(monotonic=steady)
    traces.take_in(block(0))
    steady.now_s = 107.0
    assert traces.streams()[0].age_s() == 7.0
    with pytest.raises(DeviceError):
        traces.take(1.0)


def test_another_run_of_the_device_is_another_stream() -> None:
    traces = LiveTraces(monotonic=Steady())
    traces.take_in(block(0, 1000))
    traces.take_in(block(0, 10, stream="other"))
    assert traces.streams()[0].end_index() == 10


def test_the_device_heard_last_is_shown_and_others_can_be_chosen() -> None:
    traces = LiveTraces(monotonic=Steady())
    traces.take_in(block(0, source="old", at_s=90.0))
    traces.take_in(block(0, source="new", at_s=99.0))
    assert traces.sources() == ("new", "old")
    assert traces.streams()[0].source == "new"
    assert traces.streams("old")[0].source == "old"


def test_numbers_have_an_age() -> None:
    steady = Steady()
    traces = LiveTraces(monotonic=steady)
    traces.take_in(Numerics("M", {"MDC_TEMP": NumericValue(Decimal("36.7"), "Cel")}, NOW, 98.0))
    number = traces.numbers()["MDC_TEMP"]
    assert (number.value, number.unit, number.age_s) == (Decimal("36.7"), "Cel", 2.0)


def test_a_recording_keeps_gaps_and_the_time_it_began() -> None:
    class At:
        def now(self) -> datetime:
            return NOW

    traces = LiveTraces(At(), monotonic=Steady())
    traces.take_in(block(0, 500))
    traces.take_in(block(600, 400))
    recording = traces.take(10.0)
    (channel,) = recording.channels
    assert len(channel.samples) == 1000
    assert np.isnan(channel.samples[500:600]).all()
    assert recording.duration_s == 10
    assert (NOW - recording.started_at).total_seconds() == 10
    assert recording.device == "M"


def test_many_streams_do_not_eat_the_memory() -> None:
    traces = LiveTraces(monotonic=Steady())
    for i in range(200):
        traces.take_in(block(0, 10, source=f"M{i}"))
    assert len(traces.sources()) <= 64
