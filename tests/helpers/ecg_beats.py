"""ECGs whose beats are known: made ones, a real one with noise put on it, and how well a detector found them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy import signal

Curve = NDArray[np.float64]
NOISES = ("clean", "muscles", "electrode motion", "wander and mains")
_BEATS = (*range(1, 14), 25, 30, 34, 35, 38, 41)
_SKIP, _AUX = 59, 63
_WINDOW_S = 0.15


@dataclass(frozen=True)
class Reference:
    """A lead in uV, its rate, and where cardiologists saw beats."""

    samples: Curve
    rate_hz: float
    beats: NDArray[np.int64]

    def first(self, seconds: float) -> Reference:
        """Return the beginning of it."""
        end = round(seconds * self.rate_hz)
        return Reference(self.samples[:end], self.rate_hz, self.beats[self.beats < end])


def mit_bih_100(folder: Path) -> Reference:
    """Return lead MLII of MIT-BIH record 100, read by hand: wfdb takes a second to load.

    Args:
        folder: holds the waveforms.

    Source: WFDB signal(5), format 212; annot(5), MIT format.
    """
    triples = np.fromfile(folder / "wfdb" / "100.dat", dtype=np.uint8).reshape(-1, 3).astype(np.int64)
    raw = triples[:, 0] | ((triples[:, 1] & 0x0F) << 8)
    samples = (np.where(raw > 2047, raw - 4096, raw) - 1024) * 5.0
    words = np.fromfile(folder / "wfdb" / "100.atr", dtype="<u2").tolist()
    at, place, beats = 0, 0, []
    while words[place]:
        code, number = words[place] >> 10, words[place] & 0x3FF
        place += 1
        if code == _SKIP:
            at += (words[place] << 16) + words[place + 1]
            place += 2
        elif code == _AUX:
            place += (number + 1) // 2
        elif code < _SKIP:
            at += number
            if code in _BEATS:
                beats.append(at)
    return Reference(samples, 360.0, np.array(beats))


def with_noise(reference: Reference, kind: str, snr_db: float | None = None, seed: int = 1) -> Curve:
    """Return the lead with noise: 6 dB of muscles (20-150 Hz) or moving electrodes (1-10 Hz), 0 dB of wander and hum.

    The power of a QRS is that of a sine of its height, ``pp ** 2 / 8``, as in the noise stress test of PhysioNet. The
    filters are gentle (two poles, run once), so that the movement reaches into the band of the QRS: there wfdb's xqrs
    comes to 99.0 / 91.9 and gqrs to 84.3 / 45.7; run forth and back, both find every beat, and nothing is measured.
    """
    if kind == "clean":
        return reference.samples
    rate_hz, length = reference.rate_hz, len(reference.samples)
    if kind == "wander and mains":
        time_s = np.arange(length) / rate_hz
        noise = np.sin(2 * np.pi * 0.3 * time_s) + np.sin(2 * np.pi * 50 * time_s)
    else:
        low, high = (20.0, min(150.0, rate_hz * 0.45)) if kind == "muscles" else (1.0, 10.0)
        band = signal.butter(2, [low, high], "band", fs=rate_hz, output="sos")
        noise = signal.sosfilt(band, np.random.default_rng(seed).normal(size=length))
    side = round(0.05 * rate_hz)
    heights = [np.ptp(reference.samples[max(beat - side, 0) : beat + side]) for beat in reference.beats]
    snr = snr_db if snr_db is not None else (0.0 if kind == "wander and mains" else 6.0)
    power = float(np.median(heights)) ** 2 / 8 / 10 ** (snr / 10)
    return np.asarray(reference.samples + noise * np.sqrt(power / np.mean(noise**2)))


def score(found: Sequence[int], wanted: Sequence[int], rate_hz: float) -> tuple[float, float]:
    """Return sensitivity and positive predictivity in percent; each beat counts once, within 150 ms."""
    window, hits, i, j = _WINDOW_S * rate_hz, 0, 0, 0
    while i < len(found) and j < len(wanted):
        distance = found[i] - wanted[j]
        if abs(distance) <= window:
            hits, i, j = hits + 1, i + 1, j + 1
        elif distance < 0:
            i += 1
        else:
            j += 1
    return 100 * hits / max(len(wanted), 1), 100 * hits / max(len(found), 1)


def made_ecg(
    per_minute: float,
    seconds: float = 30.0,
    rate_hz: float = 500.0,
    *,
    qrs_uv: float = 1000.0,
    t_uv: float = 250.0,
    width: float = 1.0,
    spike_uv: float = 0.0,
    is_captured: bool = True,
    noise_uv: float = 10.0,
) -> tuple[Curve, list[int]]:
    """Return a regular rhythm and where its R peaks are.

    Args:
        per_minute: heart rate.
        seconds: length.
        rate_hz: samples per second.
        qrs_uv: height of R.
        t_uv: height of T.
        width: of the QRS, in that of a narrow one.
        spike_uv: of a pacemaker, 2 ms wide, 60 ms before R.
        is_captured: the heart follows the pacemaker.
        noise_uv: standard deviation of a little white noise.
    """
    time_s = np.arange(round(seconds * rate_hz)) / rate_hz
    samples = np.random.default_rng(3).normal(0, noise_uv, len(time_s))
    peaks: list[int] = []
    waves = (
        (-0.16, 0.02, 0.12 * qrs_uv),
        (-0.022 * width, 0.009 * width, -0.12 * qrs_uv),
        (0.0, 0.011 * width, qrs_uv),
        (0.026 * width, 0.01 * width, -0.25 * qrs_uv),
        (0.25, 0.05, t_uv),
    )
    for centre_s in np.arange(0.5, seconds - 0.5, 60 / per_minute):
        if is_captured:
            peaks.append(round(centre_s * rate_hz))
            near = slice(max(peaks[-1] - round(0.4 * rate_hz), 0), peaks[-1] + round(0.6 * rate_hz))
            for at_s, wide_s, height in waves:
                samples[near] += height * np.exp(-0.5 * ((time_s[near] - centre_s - at_s) / wide_s) ** 2)
        samples[(time_s >= centre_s - 0.06) & (time_s < centre_s - 0.058)] += spike_uv
    return samples, peaks
