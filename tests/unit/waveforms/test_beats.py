"""Beats of hearts that are known, and what is said of a lead that tells nothing."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from scipy import signal

from clinic_app.waveforms.beat_energy import LEAST_RATE_HZ, BeatEnergy
from clinic_app.waveforms.beats import DELAY_S, Beat, BeatFinder, find_beats
from tests.helpers.ecg_beats import Curve, Reference, made_ecg, mit_bih_100, score, with_noise
from tests.helpers.signals import real_leads


@pytest.fixture(scope="module")
def hundred(shared_data: Path) -> Reference:
    return mit_bih_100(shared_data / "waveforms").first(180)


def indexes(beats: tuple[Beat, ...]) -> list[int]:
    return [beat.index for beat in beats]


def noise_of(low_hz: float, high_hz: float, size_uv: float, seconds: float = 60.0) -> Curve:
    band = signal.butter(2, [low_hz, high_hz], "band", fs=500.0, output="sos")
    noise = signal.sosfiltfilt(band, np.random.default_rng(5).normal(size=round(seconds * 500)))
    return np.asarray(noise * size_uv / noise.std())


def rates_and_noise(samples: Curve, rate_hz: float = 500.0) -> tuple[list[float | None], list[bool]]:
    """Return what a finder says once a second, after the first five."""
    finder, rates, noisy = BeatFinder(rate_hz), [], []
    for start in range(0, len(samples), round(rate_hz)):
        finder.feed(samples[start : start + round(rate_hz)])
        rates.append(finder.heart_rate)
        noisy.append(finder.quality.is_noisy)
    return rates[5:], noisy[5:]


def test_the_beats_of_a_real_heart_are_found(hundred: Reference) -> None:
    found = indexes(find_beats(hundred.samples, hundred.rate_hz))
    sensitivity, predictivity = score(found, hundred.beats, hundred.rate_hz)
    assert sensitivity >= 99.5  # one of 220 may be lost
    assert predictivity == 100.0
    nearest = [np.abs(hundred.beats - index).min() / hundred.rate_hz for index in found]
    assert np.median(nearest) < 0.005


@pytest.mark.parametrize("kind", ["muscles", "electrode motion", "wander and mains"])
def test_in_noise_the_beats_are_still_found_and_the_rate_is_told(hundred: Reference, kind: str) -> None:
    noisy = with_noise(hundred, kind)
    sensitivity, predictivity = score(indexes(find_beats(noisy, hundred.rate_hz)), hundred.beats, hundred.rate_hz)
    assert min(sensitivity, predictivity) >= 95
    rates, is_noisy = rates_and_noise(noisy, hundred.rate_hz)
    assert np.mean(is_noisy) < (0.2 if kind == "electrode motion" else 0.1)
    told = [rate for rate in rates if rate is not None]
    assert 60 < np.median(told) < 90


@pytest.mark.parametrize(("kind", "snr_db"), [("muscles", -6.0), ("electrode motion", -6.0)])
def test_where_beats_drown_the_answer_is_noisy(hundred: Reference, kind: str, snr_db: float) -> None:
    rates, is_noisy = rates_and_noise(with_noise(hundred, kind, snr_db), hundred.rate_hz)
    assert np.mean(is_noisy) > 0.9
    assert np.mean([rate is None for rate in rates]) > 0.9


def test_a_clean_heart_is_never_called_noisy(hundred: Reference) -> None:
    rates, is_noisy = rates_and_noise(hundred.samples, hundred.rate_hz)
    assert not any(is_noisy)
    assert None not in rates


def test_extra_beats_from_the_chamber_are_found_beside_the_narrow_ones(shared_data: Path) -> None:
    raw = np.load(shared_data / "waveforms" / "mitdb208_scipy_misc_ecg.dat")["ecg"][: 60 * 360]
    found = indexes(find_beats((raw.astype(np.float64) - 1024) * 5, 360.0))
    assert 90 <= len(found) <= 110
    assert min(b - a for a, b in pairwise(found)) > 0.2 * 360
    _, is_noisy = rates_and_noise((raw.astype(np.float64) - 1024) * 5, 360.0)
    assert np.mean(is_noisy) < 0.1


def test_all_leads_of_a_resting_ecg_have_the_same_beats() -> None:
    counts = [len(find_beats(lead, 1000.0)) for lead in real_leads()]
    assert max(counts) - min(counts) <= 1
    assert min(counts) > 5


@pytest.mark.parametrize("per_minute", [30, 60, 150, 220, 280])
def test_slow_and_fast_hearts_are_counted(per_minute: int) -> None:
    samples, peaks = made_ecg(per_minute, t_uv=250 if per_minute < 150 else 80)
    finder = BeatFinder(500.0)
    assert score(indexes(finder.feed(samples)), peaks, 500.0) == (100.0, 100.0)
    assert finder.heart_rate == pytest.approx(per_minute, rel=0.01)
    assert finder.quality.value > 0.8


@pytest.mark.parametrize(
    "shape",
    [
        {"per_minute": 180.0, "width": 4.0, "t_uv": 0.0},
        {"per_minute": 40.0, "width": 5.0},
        {"t_uv": 1200.0},
        {"qrs_uv": 200.0, "t_uv": 60.0},
        {"qrs_uv": -900.0, "t_uv": 200.0},
    ],
    ids=["wide and fast", "wide and slow", "a T wave higher than R", "small", "down"],
)
def test_a_qrs_may_look_otherwise(shape: dict[str, float]) -> None:
    samples, peaks = made_ecg(**{"per_minute": 90.0, **shape})
    finder = BeatFinder(500.0)
    beats = finder.feed(samples)
    assert score(indexes(beats), peaks, 500.0) == (100.0, 100.0)
    assert not finder.quality.is_noisy
    assert np.sign(beats[3].amplitude) == np.sign(shape.get("qrs_uv", 1.0))


@pytest.mark.parametrize("rate_hz", [250.0, 360.0, 500.0, 1000.0])
def test_spikes_of_a_pacemaker_are_no_beats(rate_hz: float) -> None:
    captured, peaks = made_ecg(70, rate_hz=rate_hz, spike_uv=20_000)
    assert score(indexes(find_beats(captured, rate_hz)), peaks, rate_hz) == (100.0, 100.0)
    dead, _ = made_ecg(70, rate_hz=rate_hz, spike_uv=20_000, is_captured=False)
    finder = BeatFinder(rate_hz)
    assert finder.feed(dead) == ()
    assert (finder.heart_rate, finder.quality.trouble) == (None, "no beats")


def test_when_a_heart_stops_the_rate_goes_and_noise_is_not_blamed() -> None:
    samples, peaks = made_ecg(75, 40)
    samples[10_000:] = np.random.default_rng(1).normal(0, 10, 10_000)
    finder = BeatFinder(500.0)
    before = finder.feed(samples[:10_000])
    assert finder.heart_rate == pytest.approx(75, abs=1)
    assert len(before) >= len([peak for peak in peaks if peak < 9_800])
    assert all(beat.index < 10_000 for beat in finder.feed(samples[10_000:12_000]))
    finder.feed(samples[12_000:])
    assert finder.heart_rate is None
    assert not finder.quality.is_noisy
    assert finder.quality.trouble == "no beats"


@pytest.mark.parametrize(
    "samples",
    [
        noise_of(20, 150, 150),
        noise_of(1, 10, 300),
        1000 * np.sin(2 * np.pi * 50 * np.arange(30_000) / 500),
        600 * np.sin(2 * np.pi * 5 * np.arange(30_000) / 500 + 2 * np.sin(2 * np.pi * 0.7 * np.arange(30_000) / 500)),
    ],
    ids=["muscles", "motion", "mains", "fibrillation"],
)
def test_what_is_no_rhythm_gets_no_heart_rate(samples: Curve) -> None:
    rates, is_noisy = rates_and_noise(samples)
    assert np.mean([rate is None for rate in rates]) > 0.9
    assert np.mean(is_noisy) > 0.9


@pytest.mark.parametrize("size_uv", [0.0, 10.0])
def test_a_flat_line_is_no_beats_and_no_noise(size_uv: float) -> None:
    finder = BeatFinder(500.0)
    assert finder.feed(np.random.default_rng(2).normal(0, size_uv, 10_000)) == ()
    assert (finder.heart_rate, finder.quality.value, finder.quality.is_noisy) == (None, 0.0, False)


def test_there_is_no_beat_where_nothing_was_received() -> None:
    samples, peaks = made_ecg(75, 60)
    samples[10_000:11_000] = np.nan
    samples[15_000::5] = np.nan
    found = indexes(find_beats(samples, 500.0))
    assert np.isfinite(samples[found]).all()
    assert all(not 10_000 <= index < 11_000 for index in found)
    kept = [peak for peak in peaks if peak < 9_950 or 11_100 < peak < 14_900]
    assert score([index for index in found if index < 14_900], kept, 500.0)[0] == 100.0


def test_a_lead_that_is_mostly_lost_gets_no_heart_rate() -> None:
    samples, _ = made_ecg(75, 30)
    samples.reshape(-1, 500)[:, 300:] = np.nan
    finder = BeatFinder(500.0)
    finder.feed(samples)
    assert (finder.heart_rate, finder.quality.trouble) == (None, "gaps")


def test_no_interval_is_counted_over_a_gap() -> None:
    samples, _ = made_ecg(75, 20)
    samples[5_000:5_750] = np.nan
    finder = BeatFinder(500.0)
    finder.feed(samples)
    assert finder.heart_rate == pytest.approx(75, abs=1)


def test_a_beat_is_told_soon_and_by_what_came_before_it(hundred: Reference) -> None:
    samples = hundred.first(60).samples
    finder, delays, told = BeatFinder(hundred.rate_hz), [], []
    for start in range(0, len(samples), 7):  # some 20 ms
        for beat in finder.feed(samples[start : start + 7]):
            delays.append((start + 7 - beat.index) / hundred.rate_hz)
            told.append(beat)
    assert max(delays[3:]) <= DELAY_S, "the first beats wait until the levels are learned"
    at_once = find_beats(samples, hundred.rate_hz)
    assert indexes(tuple(told)) == indexes(at_once)
    np.testing.assert_allclose([beat.amplitude for beat in told], [beat.amplitude for beat in at_once], rtol=1e-6)


def test_after_an_artefact_and_after_a_smaller_heart_the_levels_come_back() -> None:
    samples, peaks = made_ecg(75, 60)
    samples[10_000:10_500] += np.random.default_rng(4).normal(0, 5000, 500)
    samples[15_000:] *= 0.3
    found = indexes(find_beats(samples, 500.0))
    settled = [peak for peak in peaks if peak < 9_900 or 11_000 < peak < 14_900 or peak > 18_000]
    assert score(found, settled, 500.0)[0] == 100.0
    assert len(found) <= len(peaks) + 3


def test_millivolts_are_found_as_microvolts_are() -> None:
    samples, _ = made_ecg(75, 20)
    assert indexes(find_beats(samples / 1000, 500.0, per_millivolt=1.0)) == indexes(find_beats(samples, 500.0))


def test_a_rate_too_low_for_a_qrs_is_said() -> None:
    finder = BeatFinder(62.5)
    assert finder.feed(np.zeros(1000)) == ()
    assert (finder.heart_rate, finder.quality.trouble) == (None, "slow rate")
    assert len(find_beats(real_leads()[1][::10], 100.0)) > 5


def test_at_first_it_learns_and_says_so() -> None:
    samples, _ = made_ecg(75, 10)
    finder = BeatFinder(500.0)
    finder.feed(samples[:600])
    assert (finder.quality.trouble, finder.quality.is_noisy, finder.heart_rate) == ("learning", False, None)
    finder.feed(samples[600:])
    assert finder.quality.trouble == ""


def test_the_energy_knows_how_late_it_is() -> None:
    energy = BeatEnergy(500.0)
    pulse = 1000 * np.exp(-0.5 * ((np.arange(1000) - 500) / 6) ** 2)
    curve = np.concatenate([energy.run(pulse[:333]), energy.run(pulse[333:333]), energy.run(pulse[333:])])
    assert int(np.argmax(curve)) - energy.delay == 500
    assert energy.delay < 0.1 * 500
    assert LEAST_RATE_HZ < 100


def test_the_energy_of_a_constant_is_nothing() -> None:
    assert np.abs(BeatEnergy(250.0).run(np.full(500, 300_000.0))).max() < 1e-3
