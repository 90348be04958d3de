"""What a filter shows of a signal, what it says of itself, and what it does where samples are missing."""

from __future__ import annotations

import itertools
from datetime import UTC, datetime

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clinic_app.waveforms.filters import (
    BANDS,
    BELL,
    DIAGNOSTIC,
    DIAPHRAGM,
    MONITOR,
    NOTCHES_HZ,
    RAW,
    SOUND_BANDS,
    ST,
    Band,
    StreamFilter,
    filtered,
)
from clinic_app.waveforms.recording import RecordedChannel, Recording
from tests.helpers.signals import real_leads

RATE_HZ = 500.0
DAY = datetime(2026, 3, 1, tzinfo=UTC)


def sine(frequency_hz: float, seconds: float = 8.0, rate_hz: float = RATE_HZ) -> np.ndarray:
    return (1000 * np.sin(2 * np.pi * frequency_hz * np.arange(round(seconds * rate_hz)) / rate_hz)).astype(np.float32)


def left_of(band: Band, frequency_hz: float, rate_hz: float = RATE_HZ) -> float:
    """Return which part of a sine is left, after the filter has settled."""
    wave = sine(frequency_hz, rate_hz=rate_hz)
    seen = StreamFilter(band, rate_hz, 1).run(wave[np.newaxis])[0]
    return float(np.abs(seen[-round(2 * rate_hz) :]).max() / 1000)


def recording(*channels: RecordedChannel, band: str = "raw") -> Recording:
    return Recording(channels, DAY, "ward 3", band)


def lead(samples: np.ndarray, rate_hz: float = RATE_HZ, unit: str = "uV") -> RecordedChannel:
    return RecordedChannel("MDC_ECG_LEAD_II", "II", unit, rate_hz, samples.astype(np.float32))


@pytest.mark.parametrize(
    ("band", "words"),
    [
        (DIAGNOSTIC.with_notch(50.0), "0.05–150 Hz, 50 Hz notch"),
        (MONITOR, "0.5–40 Hz"),
        (ST.with_notch(60.0), "0.05–40 Hz, 60 Hz notch"),
        (RAW, "unfiltered"),
        (RAW.with_notch(50.0), "50 Hz notch"),
        (DIAGNOSTIC.at(100.0), "from 0.05 Hz"),
        (Band("own", None, 35.0), "up to 35 Hz"),
    ],
)
def test_a_band_says_what_it_does(band: Band, words: str) -> None:
    assert band.words == words


def test_a_band_says_it_with_the_decimal_sign_and_the_unit_of_the_language() -> None:
    assert DIAGNOSTIC.with_notch(50.0).text.render("ru") == "0,05–150 Гц, режектор 50 Гц"
    assert "0,05–150 Гц" in DIAGNOSTIC.text.render("kk")


def test_bands_are_found_by_name() -> None:
    assert all(BANDS[band.name] is band for band in (DIAGNOSTIC, MONITOR, ST))
    assert all(SOUND_BANDS[band.name] is band for band in (BELL, DIAPHRAGM))
    assert MONITOR.with_notch(50.0).name == "monitor"


@pytest.mark.parametrize("band", [DIAGNOSTIC, MONITOR, ST])
def test_what_belongs_to_a_heart_passes(band: Band) -> None:
    assert left_of(band, 10.0) == pytest.approx(1.0, abs=0.02)


@pytest.mark.parametrize(("band", "edge_hz"), [(MONITOR, 0.5), (MONITOR, 40.0), (ST, 40.0), (DIAGNOSTIC, 150.0)])
def test_at_its_edges_a_band_leaves_seven_tenths(band: Band, edge_hz: float) -> None:
    assert left_of(band, edge_hz) == pytest.approx(0.707, abs=0.015)


@pytest.mark.parametrize("mains_hz", NOTCHES_HZ)
def test_the_hum_of_the_mains_goes_and_its_neighbours_stay(mains_hz: float) -> None:
    band = DIAGNOSTIC.with_notch(mains_hz)
    assert left_of(band, mains_hz) < 0.01
    assert left_of(band, mains_hz - 10) > 0.95


def test_a_pulse_of_three_millivolts_leaves_no_false_st_segment() -> None:
    pulse = np.zeros(round(12 * RATE_HZ), dtype=np.float32)
    begin, end = round(5 * RATE_HZ), round(5.1 * RATE_HZ)
    pulse[begin:end] = 3000
    seen = StreamFilter(DIAGNOSTIC, RATE_HZ, 1).run(pulse[np.newaxis])[0]
    after = seen[end + round(0.02 * RATE_HZ) :]
    assert np.abs(after).max() <= 100, "IEC 60601-2-25: at most 0.1 mV"
    two_poles = Band("two poles", 0.05, 150.0, low_order=2)
    worse = StreamFilter(two_poles, RATE_HZ, 1).run(pulse[np.newaxis])[0]
    assert np.abs(worse[end + round(0.02 * RATE_HZ) :]).max() > 100


def test_what_cannot_be_done_at_a_rate_is_neither_done_nor_said() -> None:
    assert DIAGNOSTIC.at(100.0) == Band("diagnostic", 0.05, None)
    assert MONITOR.with_notch(60.0).at(62.5) == Band("monitor", 0.5, None)
    assert StreamFilter(DIAGNOSTIC, 100.0, 1).band.high_hz is None
    untouched = sine(3.0, rate_hz=1.0)
    assert StreamFilter(Band("own", 40.0, 150.0), 1.0, 1).run(untouched[np.newaxis])[0] is not untouched
    np.testing.assert_array_equal(StreamFilter(RAW, 1.0, 1).run(untouched[np.newaxis])[0], untouched)


def test_a_live_stream_is_seen_as_the_recording_of_it() -> None:
    leads = real_leads()[:, :4000]
    stream = StreamFilter(MONITOR.with_notch(50.0), 1000.0, 12)
    first, rest = stream.run(leads[:, :2000]), [stream.run(leads[:, at : at + 20]) for at in range(2000, 4000, 20)]
    at_once = StreamFilter(MONITOR.with_notch(50.0), 1000.0, 12).run(leads)
    np.testing.assert_allclose(np.concatenate([first, *rest], axis=1), at_once, atol=0.01)
    assert at_once.dtype == np.float32


def test_it_looks_at_no_sample_that_has_not_come() -> None:
    leads = real_leads()[:2, :3000]
    changed = leads.copy()
    changed[:, 2500:] = 4000
    seen = [StreamFilter(DIAGNOSTIC, 1000.0, 2).run(each)[:, :2500] for each in (leads, changed)]
    np.testing.assert_array_equal(*seen)


def test_an_electrode_far_from_zero_begins_at_the_baseline() -> None:
    seen = StreamFilter(DIAGNOSTIC, RATE_HZ, 1).run(np.full((1, 100), 250_000.0, dtype=np.float32))
    assert np.abs(seen).max() < 0.1


def test_after_a_gap_a_lead_starts_anew_and_the_others_go_on() -> None:
    leads = np.tile(sine(5.0), (2, 1))
    leads[1, 1000:1500] = np.nan
    leads[1, 1500:] += 90_000  # the electrode was put on again
    seen = StreamFilter(MONITOR, RATE_HZ, 2).run(leads)
    alone = StreamFilter(MONITOR, RATE_HZ, 1).run(leads[1:, 1500:])
    assert np.isnan(seen[1, 1000:1500]).all()
    np.testing.assert_allclose(seen[1, 1500:], alone[0], atol=0.01)
    assert np.isfinite(seen[0]).all()
    np.testing.assert_allclose(seen[0], StreamFilter(MONITOR, RATE_HZ, 1).run(leads[:1])[0], atol=0.01)


@pytest.mark.parametrize("lost", [slice(90, 100), slice(0, 10)])
def test_a_gap_at_the_edge_of_a_block_is_a_gap(lost: slice) -> None:
    wave = sine(5.0)[np.newaxis].copy()
    wave[:, 100:] += 50_000
    stream = StreamFilter(MONITOR, RATE_HZ, 1)
    first, second = wave[:, :100].copy(), wave[:, 100:200].copy()
    (first if lost.start else second)[:, lost] = np.nan
    stream.run(first)
    assert np.nanmax(np.abs(stream.run(second))) < 2500


@settings(max_examples=25, deadline=None)
@given(st.lists(st.integers(0, 180), max_size=8), st.lists(st.integers(0, 399), max_size=6))
def test_nothing_is_seen_where_nothing_was_measured_however_it_is_cut(cuts: list[int], lost: list[int]) -> None:
    wave = sine(7.0)[np.newaxis, :400].copy()
    wave[:, lost] = np.nan
    stream = StreamFilter(ST.with_notch(50.0), RATE_HZ, 1)
    edges = [0, *sorted(cuts), 400]
    seen = np.concatenate([stream.run(wave[:, a:b]) for a, b in itertools.pairwise(edges)], axis=1)
    np.testing.assert_array_equal(np.isnan(seen), np.isnan(wave))
    assert np.nanmax(np.abs(seen), initial=0) < 4000


def test_a_filtered_recording_says_so_and_the_raw_one_stays() -> None:
    raw = recording(lead(sine(50.0) + sine(5.0)))
    seen = filtered(raw, MONITOR.with_notch(50.0))
    assert seen.band == "0.5–40 Hz, 50 Hz notch"
    assert raw.band == "raw"
    assert np.abs(raw.channels[0].samples).max() > 1500
    assert np.abs(seen.channels[0].samples[2000:]).max() < 1100
    assert (seen.started_at, seen.device) == (raw.started_at, raw.device)


def test_only_volts_are_filtered() -> None:
    pleth = RecordedChannel("MDC_PULS_OXIM_PLETH", "Pleth", "%", 125.0, np.full(100, 97, dtype=np.float32))
    seen = filtered(recording(lead(sine(1.0)), pleth), MONITOR)
    assert seen.channels[1] is pleth
    assert filtered(recording(pleth), MONITOR).band == "raw"


def test_the_words_are_those_of_the_slowest_lead() -> None:
    assert filtered(recording(lead(sine(1.0)), lead(sine(1.0), 100.0)), DIAGNOSTIC).band == "from 0.05 Hz"
    assert filtered(recording(lead(sine(1.0))), RAW).band == "raw"


def test_what_the_device_filtered_before_is_said_too() -> None:
    assert filtered(recording(lead(sine(1.0)), band="0.05-150 Hz"), MONITOR).band == "0.05-150 Hz + 0.5–40 Hz"
