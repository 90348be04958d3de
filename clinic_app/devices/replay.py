"""Real recordings as the simulator plays them: a 12-lead ECG from a DICOM file, a pleth curve from a WFDB record.

A recording of ten seconds is looped from one R peak to another, so that the seam falls into the rhythm. Where there is
no recorded pleth curve, one is made from the recording's own beats and says in its name that it is simulated.
Sources: DICOM PS3.3 C.10.9; WFDB header(5) and signal(5), formats 16 and 212.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from typing import Final

import numpy as np
import pydicom
from numpy.typing import NDArray
from pydicom.errors import InvalidDicomError

from clinic_app.devices.block import ChannelInfo, Samples
from clinic_app.foundation.errors import UnreadableFileError
from clinic_app.foundation.texts import Text
from clinic_app.terminology.leads import LEADS, PLETH, lead_of

_REFRACTORY_S: Final = 0.3
_PULSE_DELAY_S: Final = 0.2
_PULSE_RATE_HZ: Final = Fraction(125)
_PULSE_HUMPS: Final = ((0.6, 0.2, 0.085), (0.5, 0.32, 0.12), (0.4, 0.56, 0.13), (0.2, 0.78, 0.15))
"""Height, place and width of the humps of one pulse, in parts of the beat: steep rise, notch, slow run-off."""
_SIGNAL: Final = re.compile(
    r"(\S+) (\d+)(?:x\d+)?\S* ([\d.]+)(?:\((-?\d+)\))?/?(\S*)(?: (\S+) (\S+) \S+ \S+ \S+ ?(.*))?"
)


@dataclass(frozen=True, eq=False)
class Replay:
    """A stretch of signal to be played over and over.

    Args:
        channels: what the rows are.
        rate_hz: samples per second.
        samples: shape ``(channels, n)``, float32, in the channels' units.
        resolution: the unit of one raw integer on the wire.
    """

    channels: tuple[ChannelInfo, ...]
    rate_hz: Fraction
    samples: Samples
    resolution: float

    def thinned(self, every: int) -> Replay:
        """Return the same stretch with every ``every``-th sample only, at the lower rate."""
        return Replay(self.channels, self.rate_hz / every, self.samples[:, ::every], self.resolution)

    def cut(self, first: int, count: int) -> Samples:
        """Return ``count`` samples from the endless loop, starting at ``first``."""
        return self.samples[:, np.arange(first, first + count) % self.samples.shape[1]]


def load_ecg(path: Path) -> Replay:
    """Return the 12-lead ECG of a DICOM waveform file, looped from R peak to R peak.

    Raises:
        UnreadableFileError: no such file, no DICOM, or no ECG leads in it.
    """
    try:
        dataset = pydicom.dcmread(path)
        group = dataset.WaveformSequence[0]
        values = np.asarray(dataset.waveform_array(0), dtype=np.float32).T
        rate_hz = Fraction(float(str(group.SamplingFrequency))).limit_denominator(10_000)
        codes = [each.ChannelSourceSequence[0].CodeValue for each in group.ChannelDefinitionSequence]
        sensitivity = float(group.ChannelDefinitionSequence[0].ChannelSensitivity)
    except (OSError, InvalidDicomError, AttributeError, ValueError, IndexError, KeyError) as error:
        raise _unreadable(path) from error
    rows = {lead: row for row, code in enumerate(codes) if (lead := lead_of(str(code)))}
    leads = [lead for lead in LEADS if lead in rows]
    if not leads:
        raise _unreadable(path)
    samples = values[[rows[lead] for lead in leads]]
    peaks = r_peaks(samples[min(1, len(leads) - 1)], float(rate_hz))
    if len(peaks) >= 2:
        samples = samples[:, peaks[0] : peaks[-1]]
    return Replay(tuple(ChannelInfo(lead, LEADS[lead], "uV") for lead in leads), rate_hz, samples, sensitivity)


def load_pleth(header: Path) -> Replay:
    """Return the PLETH signal of a WFDB record.

    Raises:
        UnreadableFileError: no such record, no PLETH in it, or a format that is not 16 or 212.
    """
    try:
        lines = [line for line in header.read_text("ascii").splitlines() if line and not line.startswith("#")]
        signals = int(lines[0].split()[1])
        rate_hz = Fraction(lines[0].split()[2].split("/")[0])
        described = [_SIGNAL.fullmatch(line.strip()) for line in lines[1 : signals + 1]]
        matches = [match for match in described if match]
        row = next(i for i, match in enumerate(matches) if "PLETH" in (match[8] or "").upper())
        layout = int(matches[0][2])
        raw = _read_signals(header.parent / Path(matches[0][1]).name, layout, signals)[row]
        gain = float(matches[row][3])
    except (OSError, ValueError, IndexError, StopIteration, UnicodeDecodeError) as error:
        raise _unreadable(header) from error
    curve = (_unfolded(raw) if layout == 212 else raw).astype(np.float32) / np.float32(gain)
    scaled = _scaled(_from_rise_to_rise(curve))
    return Replay((ChannelInfo(PLETH, "Pleth", "%"),), rate_hz, scaled[np.newaxis], 0.1)


def simulated_pleth(ecg: Replay) -> Replay:
    """Return a pulse curve timed by the recording's own beats; its label says that it is simulated."""
    beats = np.append(r_peaks(ecg.samples[min(1, len(ecg.channels) - 1)], float(ecg.rate_hz)), ecg.samples.shape[1])
    starts = np.unique(np.insert(beats, 0, 0)) / float(ecg.rate_hz)
    count = round(ecg.samples.shape[1] / ecg.rate_hz * _PULSE_RATE_HZ)
    times = np.arange(count) / float(_PULSE_RATE_HZ)
    curve = np.zeros(count)
    for start, end in pairwise(starts):
        phase = (times - start - _PULSE_DELAY_S) / (end - start)
        for shift in (0, -starts[-1] / (end - start), starts[-1] / (end - start)):
            curve += sum(size * np.exp(-(((phase + shift - at) / width) ** 2)) for size, at, width in _PULSE_HUMPS)
    samples = _scaled(curve.astype(np.float32))[np.newaxis]
    return Replay((ChannelInfo(PLETH, "Pleth (simulated)", "%"),), _PULSE_RATE_HZ, samples, 0.1)


def r_peaks(lead: NDArray[np.float32], rate_hz: float) -> NDArray[np.int64]:
    """Return the sample indexes of the R peaks of a clean lead, for looping and for the simulator's own heart rate.

    Args:
        lead: shape ``(n,)``, any unit.
        rate_hz: samples per second.
    """
    steep = np.abs(np.gradient(lead.astype(np.float64)))
    width = max(int(0.08 * rate_hz), 1)
    energy = np.convolve(steep, np.ones(width) / width, mode="same")
    threshold = 0.4 * np.percentile(energy, 99.5)
    refractory = int(_REFRACTORY_S * rate_hz)
    peaks: list[int] = []
    above = np.flatnonzero(energy > threshold)
    for run in np.split(above, np.flatnonzero(np.diff(above) > 1) + 1):
        if len(run) == 0:
            continue
        window = slice(max(run[0] - width // 2, 0), run[-1] + width // 2)
        peak = window.start + int(np.argmax(np.abs(lead[window] - np.median(lead))))
        if not peaks or peak - peaks[-1] > refractory:
            peaks.append(peak)
    return np.array(peaks, dtype=np.int64)


def _read_signals(path: Path, layout: int, signals: int) -> NDArray[np.int16]:
    raw = np.fromfile(path, dtype=np.uint8)
    if layout == 16:
        flat = raw[: len(raw) // 2 * 2].view("<i2")
    elif layout == 212:
        triples = raw[: len(raw) // 3 * 3].reshape(-1, 3).astype(np.int16)
        low = triples[:, 0] | ((triples[:, 1] & 0x0F) << 8)
        high = triples[:, 2] | ((triples[:, 1] & 0xF0) << 4)
        flat = np.stack([low, high], axis=1).reshape(-1)
        flat = np.where(flat > 2047, flat - 4096, flat).astype(np.int16)
    else:
        raise ValueError(f"WFDB format {layout} is not read here")
    return flat[: len(flat) // signals * signals].reshape(-1, signals).T


def _unfolded(curve: NDArray[np.int16]) -> NDArray[np.float64]:
    """Return a slow curve whose converter was wider than the 12 bits that were kept, with its upper bits restored."""
    unfolded: NDArray[np.float64] = np.unwrap(curve.astype(np.float64), period=1 << 12)
    return unfolded


def _from_rise_to_rise(curve: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the curve from its first rise over the median to its last, so that it loops without a step."""
    is_over = curve > np.median(curve)
    rises = np.flatnonzero(~is_over[:-1] & is_over[1:])
    return curve[rises[0] : rises[-1]] if len(rises) > 1 else curve


def _scaled(curve: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the curve stretched to 0..100 %, its rare outliers cut."""
    low, high = np.percentile(curve, (0.5, 99.5))
    scaled: NDArray[np.float32] = np.clip((curve - low) / max(high - low, 1e-9) * 100, 0, 100).astype(np.float32)
    return scaled


def _unreadable(path: Path) -> UnreadableFileError:
    return UnreadableFileError(Text("{name} holds no signal that can be played.", name=path.name))
