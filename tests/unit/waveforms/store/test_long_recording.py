"""A recording of hours read by the time of day: every sample in its place, and nothing made up."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from decimal import Decimal
from fractions import Fraction

import numpy as np
import pytest

from clinic_app.devices import ChannelInfo
from clinic_app.foundation.errors import InvalidInputError, NotFoundError
from clinic_app.foundation.texts import Text
from clinic_app.waveforms.formats.hours import Hours
from clinic_app.waveforms.recording import EventMark
from clinic_app.waveforms.store import Chunk, Head, Line, LongRecording, Number, Part, encode
from tests.helpers.device_items import LEADS, NOON, RATE_HZ, STEP_UV, samples

CHUNK = 5000
PLETH = ChannelInfo("MDC_PULS_OXIM_PLETH", "Pleth", "%")


def at(seconds: float) -> timedelta:
    return timedelta(seconds=seconds)


def stretch(first: int, count: int = CHUNK, *, stream_id: str = "run 1", late_s: float = 0.0) -> Part:
    began = NOON + at(first / 500 + late_s)
    return Part(stream_id, LEADS, (STEP_UV, STEP_UV), RATE_HZ, first, began, samples(first, count))


def recording(
    *chunks: Iterable[Part], marks: tuple[EventMark, ...] = (), missing: frozenset[int] = frozenset()
) -> LongRecording:
    contents: dict[str, bytes] = {}
    lines = []
    for number, parts in enumerate(map(tuple, chunks)):
        told = tuple(
            Number(part.at + at(s), "MDC_ECG_HEART_RATE", Decimal(60 + number), "/min")
            for part in parts[:1]
            for s in range(10)
        )
        begins_at = min(part.at for part in parts)
        ends_at = max(part.at + at(part.samples.shape[1] / float(part.rate_hz)) for part in parts)
        lines.append(Line(f"{number:064x}", begins_at, ends_at, sum(part.samples.size for part in parts)))
        if number not in missing:
            contents[lines[-1].sha256] = encode(Chunk("r", number, parts, told))

    def read(sha256: str) -> bytes:
        if sha256 not in contents:
            raise NotFoundError(Text("x"))
        return contents[sha256]

    return LongRecording(Head("r", "p", "bed 1", NOON), lines, read, marks)


def test_a_stretch_over_chunks_is_whole() -> None:
    long = recording(*([stretch(first)] for first in range(0, 30_000, CHUNK)))
    seen = long.read(NOON + at(7), NOON + at(33))
    np.testing.assert_array_equal(np.stack([each.samples for each in seen.channels]), samples(3500, 13_000))
    assert (seen.started_at, seen.device, seen.band) == (NOON + at(7), "bed 1", "raw")
    assert [(each.code, each.unit, each.resolution) for each in seen.channels] == [
        (c.code, "uV", STEP_UV) for c in LEADS
    ]
    assert (long.begins_at, long.ends_at, long.duration_s) == (NOON, NOON + at(60), 60.0)


def test_trembling_clocks_tear_and_squeeze_nothing() -> None:
    trembling = (0.0, 0.011, -0.008, 0.02, 0.003)
    long = recording(*([stretch(i * CHUNK, late_s=late)] for i, late in enumerate(trembling)))
    seen = long.read(NOON, NOON + at(50)).channels[1].samples
    np.testing.assert_array_equal(seen, samples(0, 25_000)[1])


def test_a_lost_chunk_is_a_gap_of_its_length_and_is_told() -> None:
    long = recording(*([stretch(first)] for first in range(0, 20_000, CHUNK)), missing=frozenset({1}))
    seen = long.read(NOON, NOON + at(40)).channels[0].samples
    assert np.isnan(seen[5000:10_000]).all()
    np.testing.assert_array_equal(seen[10_000:], samples(10_000, 10_000)[0])
    assert long.damaged == 1


def test_a_gap_keeps_its_length_and_what_comes_after_its_time() -> None:
    long = recording([stretch(0)], [stretch(50_000)])
    seen = long.read(NOON + at(95), NOON + at(105)).channels[0].samples
    assert np.isnan(seen[:2500]).all()
    np.testing.assert_array_equal(seen[2500:], samples(50_000, 2500)[0])
    assert [each.begins_at - NOON for each in long.covered()] == [at(0), at(100)]
    assert long.covered()[0].ends_at == NOON + at(10)


def test_another_run_of_the_device_stands_by_its_time() -> None:
    long = recording([stretch(0)], [stretch(0, stream_id="run 2", late_s=20.0)])
    seen = long.read(NOON, NOON + at(30)).channels[0].samples
    assert np.isnan(seen[5000:10_000]).all()
    np.testing.assert_array_equal(seen[10_000:], samples(0, 5000)[0])


def test_a_late_block_in_a_later_chunk_fills_its_hole() -> None:
    holey = stretch(0)
    holey.samples[:, 1000:1250] = np.nan
    long = recording([holey], [stretch(5000), stretch(1000, 250)])
    np.testing.assert_array_equal(long.read(NOON, NOON + at(10)).channels[0].samples, samples(0, 5000)[0])


def test_before_and_after_it_there_is_nothing() -> None:
    long = recording([stretch(0)])
    seen = long.read(NOON - at(5), NOON + at(5)).channels[0].samples
    assert np.isnan(seen[:2500]).all()
    assert np.isfinite(seen[2500:]).all()
    assert long.read(NOON + at(100), NOON + at(101)).channels == ()


def test_channels_of_other_rates_stand_beside_each_other() -> None:
    pleth = Part(
        "run p", (PLETH,), (None,), Fraction(125, 2), 0, NOON, np.linspace(0, 100, 625, dtype=np.float32)[np.newaxis]
    )
    long = recording([stretch(0), pleth])
    seen = long.read(NOON + at(2), NOON + at(4))
    assert [(each.code, each.rate_hz, len(each.samples)) for each in seen.channels] == [
        (LEADS[0].code, 500.0, 1000), (LEADS[1].code, 500.0, 1000), (PLETH.code, 62.5, 125)
    ]  # fmt: skip
    only = long.read(NOON, NOON + at(1), codes=[PLETH.code])
    assert [each.code for each in only.channels] == [PLETH.code]
    assert dict(long.channels())[PLETH] == Fraction(125, 2)


@pytest.mark.parametrize("seconds", [0.0, -5.0, 3601.0])
def test_a_stretch_has_a_length_that_fits_into_the_memory(seconds: float) -> None:
    with pytest.raises(InvalidInputError):
        recording([stretch(0)]).read(NOON, NOON + at(seconds))


def test_numbers_are_a_trend_over_the_whole_of_it() -> None:
    long = recording(*([stretch(first)] for first in range(0, 20_000, CHUNK)))
    trend = long.numbers("MDC_ECG_HEART_RATE")
    assert trend.times_s.tolist() == list(range(40))
    assert trend.values.tolist() == [60.0] * 10 + [61.0] * 10 + [62.0] * 10 + [63.0] * 10
    assert trend.unit == "/min"
    assert long.numbers("MDC_ECG_HEART_RATE", NOON + at(15), NOON + at(18)).values.tolist() == [61.0] * 3
    assert len(long.numbers("NOTHING").values) == 0
    assert long.number_codes() == ("MDC_ECG_HEART_RATE",)


def test_marks_come_with_the_stretch_they_lie_in() -> None:
    marks = (EventMark(NOON + at(3), "а"), EventMark(NOON + at(8), "б"))
    long = recording([stretch(0)], marks=marks)
    assert long.read(NOON, NOON + at(5)).marks == marks[:1]
    assert long.marks == marks


def test_electrodes_that_were_off_are_told_by_the_time_of_day() -> None:
    off = Part("run 1", LEADS, (None, None), RATE_HZ, 5000, NOON + at(10), samples(5000, 5000), ((6000, 6500, "I"),))
    ((code, told),) = recording([off]).leads_off(NOON, NOON + at(60))
    assert (code, told.begins_at, told.ends_at) == ("I", NOON + at(12), NOON + at(13))
    assert recording([off]).leads_off(NOON, NOON + at(11)) == ()


def test_a_recording_without_a_chunk_is_empty() -> None:
    empty = LongRecording(Head("r", "p", "bed 1", NOON), (), lambda sha256: b"")
    assert (empty.duration_s, empty.covered(), empty.channels(), empty.number_codes()) == (0.0, (), (), ())
    assert empty.read(NOON, NOON + at(1)).channels == ()


def whole_of(hours: Hours, row: int) -> np.ndarray:
    """Return one channel of all pieces, each where its index says."""
    runs = [piece.runs[row] for piece in hours.pieces() if piece.runs]
    assert [run.first for run in runs[1:]] == [run.first + len(run.channel.samples) for run in runs[:-1]]
    return np.concatenate([run.channel.samples for run in runs])


@pytest.mark.parametrize("late_s", [0.0, 0.001, 0.0005, 7.2349])
def test_in_pieces_every_sample_comes_once_whatever_the_clocks_did(late_s: float) -> None:
    trembling = (0.0, 0.011, -0.008, 0.02, 0.4, 0.39, -0.3, 0.1, 0.0, 0.2, 0.1, -0.6, 0.3, 0.2)
    chunks = [stretch(i * CHUNK, late_s=late_s + late) for i, late in enumerate(trembling)]
    hours = recording(*([part] for part in chunks)).hours()
    for row in range(2):
        whole = whole_of(hours, row)
        np.testing.assert_array_equal(whole[np.isfinite(whole)], samples(0, 70_000)[row])
        assert np.isfinite(whole[:70_000]).all()
        assert len(whole) <= 70_000 + 500, "nothing is made up behind its end"


@pytest.mark.parametrize("late_s", [-0.5, 0.5])
def test_in_pieces_a_slow_or_fast_device_loses_nothing_at_its_end(late_s: float) -> None:
    parts = [stretch(i * CHUNK, late_s=late_s * i) for i in range(7)]
    whole = whole_of(recording(*([part] for part in parts)).hours(), 0)
    np.testing.assert_array_equal(whole[:35_000], samples(0, 35_000)[0])


def test_a_stretch_of_any_length_has_its_own_beginning_end_and_marks() -> None:
    marks = tuple(EventMark(NOON + at(s), str(s)) for s in (5, 30, 100))
    long = recording(*([stretch(first)] for first in range(0, 70_000, CHUNK)), marks=marks)
    hours = long.hours(NOON + at(20.0005), NOON + at(100))
    assert hours.started_at == NOON + at(20.0005)
    assert hours.seconds == pytest.approx(79.9995)
    assert [mark.text for mark in hours.marks] == ["30"]
    whole = whole_of(hours, 0)
    np.testing.assert_array_equal(whole[:-1], samples(10_000, 39_999)[0])
    assert [mark.text for mark in long.hours().marks] == ["5", "30", "100"]
    only = next(iter(long.hours(codes=[LEADS[1].code]).pieces()))
    assert [run.channel.code for run in only.runs] == [LEADS[1].code]


def test_in_pieces_a_pause_is_a_hole_and_a_channel_may_be_missing_for_a_while() -> None:
    pleth = Part("spo2", (PLETH,), (None,), Fraction(125, 2), 0, NOON + at(60), np.ones((1, 625), np.float32))
    again = stretch(0, stream_id="run 2", late_s=300)
    hours = recording([stretch(0)], [pleth], [again]).hours()
    places = [[(run.channel.label, run.first) for run in piece.runs] for piece in hours.pieces()]
    assert places == [[("I", 0), ("II", 0)], [("Pleth", 3750)], [], [], [], [("I", 150_000), ("II", 150_000)]]
    assert hours.seconds == 310
