"""What the monitors send now: ages, gaps and recordings."""

from __future__ import annotations

import threading
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


ECG = (ChannelInfo("MDC_ECG_LEAD_I", "I", "uV"), LEAD)
PULSE = (ChannelInfo("MDC_PULS_OXIM_PLETH", "Pleth", "%"),)
DEVICE_TIME = datetime(2001, 1, 1, tzinfo=UTC)


def timed(
    channels: tuple[ChannelInfo, ...],
    stream: str,
    rate_hz: int,
    seconds: tuple[float, float],
    *,
    at_s: float = 100.0,
    began_at: datetime = DEVICE_TIME,
) -> Block:
    """Samples that tell the second of their stream at which they were taken."""
    first, last = (round(second * rate_hz) for second in seconds)
    samples = np.tile(np.arange(first, last, dtype=np.float32) / rate_hz, (len(channels), 1))
    return Block("M", stream, channels, first, Fraction(rate_hz), samples, NOW, at_s, began_at)


def test_a_wave_sent_again_and_again_does_not_look_alive() -> None:
    steady = Steady()
    traces = LiveTraces(monotonic=steady)
    traces.take_in(block(0))
    steady.now_s = 110.0
    traces.take_in(block(0, at_s=110.0))
    assert traces.streams()[0].age_s() == 10.0


def test_a_lead_that_comes_off_is_a_gap_and_costs_no_history() -> None:
    traces = LiveTraces(monotonic=Steady())
    traces.take_in(timed(ECG, "e", 100, (0, 5)))
    traces.take_in(timed((LEAD,), "e", 100, (5, 6)))
    traces.take_in(timed(ECG, "e", 100, (6, 7)))
    (stream,) = traces.streams()
    assert [channel.label for channel in stream.channels] == ["I", "II"]
    read = stream.read(0, 700)
    assert np.isnan(read[0, 500:600]).all()
    assert np.isfinite(read[1]).all()
    assert np.isfinite(read[0, :500]).all()


def test_a_lead_that_comes_back_is_not_another_stream_beside_the_old_one() -> None:
    traces = LiveTraces(monotonic=Steady())
    traces.take_in(timed((LEAD,), "e", 100, (0, 5)))
    traces.take_in(timed(ECG, "e", 100, (5, 6)))
    (stream,) = traces.streams()
    assert len(stream.channels) == 2


def test_channels_of_different_rates_end_at_the_same_moment() -> None:
    traces = LiveTraces(monotonic=Steady())
    traces.take_in(timed(ECG, "e", 500, (0, 20)))
    traces.take_in(timed(PULSE, "p", 125, (0, 18), at_s=98.0))
    ecg, _, pulse = traces.take(10.0).channels
    assert ecg.samples[0] == 10.0
    assert pulse.samples[0] == 10.0
    assert len(pulse.samples) == 1250
    assert pulse.samples[999] == pytest.approx(18.0 - 1 / 125)
    assert np.isnan(pulse.samples[1000:]).all()


def test_streams_whose_clocks_cannot_be_compared_end_with_their_own_newest_sample() -> None:
    traces = LiveTraces(monotonic=Steady())
    traces.take_in(timed(ECG, "e", 500, (0, 20)))
    traces.take_in(timed(PULSE, "p", 125, (0, 18), began_at=datetime(2026, 1, 1, tzinfo=UTC)))
    pulse = traces.take(10.0).channels[2]
    assert np.isfinite(pulse.samples).all()


def test_a_recording_began_when_its_first_sample_arrived_not_when_the_button_was_pressed() -> None:
    class At:
        def now(self) -> datetime:
            return NOW

    steady = Steady()
    traces = LiveTraces(At(), monotonic=steady)
    traces.take_in(timed(ECG, "e", 500, (0, 20)))
    steady.now_s = 103.0
    assert (NOW - traces.take(10.0).started_at).total_seconds() == 13.0


def test_a_device_of_many_fast_channels_keeps_fewer_minutes_not_more_memory() -> None:
    traces = LiveTraces(monotonic=Steady())
    many = tuple(ChannelInfo(f"MDC_X_{i}", str(i), "1") for i in range(64))
    for device in range(12):
        one = timed(many, str(device), 10_000, (0, 0.01))
        traces.take_in(Block(f"M{device}", one.stream_id, many, 0, one.rate_hz, one.samples, NOW, 100.0))
    sizes = [stream.size_bytes for source in traces.sources() for stream in traces.streams(source)]
    assert max(sizes) <= 20 << 20
    assert sum(sizes) <= 384 << 20


def test_numbers_without_end_do_not_eat_the_memory() -> None:
    traces = LiveTraces(monotonic=Steady())
    for i in range(1000):
        traces.take_in(Numerics("M", {f"MDC_{i}": NumericValue(Decimal(1), "")}, NOW, 100.0))
        traces.take_in(Numerics(f"M{i}", {"MDC_TEMP": NumericValue(Decimal(1), "")}, NOW, 100.0))
    assert len(traces.numbers("M")) <= 256
    assert sum(bool(traces.numbers(f"M{i}")) for i in range(1000)) <= 64


def test_writing_and_reading_at_once_never_shows_a_torn_block() -> None:
    traces = LiveTraces()
    first = Block("M", "s", ECG, 0, Fraction(100), np.zeros((2, 50), dtype=np.float32), NOW, 0.0)
    traces.take_in(first)
    stop = threading.Event()

    def write() -> None:
        index = 50
        while not stop.is_set():
            samples = np.tile(np.arange(index, index + 50, dtype=np.float32), (2, 1))
            traces.take_in(Block("M", "s", ECG, index, Fraction(100), samples, NOW, 0.0))
            index += 50

    writer = threading.Thread(target=write)
    writer.start()
    try:
        (stream,) = traces.streams()
        for _ in range(2000):
            end = stream.end_index()
            rows = stream.read(max(end - 200, 50), end)
            np.testing.assert_array_equal(rows[0], rows[1])
            assert np.isfinite(rows).all()
            assert (np.diff(rows[0]) == 1).all()
    finally:
        stop.set()
        writer.join()


def test_the_screen_waits_for_no_device() -> None:
    traces = LiveTraces(monotonic=Steady())
    traces.take_in(block(0, 200))
    traces.take_in(Numerics("M", {"MDC_TEMP": NumericValue(Decimal("36.7"), "Cel")}, NOW, 98.0))
    (stream,) = traces.streams()
    with traces._lock, stream._lock:  # a device that writes and is not let run just now
        assert traces.sources() == ("M",)
        assert traces.streams("M") == (stream,)
        assert traces.numbers()["MDC_TEMP"].value == Decimal("36.7")
        assert traces.window(LEAD.code, 1.0).tolist() == list(range(100, 200))
        assert traces.channels() == (LEAD,)
        assert (stream.ends_at(), stream.index_at(NOW)) == (None, None)


def test_numbers_that_were_handed_out_do_not_change_under_the_reader() -> None:
    traces = LiveTraces(monotonic=Steady())
    traces.take_in(Numerics("M", {"MDC_TEMP": NumericValue(Decimal("36.7"), "Cel")}, NOW, 98.0))
    seen = traces._numbers["M"]
    traces.take_in(Numerics("M", {"MDC_HR": NumericValue(Decimal(70), "/min")}, NOW, 99.0))
    assert list(seen) == ["MDC_TEMP"]
    assert list(traces.numbers("M")) == ["MDC_TEMP", "MDC_HR"]


def test_a_recording_keeps_the_integers_of_the_device() -> None:
    from clinic_app.waveforms import from_dicom, to_dicom
    from tests.helpers.device_items import STEP_UV, integers
    from tests.helpers.device_items import block as of_device
    from tests.helpers.stores import patient

    traces = LiveTraces(monotonic=lambda: 1000.5)
    traces.take_in(of_device(0, 5000))
    taken = traces.take(10.0)
    assert [channel.resolution for channel in taken.channels] == [STEP_UV, STEP_UV]
    (part,) = to_dicom(taken, patient())
    kept = from_dicom(part).channels[1]
    np.testing.assert_array_equal(np.rint(kept.samples.astype(np.float64) / STEP_UV), integers(0, 5000, 1))
