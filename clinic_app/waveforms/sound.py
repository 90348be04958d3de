"""Heart and lung sounds to look at: which channel is one, what a stethoscope's side lets through, the spectrogram."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from clinic_app.waveforms.filters import Band, StreamFilter
from clinic_app.waveforms.formats.sound_files import SOUND
from clinic_app.waveforms.recording import RecordedChannel, Recording

HIGHEST_HZ: Final = 1000.0
"""Heart and lung sounds that a stethoscope hears lie below."""
WINDOW_S: Final = 0.064
MOST_COLUMNS: Final = 2000
FLOOR_DB: Final = -70.0
"""Everything fainter, against the loudest, is silence."""
_LEAST_RATE_HZ: Final = 1000.0


@dataclass(frozen=True, eq=False)
class Spectrogram:
    """How loud each frequency is over time.

    Args:
        decibels: shape ``(frequencies, columns)``, low frequencies first, against the loudest: `FLOOR_DB` to 0.
        column_s: seconds from one column to the next.
        highest_hz: frequency of the last row.
    """

    decibels: NDArray[np.float32]
    column_s: float
    highest_hz: float


def sound_of(recording: Recording) -> RecordedChannel | None:
    """Return the channel that is a sound, or None."""
    for channel in recording.channels:
        if SOUND in channel.code.upper() and channel.rate_hz >= _LEAST_RATE_HZ:
            return channel
    return None


def heard(channel: RecordedChannel, band: Band) -> NDArray[np.float32]:
    """Return what passes a side of the stethoscope: shape ``(n,)``; what was lost is silence."""
    seen = StreamFilter(band, channel.rate_hz, 1).run(channel.samples[np.newaxis])[0]
    return np.asarray(np.nan_to_num(seen, nan=0.0), dtype=np.float32)


def spectrogram(samples: NDArray[np.float32], rate_hz: float) -> Spectrogram:
    """Return the short-time spectrum by Hann windows of 64 ms that overlap.

    Args:
        samples: shape ``(n,)``; NaN counts as silence.
        rate_hz: samples per second.
    """
    known = np.nan_to_num(samples, nan=0.0).astype(np.float32)
    length = max(16, 1 << round(np.log2(WINDOW_S * rate_hz)))
    step = max(length // 8, -(-len(known) // MOST_COLUMNS))
    padded = np.pad(known, (length // 2, length))
    columns = max(1, -(-len(known) // step))
    window = np.hanning(length).astype(np.float32)
    rows = min(length // 2 + 1, round(HIGHEST_HZ * length / rate_hz) + 1)
    power = np.empty((rows, columns), dtype=np.float32)
    for column in range(columns):
        piece = padded[column * step : column * step + length] * window
        power[:, column] = np.abs(np.fft.rfft(piece)[:rows]) ** 2
    loudest = float(power.max())
    decibels = 10 * np.log10(np.maximum(power / loudest, 1e-12)) if loudest > 0 else np.full_like(power, FLOOR_DB)
    return Spectrogram(np.clip(decibels, FLOOR_DB, 0).astype(np.float32), step / rate_hz, (rows - 1) * rate_hz / length)


def at_rate(samples: NDArray[np.float32], rate_hz: float, wanted_hz: float) -> NDArray[np.float32]:
    """Return a sound at the rate of a sound card, by straight lines, as loud as it can be without being cut."""
    times = np.arange(round(len(samples) * wanted_hz / rate_hz)) * (rate_hz / wanted_hz)
    played = np.interp(times, np.arange(len(samples)), samples) if len(samples) else np.empty(0)
    peak = float(np.abs(played).max()) if played.size else 0.0
    return np.asarray(played * (0.9 / peak) if peak > 0 else played, dtype=np.float32)
