"""What is no heart is told from one, whatever its rhythm; what is one is never taken for a generator."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from clinic_app.waveforms.beats import BeatFinder
from clinic_app.waveforms.signal_shape import LOOKED_AT_S, is_counted_tone, is_cut_off, tone_hz
from tests.helpers.ecg_beats import NOISES, Curve, made_ecg, mit_bih_100, with_noise
from tests.helpers.signals import real_leads

RATE_HZ = 500.0
TIME_S = np.arange(round(20 * RATE_HZ)) / RATE_HZ
HISS = np.random.default_rng(2).normal(0, 10, len(TIME_S))
PIECE = round(LOOKED_AT_S * RATE_HZ)


def square(per_s: float, size_uv: float) -> Curve:
    return np.asarray(size_uv * np.where(TIME_S * per_s % 1 < 0.5, 1.0, -1.0))


def sine(hertz: float, size_uv: float = 1000.0) -> Curve:
    return np.asarray(size_uv * np.sin(2 * np.pi * hertz * TIME_S))


NO_HEARTS = {
    "a square wave beyond all measure": square(1.0, 1e12),
    "the same in a minute's 120": square(2.0, 1e12),
    "a square wave of a millivolt": square(1.0, 1000.0) + HISS,
    "calibration pulses": np.where(TIME_S % 1 < 0.2, 1000.0, 0.0) + HISS,
    "a sine of 4 Hz": sine(4.0),
    "a sine of 3 Hz with hiss": sine(3.0) + HISS,
    "a sine of 6.3 Hz": sine(6.3, 3000.0),
    "a triangle of 4 Hz": np.asarray(1000 * np.arcsin(np.sin(8 * np.pi * TIME_S))),
    "a hum of 50 Hz": sine(50.0),
    "a hum of 60 Hz": sine(60.0, 5000.0) + HISS,
    "a converter that ends": np.clip(made_ecg(75, 20, RATE_HZ)[0] + sine(0.4, 9000.0), -5000, 5000),
    "beats of 40 mV": made_ecg(75, 20, RATE_HZ)[0] * 40,
}


def told(samples: Curve, per_millivolt: float = 1000.0) -> list[tuple[float | None, bool]]:
    """Return what a finder says twice a second, after the first six."""
    finder, said = BeatFinder(RATE_HZ, per_millivolt), []
    for start in range(0, len(samples), 250):
        finder.feed(samples[start : start + 250])
        said.append((finder.heart_rate, finder.quality.is_noisy))
    return said[12:]


@pytest.mark.parametrize("name", NO_HEARTS)
def test_no_heart_has_no_rate_and_is_called_noisy(name: str) -> None:
    said = told(NO_HEARTS[name])
    assert {rate for rate, _ in said} == {None}
    assert all(is_noisy for _, is_noisy in said)


@pytest.mark.parametrize("level", [0.0, -3000.0, 1e9])
def test_a_flat_line_has_no_rate_and_is_not_noise_but_nothing(level: float) -> None:
    finder = BeatFinder(RATE_HZ)
    finder.feed(np.full(5000, level))
    assert finder.heart_rate is None
    assert finder.quality.trouble == "no beats"


def test_the_same_holds_in_millivolts() -> None:
    assert {rate for rate, _ in told(sine(4.0) / 1000, 1.0)} == {None}
    assert {rate for rate, _ in told(square(1.0, 1e9), 1.0)} == {None}
    rates = [rate for rate, _ in told(made_ecg(75, 20)[0] / 1000, 1.0)]
    assert rates[-1] == pytest.approx(75, abs=0.5)


def test_a_heart_after_a_generator_is_counted_again() -> None:
    said = told(np.concatenate([sine(4.0), made_ecg(75, 20)[0]]))
    assert said[10] == (None, True)
    assert said[-1][0] == pytest.approx(75, abs=0.5)
    assert not said[-1][1]


@pytest.mark.parametrize(
    "shape",
    [
        {"per_minute": 180.0, "width": 4.0, "t_uv": 0.0},
        {"per_minute": 220.0, "width": 3.0, "t_uv": 0.0},
        {"per_minute": 150.0, "t_uv": 1200.0},
        {"per_minute": 280.0, "t_uv": 80.0},
        {"per_minute": 40.0, "width": 5.0},
        {"per_minute": 90.0, "qrs_uv": -5000.0},
    ],
)
def test_hearts_of_every_shape_are_hearts(shape: dict[str, float]) -> None:
    samples, _ = made_ecg(seconds=20.0, **shape)
    said = told(samples)
    assert not any(is_noisy for _, is_noisy in said)
    assert said[-1][0] == pytest.approx(shape["per_minute"], rel=0.02)


def test_real_leads_and_a_real_half_hour_are_neither_cut_off_nor_a_tone(shared_data: Path) -> None:
    for lead in real_leads():
        assert not is_cut_off(lead[:4000].astype(np.float64))
        assert tone_hz(lead[:4000].astype(np.float64), 1000.0) is None
    reference = mit_bih_100(shared_data / "waveforms").first(60)
    piece = round(LOOKED_AT_S * reference.rate_hz)
    for kind in NOISES:
        samples = with_noise(reference, kind)
        for start in range(0, len(samples) - piece, piece):
            assert not is_cut_off(samples[start : start + piece])
            assert tone_hz(samples[start : start + piece], reference.rate_hz) is None


def test_a_tone_is_told_with_its_frequency_and_counts_once_or_twice() -> None:
    assert tone_hz(sine(4.0)[:PIECE], RATE_HZ) == pytest.approx(4.0, abs=0.01)
    assert tone_hz(np.zeros(PIECE), RATE_HZ) is None
    assert is_counted_tone(sine(4.0)[:PIECE], RATE_HZ, 8.0)
    assert is_counted_tone(sine(4.0)[:PIECE], RATE_HZ, 4.1)
    assert not is_counted_tone(sine(4.0)[:PIECE], RATE_HZ, 1.2), "beats that have nothing to do with the tone"


def test_a_breath_that_moves_the_line_does_not_silence_the_heart() -> None:
    said = told(made_ecg(75, 20)[0] + sine(0.3, 4000.0))
    assert said[-1][0] == pytest.approx(75, abs=0.5)
    assert not said[-1][1]


def test_a_curve_without_height_is_not_cut_off() -> None:
    assert not is_cut_off(np.full(PIECE, 7.0))
    assert is_cut_off(square(2.0, 100.0)[:PIECE])
    assert is_cut_off(-square(2.0, 100.0)[:PIECE])
